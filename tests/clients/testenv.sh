# testenv.sh: `. "$srcdir/tests/clients/testenv.sh"`, for tests in which a program
# that is not ours uses the module: a folder, a KMS, a configuration. The test
# runs in that folder. p11 ARGUMENT...: pkcs11-tool with the module.
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/support/preload.sh"
built=$(cd "$builddir" && pwd)
dir=$(mktemp -d /tmp/keyferry-test-XXXXXX) && cd "$dir" || exit 1
testenv_kms='' server=''
finish() {
	code=$?
	stop
	[ -z "$testenv_kms" ] || { kill "$testenv_kms"; wait "$testenv_kms"; } 2>/dev/null
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
    --store store --env-file env >kms.log 2>&1 </dev/null &
testenv_kms=$!
tries=0
until [ -f env ]; do
	tries=$((tries + 1))
	if ! kill -0 $testenv_kms 2>/dev/null || [ $tries -gt 600 ]; then
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
# make_key LABEL ID USAGE OPENSSL-GENPKEY-ARGUMENT...: makes a key pair outside,
# in LABEL.key and LABEL.pub, and imports it; USAGE as sign, decrypt, derive.
make_key() {
	made=$1 made_id=$2 made_usage=$3; shift 3
	openssl genpkey "$@" -out "$made.key" 2>/dev/null &&
	    openssl pkey -in "$made.key" -pubout -out "$made.pub" &&
	    p11 --write-object "$made.key" --type privkey --label "$made" \
	    --id "$made_id" "--usage-$made_usage"
}
make_rsa() { make_key rsa 01 sign -algorithm RSA -pkeyopt rsa_keygen_bits:2048; }
make_ec() {
	make_key ec 02 sign -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1
}
# start NAME TEXT COMMAND...: a check that the command, run behind, comes to
# print the text (in served). stop: ends it; so does the end of the test.
start() {
	served_name=$1 served_text=$2; shift 2
	: >served
	"$@" >served 2>&1 </dev/null &
	server=$!
	tries=0
	until grep -q -e "$served_text" served; do
		tries=$((tries + 1))
		kill -0 "$server" 2>/dev/null && [ $tries -le 200 ] || break
		sleep 0.1
	done
	ok "$served_name" says "" grep -e "$served_text" served
}
stop() {
	[ -n "$server" ] || return 0
	kill "$server" 2>/dev/null
	wait "$server" 2>/dev/null
	stopped=$?
	server=
	return $stopped
}
# ends_well NAME: a check that what was started ends by itself, and well.
ends_well() {
	[ -z "$server" ] || wait "$server"
	stopped=$?
	server=
	is "$1" $stopped 0
}
# s_client CERTIFICATE [ARGUMENT...]: openssl's, at the server that was started;
# it fails where the certificate does not verify.
s_client() {
	s_cert=$1; shift
	openssl s_client -connect "127.0.0.1:$(port)" -CAfile "$s_cert" \
	    -servername localhost -verify_return_error "$@" </dev/null
}
# free_port: one below those that the system hands out, on which nothing listens.
free_port() {
	while :; do
		number=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 10000))
		grep -qi ":$(printf %04X $number) " /proc/net/tcp \
		    /proc/net/tcp6 2>/dev/null || break
	done
	echo $number
}
# port: where the server that was started listens, by what it said.
port() { sed -n 's/^ACCEPT .*:\([0-9][0-9]*\).*/\1/p' served | head -n 1; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
# needs PROGRAM...: skips the whole test where one is missing.
needs() {
	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		skip_all "no $program here"
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
