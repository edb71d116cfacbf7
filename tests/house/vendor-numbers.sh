# The public header gives each number once, and keyferry(7) has each name.
. "$srcdir/tests/support/tap.sh"
dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT
header=$srcdir/pkcs11/cryptoki/keyferry.h
page=$srcdir/docs/keyferry.7

# "CKA_KEYFERRY_KEY_STATE 1", of all attributes of a header.
numbers() {
	sed -nE 's/^#define[ 	]+(CKA_KEYFERRY_[A-Z_]+)[ 	]+\(CK_KEYFERRY \| ([0-9]+)\).*/\1 \2/p' "$1"
}
each_once() { # HEADER
	twice=$(numbers "$1" | cut -d' ' -f2 | sort | uniq -d)
	[ -z "$twice" ] || { echo "twice: $twice"; return 1; }
}
documented() { # HEADER PAGE
	good=0
	for name in $(grep -oE '\<CK[AM]_KEYFERRY_[A-Z_]+' "$1" | sort -u); do
		grep -qw "$name" "$2" || { echo "not there: $name"; good=1; }
	done
	return $good
}
is "each attribute of the header has a number" "$(numbers "$header" | wc -l)" \
    "$(grep -c '^#define[[:blank:]]*CKA_' "$header")"
ok "each a different one" each_once "$header"
ok "keyferry(7) has each name" documented "$header" "$page"

{
	cat "$header"
	echo '#define CKA_KEYFERRY_OTHER (CK_KEYFERRY | 7) /* text */'
} >"$dir/keyferry.h"
fails_saying "a number that is there twice" "twice: 7" each_once "$dir/keyferry.h"
fails_saying "a name that no page has" "not there: CKA_KEYFERRY_OTHER" \
    documented "$dir/keyferry.h" "$page"
tap_done
