# Each claim of docs/security.md names a test that is there, and the check sees
# it when one does not.
. "$srcdir/tests/support/tap.sh"
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT

# tests_of PAGE: the paths that a page names as tests.
tests_of() { grep -oE '`tests/[a-z0-9/._-]+`' "$1" | tr -d '\140' | sort -u; }
# claims PAGE: the rows of tables whose last column is "test".
claims() {
	awk -F'|' '
		/^\|.*\| test \|$/ { table = 1; getline; next }
		!/^\|/ { table = 0 }
		table { print $(NF - 1) }' "$1"
}
# proved PAGE: each claim has a test, and each test or folder of tests that is
# named exists.
proved() {
	good=0
	claims "$1" | grep -v '`tests/' | grep . && good=1
	for test in $(tests_of "$1"); do
		[ -e "$srcdir/$test" ] || [ -f "$srcdir/$test.c" ] ||
		    { echo "$1 names $test"; good=1; }
	done
	return $good
}
page=$srcdir/docs/security.md
ok "docs/security.md makes claims" test "$(claims "$page" | wc -l)" -gt 30
ok "each of them has a test that is there" proved "$page"
for other in "$srcdir"/docs/*.md "$srcdir/README.md"; do
	ok "the tests that ${other##*/} names are there" proved "$other"
done
ok "SECURITY.md leads there" grep -q 'docs/security.md' "$srcdir/SECURITY.md"

printf '| claim | test |\n|---|---|\n| it is so | `tests/house/security.sh` |\n' \
    >"$dir/page.md"
ok "a small page that is well" proved "$dir/page.md"
echo '| it is said to be so | |' >>"$dir/page.md"
fails "a claim without a test" proved "$dir/page.md"
printf '| claim | test |\n|---|---|\n| it is so | `tests/gone` |\n' >"$dir/page.md"
fails_saying "a test that is not there" "names tests/gone" proved "$dir/page.md"
tap_done
