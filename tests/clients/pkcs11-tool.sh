# pkcs11-tool: lists, imports, encrypts, generates, signs, derives.
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl
configure "aes-cbc-pad = yes"

ok "--show-info" says "Keyferry" p11 --show-info
ok "--list-slots" says "token label        : test" p11 --list-slots
ok "--list-token-slots" says "token initialized" p11 --list-token-slots
ok "--list-mechanisms" says "AES-CBC-PAD, keySize={16,32}, encrypt, decrypt" \
    p11 --list-mechanisms
ok "--list-objects of none" silent_about "Object" p11 --list-objects
ok "--generate-random" p11 --generate-random 32 --output-file random
is "it has 32 bytes" "$(wc -c <random)" 32

openssl rand -out aes.key 32
openssl rand -out aes128.key 16
ok "--write-object" p11 --write-object aes.key --type secrkey --key-type AES:32 \
    --label "a key" --id 0a0b
ok "--list-objects shows it" says "a key" p11 --list-objects
ok "and its id" says "ID:         0a0b" p11 --list-objects --type secrkey
ok "--write-object again, the same material" p11 --write-object aes.key \
    --type secrkey --key-type AES:32 --label "a key" --id 0a0b
openssl rand -out other.key 32
fails_saying "other material under its id" CKR_ATTRIBUTE_VALUE_INVALID \
    p11 --write-object other.key --type secrkey --key-type AES:32 \
    --label "a key" --id 0a0b
fails_saying "a key of 16 bytes" CKR_ATTRIBUTE_VALUE_INVALID p11 --write-object \
    aes128.key --type secrkey --key-type AES:16 --label short

iv=00000000000000000000000000000000
# Up to 1024 bytes pkcs11-tool makes one call, above it encrypts in parts. Its
# buffer for each result holds 1024 bytes, but a larger one after the last part.
for size in 1 100 750; do
	openssl rand -out clear $size
	ok "--encrypt of $size bytes" p11 --encrypt --id 0a0b -m AES-CBC-PAD \
	    --iv $iv -i clear -o sealed
	fails "it is not the clear text" cmp -s clear sealed
	ok "--decrypt" p11 --decrypt --id 0a0b -m AES-CBC-PAD --iv $iv \
	    -i sealed -o back
	ok "it is the same" cmp clear back
done
# Its buffer for a result holds 1024 bytes, in one part and in several.
for size in 900 1023 1024 3000; do
	openssl rand -out clear $size
	fails_saying "--encrypt of $size bytes does not fit" \
	    CKR_BUFFER_TOO_SMALL p11 --encrypt --id 0a0b -m AES-CBC-PAD \
	    --iv $iv -i clear -o sealed
done

ok "--set-id" p11 --set-id 0c --id 0a0b --type secrkey
ok "the new id" says "ID:         0c" p11 --list-objects

# An import pair, and a key that openssl wraps in the place of an HSM.
ok "--keypairgen" p11 --keypairgen --key-type rsa:2048 --usage-wrap \
    --label pair --id 0e
ok "both halves" says "Public Key Object; RSA 2048 bits" p11 --list-objects \
    --id 0e
ok "--read-object" p11 --read-object --type pubkey --id 0e -o public.der
ok "openssl wraps" openssl pkeyutl -encrypt -pubin -keyform DER \
    -inkey public.der -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -in other.key \
    -out wrapped
ok "--unwrap" p11 --unwrap --mechanism RSA-PKCS-OAEP --hash-algorithm SHA256 \
    --mgf MGF1-SHA256 --id 0e -i wrapped --key-type AES:32 \
    --application-id 0f --application-label unwrapped
ok "the key is there" says "unwrapped" p11 --list-objects --type secrkey
ok "the import pair is gone" silent_about "Public Key" p11 --list-objects
echo "text" >clear
ok "it encrypts" p11 --encrypt --id 0f -m AES-CBC-PAD --iv $iv -i clear -o sealed
ok "and decrypts" p11 --decrypt --id 0f -m AES-CBC-PAD --iv $iv -i sealed -o back
ok "it is the same" cmp clear back

ok "--hash" p11 --hash -m SHA256 -i clear -o hash
is "openssl computes the same" "$(od -An -tx1 hash | tr -d ' \n')" \
    "$(openssl dgst -sha256 -r clear | cut -d' ' -f1)"
ok "--login with any PIN" says "unwrapped" p11 --login --pin 1234 --list-objects

configure "aes-cbc-pad = yes" "login = required"
ok "login = required: without login no key is visible" silent_about "Secret Key" \
    p11 --list-objects
ok "with --login all keys are" says "unwrapped" p11 --login --pin 1234 --list-objects
ok "an operation logs in by itself" p11 --pin 1234 --decrypt --id 0f \
    -m AES-CBC-PAD --iv $iv -i sealed -o back
fails_saying "a PIN that is too short" CKR_PIN_INCORRECT p11 --login --pin 123 \
    --list-objects
configure "aes-cbc-pad = yes"

ok "--delete-object" p11 --delete-object --type secrkey --id 0f
ok "it is gone" silent_about "Secret Key Object; AES length 32
  label:      unwrapped" p11 --list-objects
fails "and cannot be used" p11 --decrypt --id 0f -m AES-CBC-PAD --iv $iv \
    -i sealed -o back

ok "--test" silent_about "ERR" p11 --login --pin 1234 --test
ok "--test-fork" p11 --test-fork
# Threads of their own call C_Initialize, C_GetInfo, C_GetSlotList and C_GetTokenInfo
# while the program's first does, too.
p11 --test-threads ILGISLT0 --test-threads INGISLT0 --test-threads ILGISLT0 \
    --list-slots >threads 2>&1
is "--test-threads: each call of three threads" \
    "$(grep -c 'thread . C_Get.* returned CKR_OK' threads)" 9

# Keys that KMS generates.
ok "--keygen AES:32" p11 --keygen --key-type AES:32 --label "made aes" --id a0
ok "--keygen GENERIC:64" p11 --keygen --key-type GENERIC:64 \
    --label "made hmac" --id a1 --usage-sign
ok "they are listed" says "made hmac" p11 --list-objects --type secrkey
fails_saying "AES:16, which KMS cannot generate" CKR_ATTRIBUTE_VALUE_INVALID \
    p11 --keygen --key-type AES:16 --label short
number=0
for type in rsa:2048 EC:prime256v1 EC:secp384r1 EC:secp521r1 EC:secp256k1; do
	number=$((number + 1))
	ok "--keypairgen $type" p11 --keypairgen --key-type $type \
	    --label "made $type" --id b$number
	case $type in
	rsa:*) mechanism=SHA256-RSA-PKCS ;;
	*) mechanism=ECDSA-SHA256 ;;
	esac
	ok "--sign with it" p11 --sign -m $mechanism --id b$number -i clear \
	    -o signature
	ok "--verify" says "Signature is valid" p11 --verify -m $mechanism \
	    --id b$number -i clear --signature-file signature
done
# (With EC keys, this program's --read-object uses memory after freeing it.)
ok "--sign with the RSA key" p11 --sign -m SHA256-RSA-PKCS --id b1 -i clear \
    -o signature
ok "--read-object" p11 --read-object --type pubkey --id b1 -o made.der
ok "openssl verifies" openssl dgst -sha256 -verify made.der -keyform DER \
    -signature signature clear
fails_saying "--keypairgen of a label in use" CKR_ATTRIBUTE_VALUE_INVALID \
    p11 --keypairgen --key-type EC:prime256v1 --label "made aes"

# ECDH with a key in KMS gives what openssl computes with the other two halves.
if command -v "$aws" >/dev/null; then
	agree=$(aws_kms create-key --key-spec ECC_NIST_P256 \
	    --key-usage KEY_AGREEMENT --query KeyMetadata.KeyId --output text)
	aws_kms create-alias --alias-name alias/agree --target-key-id "$agree"
	aws_kms create-alias --alias-name alias/keyferry/id/d0 \
	    --target-key-id "$agree"
	aws_kms get-public-key --key-id "$agree" --query PublicKey \
	    --output text | base64 -d >agree.der
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out peer.pem
	openssl pkey -in peer.pem -pubout -outform DER -out peer.der
	openssl pkey -pubin -inform DER -in agree.der -out agree.pem
	openssl pkeyutl -derive -inkey peer.pem -peerkey agree.pem -out wanted
	ok "--derive" p11 --derive -m ECDH1-DERIVE --id d0 \
	    --input-file peer.der --output-file secret
	ok "openssl's secret" cmp wanted secret
	if openssl engine pkcs11 >/dev/null 2>&1; then
		PKCS11_MODULE_PATH=$module
		export PKCS11_MODULE_PATH
		ok "openssl pkeyutl -derive, with the engine" \
		    host openssl pkeyutl -derive \
		    -engine pkcs11 -keyform engine \
		    -inkey 'pkcs11:token=test;object=agree;type=private' \
		    -peerkey peer.der -peerform DER -out by-engine
		ok "the same secret" cmp wanted by-engine
	else
		skip "openssl pkeyutl -derive" "no engine here"
	fi
else
	skip "--derive" "no aws here"
fi

tap_done
