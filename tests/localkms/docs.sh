#!/bin/sh
# The commands of docs/localkms.md, as they are printed there.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/start.sh"
[ -n "$aws" ] || { echo "1..0 # SKIP no aws command line"; exit 0; }
for need in openssl curl; do
	command -v $need >/dev/null || { echo "1..0 # SKIP no $need"; exit 0; }
done
unset AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN AWS_CA_BUNDLE
export HOME="$work" AWS_CONFIG_FILE=/dev/null AWS_PAGER= \
    AWS_SHARED_CREDENTIALS_FILE=/dev/null
PATH=$(cd "$builddir" && pwd):$PATH
manual=$(cd "$srcdir" && pwd)/docs/localkms.md

# What is between ```KIND and ```.
blocks() { sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p;}" "$manual"; }

# One shell for all, that ends where a command fails; Debian's client does not
# read the endpoint from the environment.
{
	echo 'set -e'
	echo "aws() { $aws --endpoint-url \"\$AWS_ENDPOINT_URL_KMS\" \"\$@\"; }"
	blocks sh
	echo 'kill $!; wait $! || true; echo to the end'
} >"$work/script"
mkdir "$work/here"
(cd "$work/here" && timeout 300 sh -e ../script) >"$work/out" 2>"$work/err"
is "all commands work" $? 0
sed 's/^/# /' "$work/out" "$work/err"
ok "to the last" grep -q "^to the end$" "$work/out"
ok "the imported key expired" grep -q PendingImport "$work/out"
ok "the faults were listed" grep -q '"fault":"cut-after"' "$work/out"
ok "the calls were counted" grep -q '{"ListKeys":1}' "$work/out"

blocks ini >"$work/keyferry-localkms.service"
if command -v systemd-analyze >/dev/null; then
	sed -i "s,/usr/local/bin/keyferry-localkms,$(cd "$builddir" &&
	    pwd)/keyferry-localkms," "$work/keyferry-localkms.service"
	said=$(systemd-analyze verify "$work/keyferry-localkms.service" 2>&1 |
	    grep keyferry-localkms)
	is "the unit is one" "$said" ""
fi
# the container's entry point, but for its folder
entry=$(blocks dockerfile | sed -n '/^ENTRYPOINT/,/\]$/p' | tr -d '\\\n' |
    sed 's/^ENTRYPOINT *\[//; s/\]$//; s/[",]/ /g' |
    sed "s,/var/lib/kms/store,$work/container,; s/:4599/:0/; s/:4600/:0/")
credentials=$(blocks dockerfile |
    sed -n 's/^CMD \["\(.*\)", "\(.*\)"\]$/\1 \2/p')
# shellcheck disable=SC2086 # words
$entry $credentials --env-file "$work/env" 2>/dev/null &
localkms_pid=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -f "$work/env" ] || sleep 1; done
ok "the container's command starts" [ -f "$work/env" ]
. "$work/env"
is "with its credentials" "$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY" \
	"test test"
ok "and answers" kms list-keys
tap_done
