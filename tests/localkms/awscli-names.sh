#!/bin/sh
# AWS's command line: aliases and tags.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
aws_begin
key=$(new_key) arn=$(arn_of "$key")
alias_arn() { echo "arn:aws:kms:$AWS_REGION:111122223333:alias/$1"; }

# CreateAlias, and where an alias stands for its key
ok "an alias" kms create-alias --alias-name alias/a/b_c-1 --target-key-id "$key"
is "finds its key" "$(of alias/a/b_c-1 KeyId)" "$key"
is "so does its ARN" "$(of "$(alias_arn a/b_c-1)" KeyId)" "$key"
ok "it encrypts" kms encrypt --key-id alias/a/b_c-1 --plaintext aGk=
for command in enable-key disable-key schedule-key-deletion \
    list-resource-tags "tag-resource --tags TagKey=x,TagValue=y" \
    "update-key-description --description x"; do
	# shellcheck disable=SC2086 # a command and its options
	refused "not for ${command%% *}" NotFoundException \
	    "Invalid keyId 'alias/a/b_c-1'" kms $command --key-id alias/a/b_c-1
done
refused "not for an alias" ValidationException \
    "Aliases must refer to keys. Not aliases" \
    kms create-alias --alias-name alias/other --target-key-id alias/a/b_c-1
refused "one that is there" AlreadyExistsException \
    "An alias with the name $(alias_arn a/b_c-1) already exists" \
    kms create-alias --alias-name alias/a/b_c-1 --target-key-id "$key"
refused "no alias" NotFoundException "Alias $(alias_arn none) is not found." \
    kms describe-key --key-id alias/none
refused "one of AWS's" NotAuthorizedException "" \
    kms create-alias --alias-name alias/aws/x --target-key-id "$key"
refused "without the prefix" ValidationException \
    'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html' \
    kms create-alias --alias-name x --target-key-id "$key"
refused "with a blank" ValidationException \
    "1 validation error detected: Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$" \
    kms create-alias --alias-name "alias/a b" --target-key-id "$key"
long=alias/$(printf '%0251d' 0)
refused "of 257 characters" ValidationException \
    "1 validation error detected: Value '$long' at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 256" \
    kms create-alias --alias-name "$long" --target-key-id "$key"
ok "of 256" kms create-alias --alias-name "${long%0}" --target-key-id "$key"
ok "which goes again" kms delete-alias --alias-name "${long%0}"

# UpdateAlias
two=$(new_key)
ok "an alias moves" \
    kms update-alias --alias-name alias/a/b_c-1 --target-key-id "$two"
is "to the other key" "$(of alias/a/b_c-1 KeyId)" "$two"
refused "one that is not there" NotFoundException \
    "Alias $(alias_arn none) is not found." \
    kms update-alias --alias-name alias/none --target-key-id "$two"
waits=$(new_key --origin EXTERNAL)
ok "to an EXTERNAL key of the same kind" \
    kms update-alias --alias-name alias/a/b_c-1 --target-key-id "$waits"
mac=$(new_key --origin EXTERNAL --key-spec HMAC_256 \
    --key-usage GENERATE_VERIFY_MAC)
refused "not to one of another" ValidationException \
    "The current and the new KMS key of an alias must be of the same type and have the same key usage." \
    kms update-alias --alias-name alias/a/b_c-1 --target-key-id "$mac"

# ListAliases
for name in z y x; do
	kms create-alias --alias-name alias/$name --target-key-id "$key"
done
is "in the order of their names" \
    "$(kms list-aliases --query 'Aliases[].AliasName')" \
    "alias/a/b_c-1	alias/x	alias/y	alias/z"
is "in pages" "$(kms list-aliases --page-size 1 \
    --query 'Aliases[].AliasName' | tr '\n' '\t')" \
    "alias/a/b_c-1	alias/x	alias/y	alias/z	"
is "of one key" "$(kms list-aliases --key-id "$waits" \
    --query 'Aliases[].[AliasName,AliasArn,TargetKeyId]')" \
    "alias/a/b_c-1	$(alias_arn a/b_c-1)	$waits"
refused "of no key" NotFoundException "Invalid keyId 'x'" \
    kms list-aliases --key-id x
ok "delete one" kms delete-alias --alias-name alias/y
refused "it is gone" NotFoundException "Alias $(alias_arn y) is not found." \
    kms delete-alias --alias-name alias/y
is "the others are not" \
    "$(kms list-aliases --key-id "$key" --query 'Aliases[].AliasName')" \
    "alias/x	alias/z"

# TagResource, UntagResource, ListResourceTags
tags() {
	kms list-resource-tags --key-id "$key" --query 'Tags[].[TagKey,TagValue]'
}
ok "tags" kms tag-resource --key-id "$key" \
    --tags TagKey=b,TagValue=2 TagKey=a,TagValue=1
is "are listed" "$(tags | sort)" "a	1
b	2"
ok "another value" kms tag-resource --key-id "$arn" --tags TagKey=a,TagValue=
ok "takes the place of the first" kms untag-resource --key-id "$key" --tag-keys b
is "of those left" "$(tags)" "a	"
refused "AWS's own" TagException "Tags beginning with aws: are reserved" \
    kms tag-resource --key-id "$key" --tags TagKey=aws:x,TagValue=y
refused "the same twice" TagException "Duplicate tag keys" \
    kms tag-resource --key-id "$key" --tags TagKey=x,TagValue=1 TagKey=x,TagValue=2
refused "with what no tag has" TagException \
    "Tag keys and values may hold letters, digits, spaces and _ . : / = + - @" \
    kms tag-resource --key-id "$key" --tags 'TagKey=x;,TagValue=1'
seq 51 | sed 's/.*/TagKey=t&,TagValue=v/' >"$work/tags"
# shellcheck disable=SC2046 # one argument a line
refused "51 of them" LimitExceededException "Too many tags" \
    kms create-key --tags $(cat "$work/tags")
tap_done
