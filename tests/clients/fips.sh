# fips = yes: the module's own cryptography and its connections to KMS use OpenSSL's
# FIPS provider, or C_Initialize fails.
# The KMS is reached by TLS.
KEYFERRY_LOCALKMS=$(mktemp)
printf '#!/bin/sh\nexec "%s" --tls "$@"\n' \
    "$(cd "$builddir" && pwd)/keyferry-localkms" >"$KEYFERRY_LOCALKMS"
chmod 700 "$KEYFERRY_LOCALKMS" && export KEYFERRY_LOCALKMS
. "$srcdir/tests/clients/testenv.sh"
rm -f "$KEYFERRY_LOCALKMS"
needs openssl pkcs11-tool
modules=$(openssl version -m | sed 's/.*"\(.*\)"/\1/')

# fips LINE...: keyferry.conf, with these lines for the module.
fips() {
	configure "aes-cbc-pad = yes"
	printf '%s\n' "$@" | cat - keyferry.conf >with-fips
	mv with-fips keyferry.conf
	chmod 600 keyferry.conf
}
ok "the KMS is reached by TLS" expr "$AWS_ENDPOINT_URL_KMS" : https
openssl rand -out aes.key 32
echo "a text" >text
openssl dgst -sha256 -binary text >hash
iv=00000000000000000000000000000000
ok "an EC key on secp256k1, without fips" make_key k256 05 sign -algorithm EC \
    -pkeyopt ec_paramgen_curve:secp256k1
ok "it signs" p11 --sign -m ECDSA --id 05 -i hash -o k256.sig
ok "and verifies" says "Signature is valid" p11 --verify -m ECDSA --id 05 \
    -i hash --signature-file k256.sig

fips "fips = yes" "fips-config = /nonexistent"
fails_saying "without the provider's file C_Initialize fails" CKR_GENERAL_ERROR \
    p11 --list-objects
# with_log ARGUMENT...: pkcs11-tool, with the module's log on stderr.
with_log() { (export KEYFERRY_LOG=stderr && p11 "$@"); }
ok "the log says what to do" tap_fails_saying "openssl fipsinstall" \
    with_log --list-objects
printf '%s\n' '[fips_sect]' 'activate = 1' 'module-mac = 00:11' >wrong.cnf
fips "fips = yes" "fips-config = $dir/wrong.cnf"
fails_saying "with a wrong checksum, too" CKR_GENERAL_ERROR p11 --list-objects

if [ -f "$modules/fips.so" ]; then
	stands_in=
	ok "openssl fipsinstall" openssl fipsinstall -out fipsmodule.cnf \
	    -module "$modules/fips.so"
else
	stands_in=yes
	skip "OpenSSL's FIPS provider, but for its stand-in" \
	    "no fips.so here: Debian 13 has openssl-provider-fips"
	printf '%s\n' '[fips_sect]' "module = $built/.libs/fips-stand-in.so" \
	    'activate = 1' >fipsmodule.cnf
fi
fips "fips = yes" "fips-config = $dir/fipsmodule.cnf"
ok "an AES key is imported" p11 --write-object aes.key --type secrkey \
    --key-type AES:32 --label aes --id 0a
ok "it encrypts" p11 --encrypt --id 0a -m AES-CBC-PAD --iv $iv -i text -o sealed
ok "and decrypts" p11 --decrypt --id 0a -m AES-CBC-PAD --iv $iv -i sealed -o back
ok "the text is the same" cmp text back
number=1
for type in rsa:2048 EC:prime256v1 EC:secp384r1; do
	number=$((number + 1))
	case $type in
	rsa:*) mechanism=SHA256-RSA-PKCS ;;
	*) mechanism=ECDSA-SHA256 ;;
	esac
	ok "--keypairgen $type" p11 --keypairgen --key-type $type --label "$type" \
	    --id 1$number
	ok "it signs" p11 --sign -m $mechanism --id 1$number -i text -o signature
	ok "and verifies" says "Signature is valid" p11 --verify -m $mechanism \
	    --id 1$number -i text --signature-file signature
done
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "an import pair" p11 --keypairgen --key-type rsa:2048 --usage-wrap \
    --label pair --id 0e
ok "its public half" p11 --read-object --type pubkey --id 0e -o public.der
ok "openssl wraps a key" openssl pkeyutl -encrypt -pubin -keyform DER \
    -inkey public.der -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -in aes.key \
    -out wrapped
ok "it is unwrapped in KMS" p11 --unwrap --mechanism RSA-PKCS-OAEP \
    --hash-algorithm SHA256 --mgf MGF1-SHA256 --id 0e -i wrapped \
    --key-type AES:32 --application-id 0f --application-label unwrapped
ok "a hash" p11 --hash -m SHA256 -i text -o back
ok "is the same" cmp hash back
ok "random bytes" p11 --generate-random 16 --output-file random
# What the FIPS provider does not have shows that it is the one in use.
[ -z "$stands_in" ] || tap_done
ok "secp256k1 still signs, in KMS" p11 --sign -m ECDSA --id 05 -i hash \
    -o k256.sig
fails "but is not verified here" says "Signature is valid" p11 --verify \
    -m ECDSA --id 05 -i hash --signature-file k256.sig
tap_done
