# keyferry delete, cancel-deletion, disable, enable and rename.
. "$srcdir/tests/tools/command.sh"
needs pkcs11-tool openssl python3 curl "$aws"
state() { # ARN
	aws_kms describe-key --key-id "$1" --query KeyMetadata.KeyState --output text
}
ok "a key" aes payroll 0a01
ok "another" aes bonus 0a02
arn=$(keyferry list --to "$cloud" --json |
    sed -n 's/.*"label":"payroll".*"arn":"\([^"]*\)".*/\1/p')

run "disable" 0 disable payroll
shows "shows the state" "$arn: Disabled, label payroll, id 0a01"
is "KMS says so" "$(state "$arn")" Disabled
run "it is found by its label" 0 enable payroll --json
shows "and is enabled" '"label":"payroll","id":"0a01","state":"Enabled"}'
run "two keys, by ARN and label" 0 disable "$arn" bonus --quiet
is "--quiet prints nothing" "$(cat out err)" ""
run "enable both" 0 enable payroll bonus
is "each has a line" "$(grep -c Enabled out)" 2
run "one of two" 1 disable payroll nobody
shows "the other is named" "nobody: there is no such key" err
run "enable" 0 enable payroll
run "a URI that names the key alone" 0 disable "pkcs11:object=payroll"
run "by its id" 0 enable "pkcs11:id=%0a%01"
run "a URI that names a token is looked for there" 2 disable \
    "pkcs11:token=nowhere;object=payroll"
shows "and not found" "there is no such token" err
control POST '/faults?operation=DisableKey&fault=error&count=1&error=AccessDeniedException'
run "denied" 1 disable payroll
shows "is said" "C_SetAttributeValue: CKR_ACTION_PROHIBITED: access denied" err
control POST "/denials?operation=DescribeKey&key=${arn##*/}"
run "a key that may not be described" 2 disable payroll
shows "is not said to be missing" "allow kms:DescribeKey" err
run "nor is one that is selected by its class" 2 disable \
    "pkcs11:token=test;type=secret-key?module-path=$module" --yes
shows "of several" "key ${arn##*/} is left out" err
control DELETE /denials
run "nothing to cancel" 2 cancel-deletion payroll
shows "is said" "it is not to be deleted" err

run "a label and an id" 0 rename payroll --label wages --id 0A03
shows "are shown" "label wages, id 0a03"
run "the old one finds nothing" 2 disable payroll
run "another key's id" 1 rename wages --id 0a02
run "half a byte" 2 rename wages --id 0a0
run "no name" 2 rename wages
run "back" 0 rename wages --label payroll --id 0a01

run "delete needs a terminal or --yes" 2 delete payroll
shows "it says what becomes of it" "the same material, imported again" err
shows "and when it was last used" "KMS knows of no use of it" err
shows "and what to give" "use --yes" err
is "nothing has changed" "$(state "$arn")" Enabled
echo hello >text
aws_kms encrypt --key-id "$arn" --plaintext fileb://text >/dev/null
python3 "$terminal" 'Delete the material? [y/N] =n' -- \
    keyferry delete payroll --to "$cloud" >shown
is "no: status" $? 2
shows "what it was last used for" "by Encrypt" shown
is "nothing has changed" "$(state "$arn")" Enabled
python3 "$terminal" 'Delete the material? [y/N] =y' -- \
    keyferry delete payroll --to "$cloud" >shown
is "yes: status" $? 0
shows "the key waits for its material" "$arn: PendingImport" shown
ok "which brings it back" p11 --write-object payroll.key --type secrkey \
    --key-type AES:32 --label payroll --id 0a01
made=$(aws_kms create-key --query KeyMetadata.Arn --output text)
question='Delete the key? [y/N] '
python3 "$terminal" "$question=No, I do not.. y" "$question=n" -- \
    keyferry delete "$made" "$made" --to "$cloud" >shown
is "a long no is no answer to the next question" $? 2
is "nothing has changed" "$(state "$made")" Enabled
run "a key of KMS" 0 delete --yes "$made"
shows "goes as a whole, as is said before" "KMS deletes the key" err
shows "and is to be deleted" "$made: PendingDeletion"
made=$(aws_kms create-key --query KeyMetadata.Arn --output text)
configure 'destroy-generated = refuse'
run "where it is refused" 1 delete --yes "$made"
shows "is said" "C_DestroyObject: CKR_" err
is "and nothing is done" "$(state "$made")" Enabled

configure 'destroy = schedule-deletion' 'deletion-days = 7'
run "the whole key" 0 delete --yes payroll --json
shows "is to be deleted" '"state":"PendingDeletion","deletion_date":"20'
shows "said before: until when" "until $(date -u -d '+7 days' +%Y-%m)" err
run "again" 2 delete --yes "$arn"
shows "is said" "it is to be deleted already" err
run "enable" 2 enable "$arn"
shows "says what to do" "keyferry cancel-deletion" err
run "cancel-deletion" 0 cancel-deletion "$arn"
shows "the key is disabled" "$arn: Disabled"
run "it can be enabled" 0 enable "$arn"
run "and named" 0 rename "$arn" --label payroll
empty=$(aws_kms create-key --origin EXTERNAL --query KeyMetadata.Arn --output text)
aws_kms schedule-key-deletion --key-id "$empty" >/dev/null
run "a key without material" 0 cancel-deletion "$empty"
shows "waits for it" "$empty: PendingImport"
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 run "no KMS" 2 delete --yes payroll
shows "is said" "KMS not reached" err

for block in 1 2 3; do
	ok "example $block of the manual" as_printed keyferry-delete.1 $block
done
is "the key is to be deleted" "$(state "$arn")" PendingDeletion
tap_done
