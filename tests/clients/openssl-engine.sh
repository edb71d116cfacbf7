# OpenSSL with libp11's engine: signatures, certificates, TLS servers, decryption
# and key agreement with the token's keys.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
has_engine || skip_all "no engine pkcs11 here"
{
	engine_settings
	printf '%s\n' '[req]' 'distinguished_name = name' '[name]'
} >openssl.cnf
# ssl COMMAND ARGUMENT...: runs openssl with the engine.
ssl() {
	command=$1; shift
	OPENSSL_CONF=$dir/openssl.cnf host openssl "$command" -engine pkcs11 "$@"
}
key() { echo "pkcs11:token=test;object=$1;type=private"; }

ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
echo "to be signed" >text
openssl dgst -sha256 -binary text >hash
for name in rsa ec; do
	ok "$name: pkeyutl -sign" ssl pkeyutl -keyform engine -sign \
	    -inkey "$(key $name)" -in hash -pkeyopt digest:sha256 -out signature
	ok "it verifies" openssl pkeyutl -verify -pubin -inkey $name.pub \
	    -in hash -sigfile signature -pkeyopt digest:sha256
	ok "dgst -sign" ssl dgst -keyform engine -sha256 -sign "$(key $name)" \
	    -out signature text
	ok "it verifies" openssl dgst -sha256 -verify $name.pub \
	    -signature signature text
	ok "req -new -x509" ssl req -keyform engine -new -x509 -sha256 \
	    -key "$(key $name)" -subj /CN=localhost -out $name.pem
	ok "it verifies" openssl verify -CAfile $name.pem $name.pem
	is "with the key that was imported" \
	    "$(openssl x509 -in $name.pem -noout -pubkey)" "$(cat $name.pub)"
	start "s_server" "^ACCEPT" ssl s_server -keyform engine \
	    -key "$(key $name)" -cert $name.pem -accept 127.0.0.1:0 -www \
	    -naccept 1
	ok "a handshake" says "Verify return code: 0 (ok)" s_client $name.pem
	ends_well "the server ends well"
done
ok "dgst -sign with PSS" ssl dgst -keyform engine -sha256 -sign "$(key rsa)" \
    -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest \
    -out signature text
ok "it verifies" openssl dgst -sha256 -verify rsa.pub -signature signature \
    -sigopt rsa_padding_mode:pss text

ok "an RSA key that decrypts" make_key vault 03 decrypt -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
ok "openssl encrypts" openssl pkeyutl -encrypt -pubin -inkey vault.pub \
    -pkeyopt rsa_padding_mode:oaep -in hash -out sealed
ok "pkeyutl -decrypt" ssl pkeyutl -keyform engine -decrypt \
    -inkey "$(key vault)" -pkeyopt rsa_padding_mode:oaep -in sealed -out back
ok "it is the same" cmp hash back

ok "an EC key that agrees" make_key agree 04 derive -algorithm EC \
    -pkeyopt ec_paramgen_curve:prime256v1
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 \
    -out peer.key
openssl pkey -in peer.key -pubout -out peer.pub
openssl pkeyutl -derive -inkey peer.key -peerkey agree.pub -out wanted
ok "pkeyutl -derive" ssl pkeyutl -keyform engine -derive \
    -inkey "$(key agree)" -peerkey peer.pub -out got
ok "it is the same" cmp wanted got
fails "a key that is not there" ssl pkeyutl -keyform engine -sign \
    -inkey "$(key nothing)" -in hash -out signature
tap_done
