#!/bin/sh
# Each exception that AWS's service model names for the operations that the
# client calls has its row in src/err.c.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"

names=$(/usr/bin/python3 "$srcdir/tests/src/exceptions.py" \
	"$srcdir"/src/kms-*.c 2>/dev/null)
if [ -n "$names" ]; then
	# shellcheck disable=SC2086
	is "no row is missing" "$("$builddir/tests/src/test-err" $names)" ""
else
	skip "no row is missing" "no service model"
fi
tap_done
