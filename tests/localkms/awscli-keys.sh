#!/bin/sh
# AWS's command line: keys as a whole, their states, lists and deletion.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
aws_begin
none=12345678-1234-1234-1234-123456789012

# CreateKey, DescribeKey
key=$(new_key --description "one two" --tags TagKey=a,TagValue=b)
arn=$(arn_of "$key")
is "the ARN" "$(of "$key" Arn)" "$arn"
is "the account" "$(of "$key" AWSAccountId)" 111122223333
is "the description" "$(of "$key" Description)" "one two"
is "enabled" "$(of "$key" '[Enabled,KeyState,KeyManager,Origin,MultiRegion]')" \
    "True	Enabled	CUSTOMER	AWS_KMS	False"
is "of the default spec" \
    "$(of "$key" '[KeySpec,CustomerMasterKeySpec,KeyUsage]')" \
    "SYMMETRIC_DEFAULT	SYMMETRIC_DEFAULT	ENCRYPT_DECRYPT"
is "with its algorithm" "$(of "$key" 'EncryptionAlgorithms[]')" \
    SYMMETRIC_DEFAULT
is "found by ARN" "$(of "$arn" KeyId)" "$key"
ok "made not long ago" [ $(($(date +%s) - \
    $(date -d "$(of "$key" CreationDate)" +%s))) -lt 300 ]
refused "no such key" NotFoundException \
    "Key '$(arn_of $none)' does not exist" kms describe-key --key-id $none
refused "no key id" NotFoundException "Invalid keyId 'x'" \
    kms describe-key --key-id x
refused "another Region's ARN" NotFoundException "Invalid arn eu-west-1" \
    kms describe-key --key-id "$(arn_of "$key" eu-west-1)"
refused "no KMS ARN" InvalidArnException "Invalid arn arn:aws:s3:::bucket" \
    kms describe-key --key-id arn:aws:s3:::bucket
is "a Region has its own keys" \
    "$(kms list-keys --region eu-west-1 --query 'Keys[].KeyId')" ""
refused "a key spec that is none" ValidationException \
    "1 validation error detected: Value 'NONE' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512, ECC_NIST_EDWARDS25519, ML_DSA_44, ML_DSA_65, ML_DSA_87, ML_KEM_512, ML_KEM_768, ML_KEM_1024]" \
    kms create-key --key-spec NONE
refused "RSA without a usage" ValidationException \
    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys." \
    kms create-key --key-spec RSA_2048
refused "AES to sign" ValidationException \
    "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT" \
    kms create-key --key-usage SIGN_VERIFY
refused "a policy that is no JSON" MalformedPolicyDocumentException \
    "The new key policy is not valid JSON." kms create-key --policy '{'

# UpdateKeyDescription
ok "a new description" kms update-key-description --key-id "$key" \
    --description three
is "is there" "$(of "$key" Description)" three

# DisableKey, EnableKey
ok "disable it" kms disable-key --key-id "$key"
is "it is" "$(of "$key" '[Enabled,KeyState]')" "False	Disabled"
refused "use while disabled" DisabledException "$arn is disabled." \
    kms encrypt --key-id "$key" --plaintext aGk=
ok "enable it" kms enable-key --key-id "$key"
is "it is again" "$(state "$key")" Enabled

# ScheduleKeyDeletion, CancelKeyDeletion
refused "cancel what is not scheduled" KMSInvalidStateException \
    "$arn is not pending deletion." kms cancel-key-deletion --key-id "$key"
refused "a window of 6 days" ValidationException \
    "PendingWindowInDays must be between 7 and 30 days (inclusive)." \
    kms schedule-key-deletion --key-id "$key" --pending-window-in-days 6
is "a window of 7 days" "$(kms schedule-key-deletion --key-id "$key" \
    --pending-window-in-days 7 \
    --query '[KeyId,KeyState,PendingWindowInDays]')" \
    "$arn	PendingDeletion	7"
days=$((($(date -d "$(of "$key" DeletionDate)" +%s) - $(date +%s)) / 3600))
ok "the date is in 7 days" [ $days -ge 166 -a $days -le 168 ]
for command in "enable-key" "disable-key" "schedule-key-deletion" \
    "update-key-description --description x" \
    "tag-resource --tags TagKey=x,TagValue=y" "untag-resource --tag-keys x"; do
	# shellcheck disable=SC2086 # a command and its options
	refused "pending deletion: ${command%% *}" KMSInvalidStateException \
	    "$arn is pending deletion." kms $command --key-id "$key"
done
refused "pending deletion: create-alias" KMSInvalidStateException \
    "$arn is pending deletion." \
    kms create-alias --alias-name alias/late --target-key-id "$key"
is "cancel it" "$(kms cancel-key-deletion --key-id "$key" --query KeyId)" "$arn"
is "it is disabled then" "$(state "$key")" Disabled
gone=$(new_key)
kms schedule-key-deletion --key-id "$gone" --pending-window-in-days 7 >/dev/null
ok "eight days later" control POST "/clock?forward=$((8 * 86400))"
refused "it is gone" NotFoundException "Key '$(arn_of "$gone")' does not exist" \
    kms describe-key --key-id "$gone"

# ListKeys: pages
for _ in 1 2 3 4 5 6; do new_key; done >"$work/made"
echo "$key" >>"$work/made"
kms list-keys --query 'Keys[].KeyId' | tr '\t' '\n' | sort >"$work/listed"
sort "$work/made" | cmp -s - "$work/listed"
is "all keys are listed" $? 0
kms list-keys --page-size 2 --query 'Keys[].KeyId' | tr '\t' '\n' |
    sort >"$work/paged"
cmp -s "$work/paged" "$work/listed"
is "in pages too" $? 0
is "a page of 3" "$(kms list-keys --no-paginate --limit 3 \
    --query '[length(Keys),Truncated,NextMarker!=null]')" "3	True	True"
is "a page of all" "$(kms list-keys --no-paginate --limit 1000 \
    --query '[length(Keys),Truncated,NextMarker]')" "7	False	None"
refused "a marker that is none" InvalidMarkerException "Invalid marker" \
    kms list-keys --no-paginate --marker "###"
refused "a limit of 1001" ValidationException \
    "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000" \
    kms list-keys --no-paginate --limit 1001
is "key and ARN" "$(kms list-keys --no-paginate \
    --query "Keys[?KeyId=='$key'].KeyArn")" "$arn"
tap_done
