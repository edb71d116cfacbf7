#!/bin/sh
# keyferry-localkms as a process: how it starts, says what it is, ends.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/tap.sh"
. "$srcdir/tests/localkms/start.sh"
server=$builddir/keyferry-localkms

ok "--help" "$server" --help
ok "--version" "$server" --version
fails "no store" "$server"
fails "an unknown option" "$server" --store "$work/x" --nonsense
fails "an account that is none" "$server" --store "$work/x" --account 12
fails "an address that is none" "$server" --store "$work/x" --listen nowhere
fails "a control address for others" \
	"$server" --store "$work/x" --listen 127.0.0.1:0 --control 0.0.0.0:0

localkms_start
is "it starts" $? 0
ok "it says that it protects nothing" grep -q 'protects nothing' "$work/log"
for name in AWS_ENDPOINT_URL_KMS AWS_REGION AWS_DEFAULT_REGION \
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY KEYFERRY_LOCALKMS_CONTROL; do
	ok "the environment has $name" grep -q "^export $name='..*'$" "$work/env"
done
is "the environment is for its owner alone" "$(stat -c %a "$work/env")" 600
fails "a second server on the store" \
	"$server" --listen 127.0.0.1:0 --store "$work/store"
key=$AWS_ACCESS_KEY_ID
localkms_stop TERM
is "SIGTERM ends it with 0" $? 0
localkms_start --region eu-west-1
is "it starts again" $? 0
is "with the same credentials" "$AWS_ACCESS_KEY_ID" "$key"
is "in the Region asked for" "$AWS_REGION" eu-west-1
localkms_stop KILL
localkms_start
is "it starts after kill -9" $? 0
localkms_stop INT
is "SIGINT ends it with 0" $? 0
tap_done
