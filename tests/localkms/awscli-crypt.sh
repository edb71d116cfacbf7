#!/bin/sh
# AWS's command line: encryption, its contexts and limits, random bytes.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
aws_begin
key=$(new_key) arn=$(arn_of "$key")
kms create-alias --alias-name alias/k --target-key-id "$key"

# encrypt FILE OPTION...: $work/c.
encrypt() {
	encrypt_file=$1; shift
	kms encrypt --plaintext "fileb://$encrypt_file" "$@" \
	    --query CiphertextBlob | base64 -d >"$work/c"
}
decrypt() { kms decrypt --ciphertext-blob "fileb://$work/c" "$@"; }
decrypted() { # FILE OPTION...: the ciphertext is that file's
	decrypted_file=$1; shift
	decrypt "$@" --query Plaintext | base64 -d | cmp - "$decrypted_file"
}
for size in 1 4095 4096; do
	openssl rand $size >"$work/m"
	encrypt "$work/m" --key-id "$key"
	ok "$size bytes there and back" decrypted "$work/m"
done
openssl rand 4097 >"$work/m"
refused "4097 bytes" ValidationException \
    "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096" \
    kms encrypt --key-id "$key" --plaintext "fileb://$work/m"
echo hello >"$work/m"
for id in "$key" "$arn" alias/k "${arn%key/*}alias/k"; do
	encrypt "$work/m" --key-id "$id"
	ok "encrypted by $id" decrypted "$work/m" --key-id "$id"
done
is "what Encrypt says" "$(kms encrypt --key-id alias/k --plaintext aGk= \
    --query '[KeyId,EncryptionAlgorithm]')" "$arn	SYMMETRIC_DEFAULT"
is "what Decrypt says" "$(decrypt --query '[KeyId,EncryptionAlgorithm]')" \
    "$arn	SYMMETRIC_DEFAULT"
cp "$work/c" "$work/c1"
encrypt "$work/m" --key-id "$key"
fails "twice is not the same" cmp -s "$work/c" "$work/c1"

# Contexts
encrypt "$work/m" --key-id "$key" --encryption-context a=1,b=2
ok "the context in any order" decrypted "$work/m" --encryption-context b=2,a=1
for context in "" "--encryption-context a=1" "--encryption-context a=1,b=3" \
    "--encryption-context a=1,b=2,c=3" "--encryption-context A=1,b=2"; do
	# shellcheck disable=SC2086 # an option or none
	refused "context '${context#* }'" InvalidCiphertextException "" \
	    decrypt $context
done
encrypt "$work/m" --key-id "$key"
refused "a context where none was" InvalidCiphertextException "" \
    decrypt --encryption-context a=1

# Other keys, other bytes
two=$(new_key)
refused "another key" IncorrectKeyException \
    "The key ID in the request does not identify a CMK that can perform this operation." \
    decrypt --key-id "$two"
refused "no key" NotFoundException "Invalid keyId 'x'" decrypt --key-id x
size=$(($(wc -c <"$work/c")))
mv "$work/c" "$work/here"
kms encrypt --region eu-west-1 --plaintext aGk= --query CiphertextBlob \
    --key-id "$(new_key --region eu-west-1)" | base64 -d >"$work/c"
refused "a key of another Region" AccessDeniedException \
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access." \
    decrypt
mv "$work/here" "$work/c"
cp "$work/c" "$work/good"
for at in 0 40 70 102 114 $((size - 1)); do
	cp "$work/good" "$work/c"
	byte=$(od -An -tu1 -j$at -N1 "$work/c" | tr -d ' ')
	printf "\\$(printf %o $((byte ^ 1)))" |
	    dd of="$work/c" bs=1 seek=$at conv=notrunc 2>/dev/null
	refused "byte $at changed" InvalidCiphertextException "" decrypt
done
head -c $((size - 1)) "$work/good" >"$work/c"
refused "cut short" InvalidCiphertextException "" decrypt
echo nonsense >"$work/c"
refused "nonsense" InvalidCiphertextException "" decrypt
cp "$work/good" "$work/c"
refused "an algorithm for other keys" InvalidKeyUsageException \
    "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT." \
    kms encrypt --key-id "$key" --plaintext aGk= \
    --encryption-algorithm RSAES_OAEP_SHA_256
refused "an algorithm that is none" ValidationException \
    "1 validation error detected: Value 'ROT13' at 'encryptionAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]" \
    kms encrypt --key-id "$key" --plaintext aGk= --encryption-algorithm ROT13
kms disable-key --key-id "$key"
refused "a disabled key decrypts nothing" DisabledException "$arn is disabled." \
    decrypt
mac=$(new_key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC)
refused "a MAC key encrypts nothing" InvalidKeyUsageException \
    "$(arn_of "$mac") key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt." \
    kms encrypt --key-id "$mac" --plaintext aGk=

# GenerateRandom
random() { kms generate-random --number-of-bytes "$1" --query Plaintext; }
is "one random byte" "$(random 1 | base64 -d | wc -c | tr -d ' ')" 1
random 1024 | base64 -d >"$work/r1"
random 1024 | base64 -d >"$work/r2"
is "1024 of them" "$(wc -c <"$work/r1" | tr -d ' ')" 1024
fails "other ones each time" cmp -s "$work/r1" "$work/r2"
refused "1025 of them" ValidationException \
    "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024" \
    random 1025
tap_done
