#!/bin/sh
# keyferry-localkms over TLS, with the certificate that it makes itself.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/support/preload.sh"
. "$srcdir/tests/localkms/start.sh"
[ -n "$aws" ] || { echo "1..0 # SKIP no aws command line"; exit 0; }
command -v openssl >/dev/null || { echo "1..0 # SKIP no openssl"; exit 0; }
tool=$(command -v pkcs11-tool)
HOME=$work AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export HOME AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unset AWS_CA_BUNDLE AWS_PROFILE AWS_ENDPOINT_URL AWS_SESSION_TOKEN
year=$((365 * 24 * 3600))

localkms_start --tls
is "it starts" $? 0
ok "it says https" grep -q "serving https://" "$work/log"
ok "the endpoint is https" \
    grep -q "^export AWS_ENDPOINT_URL_KMS='https://127" "$work/env"
ca=$AWS_CA_BUNDLE
ok "the environment names the certificate" [ -s "$ca" ]
ok "it lasts a year" openssl x509 -in "$ca" -noout -checkend $year
ok "its key is on P-256" sh -c \
    "openssl x509 -in '$ca' -noout -text | grep -q 'NIST CURVE: P-256'"
is "its key is for its owner alone" \
    "$(stat -c %a "$work/store/tls-key.pem")" 600

# verified OPTION...: OpenSSL's client trusts the server under that name.
verified() {
	openssl s_client -connect "${AWS_ENDPOINT_URL_KMS#https://}" \
	    -CAfile "$ca" -verify_return_error "$@" </dev/null
}
ok "it names the address" verified -verify_ip 127.0.0.1
ok "it names localhost" verified -verify_hostname localhost
fails "it names nobody else" verified -verify_hostname example.com

key=$(kms create-key --query KeyMetadata.KeyId)
ok "AWS's command line makes a key" [ -n "$key" ]
ok "and names it" kms create-alias --alias-name alias/over-tls \
    --target-key-id "$key"
no_ca() { (unset AWS_CA_BUNDLE; "$@"); }
fails_saying "and refuses the server without the certificate" \
    "SSL validation failed" no_ca kms list-keys

list() { KEYFERRY_LOG=stderr host "$tool" --module "$module" -O; }
listed() { list 2>&1 | grep -q over-tls; }
if [ -z "$tool" ]; then
	skip "the module over TLS" "no pkcs11-tool"
else
	ok "the module lists the key" listed
	fails_saying "without the certificate it is a device error" \
	    CKR_DEVICE_ERROR no_ca list
	no_ca list >"$work/said" 2>&1
	ok "and the log says why" grep -qi certificate "$work/said"
fi

# restarted OPTION...: what its certificate is then.
restarted() {
	localkms_stop TERM
	localkms_start --tls "$@" || return 1
	cp "$ca" "$work/now"
}
cp "$ca" "$work/first"
restarted
ok "the certificate stays" cmp "$work/first" "$work/now"
restarted --listen 127.0.0.2:0
fails "another address, another certificate" cmp "$work/first" "$work/now"
ok "which names that address" verified -verify_ip 127.0.0.2
if restarted --listen '[::1]:0'; then
	ok "an IPv6 address is named" verified -verify_ip ::1
else
	skip "an IPv6 address is named" "no IPv6 here"
fi
cp "$ca" "$work/first"
openssl req -x509 -key "$work/store/tls-key.pem" -subj /CN=old -days 20 \
    -addext subjectAltName=IP:127.0.0.1 -out "$ca" 2>/dev/null
restarted
ok "one that ends soon is made anew" \
    openssl x509 -in "$ca" -noout -checkend $year
echo broken >"$work/store/tls-key.pem"
restarted
ok "so is one without its key" kms list-keys
tap_done
