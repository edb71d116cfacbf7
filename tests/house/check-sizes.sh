# Files, functions and lines keep to their limits, and the check sees it when
# they do not.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-sizes"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT
mkdir "$tree/src" "$tree/tests"

ok "this tree keeps to the limits" "$check" "$srcdir"

lines() { # N TEXT
	awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) print text }'
}
function_of() { # N: a function of N lines, its name's line and braces counted
	echo 'int'
	echo 'f(void)'
	echo '{'
	lines $(($1 - 3)) '	g();'
	echo '}'
}
columns() { # N: a comment of N columns behind a tab
	printf '\t/* %*s */\n' $(($1 - 14)) x
}

lines 600 'int x;' >"$tree/src/a.c"
function_of 60 >"$tree/src/b.c"
columns 80 >>"$tree/src/b.c"
{ echo '/* clang-format off */'; columns 90; echo '/* clang-format on */'; } \
    >"$tree/src/c.h"
echo "/* https://$(lines 20 page | tr '\n' /) */" >>"$tree/src/c.h"
columns 90 >"$tree/tests/t.c"
ok "a tree at every limit passes" "$check" "$tree"

refuses() { # NAME FILE WHAT COMMAND...: what the command prints is added
	name=$1 file=$2 what=$3; shift 3
	cp "$tree/$file" "$tree/kept"
	"$@" >>"$tree/$file"
	fails_saying "$name" "$what" "$check" "$tree"
	mv "$tree/kept" "$tree/$file"
}
refuses "a file of 601 lines" src/a.c "src/a.c: 601 lines" echo 'int x;'
refuses "a test of 601 lines" tests/t.c "tests/t.c: 601 lines" \
    lines 600 'int x;'
refuses "a function of 61 lines" src/b.c "f() has 61 lines" function_of 61
refuses "a line of 81 columns" src/b.c "src/b.c:63: 81 columns" columns 81
refuses "a wide line behind a table" src/c.h "src/c.h:5: 81 columns" columns 81
fails_saying "a tree without source" "no source" "$check" "$tree/src"
tap_done
