#!/bin/sh
# bench.sh PROGRAM...: runs each against a local KMS of its own, over http and
# over TLS. `make bench` calls it.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/localkms/start.sh"
HOME=$work AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export HOME AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unset AWS_CA_BUNDLE AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN
for program in "$@"; do
	for tls in '' --tls; do
		localkms_start $tls || { cat "$work/log" >&2; exit 1; }
		echo "$program ${tls:-without TLS}"
		"$program" || exit 1
		localkms_stop TERM
	done
done
