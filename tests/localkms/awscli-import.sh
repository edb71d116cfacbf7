#!/bin/sh
# AWS's command line: import of AES keys, its refusals, deletion, expiry.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start
is "it starts" $? 0
aws_begin
key=$(new_key --origin EXTERNAL) arn=$(arn_of "$key")
is "it waits" "$(of "$key" '[KeyState,Enabled,Origin,ExpirationModel]')" \
    "PendingImport	False	EXTERNAL	None"
is "it has no date" "$(of "$key" 'ValidTo')" None

# parameters KEY [ALGORITHM [SPEC]]: $work/public and $work/token.
parameters() {
	kms get-parameters-for-import --key-id "$1" \
	    --wrapping-algorithm "${2-RSAES_OAEP_SHA_256}" \
	    --wrapping-key-spec "${3-RSA_2048}" \
	    --query '[PublicKey,ImportToken,KeyId]' | tr '\t' '\n' >"$work/set"
	sed -n 1p "$work/set" | base64 -d >"$work/public"
	sed -n 2p "$work/set" | base64 -d >"$work/token"
}
# wrap FILE [HASH]: $work/wrapped.
wrap() {
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/public" \
	    -in "$1" -out "$work/wrapped" -pkeyopt rsa_padding_mode:oaep \
	    -pkeyopt "rsa_oaep_md:${2-sha256}" -pkeyopt "rsa_mgf1_md:${2-sha256}"
}
import() { # KEY OPTION...
	import_key=$1; shift
	kms import-key-material --key-id "$import_key" \
	    --import-token "fileb://$work/token" \
	    --encrypted-key-material "fileb://$work/wrapped" "$@"
}
forever="--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE"

# GetParametersForImport
parameters "$key"
is "the parameters name the key" "$(sed -n 3p "$work/set")" "$arn"
for bits in 2048 3072 4096; do
	parameters "$key" RSAES_OAEP_SHA_1 RSA_$bits
	ok "a wrapping key of $bits bits" sh -c "openssl pkey -pubin \
	    -inform DER -in '$work/public' -noout -text | grep -q '($bits bit)'"
done
until=$(kms get-parameters-for-import --key-id "$key" \
    --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_2048 \
    --query ParametersValidTo)
hours=$((($(date -d "$until" +%s) - $(date +%s) + 1800) / 3600))
is "good for 24 hours" $hours 24
get() { # KEY ALGORITHM SPEC
	kms get-parameters-for-import --key-id "$1" --wrapping-algorithm "$2" \
	    --wrapping-key-spec "$3"
}
refused "the old padding" UnsupportedOperationException \
    "Wrapping algorithm RSAES_PKCS1_V1_5 is not supported." \
    get "$key" RSAES_PKCS1_V1_5 RSA_2048
refused "two steps for an AES key" UnsupportedOperationException \
    "Wrapping algorithm RSA_AES_KEY_WRAP_SHA_256 with wrapping key spec RSA_2048 is not supported for key spec SYMMETRIC_DEFAULT." \
    get "$key" RSA_AES_KEY_WRAP_SHA_256 RSA_2048
refused "China's curve" UnsupportedOperationException \
    "Wrapping key spec SM2 is not supported in this Region." \
    get "$key" RSAES_OAEP_SHA_256 SM2
kms create-alias --alias-name alias/k --target-key-id "$key"
refused "an alias" NotFoundException "Invalid keyId 'alias/k'" \
    get alias/k RSAES_OAEP_SHA_256 RSA_2048
aws_made=$(new_key)
for command in "get $aws_made RSAES_OAEP_SHA_256 RSA_2048" \
    "kms delete-imported-key-material --key-id $aws_made"; do
	# shellcheck disable=SC2086 # a command and its arguments
	refused "a key of AWS's making" UnsupportedOperationException \
	    "$(arn_of "$aws_made") origin is AWS_KMS which is not valid for this operation." \
	    $command
done

# ImportKeyMaterial
openssl rand 32 >"$work/one"
openssl rand 32 >"$work/two"
openssl rand 16 >"$work/short"
parameters "$key"
wrap "$work/one"
refused "no date" ValidationException \
    "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES" \
    import "$key"
# shellcheck disable=SC2086 # options
refused "a date too many" ValidationException \
    "The validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE" \
    import "$key" $forever --valid-to "$(date -d tomorrow +%s)"
refused "a date gone by" ValidationException \
    "The validTo date must be in the future" \
    import "$key" --valid-to "$(date -d yesterday +%s)"
refused "a date too far" ValidationException \
    "The validTo date must be within 365 days of the request" \
    import "$key" --valid-to "$(date -d '+366 days' +%s)"
other=$(new_key --origin EXTERNAL)
# shellcheck disable=SC2086
refused "another key's token" InvalidImportTokenException "" \
    import "$other" $forever
wrap "$work/short"
# shellcheck disable=SC2086
refused "a short key" IncorrectKeyMaterialException "" import "$key" $forever
wrap "$work/one" sha1
# shellcheck disable=SC2086
refused "another hash" InvalidCiphertextException "" import "$key" $forever
head -c 255 "$work/wrapped" >"$work/cut" && mv "$work/cut" "$work/wrapped"
# shellcheck disable=SC2086
refused "a blob cut short" InvalidCiphertextException "" import "$key" $forever
is "after all that it waits" "$(state "$key")" PendingImport
wrap "$work/one"
# shellcheck disable=SC2086
ok "the right one" import "$key" $forever
is "is in use" "$(of "$key" '[KeyState,ExpirationModel,ValidTo]')" \
    "Enabled	KEY_MATERIAL_DOES_NOT_EXPIRE	None"
kms encrypt --key-id "$key" --plaintext c2VjcmV0 --query CiphertextBlob |
    base64 -d >"$work/c"
parameters "$key"
wrap "$work/two"
# shellcheck disable=SC2086
refused "other material" IncorrectKeyMaterialException "" \
    import "$key" $forever

# Expiry: another date by another import, and its end
parameters "$key" RSAES_OAEP_SHA_1 RSA_3072
wrap "$work/one" sha1
date=$(($(date +%s) + 86400 * 30))
ok "the same with a date" import "$key" --valid-to $date
is "it has the date" "$(date -d "$(of "$key" ValidTo)" +%s)" $date
is "and expires" "$(of "$key" ExpirationModel)" KEY_MATERIAL_EXPIRES
parameters "$key"
wrap "$work/one"
ok "a day later" control POST "/clock?forward=86400"
# shellcheck disable=SC2086
refused "a token of yesterday" ExpiredImportTokenException "" \
    import "$key" $forever
ok "a month later" control POST "/clock?forward=$((86400 * 30))"
is "it waits again" "$(state "$key")" PendingImport
refused "it decrypts no more" KMSInvalidStateException "$arn is pending import." \
    kms decrypt --ciphertext-blob "fileb://$work/c"
parameters "$key"
wrap "$work/two"
# shellcheck disable=SC2086
refused "other material also now" IncorrectKeyMaterialException "" \
    import "$key" $forever
wrap "$work/one"
# shellcheck disable=SC2086
ok "the same" import "$key" $forever
is "brings it back" "$(kms decrypt --ciphertext-blob "fileb://$work/c" \
    --query Plaintext)" c2VjcmV0

# DeleteImportedKeyMaterial
refused "not by an alias" NotFoundException "Invalid keyId 'alias/k'" \
    kms delete-imported-key-material --key-id alias/k
ok "delete it" kms delete-imported-key-material --key-id "$key"
is "it waits" "$(state "$key")" PendingImport
refused "nothing is encrypted" KMSInvalidStateException "$arn is pending import." \
    kms encrypt --key-id "$key" --plaintext aGk=
ok "delete it again" kms delete-imported-key-material --key-id "$key"
kms schedule-key-deletion --key-id "$key" --pending-window-in-days 7 >/dev/null
# shellcheck disable=SC2086
refused "no import into a key to be deleted" KMSInvalidStateException \
    "$arn is pending deletion." import "$key" $forever
refused "no parameters either" KMSInvalidStateException \
    "$arn is pending deletion." get "$key" RSAES_OAEP_SHA_256 RSA_2048
kms cancel-key-deletion --key-id "$key" >/dev/null
is "saved, it waits" "$(state "$key")" PendingImport
tap_done
