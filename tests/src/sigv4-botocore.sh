#!/bin/sh
# Our signatures against those of AWS's own Python library.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

for python in /usr/bin/python3 python3; do
	"$python" "$srcdir/tests/src/sigv4-cases.py" >"$work/cases" 2>/dev/null &&
		break
	: >"$work/cases"
done
if [ -s "$work/cases" ]; then
	ok "200 random requests" \
		sh -c "'$builddir/tests/src/sigv4-check' <'$work/cases'"
else
	skip "200 random requests" "no botocore"
fi
tap_done
