#!/bin/sh
# AWS's command line: data keys and pairs, encryption under another key.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
aws_begin
key=$(new_key) arn=$(arn_of "$key")
two=$(new_key) arn2=$(arn_of "$two")

# data OPTION...: $work/plain and $work/c, as GenerateDataKey has them.
data() {
	kms generate-data-key --key-id "$key" "$@" \
	    --query '[Plaintext,CiphertextBlob]' | tr '\t' '\n' >"$work/set"
	sed -n 1p "$work/set" | base64 -d >"$work/plain"
	sed -n 2p "$work/set" | base64 -d >"$work/c"
}
decrypt() { kms decrypt --ciphertext-blob "fileb://$work/c" "$@"; }
opens() { decrypt "$@" --query Plaintext | base64 -d | cmp - "$work/plain"; }
size() { wc -c <"$1" | tr -d ' '; }
for row in "--key-spec AES_256:32" "--key-spec AES_128:16" \
    "--number-of-bytes 1:1" "--number-of-bytes 1024:1024"; do
	# shellcheck disable=SC2086 # an option and its value
	data ${row%:*} --encryption-context a=b
	is "${row%:*}" "$(size "$work/plain")" "${row##*:}"
	ok "it decrypts" opens --encryption-context a=b
	refused "in its context only" InvalidCiphertextException "" decrypt
done
kms generate-data-key-without-plaintext --key-id "$key" --key-spec AES_256 \
    --query CiphertextBlob | base64 -d >"$work/c"
is "without plaintext" "$(decrypt --query Plaintext | base64 -d | wc -c |
    tr -d ' ')" 32
either="Please specify either number of bytes or key spec."
refused "neither size nor spec" ValidationException "$either" \
    kms generate-data-key --key-id "$key"
refused "both" ValidationException "$either" kms generate-data-key \
    --key-id "$key" --key-spec AES_256 --number-of-bytes 32
mac=$(new_key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC)
refused "under a MAC key" InvalidKeyUsageException \
    "$(arn_of "$mac") key usage is GENERATE_VERIFY_MAC which is not valid for GenerateDataKey." \
    kms generate-data-key --key-id "$mac" --key-spec AES_256

# GenerateDataKeyPair
for spec in RSA_2048 ECC_NIST_P256 ECC_NIST_P384 ECC_NIST_P521 \
    ECC_SECG_P256K1; do
	kms generate-data-key-pair --key-id "$key" --key-pair-spec $spec --query \
	    '[PrivateKeyPlaintext,PrivateKeyCiphertextBlob,PublicKey,KeyPairSpec]' |
	    tr '\t' '\n' >"$work/set"
	sed -n 1p "$work/set" | base64 -d >"$work/plain"
	sed -n 2p "$work/set" | base64 -d >"$work/c"
	sed -n 3p "$work/set" | base64 -d >"$work/public"
	is "a pair of $spec" "$(sed -n 4p "$work/set")" $spec
	openssl pkey -inform DER -in "$work/plain" -pubout -outform DER \
	    -out "$work/public2"
	ok "its halves belong together" cmp "$work/public" "$work/public2"
	ok "the private one decrypts" opens
done
kms generate-data-key-pair-without-plaintext --key-id "$key" \
    --key-pair-spec ECC_NIST_P256 \
    --query '[PrivateKeyPlaintext,PrivateKeyCiphertextBlob,PublicKey]' |
    tr '\t' '\n' >"$work/set"
is "without plaintext" "$(sed -n 1p "$work/set")" None
sed -n 2p "$work/set" | base64 -d >"$work/c"
sed -n 3p "$work/set" | base64 -d >"$work/public"
decrypt --query Plaintext | base64 -d |
    openssl pkey -inform DER -pubout -outform DER -out "$work/public2"
ok "its private half decrypts" cmp "$work/public" "$work/public2"

# ReEncrypt
data --key-spec AES_256 --encryption-context a=1
again() { kms re-encrypt --ciphertext-blob "fileb://$work/c" "$@"; }
is "what ReEncrypt says" "$(again --destination-key-id "$two" \
    --source-encryption-context a=1 --query '[KeyId,SourceKeyId,
	SourceEncryptionAlgorithm,DestinationEncryptionAlgorithm]')" \
    "$arn2	$arn	SYMMETRIC_DEFAULT	SYMMETRIC_DEFAULT"
refused "without its context" InvalidCiphertextException "" \
    again --destination-key-id "$two"
refused "from another key" IncorrectKeyException \
    "The key ID in the request does not identify a CMK that can perform this operation." \
    again --destination-key-id "$two" --source-encryption-context a=1 \
    --source-key-id "$two"
again --destination-key-id "$two" --source-encryption-context a=1 \
    --destination-encryption-context b=2 --query CiphertextBlob |
    base64 -d >"$work/c2"
mv "$work/c2" "$work/c"
kms disable-key --key-id "$key"
ok "under the other key alone" opens --encryption-context b=2 --key-id "$arn2"
refused "to a disabled key" DisabledException "$arn is disabled." \
    again --destination-key-id "$key" --source-encryption-context b=2
tap_done
