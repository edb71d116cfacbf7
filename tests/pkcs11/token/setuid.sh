# The module in a program that is installed set-user-id root and started by
# somebody else: no environment variable of his counts, neither the module's own
# nor those of OpenSSL and curl, and no file of root's is written for him.
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/support/preload.sh"
. "$srcdir/tests/localkms/start.sh"
skip_all() { echo "1..0 # SKIP $*"; exit 0; }
[ "$(id -u)" -eq 0 ] || skip_all "not run by root"
unshare -m true 2>/dev/null || skip_all "no mount namespaces here"
[ -n "$aws" ] || skip_all "no aws command line"
# Not the credentials of this machine's root: his home is another one in here.
if [ "${1-}" != inside ]; then
	exec unshare -m --propagation private sh "$0" inside
fi
command -v python3 >/dev/null || skip_all "no python3 here"
mount -t tmpfs none /root || skip_all "no file system can be mounted here"

unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE \
    AWS_ENDPOINT_URL AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE KEYFERRY_LOG \
    SSLKEYLOGFILE http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy \
    ALL_PROXY
HOME=/root && export HOME
localkms_start --tls || { echo "Bail out! keyferry-localkms"; exit 1; }
for n in 1 2; do
	kms create-key --query KeyMetadata.KeyId >/dev/null
done
built=$(cd "$builddir" && pwd)
mkdir "$HOME/.aws"
printf '%s\n' '[default]' "aws_access_key_id = $AWS_ACCESS_KEY_ID" \
    "aws_secret_access_key = $AWS_SECRET_ACCESS_KEY" >"$HOME/.aws/credentials"
printf '%s\n' "state = $work/state" '[token test]' 'region = us-east-1' \
    "endpoint = $AWS_ENDPOINT_URL_KMS" "ca-bundle = $AWS_CA_BUNDLE" \
    >"$work/keyferry.conf"
chmod 600 "$work/keyferry.conf" "$HOME/.aws/credentials"
cd "$work" || exit 1
program=$work/program
cp "$built/tests/pkcs11/token/setuid-program" "$program"
chmod 4755 "$program"
chmod 711 "$work"
mkdir -m 1777 "$work/open"
# What he has: a home with a credential_process, and the program in his PATH.
mkdir -p "$work/his/.aws"
printf '%s\n' '[default]' 'credential_process = his-program' \
    '[profile nobody]' 'credential_process = his-program' >"$work/his/.aws/config"
printf '%s\n' '#!/bin/sh' "touch '$work/open/ran'" 'cat <<END' \
    "{\"Version\": 1, \"AccessKeyId\": \"$AWS_ACCESS_KEY_ID\"," \
    " \"SecretAccessKey\": \"$AWS_SECRET_ACCESS_KEY\"}" END >"$work/his/his-program"
echo his >"$work/his/token"
chmod -R a+rX "$work/his" && chmod 755 "$work/his/his-program"

# A proxy that takes no part but notes who comes. Nothing on this machine goes
# through a proxy, so the endpoint has a name that does not tell where it is.
python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as f:
    f.write(str(s.getsockname()[1]))
os.rename("port.new", "port")
while True:
    c, _ = s.accept()
    open("visitor", "w").close()
    c.close()
' &
proxy_pid=$!

trap 'kill $proxy_pid; localkms_end' EXIT
until [ -f port ]; do
	kill -0 $proxy_pid || exit 1
	sleep 0.05
done
proxy=http://127.0.0.1:$(cat port)
echo "127.0.0.1 kms.test" >hosts
mount --bind hosts /etc/hosts
sed "s,^endpoint.*,endpoint = https://kms.test:${AWS_ENDPOINT_URL_KMS##*:}," \
    keyferry.conf >named.conf
chmod 600 named.conf

# start AS COMMAND...: with everything in the environment that could mislead.
start() {
	start_as=$1; shift
	env -i PATH="$work/his:$PATH" HOME="$work/his" \
	    KEYFERRY_LOG="trace:$work/module.log" KEYFERRY_CONFIG=/nonexistent \
	    SSLKEYLOGFILE="$work/open/tls-secrets" \
	    AWS_ENDPOINT_URL=http://127.0.0.1:9 \
	    AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9 AWS_REGION=eu-west-3 \
	    AWS_ACCESS_KEY_ID=AKIAEXAMPLEEXAMPLE12 AWS_SECRET_ACCESS_KEY=wrong \
	    AWS_CA_BUNDLE=/nonexistent AWS_PROFILE=nobody \
	    AWS_CONFIG_FILE=/nonexistent \
	    AWS_SHARED_CREDENTIALS_FILE=/nonexistent \
	    AWS_ROLE_ARN=arn:aws:iam::111122223333:role/his \
	    AWS_WEB_IDENTITY_TOKEN_FILE="$work/his/token" \
	    AWS_CONTAINER_CREDENTIALS_FULL_URI="$proxy" \
	    AWS_CONTAINER_AUTHORIZATION_TOKEN=his \
	    AWS_EC2_METADATA_SERVICE_ENDPOINT="$proxy" \
	    AWS_ENDPOINT_URL_STS="$proxy" AWS_LOGIN_CACHE_DIRECTORY="$work/his" \
	    AWS_RETRY_MODE=his AWS_MAX_ATTEMPTS=his \
	    XDG_CONFIG_HOME="$work/open" XDG_STATE_HOME="$work/open" \
	    http_proxy="$proxy" https_proxy="$proxy" \
	    HTTP_PROXY="$proxy" HTTPS_PROXY="$proxy" \
	    all_proxy="$proxy" ALL_PROXY="$proxy" \
	    SSL_CERT_FILE=/nonexistent SSL_CERT_DIR=/nonexistent \
	    OPENSSL_CONF="$work/open/openssl.cnf" OPENSSL_MODULES="$work/open" \
	    OPENSSL_ENGINES="$work/open" CURL_HOME="$work/open" \
	    setpriv --reuid="$start_as" --clear-groups "$@" 2>&1
}
# The module must not be taken from a place that is his.
cp "$module" "$work/module.so"

out=$(start nobody "$program" "$work/module.so" "config=$work/keyferry.conf")
case $out in
"not secure"*) skip_all "set-user-id has no effect on this file system" ;;
esac
is "the program does its work" "$out" "secure
2 keys"
# Where root has no credentials, there are none.
mv "$HOME/.aws" "$HOME/aws"
none=$(start nobody "$program" "$work/module.so" "config=$work/keyferry.conf")
ok "without root's credentials nothing is found" expr "$none" : \
    ".*C_FindObjectsInit: 0x"
fails "his credential_process is not run" test -e "$work/open/ran"
fails "his endpoints are not asked" test -e visitor
# A credential_process of root's is run, but not found by his PATH.
mkdir "$HOME/.aws"
printf '%s\n' '[default]' 'credential_process = his-program' >"$HOME/.aws"/config
start nobody "$program" "$work/module.so" "config=$work/keyferry.conf" >/dev/null
fails "his PATH does not count" test -e "$work/open/ran"
rm -r "$HOME/.aws" && mv "$HOME/aws" "$HOME/.aws"

fails "no log is written" test -e "$work/module.log"
fails "no secrets of TLS are written" test -e "$work/open/tls-secrets"
is "no file is made where he says" "$(ls -A "$work/open")" ""
ok "by a name, too, the KMS is asked" expr \
    "$(start nobody "$program" "$work/module.so" "config=$work/named.conf")" \
    : ".*C_FindObjectsInit"
fails "and no proxy" test -e visitor

# Where the program is no such, what the user says counts, but for the secrets of
# TLS, which are never written.
chmod 755 "$program"
out=$(env -u KEYFERRY_CONFIG KEYFERRY_LOG="trace:$work/module.log" \
    SSLKEYLOGFILE="$work/open/tls-secrets" HOME=/root \
    "$program" "$work/module.so" "config=$work/keyferry.conf")
is "without set-user-id" "$out" "not secure
2 keys"
ok "the log is written" grep -q C_FindObjects "$work/module.log"
fails "no secrets of TLS are written" grep -q . "$work/open/tls-secrets"
env -u KEYFERRY_CONFIG HTTPS_PROXY="$proxy" HOME=/root \
    "$program" "$work/module.so" "config=$work/named.conf" >/dev/null
ok "the proxy is used" test -e visitor
tap_done
