# world.sh: `. "$srcdir/tests/clients/world.sh"`, for tests in which a program
# that is not ours uses the module: a folder, a KMS, a configuration. The test
# runs in that folder. p11 ARGUMENT...: pkcs11-tool with the module.
. "$srcdir/tests/tap.sh"
. "$srcdir/tests/preload.sh"
built=$(cd "$builddir" && pwd)
dir=$(mktemp -d /tmp/keyferry-test-XXXXXX) && cd "$dir" || exit 1
kms=
finish() {
	code=$?
	[ -z "$kms" ] || { kill "$kms"; wait "$kms"; } 2>/dev/null
	cd / && rm -rf "$dir"
	exit $code
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE \
    AWS_ENDPOINT_URL KEYFERRY_LOG http_proxy https_proxy HTTP_PROXY HTTPS_PROXY \
    all_proxy ALL_PROXY XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME
HOME=$dir AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
AWS_PAGER='' AWS_EC2_METADATA_DISABLED=true LC_ALL=C.UTF-8
export HOME AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_PAGER \
    AWS_EC2_METADATA_DISABLED LC_ALL

"${KEYFERRY_LOCALKMS:-$built/keyferry-localkms}" --listen 127.0.0.1:0 \
    --store store --env-file env 2>kms.log &
kms=$!
tries=0
until [ -f env ]; do
	tries=$((tries + 1))
	if ! kill -0 $kms 2>/dev/null || [ $tries -gt 600 ]; then
		echo "Bail out! keyferry-localkms does not start"
		sed 's/^/# /' kms.log
		exit 1
	fi
	sleep 0.1
done
. ./env

# configure [LINE...]: keyferry.conf, with more lines of its one token.
configure() {
	printf '%s\n' "state = $dir/state" '[token test]' \
	    'wrapping-bits = 2048' "$@" >keyferry.conf
	chmod 600 keyferry.conf
}
configure
KEYFERRY_CONFIG=$dir/keyferry.conf
export KEYFERRY_CONFIG

p11() { host pkcs11-tool --module "$module" "$@"; }
# needs PROGRAM...: skips the whole test where one is missing.
needs() {
	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		echo "1..0 # SKIP no $program here"
		exit 0
	done
}
# says TEXT COMMAND...: it succeeds and prints the text.
says() {
	said_text=$1; shift
	said=$("$@" 2>&1) || { printf '%s\n' "$said"; return 1; }
	case $said in
	*"$said_text"*) ;;
	*) printf 'said: %s\nwanted: %s\n' "$said" "$said_text"; return 1 ;;
	esac
}
# silent_about TEXT COMMAND...: it succeeds and does not print the text.
silent_about() {
	said_text=$1; shift
	said=$("$@" 2>&1) || { printf '%s\n' "$said"; return 1; }
	case $said in
	*"$said_text"*) printf 'said: %s\n' "$said"; return 1 ;;
	esac
}
# Debian's own, where another of that name is before it in the path.
aws=/usr/bin/aws
[ -x $aws ] || aws=aws
aws_kms() { "$aws" --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms "$@"; }
