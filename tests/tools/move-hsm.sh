# keyferry move from one HSM to another, neither of them Keyferry. RSA and EC keys
# are unwrapped in two steps. All keys work on the target.
. "$srcdir/tests/tools/softhsm.sh"
hsm_token second
second="pkcs11:token=second?module-path=$softhsm"
across() {
	"$keyferry" move --from "$source" --to "$second" --wrapping-bits 2048 \
	    "$@" </dev/null
}

hsm_aes payroll 01
hsm_pair RSA:2048 signer 02 >/dev/null
hsm_pair EC:prime256v1 agree 03 >/dev/null
hsm_pair EC:secp384r1 curve 04 >/dev/null
openssl rand -out 05.key 64
hsm --write-object 05.key --type secrkey --key-type GENERIC:64 --label mac \
    --id 05 --extractable >/dev/null 2>&1 ||
    hsm --write-object 05.key --type secrkey --label mac --id 05 \
        --extractable >/dev/null 2>&1

ends "--dry-run" 0 across --dry-run
said "a secret key" "AES-256: will be moved, wrapped with CKM_RSA_PKCS_OAEP, SHA-1"
said "a private key" \
    "RSA-2048: will be moved, wrapped with CKM_RSA_PKCS_OAEP+CKM_AES_KEY_WRAP_PAD, SHA-1"
is "nothing is there" \
    "$(hsm_on second --list-objects 2>/dev/null | grep -c Object)" 0
ends "the move" 0 across --yes
said "all were moved" "5 keys: 5 moved"
is "all are there, and nothing else" \
    "$(hsm_on second --list-objects 2>/dev/null | grep -c Object)" 5
is "the source has what it had" \
    "$(hsm --list-objects 2>/dev/null | grep -c Object)" 8

echo "a text to sign" >text
openssl dgst -sha256 -binary text >hash
openssl rand -out clear 32
iv=00000000000000000000000000000000
ok "the source encrypts" hsm --encrypt -m AES-CBC-PAD --iv $iv --id 01 -i clear \
    -o sealed
ok "the target decrypts" hsm_on second --decrypt -m AES-CBC-PAD --iv $iv \
    --id 01 -i sealed -o back
ok "the plaintext is the same" cmp clear back
ok "the target signs with RSA" hsm_on second --sign -m SHA256-RSA-PKCS --id 02 \
    -i text -o signature
ok "the source verifies" says "Signature is valid" hsm --verify \
    -m SHA256-RSA-PKCS --id 02 -i text --signature-file signature
for id in 03 04; do
	ok "the target signs with EC $id" hsm_on second --sign -m ECDSA --id $id \
	    -i hash -o signature
	ok "the source verifies" says "Signature is valid" hsm --verify -m ECDSA \
	    --id $id -i hash --signature-file signature
done
ok "the target computes a MAC" hsm_on second --sign -m SHA512-HMAC --id 05 \
    -i text -o mac
is "openssl computes the same" "$(od -An -tx1 mac | tr -d ' \n')" \
    "$(openssl dgst -sha512 -mac HMAC -r \
        -macopt "hexkey:$(od -An -tx1 05.key | tr -d ' \n')" text | cut -d' ' -f1)"

ends "again" 1 across --yes
said "what shows a public half is on the target" "signer                    id 02  RSA-2048: is on the target already"
said "the others cannot be compared" "5 keys: 1 on the target already, 4 same name on the target, not compared"
is "no key is there twice" \
    "$(hsm_on second --list-objects 2>/dev/null | grep -c Object)" 5

# Another key with the same names.
hsm --delete-object --type privkey --id 02 >/dev/null 2>&1
hsm --delete-object --type pubkey --id 02 >/dev/null 2>&1
hsm_pair RSA:2048 signer 02 >/dev/null
ends "another key of the same names" 1 across --yes
said "it stays" "its label is taken on the target by another key"

# A key with two usages gets the one that --usage names.
hsm_pair RSA:2048 narrow 06 >/dev/null
ends "--usage" 0 "$keyferry" move --to "$second" --yes --usage decrypt \
    --wrapping-bits 2048 \
    --from "pkcs11:token=source;object=narrow?module-path=$softhsm"
ok "it decrypts" says "Usage:      decrypt" hsm_on second --list-objects --id 06
fails_saying "and does not sign" CKR_KEY_FUNCTION_NOT_PERMITTED \
    hsm_on second --sign -m SHA256-RSA-PKCS --id 06 -i text -o signature
tap_done
