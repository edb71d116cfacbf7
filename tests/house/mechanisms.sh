# docs/mechanisms.md is what the tables of the module say. With the argument
# "write" it is written: `make mechanisms`.
. "$srcdir/tests/support/tap.sh"
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT

# "0x1085 CKM_AES_CBC_PAD", of all numbers that the header names. Where two
# names have one number the last in the alphabet is the newer one.
names() {
	# shellcheck disable=SC2086 # more than one word each
	echo '#include "cryptoki/cryptoki.h"' | ${CC:-cc} -dM -E -I"$srcdir/pkcs11" \
	    $P11KIT_CFLAGS -xc - | sed -n \
	    -e 's/^#define \(CKM_[A-Z0-9_a-z]*\)[ \t(]*0x0*\([0-9a-fA-F][0-9a-fA-F]*\)[UL)]*$/\2 \1/p' \
	    -e 's/^#define \(CKM_[A-Z0-9_a-z]*\)[ \t(]*\([0-9]\)[UL)]*$/\2 \1/p' |
	    LC_ALL=C sort -k2 | awk '{ print "0x" tolower($1), $2 }'
}
page() {
	cat "$srcdir/tests/house/mechanisms.head"
	names >"$dir/names"
	"$builddir/tests/house/mechanisms" | awk -v file="$dir/names" '
		BEGIN {
			while ((getline line < file) > 0) {
				split(line, part, " ")
				name[part[1]] = part[2]
			}
		}
		{
			if ($2 in name)
				$2 = name[$2]
			print
		}'
}
page >"$dir/mechanisms.md" || exit 1
if [ "${1:-}" = write ]; then
	cp "$dir/mechanisms.md" "$srcdir/docs/mechanisms.md"
	exit
fi
fails "every mechanism has a name" grep -q '^| 0x' "$dir/mechanisms.md"
fails "every key type has a name" grep -q '| ? |' "$dir/mechanisms.md"
ok "docs/mechanisms.md is what the tables say (make mechanisms)" \
    diff "$srcdir/docs/mechanisms.md" "$dir/mechanisms.md"
tap_done
