# `make install` puts each file in its place below DESTDIR, and `make uninstall`
# takes all away.
. "$srcdir/tests/support/tap.sh"
dest=$(mktemp -d) && trap 'rm -rf "$dest"' EXIT
# This make is no part of the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL

place() { # END: the installed file whose path ends so, without DESTDIR
	find "$dest" -type f -path "*/$1" | sed "s,^$dest,,"
}

# has_page COMMAND: its page is there, and it or the page it leads to describes it.
has_page() {
	page=man1/keyferry-$1.1
	to=$(sed -n 's/^\.so //p' "$manuals/$page") &&
	    grep -qE "^\.(Nm keyferry|Cm) $1( |\$)" "$manuals/${to:-$page}"
}

ok "make install" make -s install DESTDIR="$dest"
for file in include/keyferry/keyferry.h keyferry-pkcs11.so keyferry.module pkgconfig/keyferry.pc \
    bin/keyferry bin/keyferry-localkms man/man1/keyferry.1 man/man1/keyferry-list.1 \
    man/man1/keyferry-delete.1 man/man1/keyferry-wrap.1 man/man1/keyferry-import.1 \
    man/man1/keyferry-localkms.1 share/bash-completion/completions/keyferry \
    lib/systemd/system/keyferry-renew@.timer lib/systemd/system/keyferry-renew@.service \
    man/man5/keyferry.conf.5 man/man7/keyferry.7; do
	ok "$file" test -n "$(place "$file")"
done
manuals=$dest$(dirname "$(dirname "$(place man/man1/keyferry.1)")")
for command in $(sed -n 's/^    {"\([a-z-]*\)", .*/\1/p' "$srcdir/tools/keyferry.c"); do
	ok "the page of $command" has_page "$command"
done
is "no libtool file" "$(place '*.la')" ""

module=$(place keyferry-pkcs11.so)
config=$(place keyferry.module)
PKG_CONFIG_PATH=$dest$(dirname "$(place keyferry.pc)")
export PKG_CONFIG_PATH
is "pkg-config knows the module" \
    "$(pkg-config --variable=p11_module keyferry)" "$module"
is "pkg-config knows its configuration" \
    "$(pkg-config --variable=p11_module_config keyferry)" "$config"
# p11-kit puts its own folder before a name alone.
named=$(sed -n 's/^module: *//p' "$dest$config")
case $named in
/*) ;;
*) named=$(pkg-config --variable=p11_module_path p11-kit-1)/$named ;;
esac
is "p11-kit's configuration names the module" "$named" "$module"

ok "make uninstall" make -s uninstall DESTDIR="$dest"
is "nothing is left" "$(find "$dest" -type f)" ""
tap_done
