# keyferry move moves RSA, EC and HMAC keys to KMS, where they work as in the HSM.
. "$srcdir/tests/tools/softhsm.sh"
needs "$aws"
p11 --list-mechanisms >mechanisms 2>/dev/null
grep -q 'RSA-AES-KEY-WRAP.*unwrap\|mechtype-0x1054.*unwrap' mechanisms || {
	echo "1..0 # SKIP the module does not unwrap CKM_RSA_AES_KEY_WRAP"
	exit 0
}

# SoftHSM pads the PKCS#8 of a private key with zero bytes to a multiple of 8
# before it wraps it. The local KMS refuses bytes behind PKCS#8. So this test uses
# RSA keys whose PKCS#8 needs no padding, and P-384 and secp256k1, which need none.
hsm_rsa() { # BITS LABEL ID
	until openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$1" \
	    -outform DER -out "$2.der" 2>/dev/null &&
	    openssl pkcs8 -topk8 -nocrypt -inform DER -in "$2.der" \
	        -outform DER -out "$2.p8" &&
	    [ $(($(wc -c <"$2.p8") % 8)) -eq 0 ]; do :; done
	openssl pkey -inform DER -in "$2.der" -pubout -out "$2.pem"
	hsm --write-object "$2.der" --type privkey --label "$2" --id "$3" \
	    --usage-sign --usage-decrypt --extractable >/dev/null 2>&1
}
hsm_rsa 2048 rsa-sign 11
hsm_rsa 3072 rsa-open 12
hsm_pair EC:secp384r1 p384 14 >/dev/null
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
said "how many" "11 keys: 10 to be moved, 1 cannot be moved"
hsm --delete-object --type privkey --id 31 >/dev/null 2>&1
ends "--usage" 0 "$keyferry" move --to "$cloud" --yes --usage decrypt \
    --wrapping-bits 2048 \
    --from "pkcs11:token=source;object=rsa-open?module-path=$softhsm"
ends "the move" 0 move --yes --report report
said "all were moved" "10 keys: 1 on the target already, 9 moved"
is "what KMS has" "$(kms_keys | cut -f1-3 | sort | tr '\t' ' ')" \
"Enabled ECC_NIST_P384 SIGN_VERIFY
Enabled ECC_SECG_P256K1 SIGN_VERIFY
Enabled HMAC_224 GENERATE_VERIFY_MAC
Enabled HMAC_256 GENERATE_VERIFY_MAC
Enabled HMAC_384 GENERATE_VERIFY_MAC
Enabled HMAC_512 GENERATE_VERIFY_MAC
Enabled HMAC_512 GENERATE_VERIFY_MAC
Enabled RSA_2048 SIGN_VERIFY
Enabled RSA_3072 ENCRYPT_DECRYPT
Enabled SYMMETRIC_DEFAULT ENCRYPT_DECRYPT"

# The HSM, or openssl, verifies what KMS signs.
echo "a text to sign" >text
kms_signs() { # LABEL ALGORITHM HASH
	openssl dgst "-$3" -binary text >hash
	rm -f signature
	aws_kms sign --key-id "alias/$1" --message fileb://hash \
	    --message-type DIGEST --signing-algorithm "$2" --query Signature \
	    --output text | base64 -d >signature
}
kms_signs rsa-sign RSASSA_PKCS1_V1_5_SHA_256 sha256
ok "RSA" openssl dgst -sha256 -verify rsa-sign.pem -signature signature text
for curve in "p384 14 384" "k256 16 256"; do
	# shellcheck disable=SC2086 # three words
	set -- $curve
	kms_signs "$1" "ECDSA_SHA_$3" "sha$3"
	ok "$1" says "Signature is valid" hsm --verify -m ECDSA --id "$2" \
	    -i hash --signature-file signature --signature-format openssl
done
# KMS decrypts what is encrypted with the HSM's public key.
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
said "all are on the target" "10 keys: 10 on the target already"

# A key with padding behind its PKCS#8 is not moved; the others are.
hsm_pair EC:prime256v1 p256 13 >/dev/null
hsm_aes other 41
ends "a key with zeros behind it" 1 move --yes
said "why it was not moved" "EC P-256: C_UnwrapKey on test: CKR_WRAPPED_KEY_INVALID"
said "the others were moved" "12 keys: 10 on the target already, 1 moved, 1 failed"
tap_done
