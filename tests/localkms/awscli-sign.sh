#!/bin/sh
# AWS's command line: signatures, MACs and RSA's encryption, each of a key that
# was imported, so that OpenSSL outside does the other half.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
aws_begin
forever="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"

# import_pkcs8 KEY FILE HASH: RSA-OAEP of an AES key, AES-KWP of the material.
import_pkcs8() {
	kms get-parameters-for-import --key-id "$1" --query '[PublicKey,ImportToken]' \
	    --wrapping-algorithm "RSA_AES_KEY_WRAP_SHA_$(echo "$3" | tr -d a-z)" \
	    --wrapping-key-spec RSA_2048 | tr '\t' '\n' >"$work/set"
	sed -n 1p "$work/set" | base64 -d >"$work/public"
	sed -n 2p "$work/set" | base64 -d >"$work/token"
	openssl rand 32 >"$work/aes"
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/public" \
	    -in "$work/aes" -out "$work/wrapped" -pkeyopt rsa_padding_mode:oaep \
	    -pkeyopt "rsa_oaep_md:$3" -pkeyopt "rsa_mgf1_md:$3" || return 1
	openssl enc -id-aes256-wrap-pad -iv A65959A6 -in "$2" \
	    -K "$(od -An -tx1 -v "$work/aes" | tr -d ' \n')" >>"$work/wrapped" ||
	    return 1
	# shellcheck disable=SC2086 # options
	kms import-key-material --key-id "$1" $forever \
	    --import-token "fileb://$work/token" \
	    --encrypted-key-material "fileb://$work/wrapped"
}
# new_imported SPEC USAGE GENPKEY-OPTION...: $key, $work/private, $work/pub.
new_imported() {
	key=$(new_key --origin EXTERNAL --key-spec "$1" --key-usage "$2")
	shift 2
	openssl genpkey "$@" -out "$work/private" 2>/dev/null
	openssl pkey -in "$work/private" -pubout -out "$work/pub"
	openssl pkcs8 -topk8 -nocrypt -in "$work/private" -outform DER \
	    -out "$work/pkcs8"
}
public_is() {
	kms get-public-key --key-id "$key" --query PublicKey | base64 -d |
	    openssl pkey -pubin -inform DER | cmp - "$work/pub"
}
sign() { # ALGORITHM FILE OPTION...: $work/sig
	sign_algorithm=$1 sign_file=$2; shift 2
	kms sign --key-id "$key" --signing-algorithm "$sign_algorithm" \
	    --message "fileb://$sign_file" "$@" --query Signature |
	    base64 -d >"$work/sig"
}
verify() { # ALGORITHM FILE OPTION...
	verify_algorithm=$1 verify_file=$2; shift 2
	kms verify --key-id "$key" --signing-algorithm "$verify_algorithm" \
	    --message "fileb://$verify_file" --signature "fileb://$work/sig" "$@"
}
echo "a message" >"$work/m"
echo "another" >"$work/m2"
pss="-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"

# both ALGORITHM HASH [OPTION...]: OpenSSL verifies KMS's and KMS OpenSSL's.
both() {
	both_algorithm=$1 both_hash=$2; shift 2
	sign "$both_algorithm" "$work/m"
	ok "$both_algorithm: OpenSSL takes KMS's" openssl dgst "-$both_hash" \
	    "$@" -verify "$work/pub" -signature "$work/sig" "$work/m"
	openssl dgst "-$both_hash" -binary "$work/m" >"$work/digest"
	openssl dgst "-$both_hash" "$@" -sign "$work/private" \
	    -out "$work/sig" "$work/m"
	ok "$both_algorithm: KMS takes OpenSSL's" verify "$both_algorithm" "$work/m"
	ok "$both_algorithm: and of the digest" \
	    verify "$both_algorithm" "$work/digest" --message-type DIGEST
	refused "$both_algorithm: not of another" KMSInvalidSignatureException "" \
	    verify "$both_algorithm" "$work/m2"
}
for bits in 2048 4096; do
	new_imported RSA_$bits SIGN_VERIFY \
	    -algorithm RSA -pkeyopt rsa_keygen_bits:$bits
	ok "import of RSA_$bits" import_pkcs8 "$key" "$work/pkcs8" sha256
	ok "its public key" public_is
	for hash in 256 384 512; do
		[ $bits = 2048 ] || [ $hash = 256 ] || continue
		both RSASSA_PKCS1_V1_5_SHA_$hash sha$hash
		# shellcheck disable=SC2086 # options
		both RSASSA_PSS_SHA_$hash sha$hash $pss
	done
done
head -c 31 "$work/digest" >"$work/short"
refused "a digest cut short" ValidationException \
    "Digest is invalid length for algorithm RSASSA_PSS_SHA_256." \
    kms sign --key-id "$key" --signing-algorithm RSASSA_PSS_SHA_256 \
    --message "fileb://$work/short" --message-type DIGEST
refused "an algorithm of EC" InvalidKeyUsageException \
    "Algorithm ECDSA_SHA_256 is incompatible with key spec RSA_4096." \
    kms sign --key-id "$key" --signing-algorithm ECDSA_SHA_256 --message aGk=
refused "a signing key encrypts nothing" InvalidKeyUsageException \
    "$(arn_of "$key") key usage is SIGN_VERIFY which is not valid for Encrypt." \
    kms encrypt --key-id "$key" --plaintext aGk=

for curve in NIST_P256:P-256:256 NIST_P384:P-384:384 NIST_P521:P-521:512 \
    SECG_P256K1:secp256k1:256; do
	spec=ECC_${curve%%:*} hash=${curve##*:} name=${curve%:*}
	new_imported "$spec" SIGN_VERIFY -algorithm EC \
	    -pkeyopt "ec_paramgen_curve:${name#*:}" \
	    -pkeyopt ec_param_enc:named_curve
	ok "import of $spec" import_pkcs8 "$key" "$work/pkcs8" sha1
	ok "its public key" public_is
	both ECDSA_SHA_$hash sha$hash
done
new_imported ECC_NIST_P256 SIGN_VERIFY -algorithm EC \
    -pkeyopt ec_paramgen_curve:P-384
refused "a key of another curve" IncorrectKeyMaterialException "" \
    import_pkcs8 "$key" "$work/pkcs8" sha256
refused "no signature before the import" KMSInvalidStateException \
    "$(arn_of "$key") is pending import." \
    kms sign --key-id "$key" --signing-algorithm ECDSA_SHA_256 --message aGk=

# RSA's encryption
new_imported RSA_2048 ENCRYPT_DECRYPT -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
import_pkcs8 "$key" "$work/pkcs8" sha256
for hash in 1 256; do
	oaep="-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha$hash"
	oaep="$oaep -pkeyopt rsa_mgf1_md:sha$hash"
	option="--encryption-algorithm RSAES_OAEP_SHA_$hash --key-id $key"
	# shellcheck disable=SC2086 # options
	openssl pkeyutl -encrypt -pubin -inkey "$work/pub" $oaep \
	    -in "$work/m" -out "$work/c"
	# shellcheck disable=SC2086
	is "OAEP, SHA-$hash: KMS decrypts OpenSSL's" "$(kms decrypt $option \
	    --ciphertext-blob "fileb://$work/c" --query Plaintext |
	    base64 -d)" "a message"
	# shellcheck disable=SC2086
	kms encrypt $option --plaintext "fileb://$work/m" \
	    --query CiphertextBlob | base64 -d >"$work/c"
	# shellcheck disable=SC2086
	is "OAEP, SHA-$hash: OpenSSL decrypts KMS's" "$(openssl pkeyutl -decrypt \
	    -inkey "$work/private" $oaep -in "$work/c")" "a message"
done
openssl rand 191 >"$work/long"
# shellcheck disable=SC2086
refused "191 bytes" ValidationException \
    "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes." \
    kms encrypt $option --plaintext "fileb://$work/long"
# shellcheck disable=SC2086
refused "a context" ValidationException \
    "EncryptionContext is not supported when using asymmetric keys." \
    kms encrypt $option --plaintext aGk= --encryption-context a=1
refused "a ciphertext without a key" ValidationException \
    "The KeyId parameter is required when the ciphertext was encrypted under an asymmetric KMS key." \
    kms decrypt --ciphertext-blob "fileb://$work/c" \
    --encryption-algorithm RSAES_OAEP_SHA_256

# MACs
for bits in 224 256 384 512; do
	key=$(new_key --origin EXTERNAL --key-spec HMAC_$bits \
	    --key-usage GENERATE_VERIFY_MAC)
	kms get-parameters-for-import --key-id "$key" --wrapping-key-spec RSA_2048 \
	    --wrapping-algorithm RSAES_OAEP_SHA_256 \
	    --query '[PublicKey,ImportToken]' | tr '\t' '\n' >"$work/set"
	sed -n 1p "$work/set" | base64 -d >"$work/public"
	sed -n 2p "$work/set" | base64 -d >"$work/token"
	openssl rand $((bits / 8)) >"$work/mac"
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/public" \
	    -in "$work/mac" -out "$work/wrapped" \
	    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256
	# shellcheck disable=SC2086 # options
	ok "import of HMAC_$bits" kms import-key-material --key-id "$key" \
	    $forever --import-token "fileb://$work/token" \
	    --encrypted-key-material "fileb://$work/wrapped"
	hex=$(od -An -tx1 -v "$work/mac" | tr -d ' \n')
	openssl dgst -sha$bits -mac HMAC -macopt "hexkey:$hex" -binary \
	    "$work/m" >"$work/outside"
	kms generate-mac --key-id "$key" --mac-algorithm HMAC_SHA_$bits \
	    --message "fileb://$work/m" --query Mac | base64 -d >"$work/inside"
	ok "HMAC_SHA_$bits is OpenSSL's" cmp "$work/outside" "$work/inside"
	ok "and taken" kms verify-mac --key-id "$key" \
	    --mac-algorithm HMAC_SHA_$bits --message "fileb://$work/m" \
	    --mac "fileb://$work/outside"
	refused "not for another message" KMSInvalidMacException "" \
	    kms verify-mac --key-id "$key" --mac-algorithm HMAC_SHA_$bits \
	    --message "fileb://$work/m2" --mac "fileb://$work/outside"
done
refused "another hash" InvalidKeyUsageException \
    "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_512." \
    kms generate-mac --key-id "$key" --mac-algorithm HMAC_SHA_256 \
    --message aGk=
refused "a MAC key has no public one" UnsupportedOperationException \
    "$(arn_of "$key") key spec is HMAC_512 which is not valid for GetPublicKey." \
    kms get-public-key --key-id "$key"
tap_done
