# The AWS command line sees a key that the module imported, with its origin and
# state, and decrypts what the module encrypted; and the other way round.
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl "$aws"
configure "aes-cbc-pad = yes"

openssl rand -out aes.key 32
ok "a key is imported" p11 --write-object aes.key --type secrkey \
    --key-type AES:32 --label payroll
is "aws kms describe-key" "$(aws_kms describe-key --key-id alias/payroll \
    --query 'KeyMetadata.[Origin,KeyState,KeySpec,KeyUsage,ExpirationModel]' \
    --output text | tr '\t' ' ')" \
    "EXTERNAL Enabled SYMMETRIC_DEFAULT ENCRYPT_DECRYPT KEY_MATERIAL_DOES_NOT_EXPIRE"
iv=00000000000000000000000000000000
echo "from the module" >clear
ok "the module encrypts" p11 --encrypt --label payroll -m AES-CBC-PAD --iv $iv \
    -i clear -o sealed
is "aws kms decrypt" "$(aws_kms decrypt --ciphertext-blob fileb://sealed \
    --query Plaintext --output text | base64 -d)" "from the module"
aws_kms encrypt --key-id alias/payroll --plaintext "$(printf 'from aws' |
    base64)" --query CiphertextBlob --output text | base64 -d >sealed
ok "the module decrypts what aws encrypted" p11 --decrypt --label payroll \
    -m AES-CBC-PAD --iv $iv -i sealed -o back
is "it is the same" "$(cat back)" "from aws"
# More than pkcs11-tool reads at once, less than its buffer for the result.
openssl rand -out clear 1000
aws_kms encrypt --key-id alias/payroll --plaintext fileb://clear \
    --query CiphertextBlob --output text | base64 -d >sealed
ok "it is longer than one part" test "$(wc -c <sealed)" -gt 1024
ok "the module decrypts it in parts" p11 --decrypt --label payroll \
    -m AES-CBC-PAD --iv $iv -i sealed -o back
ok "it is the same" cmp clear back

# Keys and aliases created with aws are objects.
id=$(aws_kms create-key --query KeyMetadata.KeyId --output text)
aws_kms create-alias --alias-name alias/made-with-aws --target-key-id "$id"
ok "a key made with aws is an object" says "made-with-aws" \
    p11 --list-objects --type secrkey
ok "a key in PendingImport is an import pair" test -n "$(aws_kms create-key \
    --origin EXTERNAL --query KeyMetadata.KeyId --output text)"
ok "it shows as an RSA key" says "Public Key Object; RSA 2048 bits" p11 --list-objects
aws_kms disable-key --key-id "$id"
ok "a disabled key is not listed" silent_about "made-with-aws" p11 --list-objects
tap_done
