# OpenSSL's programs as people set them up: the engine with `init` 0 and 1, loaded early,
# by the configuration, and late, by the command; the provider, first and last; keys by
# URI and by the provider's PEM file. With each: x509, cms, TLS 1.3 where both ends have
# their keys in KMS. openssl-engine.sh and openssl-provider.sh have the rest.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool timeout
[ -z "$preload" ] || skip_all "the provider's RTLD_DEEPBIND bars sanitizers"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
echo text >text
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=$name -days 9 \
	    -addext subjectAltName=DNS:localhost -out $name.pem
done
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr 2>/dev/null
uri() { echo "pkcs11:token=test;object=$1;type=private"; }

# ssl COMMAND [ARGUMENT...]: runs openssl with the settings, and with those arguments of
# each way that select the engine.
ssl() {
	ssl_command=$1; shift
	# shellcheck disable=SC2086 # words
	OPENSSL_CONF=$dir/openssl.cnf timeout 60 openssl "$ssl_command" $with "$@"
}
# both_ends NAME PEER: the server's key is of that name, the client's of the other.
both_ends() {
	# shellcheck disable=SC2086
	start "$way, $1: s_server" "^ACCEPT" env OPENSSL_CONF="$dir/openssl.cnf" \
	    timeout 60 openssl s_server $with $server_form -key "$(key $1)" \
	    -cert $1.pem -accept 127.0.0.1:0 -naccept 1 -www -tls1_3 \
	    -Verify 1 -verify_return_error -CAfile $2.pem
	# shellcheck disable=SC2086
	printf 'GET / HTTP/1.0\r\n\r\n' | ssl s_client $client_form -ign_eof \
	    -connect "127.0.0.1:$(port)" -CAfile $1.pem -verify_return_error \
	    -servername localhost -cert $2.pem -key "$(key $2)" >client 2>&1
	ends_well "$way, $1: the server ends well"
	ok "$way, $1: the client takes the server" grep "Verify return code: 0 (ok)" client
	# The page that the server shows has the client's certificate.
	ok "$way, $1: the server takes the client" grep "Subject: CN *= *$2" client
	ok "$way, $1: by TLS 1.3" grep "New, TLSv1.3" client
}
# drive WAY
drive() {
	way=$1
	for name in rsa ec; do
		# shellcheck disable=SC2086
		ok "$way, $name: x509 -req" ssl x509 $ca_form -req -in leaf.csr \
		    -CA $name.pem -CAkey "$(key $name)" -set_serial 1 -days 9 -out leaf.pem
		ok "it verifies" openssl verify -CAfile $name.pem leaf.pem
		# shellcheck disable=SC2086
		ok "$way, $name: cms -sign" ssl cms $key_form -sign -in text -binary \
		    -signer $name.pem -inkey "$(key $name)" -outform DER -out text.cms
		ok "it verifies" openssl cms -verify -inform DER -in text.cms -binary \
		    -content text -CAfile $name.pem -purpose any -out back
	done
	both_ends rsa ec
	both_ends ec rsa
}
key() { uri "$1"; }
with="-engine pkcs11"
ca_form="-CAkeyform engine" key_form="-keyform engine" server_form=$key_form client_form=$key_form
if has_engine; then
	for init in 0 1; do
		engine_settings | sed "s/^init = 1/init = $init/" >openssl.cnf
		drive "engine, init = $init"
	done
	# late: only the command names the engine, and the environment the module
	: >openssl.cnf
	PKCS11_MODULE_PATH=$module
	export PKCS11_MODULE_PATH
	drive "engine, loaded late"
	unset PKCS11_MODULE_PATH
	# libp11 closes the module when the program ends, with the engine's at_exit
	engine_settings "default_algorithms = ALL" >openssl.cnf
	drive "engine, for all algorithms"
else
	skip "the engine" "none here"
fi
with='' ca_form='' key_form='' server_form='' client_form=''
if has_provider; then
	for load in lazy early; do
		provider_settings "pkcs11-module-load-behavior = $load" >openssl.cnf
		drive "provider, $load"
	done
	for name in rsa ec; do uri_file "$(uri $name)" >$name.uri; done
	key() { echo "$1.uri"; }
	drive "provider, PEM file"
	# The provider before OpenSSL's own: it verifies what others signed, too.
	provider_settings | sed -e '/^default = /d' \
	    -e 's/^pkcs11 = .*/&\ndefault = default_provider/' >openssl.cnf
	recipe servers "Clients with certificates" >>keyferry.conf
	key() { echo "$(uri "$1")?pin-value=1234"; }
	drive "provider, first"
else
	skip "the provider" "none here"
fi
tap_done
