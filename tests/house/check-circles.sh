# No unit uses one that uses it, and the check sees it when one does, whatever
# hides it.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-circles"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

ok "this tree has no circle" "$check" "$srcdir" .

# A tree of two units in src/, of which one uses the other, and two in rooms.
upper=token lower=cryptoki
well() {
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/src" "$tree/pkcs11/$upper" "$tree/pkcs11/$lower"
	echo 'int low(int);' >"$tree/src/low.h"
	echo '#include "low.h"
		int low(int i) { return i + 1; }' >"$tree/src/low.c"
	echo 'int high(int);' >"$tree/src/high.h"
	echo '#include "low.h"
		#include "high.h"
		int high(int i) { return low(i) + 1; }' >"$tree/src/high.c"
	echo 'int top(void); int top(void) { return 1; }' \
	    >"$tree/pkcs11/$upper/top.c"
	echo 'int bottom(void); int bottom(void) { return 1; }' \
	    >"$tree/pkcs11/$lower/bottom.c"
}
compile() {
	for source in src/low src/high "pkcs11/$upper/top" "pkcs11/$lower/bottom"; do
		${CC:-cc} -fvisibility=hidden -I"$tree/src" -c "$tree/$source.c" \
		    -o "$tree/$source.o" || exit 1
	done
}
# refuses NAME WHAT FILE TEXT: a tree that is well but for what FILE holds.
refuses() {
	well
	compile
	ok "$1: well without it" "$check" "$tree" "$tree"
	printf '%s\n' "$4" >"$tree/$3"
	compile
	fails_saying "$1" "$2" "$check" "$tree" "$tree"
}
refuses "headers that include each other" "circle by includes: src/" src/low.h \
    '#ifndef LOW_H
#define LOW_H
#include "high.h"
int low(int);
#endif'
refuses "a unit that includes the header of one that uses it" \
    "circle by includes: src/" src/low.c '#include "low.h"
#include "high.h"
int low(int i) { return i + 1; }'
refuses "a prototype written by hand" "circle by symbols: src/" src/low.c \
    'int high(int); int low(int i) { return i > 0 ? high(i - 1) : 0; }'
refuses "a forward declaration" "circle by symbols: src/" src/low.c \
    'struct what; extern struct what { int i; } *high(int);
	int low(int i) { return high(i)->i; }'
refuses "a function that is handed over as a callback" \
    "circle by symbols: src/" src/low.c \
    'int high(int); static int run(int (*call)(int), int i) { return call(i); }
	int low(int i) { return i > 0 ? run(high, i - 1) : 0; }'
refuses "a function behind a void pointer in a table" \
    "circle by symbols: src/" src/low.c \
    'int high(int); static const void *const table[] = {(const void *)high};
	int low(int i) { return table[i] != 0; }'
refuses "data of the other unit" "circle by symbols: src/" src/low.c \
    'extern const int high; int low(int i) { return high + i; }'
refuses "a room that uses one above it by its symbols" \
    "uses pkcs11/$upper/top, which is above it: top" "pkcs11/$lower/bottom.c" \
    'int top(void); int bottom(void) { return top(); }'

well
compile
echo 'int low(void), gone(void); int gone(void) { return low(); }' |
    ${CC:-cc} -x c -c - -o "$tree/src/gone.o"
ok "an object whose source is gone is of no account" "$check" "$tree" "$tree"
fails_saying "a tree without source" "no source" "$check" "$tree/src"
tap_done
