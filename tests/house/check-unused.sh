# No function or table is dead, and the check sees it when one is.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-unused"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

ok "nothing in this tree is dead" "$check" "$srcdir" .

mkdir "$tree/src" "$tree/pkcs11" "$tree/tests"
compile() { # FILE TEXT
	printf '%s\n' "$2" >"$tree/$1.c"
	${CC:-cc} -O2 -c "$tree/$1.c" -o "$tree/$1.o" || exit 1
}
well() {
	compile src/kms 'int request(void); int request(void) { return 1; }
		int list(void); int list(void) { return 1; }'
	compile pkcs11/key '
		int request(void), key(void); int key(void) { return request(); }
		int C_Sign(void); int C_Sign(void) { return key(); }'
	compile pkcs11/op 'int key(void), op(void); int op(void) { return key(); }
		int C_Verify(void); int C_Verify(void) { return op(); }'
	compile tests/t 'int list(void), op(void), main(void);
		int main(void) { return list() + op(); }'
}
well
ok "a build in which all is used" "$check" "$tree" "$tree"

refuses() { # NAME WHAT FILE TEXT
	compile "$3" "$4"
	fails_saying "$1" "$2" "$check" "$tree" "$tree"
	rm "$tree/$3.c" "$tree/$3.o"
	well
}
refuses "a function that nobody uses" "src/dead.c: dead is used by no other file" \
    src/dead 'int dead(void); int dead(void) { return 1; }'
refuses "a table that nobody uses" "pkcs11/dead.c: rows is used by no other file" \
    pkcs11/dead 'extern const int rows[]; const int rows[] = {1};'
refuses "a function that could be static" \
    "pkcs11/dead.c: help is used by no other file" pkcs11/dead \
    'int help(void); int help(void) { return 1; }
	int C_Digest(void); int C_Digest(void) { return help(); }'
refuses "a request of src/ that not even a test makes" \
    "src/kms.c: list is used by no other file" tests/t \
    'int op(void), main(void); int main(void) { return op(); }'
refuses "a function of the module that tests alone use" \
    "pkcs11/op.c: op is used by tests alone" pkcs11/op \
    'int op(void); int op(void) { return 1; }'
ok "all is well again" "$check" "$tree" "$tree"
fails_saying "a build without objects" "no objects" "$check" "$tree" "$tree/src"
tap_done
