# OpenSSL with pkcs11-provider, which loads the module when it is first used, or at
# start: signatures, certificates, TLS servers, decryption, key agreement. The
# program and the module share one OpenSSL library; nothing may hang.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool timeout
has_provider || skip_all "no provider pkcs11 here"
[ -z "$preload" ] || skip_all "the provider's RTLD_DEEPBIND bars sanitizers"
# settings LOAD-BEHAVIOUR
settings() {
	provider_settings "pkcs11-module-load-behavior = $1" >openssl.cnf
	cat >>openssl.cnf <<-EOF
		[req]
		distinguished_name = name
		[name]
	EOF
}
ssl() { OPENSSL_CONF=$dir/openssl.cnf timeout 60 openssl "$@"; }
key() { echo "pkcs11:token=test;object=$1;type=private"; }

ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "an RSA key that decrypts" make_key vault 03 decrypt -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
ok "an EC key that agrees" make_key agree 04 derive -algorithm EC \
    -pkeyopt ec_paramgen_curve:prime256v1
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 \
    -out peer.key
openssl pkey -in peer.key -pubout -out peer.pub
openssl pkeyutl -derive -inkey peer.key -peerkey agree.pub -out wanted
echo "to be signed" >text
openssl dgst -sha256 -binary text >hash
openssl pkeyutl -encrypt -pubin -inkey vault.pub \
    -pkeyopt rsa_padding_mode:oaep -in hash -out sealed
for load in lazy early; do
	settings $load
	for name in rsa ec; do
		ok "$load, $name: pkeyutl -sign" ssl pkeyutl -sign \
		    -inkey "$(key $name)" -in hash -pkeyopt digest:sha256 \
		    -out signature
		ok "it verifies" openssl pkeyutl -verify -pubin \
		    -inkey $name.pub -in hash -sigfile signature \
		    -pkeyopt digest:sha256
		ok "dgst -sign" ssl dgst -sha256 -sign "$(key $name)" \
		    -out signature text
		ok "it verifies" openssl dgst -sha256 -verify $name.pub \
		    -signature signature text
		ok "req -new -x509" ssl req -new -x509 -sha256 \
		    -key "$(key $name)" -subj /CN=localhost -out $name.pem
		ok "it verifies" openssl verify -CAfile $name.pem $name.pem
		is "with the key that was imported" "$(openssl x509 \
		    -in $name.pem -noout -pubkey)" "$(cat $name.pub)"
		start "s_server" "^ACCEPT" ssl s_server -key "$(key $name)" \
		    -cert $name.pem -accept 127.0.0.1:0 -www -naccept 1
		ok "a handshake" says "Verify return code: 0 (ok)" \
		    s_client $name.pem
		ends_well "the server ends well"
	done
	ok "$load: dgst -sign with PSS" ssl dgst -sha256 -sign "$(key rsa)" \
	    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest \
	    -out signature text
	ok "it verifies" openssl dgst -sha256 -verify rsa.pub \
	    -signature signature -sigopt rsa_padding_mode:pss text
	ok "pkeyutl -decrypt" ssl pkeyutl -decrypt -inkey "$(key vault)" \
	    -pkeyopt rsa_padding_mode:oaep -in sealed -out back
	ok "it is the same" cmp hash back
	ok "pkeyutl -derive" ssl pkeyutl -derive -inkey "$(key agree)" \
	    -peerkey peer.pub -out got
	ok "it is the same" cmp wanted got
done

# A program with another allocator, as BIND and HAProxy have: the provider loads the
# module with RTLD_DEEPBIND, which keeps its memory apart from theirs.
jemalloc=$(ldconfig -p | sed -n 's/.*libjemalloc.so.2 .*=> //p' | head -n 1)
if [ -n "$jemalloc" ]; then
	ok "pkeyutl -sign in a program with jemalloc" env LD_PRELOAD="$jemalloc" \
	    OPENSSL_CONF="$dir/openssl.cnf" timeout 60 openssl pkeyutl -sign \
	    -inkey "$(key rsa)" -in hash -pkeyopt digest:sha256 -out signature
	ok "it verifies" openssl pkeyutl -verify -pubin -inkey rsa.pub -in hash \
	    -sigfile signature -pkeyopt digest:sha256
else
	skip "a program with jemalloc" "no jemalloc here"
fi

# Programs whose libcurl reads OpenSSL's configuration when it starts, while it
# holds a lock of its own.
if command -v curl >/dev/null; then
	settings early
	ok "curl with the provider loaded early" says '"operations"' \
	    env OPENSSL_CONF="$dir/openssl.cnf" timeout 60 curl -sS \
	    "$KEYFERRY_LOCALKMS_CONTROL/counters"
else
	skip "curl with the provider loaded early" "no curl here"
fi
tap_done
