# The source keeps to its style where a formatter does not look, numbers of
# PKCS#11 have names, and the check sees it when that is not so.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-style"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

ok "this tree keeps to the style" "$check" "$srcdir"

mkdir "$tree/pkcs11"
refuses() { # NAME WHAT TEXT
	cat >"$tree/pkcs11/a.c" <<'EOF'
#define SUM(a, b) ((a) + (b))
#define READER(name)            \
	static int read_##name(void) \
	{                            \
		return (name);       \
	}
/* A tag of DER is 0x30. */
int
f(void)
{
	goto out;
out:
	return (0);
}
EOF
	ok "$1: well without it" "$check" "$tree"
	printf '%s\n' "$3" >>"$tree/pkcs11/a.c"
	fails_saying "$1" "$2" "$check" "$tree"
}
refuses "another label" "the label bad:" 'int
g(void)
{
bad:
}'
refuses "two labels" "a second label" 'int
g(void)
{
out:
out:
}'
refuses "a macro that returns" "a macro that returns" \
    '#define TRY(x) if ((x) != 0) return (x)'
refuses "a macro that jumps in its second line" "a macro that returns" \
    '#define TRY(x) if ((x) != 0) \
	goto out'
refuses "a macro that takes a lock" "a macro that returns" \
    '#define LOCKED(x) pthread_mutex_lock(&(x)->lock)'
refuses "memory from libc" "hands out memory" '	c->file = strdup(path);'
refuses "memory from libc by another" "hands out memory" \
    '	if (getline(&line, &size, f) == -1)'
refuses "an attribute by its number in a message" "a bare number" \
    '	log_line("attribute 0x%lx is missing", type);'
refuses "a mechanism by its number in a comment" "a bare number" \
    '/* As mechanism 0x210a has it. */'
refuses "a code without a name" "a bare number" '	return ("CKR_?");'

# unnamed PREFIX ROWS TABLE FILE...: the constants in FILEs that have no row.
unnamed() {
	prefix=$1 macro=$2 table=$3; shift 3
	grep -rhoE "\\b${prefix}[A-Z0-9_]+\\b" "$@" --exclude="${table##*/}" |
	    LC_ALL=C sort -u |
	while read -r name; do
		row=$name
		[ "$macro" = ROW ] || row=${name#"$prefix"}
		grep -q "\\b$macro($row)" "$table" || echo "$name"
	done
}
is "each CK_RV that the module returns has a name" \
    "$(unnamed CKR_ NAME "$srcdir/pkcs11/cryptoki/rv-name.c" "$srcdir/pkcs11" --include='*.c')" ""
is "each attribute that the module has has a name" \
    "$(unnamed CKA_ ROW "$srcdir/pkcs11/cryptoki/constants.c" "$srcdir/pkcs11/object" --include='*.c')" ""
is "each key type that the module has has a name" \
    "$(unnamed CKK_ ROW "$srcdir/pkcs11/cryptoki/constants.c" "$srcdir/pkcs11/object" --include='*.c')" ""
fails_saying "a tree without source" "no source" "$check" "$tree/pkcs11"
tap_done
