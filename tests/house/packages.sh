# What configure asks for and what set-up installs are the same packages, and a
# missing one is named.
. "$srcdir/tests/support/tap.sh"
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
source=$(cd "$srcdir" && pwd)

# A pkg-config that knows no library.
(cd "$dir" && PKG_CONFIG_LIBDIR="$dir" PKG_CONFIG_PATH='' "$source/configure" \
    >configure.log 2>&1)
fails "configure refuses without libraries" test -f "$dir/Makefile"
named=$(sed -n 's/.*apt-get install//p' "$dir/configure.log")
ok "configure names packages" test -n "$named"
for package in $(sed -n 's/^KF_NEED(.*\[\(.*\)\])$/\1/p' "$srcdir/configure.ac" |
    sort -u); do
	ok "configure names $package" expr " $named " : ".* $package "
	ok "set-up installs $package" grep -q "^$package[[:space:]].*build" \
	    "$srcdir/build-aux/packages"
done
is "each word of build-aux/packages is one that set-up knows" "$(awk '!/^#/ {
	for (i = 2; i <= NF; i++)
		if ($i !~ /^(build|quickstart|tests|programs|optional)$/) print $i
}' "$srcdir/build-aux/packages")" ""
for script in "$srcdir"/tests/clients/*.sh; do
	name=tests/clients/${script##*/}
	ok "$name is in a list" grep -q "$name\([^a-z]\|\$\)" \
	    "$srcdir/tests/clients/fragment.am"
done
tap_done
