# The source is as clang-format writes it, and the check sees it when it is not.
. "$srcdir/tests/support/tap.sh"
check="$srcdir/build-aux/check-format"
tree=$(mktemp -d) && trap 'rm -rf "$tree"' EXIT

"$check" "$srcdir" >/dev/null 2>&1
if [ $? -eq 77 ]; then
	skip "the source is formatted" "no clang-format 14 here"
	tap_done
fi
ok "the source is formatted" "$check" "$srcdir"

mkdir "$tree/src"
cp "$srcdir/.clang-format" "$tree"
printf 'int\nf(void)\n{\n\treturn (1);\n}\n' >"$tree/src/a.c"
ok "a function in the style passes" "$check" "$tree"
printf 'int g(void) { return 1; }\n' >>"$tree/src/a.c"
fails "a function in another style" "$check" "$tree"
tap_done
