# Signatures, MACs and ciphertexts that the module makes with keys in KMS are
# accepted by the AWS command line; and the other way round.
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl "$aws"

# make_key LABEL KEYSPEC KEYUSAGE: has KMS generate a key, and sets $id to its
# CKA_ID: given only a label, pkcs11-tool signs with the first key of the token.
make_key() {
	key_id=$(aws_kms create-key --key-spec "$2" --key-usage "$3" \
	    --query KeyMetadata.KeyId --output text)
	id=$(printf %s "$key_id" | tr -d -)
	aws_kms create-alias --alias-name "alias/$1" --target-key-id "$key_id"
}
# says_valid LABEL ALGORITHM: aws verifies that `sig` is a signature of `text`.
says_valid() {
	says True aws_kms verify --key-id "alias/$1" --message fileb://text \
	    --message-type RAW --signature fileb://sig \
	    --signing-algorithm "$2" --query SignatureValid --output text
}
# aws_signs LABEL ALGORITHM: aws signs `text` and writes the signature to `sig`.
aws_signs() {
	aws_kms sign --key-id "alias/$1" --message fileb://text \
	    --message-type RAW --signing-algorithm "$2" --query Signature \
	    --output text | base64 -d >sig
}
openssl rand -out text 2000

make_key rsa RSA_2048 SIGN_VERIFY
for hash in 256 384 512; do
	for scheme in PKCS PKCS-PSS; do
		algorithm=RSASSA_PKCS1_V1_5_SHA_$hash
		[ $scheme = PKCS ] || algorithm=RSASSA_PSS_SHA_$hash
		ok "SHA$hash-RSA-$scheme" p11 --sign --id "$id" \
		    -m SHA$hash-RSA-$scheme -i text -o sig
		ok "aws verifies it" says_valid rsa $algorithm
		ok "aws signs" aws_signs rsa $algorithm
		ok "the module verifies it" says "Signature is valid" \
		    p11 --verify --id "$id" -m SHA$hash-RSA-$scheme -i text \
		    --signature-file sig
	done
done

# Without P-521: for that curve pkcs11-tool writes invalid DER.
for curve in NIST_P256:256 NIST_P384:384 SECG_P256K1:256; do
	spec=ECC_${curve%:*} hash=${curve#*:}
	make_key "$spec" "$spec" SIGN_VERIFY
	openssl dgst -sha$hash -binary -out digest text
	ok "ECDSA" p11 --sign --id "$id" -m ECDSA -i digest -o sig \
	    --signature-format openssl
	ok "aws verifies it" says_valid "$spec" ECDSA_SHA_$hash
	ok "aws signs" aws_signs "$spec" ECDSA_SHA_$hash
	ok "the module verifies it" says "Signature is valid" p11 --verify \
	    --id "$id" -m ECDSA -i digest --signature-file sig \
	    --signature-format openssl
done

for hash in 224 256 384 512; do
	make_key "mac$hash" HMAC_$hash GENERATE_VERIFY_MAC
	ok "SHA$hash-HMAC" p11 --sign --id "$id" -m SHA$hash-HMAC \
	    -i text -o mac
	ok "aws verifies it" says True aws_kms verify-mac --key-id \
	    "alias/mac$hash" --message fileb://text --mac fileb://mac \
	    --mac-algorithm HMAC_SHA_$hash --query MacValid --output text
done

make_key oaep RSA_2048 ENCRYPT_DECRYPT
echo "a secret" >clear
for hash in 1 256; do
	aws_kms encrypt --key-id alias/oaep --plaintext fileb://clear \
	    --encryption-algorithm RSAES_OAEP_SHA_$hash \
	    --query CiphertextBlob --output text | base64 -d >sealed
	name=SHA-1
	[ $hash = 1 ] || name=SHA$hash
	ok "the module decrypts OAEP with $name" p11 --decrypt --id "$id" \
	    -m RSA-PKCS-OAEP --hash-algorithm $name --mgf MGF1-SHA$hash \
	    -i sealed -o back
	ok "it is the same" cmp clear back
done
tap_done
