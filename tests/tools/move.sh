# keyferry move moves AES keys from SoftHSM to KMS: the plan, the move, the report,
# the second run, and the keys that cannot be moved.
. "$srcdir/tests/tools/manual.sh"
. "$srcdir/tests/tools/softhsm.sh"
needs "$aws"

hsm_aes payroll 0a01
hsm_aes "a label with spaces" 0a02
hsm --keygen --key-type AES:32 --label stays --id 0a03 --sensitive >/dev/null
hsm --keygen --key-type AES:16 --label short --id 0a04 --extractable >/dev/null
hsm_aes "" 0a05

ends "--dry-run" 1 move --dry-run --report report
said "what will be moved" "payroll                   id 0a01  AES-256: will be moved"
said "how it is wrapped" "wrapped with CKM_RSA_PKCS_OAEP, SHA-1"
said "what is not extractable" "0a03  AES-256: stays: it is not extractable"
said "what KMS does not take" "0a04  AES-128: stays: KMS imports only AES-256,"
said "how many" "5 keys: 3 to be moved, 2 cannot be moved"
is "nothing was done in KMS" "$(kms_keys)" ""
is "nothing is left in the HSM" \
    "$(hsm --list-objects --type pubkey 2>/dev/null | grep -c Object)" 0
is "the report has a line for each" "$(wc -l <report)" 5
is "the plan is in it" "$(grep -c '"result":"planned"' report)" 3

ends "no terminal to ask at" 2 move
said "the advice" "use --yes"
is "nothing was done then" "$(kms_keys)" ""

ends "the move" 1 move --yes --report report
fails "no progress in a pipe" has_said "moved payroll"
said "what stayed, and why" "cannot be moved: stays                     id 0a03  AES-256: it is not extractable"
said "how many" "5 keys: 2 cannot be moved, 3 moved"
is "three keys in KMS" "$(kms_keys | cut -f1-3 | uniq -c | tr -s '\t ' ' ')" \
    " 3 Enabled SYMMETRIC_DEFAULT ENCRYPT_DECRYPT"
is "the report's lines" "$(grep -c '"result":"moved"' report)" 3
ok "a label in the report" grep -q '^{"label":"a label with spaces","id":"0a02",' \
    report
arn=$(sed -n 's/.*"id":"0a01".*"unique_id":"\([^"]*\)".*/\1/p' report)
is "the report's unique id is the key of that label" \
    "$(aws_kms describe-key --key-id alias/payroll \
    --query KeyMetadata.Arn --output text)" "$arn"
ok "a refusal in the report" grep -q \
    '"id":"0a03".*"result":"refused","reason":"it is not extractable' report

ok "the material is the same" same_material payroll 0a01 0a01.key
ok "of the second" same_material "a label with spaces" 0a02 0a02.key
fails_saying "and no other" CKR_ATTRIBUTE_VALUE_INVALID \
    same_material payroll 0a01 0a02.key
ok "the key of no label is there" says "0a05" p11 --list-objects --type secrkey
is "the source has its keys" \
    "$(hsm --list-objects --type secrkey 2>/dev/null | grep -c 'Secret Key')" 5
is "and no others" \
    "$(hsm --list-objects 2>/dev/null | grep -c 'Public\|Private')" 0

before=$(kms_keys)
ends "again" 1 move --yes
said "what is there" "payroll                   id 0a01  AES-256: same name on the target, will be compared"
said "how many" "5 keys: 3 on the target already, 2 cannot be moved"
is "KMS is as before" "$(kms_keys)" "$before"
ends "--quiet" 1 move --yes --quiet
fails "no plan" grep -q "will be compared" said
said "but what stays" "cannot be moved: short"

# One key; several URIs.
hsm_aes one 0b01
hsm_aes two 0b02
one="pkcs11:token=source;object=one;type=secret-key?module-path=$softhsm"
two="pkcs11:token=source;id=%0b%02?module-path=$softhsm"
ends "one by label" 0 "$keyferry" move --from "$one" --to "$cloud" --dry-run
said "only that one" "1 key: 1 to be moved"
day=$(date -u -d '+30 days' +%Y-%m-%d)
ends "two URIs, one twice" 0 "$keyferry" move --from "$one" --from "$two" \
    --from "$two" --to "$cloud" --yes --end-date "$day" --wrapping-bits 2048 \
    --label-prefix "hsm/"
said "only those" "2 keys: 2 moved"
is "their material ends on that day" "$(aws_kms describe-key \
    --key-id alias/hsm/two --query KeyMetadata.ValidTo --output text |
    cut -c1-10)" "$day"
ends "none of that name" 2 "$keyferry" move --to "$cloud" --yes \
    --from "pkcs11:token=source;object=none?module-path=$softhsm"
said "the message" "there is no such key"
ends "certificates" 2 "$keyferry" move --to "$cloud" --yes \
    --from "pkcs11:token=source;type=cert?module-path=$softhsm"
ends "onto itself" 2 "$keyferry" move --from "$source" --to "$source" --yes
said "the message" "this is the target token"
ends "no such token" 2 "$keyferry" move --from "$source" --yes \
    --to "pkcs11:token=none?module-path=$module"
said "the message" "there is no such token"

hsm --delete-object --type secrkey --id 0b01 >/dev/null 2>&1
hsm --delete-object --type secrkey --id 0b02 >/dev/null 2>&1

# The PIN.
one="pkcs11:token=source;object=payroll?module-path=$softhsm"
ends "a wrong PIN" 2 env PKCS11_PIN=0000 "$keyferry" move --from "$one" \
    --to "$cloud" --dry-run
said "the message" "C_Login: CKR_PIN_INCORRECT"
echo $pin >pin && chmod 600 pin
ends "pin-source" 0 env PKCS11_PIN=0000 "$keyferry" move \
    --from "$one&pin-source=file:$dir/pin" --to "$cloud" --dry-run
ends "pin-value" 0 env PKCS11_PIN=0000 "$keyferry" move \
    --from "$one&pin-value=$pin" --to "$cloud" --dry-run
ends "no pin-source" 2 "$keyferry" move \
    --from "$one&pin-source=$dir/none" --to "$cloud" --dry-run
said "the message" "$dir/none: No such file"
ends "no terminal to ask for the PIN" 2 env -u PKCS11_PIN setsid "$keyferry" move \
    --from "$one" --to "$cloud" --dry-run
said "the message" "source needs a PIN"

# Labels and ids that are in use.
aws_kms create-key --query KeyMetadata.KeyId --output text >id
aws_kms create-alias --alias-name alias/clash --target-key-id "$(cat id)"
hsm_aes clash 0c01
hsm_aes new-label 0a01
hsm_aes twin 0c02
hsm_aes twin 0c03
ends "names that are taken" 1 move --dry-run
said "a label" "0c01  AES-256: stays: its label is taken on the target by"
said "an id" "new-label                 id 0a01  AES-256: stays: "
said "a label in this run" "stays: another key of this run has its label"
ends "an id of the target" 1 "$keyferry" move --to "$cloud" --dry-run \
    --from "pkcs11:token=source;object=new-label?module-path=$softhsm"
said "an id" "0a01  AES-256: stays: its id is taken on the target by another key"
for label in clash new-label twin twin; do
	hsm --delete-object --type secrkey --label "$label" >/dev/null 2>&1
done
hsm --delete-object --type secrkey --id 0a03 >/dev/null 2>&1
hsm --delete-object --type secrkey --id 0a04 >/dev/null 2>&1

# KMS denies the import of one key: the others are moved. Its import pair, left by
# an earlier run, is used when the import is allowed.
ok "a pair of an earlier run" p11 --keypairgen --key-type rsa:2048 --usage-wrap \
    --label denied --id 0d01
id=$(aws_kms describe-key --key-id alias/denied --query KeyMetadata.KeyId \
    --output text)
hsm_aes denied 0d01
hsm_aes allowed 0d02
control POST "/denials?key=$id&operation=ImportKeyMaterial" >/dev/null
ends "the plan with a pair that waits" 0 move --dry-run
said "the plan uses the pair" "to decrypt, using the import pair on the target"
ends "a key that is denied" 1 move --yes --report report
said "the other was moved" "1 moved, 1 failed"
said "why it did not" "failed: denied                    id 0d01  AES-256: C_UnwrapKey on test: CKR_ACTION_PROHIBITED: "
said "what KMS said" "[AccessDeniedException: "
said "what is left" "; its import pair stays on the target"
ok "in the report, too" grep -q \
    '"id":"0d01".*"result":"failed","reason":"C_UnwrapKey on test: CKR_ACTION' report
control DELETE /denials >/dev/null
ends "once it is allowed" 0 move --yes
said "it is moved" "1 moved"
is "into the key that waited" "$(aws_kms describe-key --key-id alias/denied \
    --query 'KeyMetadata.[KeyId,KeyState]' --output text | tr '\t' ' ')" \
    "$id Enabled"
ok "with its material" same_material denied 0d01 0d01.key

# A key that waits under the names, and that nobody made here, is not filled.
planted=$(aws_kms create-key --origin EXTERNAL --query KeyMetadata.KeyId --output text)
for name in planted keyferry/id/0d03; do
	aws_kms create-alias --alias-name alias/$name --target-key-id "$planted"
done
hsm_aes planted 0d03
ends "a key of somebody else's" 1 move --yes
said "it is refused" "failed: planted                   id 0d03  AES-256: C_GenerateKeyPair on test: CKR_ATTRIBUTE_VALUE_INVALID"
is "and stays empty" "$(aws_kms describe-key --key-id "$planted" \
    --query KeyMetadata.KeyState --output text)" PendingImport
hsm --delete-object --type secrkey --id 0d03 >/dev/null 2>&1
for name in planted keyferry/id/0d03; do
	aws_kms delete-alias --alias-name alias/$name
done
aws_kms schedule-key-deletion --key-id "$planted" >/dev/null

# The source refuses to wrap a key: nothing stays on the target.
hsm_aes late 0e01
ends "a hash that the source does not have" 1 move --yes --hash sha256
said "why" "C_WrapKey on source: CKR_"
is "no key waits in KMS" "$(kms_keys | grep -c '^PendingImport')" 0
ends "with its own hash" 0 move --yes
ok "the material is the same" same_material late 0e01 0e01.key

# Keys that pkcs11-tool cannot make.
odd() { "$built/tests/tools/make-hsm-key" "$softhsm" source $pin "$@"; }
ok "a key for trusted wrapping keys" odd trusted-only 1 trusted
ok "a key without names" odd - - nameless
ok "a key that only wraps" odd wraps-alone 2 wrap
ok "a key with a label that a terminal would obey" \
    odd "$(printf 'red\033[31m"\302\205')" 3
ends "odd keys" 1 move --yes --report report
said "the first stays" "trusted-only              id 31  AES-256: stays: it may be wrapped only by a trusted"
said "the second, too" "it has neither label nor id"
said "and the third" "wraps-alone               id 32  AES-256: stays: KMS has none of its usages"
said "the label is escaped" '  red\x1b[31m"\xc2\x85 '
ok "in the report, too" grep -q '^{"label":"red\\u001b\[31m\\"' report
ends "--usage" 1 move --yes --usage decrypt
said "the third is moved then" "1 moved"

# The report cannot be written.
[ ! -c /dev/full ] || {
	ends "a report that does not get on disk" 1 "$keyferry" move --dry-run \
	    --from "$one" --to "$cloud" --report /dev/full
	said "the message" "/dev/full: not written completely"
}
ends "a report that cannot be" 2 move --yes --report /nonexistent/report

# The examples of the manual.
hsm_token premises
for id in 01 02; do
	hsm_on premises --write-object 0a01.key --type secrkey --key-type AES:32 \
	    --label "$(printf 'payroll\nwages\n' | sed -n "${id}p")" --id $id \
	    --extractable >/dev/null 2>&1
done
mkdir -p etc/keyferry && cp pin etc/keyferry/pin
configure 'region = eu-central-1' \
    '[token production-west]' 'region = eu-west-1' 'wrapping-bits = 2048' \
    '[token production-north]' 'region = eu-north-1' 'wrapping-bits = 2048'
ok "the first example" as_printed keyferry.1 1
is "its report" "$(grep -c '"result":' moved.json)" 2
ok "the second" as_printed keyferry.1 2
ok "the third" says "2 keys, to production-north: 2 moved" as_printed keyferry.1 3
tap_done
