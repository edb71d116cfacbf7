# Programs that generate keys make none in KMS unless they are asked to: a key of
# KMS's own needs a label (generate = named), and a program that generates a key in
# passing gives it none.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool curl timeout
[ -z "$preload" ] || skip_all "the programs load the module without sanitizers"

# created: how many keys KMS was asked for since the last time.
created() {
	curl -sS "$KEYFERRY_LOCALKMS_CONTROL/counters" |
	    grep -o '"CreateKey": *[0-9]*' | grep -o '[0-9]*$' || echo 0
	curl -sS -X DELETE "$KEYFERRY_LOCALKMS_CONTROL/counters" >/dev/null
}
none_created() { is "$1: no key in KMS" "$(created)" 0; }

ok "an EC key is imported" make_ec
created >/dev/null

# The programs that ask on purpose.
fails_saying "pkcs11-tool --keygen without a label" CKR_TEMPLATE_INCOMPLETE \
    p11 --keygen --key-type AES:32 --id a0
fails "pkcs11-tool --keypairgen without a label" \
    p11 --keypairgen --key-type EC:prime256v1 --id a1
none_created "pkcs11-tool"
ok "the log says what to do" tap_fails_saying "label" env KEYFERRY_LOG=stderr \
    pkcs11-tool --module "$module" --keygen --key-type AES:32 --id a0
ok "with a label" p11 --keypairgen --key-type EC:prime256v1 --id a1 --label a1
is "a key in KMS" "$(created)" 1
ok "an import pair needs no label" p11 --keypairgen --key-type rsa:2048 \
    --usage-wrap --id a2
created >/dev/null
if command -v p11tool >/dev/null; then
	fails "p11tool --generate-ecc without a label" p11tool --batch \
	    --provider "$module" --generate-ecc --curve secp256r1 pkcs11:token=test
	none_created "p11tool"
	ok "with a label" p11tool --batch --provider "$module" --generate-ecc \
	    --curve secp256r1 --label a3 --outfile a3.pem pkcs11:token=test
	is "a key in KMS" "$(created)" 1
else
	skip "p11tool --generate-ecc" "no p11tool here"
fi
configure "generate = no"
fails "generate = no: with a label" p11 --keygen --key-type AES:32 --label a4
none_created "generate = no"
configure "generate = yes"
ok "generate = yes: without a label" p11 --keygen --key-type AES:32 --id a5
is "a key in KMS" "$(created)" 1
configure

# A program that OpenSSL makes keys for in passing.
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
start "a TLS server" "^ACCEPT" openssl s_server -accept 127.0.0.1:0 \
    -key tls.key -cert tls.pem -www
# in_passing NAME: whether they work or not (`works`), no key is made.
in_passing() {
	works=yes
	timeout 60 curl -sS --curves prime256v1 --cacert tls.pem -o /dev/null \
	    --resolve "localhost:$(port):127.0.0.1" \
	    "https://localhost:$(port)/" || works=no
	timeout 60 openssl genpkey -algorithm EC -out made.key \
	    -pkeyopt ec_paramgen_curve:P-256 || works=no
	timeout 60 openssl genpkey -algorithm RSA -out made.key || works=no
	rm -f made made.pub
	! command -v ssh-keygen >/dev/null ||
	    timeout 60 ssh-keygen -q -t ecdsa -N '' -f made || works=no
	none_created "$1"
}
# provider [LINE]: OpenSSL's configuration with pkcs11-provider and that line
# about algorithms.
provider() {
	provider_settings | sed "s/^\[main\]\$/&\nalg_section = algorithms/" >openssl.cnf
	printf '%s\n' "[algorithms]" "$1" >>openssl.cnf
}
signs() {
	openssl dgst -sha256 -sign 'pkcs11:token=test;object=ec;type=private' \
	    -out signature tls.pem &&
	    openssl dgst -sha256 -verify ec.pub -signature signature tls.pem
}
OPENSSL_CONF=$dir/openssl.cnf && export OPENSSL_CONF
if has_provider; then
	provider "default_properties = ?provider=pkcs11"
	in_passing "?provider=pkcs11" 2>/dev/null
	for line in "" "default_properties = ?provider=default"; do
		provider "$line"
		in_passing "provider, $line"
		is "and all works" "$works" yes
		ok "the token's key signs" signs
		none_created "signing"
	done
else
	skip "pkcs11-provider" "no provider pkcs11 here"
fi
if has_engine; then
	engine_settings "default_algorithms = ALL" >openssl.cnf
	in_passing "engine, default_algorithms = ALL"
	is "and all works" "$works" yes
else
	skip "the engine" "no engine pkcs11 here"
fi
unset OPENSSL_CONF
tap_done
