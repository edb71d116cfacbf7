# testenv.sh: `. "$srcdir/tests/clients/testenv.sh"`, for tests in which
# somebody else's program uses the module. It starts a KMS, writes a
# configuration, and runs the test in a directory of its own. p11 ARGUMENT...:
# runs pkcs11-tool with the module.
#
# A test that sets needs_root=1 before that runs as root, by sudo if that asks for no
# password.
if [ -n "${needs_root-}" ] && [ "$(id -u)" -ne 0 ]; then
	sudo -n true 2>/dev/null || { echo "1..0 # SKIP root is needed"; exit 0; }
	exec sudo -n env srcdir="$srcdir" builddir="$builddir" sh "$0"
fi
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/support/preload.sh"
built=$(cd "$builddir" && pwd)
mount_over=$(cd "$srcdir" && pwd)/tests/support/mount-over.sh
testenv_recipes=$(cd "$srcdir/docs/recipes" && pwd)
dir=$(mktemp -d /tmp/keyferry-test-XXXXXX) && cd "$dir" || exit 1
# Other users, too, must be able to read the module; servers are root's programs.
if [ -n "${needs_root-}" ]; then
	cp "$module" . && module=$dir/${module##*/}
	PATH=$PATH:/usr/sbin:/sbin
fi
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
# An RSA key pair for each set of parameters is most of a test's time.
curl -sSf -X POST "$KEYFERRY_LOCALKMS_CONTROL/wrapping-keys?share=on" >/dev/null ||
    echo "# each set of import parameters has a wrapping key of its own"

# configure [LINE...]: writes keyferry.conf, with these lines for its one token.
configure() {
	printf '%s\n' "state = $dir/state" '[token test]' \
	    'wrapping-bits = 2048' "$@" >keyferry.conf
	chmod 600 keyferry.conf
}
configure
KEYFERRY_CONFIG=$dir/keyferry.conf
export KEYFERRY_CONFIG

p11() { host pkcs11-tool --module "$module" "$@"; }
# make_key LABEL ID USAGE OPENSSL-GENPKEY-ARGUMENT...: generates a key pair with
# openssl, in LABEL.key and LABEL.pub, and imports it. USAGE is sign, decrypt or
# derive.
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
# start NAME TEXT COMMAND...: runs the command in the background, and checks that it
# prints the text, into `served`. stop: terminates it; so does the end of the test.
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
# ends_well NAME: checks that the started command exits by itself, with status 0.
ends_well() {
	[ -z "$server" ] || wait "$server"
	stopped=$?
	server=
	is "$1" $stopped 0
}
# s_client CERTIFICATE [ARGUMENT...]: connects openssl to the started server; fails
# if the server's certificate does not verify.
s_client() {
	s_cert=$1; shift
	openssl s_client -connect "127.0.0.1:$(port)" -CAfile "$s_cert" \
	    -servername localhost -verify_return_error "$@" </dev/null
}
# free_port: a port on which nothing listens, outside the system's ephemeral range.
free_port() {
	while :; do
		number=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 10000))
		grep -qi ":$(printf %04X $number) " /proc/net/tcp \
		    /proc/net/tcp6 2>/dev/null || break
	done
	echo $number
}
# port: the port that the started server printed.
port() { sed -n 's/^ACCEPT .*:\([0-9][0-9]*\).*/\1/p' served | head -n 1; }
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
# needs PROGRAM...: skips the whole test if one is missing.
needs() {
	for program in "$@"; do
		command -v "$program" >/dev/null && continue
		skip_all "no $program here"
	done
}
# has PROGRAM NAME: whether it is here; if not, the check of that name is skipped.
has() {
	command -v "$1" >/dev/null && return
	skip "$2" "no $1 here"
	return 1
}
# says TEXT COMMAND...: the command succeeds and prints the text.
says() {
	said_text=$1; shift
	said=$("$@" 2>&1) || { printf '%s\n' "$said"; return 1; }
	case $said in
	*"$said_text"*) ;;
	*) printf 'said: %s\nwanted: %s\n' "$said" "$said_text"; return 1 ;;
	esac
}
# silent_about TEXT COMMAND...: the command succeeds and does not print the text.
silent_about() {
	said_text=$1; shift
	said=$("$@" 2>&1) || { printf '%s\n' "$said"; return 1; }
	case $said in
	*"$said_text"*) printf 'said: %s\n' "$said"; return 1 ;;
	esac
}
# Prefer Debian's own over another of that name in the path.
aws=/usr/bin/aws
[ -x $aws ] || aws=aws
aws_kms() { "$aws" --endpoint-url "$AWS_ENDPOINT_URL_KMS" kms "$@"; }
# Whether libp11's engine for OpenSSL is here. engine_settings [LINE]: what
# openssl.cnf is for the module with it.
engines=$(openssl version -e 2>/dev/null | sed 's/.*"\(.*\)"/\1/')
has_engine() { [ -f "$engines/pkcs11.so" ]; }
engine_settings() {
	printf '%s\n' "openssl_conf = main" "[main]" "engines = engines" \
	    "[engines]" "pkcs11 = pkcs11" "[pkcs11]" "engine_id = pkcs11" \
	    "MODULE_PATH = $module" "init = 1" "$@"
}
# The same for pkcs11-provider. uri_file URI: the URI in its file format: SEQUENCE {
# VisibleString, UTF8String }.
provider_modules=$(openssl version -m 2>/dev/null | sed 's/.*"\(.*\)"/\1/')
has_provider() { [ -f "$provider_modules/pkcs11.so" ]; }
# provider_settings [LINE]: with that line in the provider's section.
provider_settings() {
	cat <<-EOF
		openssl_conf = main
		[main]
		providers = providers
		[providers]
		default = default_provider
		pkcs11 = pkcs11_provider
		[default_provider]
		activate = 1
		[pkcs11_provider]
		module = $provider_modules/pkcs11.so
		pkcs11-module-path = $module
		${1-}
		activate = 1
	EOF
}
uri_file() {
	printf '%s\n' "asn1 = SEQUENCE:it" "[it]" \
	    "is = VISIBLESTRING:PKCS\\#11 Provider URI v1.0" "uri = UTF8:$1" >asn1
	openssl asn1parse -genconf asn1 -noout -out uri.der
	echo "-----BEGIN PKCS#11 PROVIDER URI-----"
	openssl base64 -in uri.der
	echo "-----END PKCS#11 PROVIDER URI-----"
}
# threads_signed COUNT: there are so many thread-*.sig, of `text` by the key of rsa.pub.
threads_signed() {
	signed=0
	for one in thread-*.sig; do
		openssl dgst -sha256 -verify rsa.pub -signature "$one" text || return
		signed=$((signed + 1))
	done
	[ $signed -eq "$1" ]
}
# others_log: the module logs at level trace into module.log, and other users' processes
# read the configuration and get at that file.
others_log() {
	chmod 711 "$dir"
	sed -i "1i log = trace:$dir/module.log" keyferry.conf
	chmod 644 keyferry.conf
}
# recipe PAGE HEADING SED-ARGUMENT...: the settings that docs/recipes/ prints indented
# below that heading, with the test's own names put in by sed. Fails if there are none.
recipe() {
	recipe_page=$1 recipe_heading=$2; shift 2
	awk -v heading="$recipe_heading" '/^#/ { on = $0 ~ "^#+ " heading "$" }
	    on && /^    / { print substr($0, 5); some = 1 }
	    END { exit !some }' "$testenv_recipes/$recipe_page.md" >recipe &&
	    sed -e '' "$@" recipe
}
