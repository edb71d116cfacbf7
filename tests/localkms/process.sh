#!/bin/sh
# keyferry-localkms as a process: how it starts, says what it is, ends.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/start.sh"
server=$builddir/keyferry-localkms

ok "--help" "$server" --help
ok "--version" "$server" --version
for option in $("$server" --help | grep -o -- '--[a-z-]*' | sort -u); do
	ok "$option is in the manual" grep -qF -- \
	    "\\-${option#--}" "$srcdir/docs/keyferry-localkms.1"
done

# refuses NAME STATUS MESSAGE OPTION...: ends with it and says so, and starts
# nothing.
refuses() {
	refuses_name=$1 refuses_status=$2 refuses_why=$3; shift 3
	timeout 20 "$server" "$@" >"$work/out" 2>"$work/err"
	is "$refuses_name: its status" $? "$refuses_status"
	ok "$refuses_name: its message" grep -qF -- "$refuses_why" "$work/err"
	sed 's/^/# /' "$work/err"
	is "$refuses_name: nothing else" "$(cat "$work/out")" ""
}
x="--store $work/x --listen 127.0.0.1:0"
# shellcheck disable=SC2086 # options, not one word
{
refuses "no store" 2 "missing option: --store DIR"
refuses "an unknown option" 2 "unrecognized option '--nonsense'" $x --nonsense
refuses "an option without its value" 2 "requires an argument" $x --region
refuses "an argument" 2 "unexpected argument: here" $x here
refuses "an account that is none" 2 "account is not 12 digits: 12" \
	$x --account 12
refuses "a Region that is none" 2 "not a Region: home" $x --region home
refuses "credentials that are none" 1 "--credentials: not ID:SECRET" \
	$x --credentials "a'b:c"
refuses "an address that is none" 1 \
	"nowhere: not HOST:PORT, HOST an address in numbers" \
	--store "$work/x" --listen nowhere
refuses "a port that is none" 1 "not HOST:PORT" \
	--store "$work/x" --listen 127.0.0.1:port
refuses "an address of another machine" 1 "Cannot assign requested address" \
	--store "$work/x" --listen 192.0.2.1:0
refuses "a control address for others" 1 "0.0.0.0:0: not a loopback address" \
	$x --control 0.0.0.0:0
: >"$work/file"
refuses "a store that is a file" 1 "$work/file/lock: Not a directory" \
	--store "$work/file" --listen 127.0.0.1:0
refuses "a store in no folder" 1 "$work/no/where: No such file" \
	--store "$work/no/where" --listen 127.0.0.1:0
refuses "an environment that cannot be written" 1 \
	"$work/no/env: cannot be written" $x --env-file "$work/no/env"
mkdir "$work/other"
echo "this is no database, but long enough to be taken for one" \
	>"$work/other/keys.sqlite"
refuses "another file in the place of the store" 1 "file is not a database" \
	--store "$work/other" --listen 127.0.0.1:0
}
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	mkdir "$work/closed"; chmod 755 "$work" "$work/closed"
	said=$(setpriv --reuid=65534 --regid=65534 --clear-groups \
	    "$server" --store "$work/closed/x" 2>&1)
	is "a store that it may not write" $? 1
	is "says so" "$said" "keyferry-localkms: $work/closed/x: Permission denied"
fi

localkms_start
is "it starts" $? 0
ok "it says that it protects nothing" grep -q 'protects nothing' "$work/log"
for name in AWS_ENDPOINT_URL_KMS AWS_REGION AWS_DEFAULT_REGION \
    AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY KEYFERRY_LOCALKMS_CONTROL; do
	ok "the environment has $name" grep -q "^export $name='..*'$" "$work/env"
done
is "the environment is for its owner alone" "$(stat -c %a "$work/env")" 600
refuses "a second server on the store" 1 \
	"$work/store: another keyferry-localkms uses it" \
	--listen 127.0.0.1:0 --store "$work/store"
refuses "a port that is taken" 1 "Address already in use" \
	--listen "${AWS_ENDPOINT_URL_KMS#http://}" --store "$work/x"
key=$AWS_ACCESS_KEY_ID
localkms_stop TERM
is "SIGTERM ends it with 0" $? 0
localkms_start --region eu-west-1
is "it starts again" $? 0
is "with the same credentials" "$AWS_ACCESS_KEY_ID" "$key"
is "in the Region asked for" "$AWS_REGION" eu-west-1
localkms_stop KILL
localkms_start --credentials AKIDEXAMPLE:secret/of+mine
is "it starts after kill -9" $? 0
is "with the credentials asked for" \
	"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" AKIDEXAMPLE:secret/of+mine
if [ -n "$aws" ]; then
	ok "which sign" kms list-keys
	unknown() { AWS_SECRET_ACCESS_KEY=secret/of+yours kms list-keys; }
	fails "and others do not" unknown
fi
localkms_stop INT
is "SIGINT ends it with 0" $? 0
tap_done
