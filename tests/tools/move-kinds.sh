# keyferry move takes RSA, EC and HMAC keys to KMS, and they do there what they
# did in the HSM.
. "$srcdir/tests/tools/premises.sh"
needs "$aws"
p11 --list-mechanisms >mechanisms 2>/dev/null
grep -q 'RSA-AES-KEY-WRAP.*unwrap\|mechtype-0x1054.*unwrap' mechanisms || {
	echo "1..0 # SKIP the module does not unwrap CKM_RSA_AES_KEY_WRAP"
	exit 0
}
configure

hsm_pair RSA:2048 rsa-sign 11 >/dev/null
hsm_pair RSA:3072 rsa-open 12 --usage-decrypt >/dev/null
hsm_pair EC:prime256v1 p256 13 >/dev/null
hsm_pair EC:secp384r1 p384 14 >/dev/null
hsm_pair EC:secp521r1 p521 15 >/dev/null
hsm_pair EC:secp256k1 k256 16 >/dev/null
hsm_aes aes 17
for size in 28 32 48 64 100; do
	openssl rand -out "mac$size.key" $size
	hsm --write-object "mac$size.key" --type secrkey --label "mac$size" \
	    --usage-sign --id "$(printf '20%02x' $size)" --extractable \
	    >/dev/null 2>&1
done
hsm_pair RSA:1024 small 31 >/dev/null

ends "--dry-run" 1 move --dry-run
said "a key that KMS does not take" "RSA: stays: KMS imports"
said "how many" "13 keys: 12 would go, 1 cannot"
hsm --delete-object --type privkey --id 31 >/dev/null 2>&1
ends "the move" 0 move --yes --report report
said "all went" "12 keys: 12 moved"
is "what KMS has" "$(kms_keys | cut -f1-3 | sort | tr '\t' ' ')" \
"Enabled ECC_NIST_P256 SIGN_VERIFY
Enabled ECC_NIST_P384 SIGN_VERIFY
Enabled ECC_NIST_P521 SIGN_VERIFY
Enabled ECC_SECG_P256K1 SIGN_VERIFY
Enabled HMAC_224 GENERATE_VERIFY_MAC
Enabled HMAC_256 GENERATE_VERIFY_MAC
Enabled HMAC_384 GENERATE_VERIFY_MAC
Enabled HMAC_512 GENERATE_VERIFY_MAC
Enabled HMAC_512 GENERATE_VERIFY_MAC
Enabled RSA_2048 SIGN_VERIFY
Enabled RSA_3072 ENCRYPT_DECRYPT
Enabled SYMMETRIC_DEFAULT ENCRYPT_DECRYPT"

# What KMS signs, the HSM's public key verifies.
echo "a text to sign" >text
public() { # LABEL ID: the HSM's public key, in PEM
	hsm --read-object --type pubkey --id "$2" -o public.der &&
	    openssl pkey -pubin -inform DER -in public.der -out "$1.pem"
}
kms_signs() { # LABEL ALGORITHM HASH
	openssl dgst "-$3" -binary text >hash
	aws_kms sign --key-id "alias/$1" --message fileb://hash \
	    --message-type DIGEST --signing-algorithm "$2" --query Signature \
	    --output text | base64 -d >signature
}
public rsa-sign 11 && kms_signs rsa-sign RSASSA_PKCS1_V1_5_SHA_256 sha256
ok "RSA" openssl dgst -sha256 -verify rsa-sign.pem -signature signature text
for curve in "p256 13 256" "p384 14 384" "p521 15 512" "k256 16 256"; do
	# shellcheck disable=SC2086 # three words
	set -- $curve
	public "$1" "$2" && kms_signs "$1" "ECDSA_SHA_$3" "sha$3"
	ok "$1" openssl dgst "-sha$3" -verify "$1.pem" -signature signature text
done
# What is encrypted for the HSM, KMS decrypts.
public rsa-open 12
openssl pkeyutl -encrypt -pubin -inkey rsa-open.pem -in text -out sealed \
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
is "RSA decrypts" "$(aws_kms decrypt --key-id alias/rsa-open \
    --encryption-algorithm RSAES_OAEP_SHA_256 --ciphertext-blob fileb://sealed \
    --query Plaintext --output text | base64 -d)" "a text to sign"
for mac in "28 224" "32 256" "48 384" "64 512" "100 512"; do
	# shellcheck disable=SC2086 # two words
	set -- $mac
	is "HMAC of $1 bytes" "$(aws_kms generate-mac --key-id "alias/mac$1" \
	    --message fileb://text --mac-algorithm "HMAC_SHA_$2" --query Mac \
	    --output text | base64 -d | od -An -tx1 | tr -d ' \n')" \
	    "$(openssl dgst "-sha$2" -mac HMAC -r -macopt \
	        "hexkey:$(od -An -tx1 "mac$1.key" | tr -d ' \n')" text |
	        cut -d' ' -f1)"
done

ends "again" 0 move --yes
said "all are there" "12 keys: 12 there already"
tap_done
