# The tracked files speak of the project alone, and the check sees it when not.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-words"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

"$check" "$srcdir" >/dev/null 2>&1
if [ $? -eq 77 ]; then
	skip "no word that is out of place" "not a git checkout"
	tap_done
fi
ok "no word that is out of place" "$check" "$srcdir"

git init -q "$tree" 2>/dev/null
refuses() { # NAME TEXT
	echo "an image; mktemp /tmp/x.XXXXXX" >"$tree/file"
	git -C "$tree" add file
	ok "$1: well without it" "$check" "$tree"
	echo "$2" >>"$tree/file"
	fails "$1" "$check" "$tree"
}
# Put together here, so that this file passes too.
w=work t=TO
refuses "a path of one machine" "see /$w/main/file"
refuses "something left to do" "/* ${t}DO: finish */"
refuses "a conflict left behind" "$(printf '%s HEAD' '<<<<<<''<')"
tap_done
