#!/bin/sh
# AWS's command line: Regions and replicas, rotation, policies, and what is
# refused by name.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/aws.sh"
localkms_start --region us-east-1
is "it starts" $? 0
aws_begin
key=$(new_key) arn=$(arn_of "$key")

# Multi-Region keys
multi=$(new_key --multi-region)
case $multi in mrk-*) said=0 ;; *) said=1 ;; esac
is "a multi-Region key has such an id" $said 0
kms encrypt --key-id "$multi" --plaintext aGk= --query CiphertextBlob |
    base64 -d >"$work/c"
replica=$(arn_of "$multi" eu-west-1)
is "ReplicateKey" "$(kms replicate-key --key-id "$multi" \
    --replica-region eu-west-1 --query ReplicaKeyMetadata.Arn)" "$replica"
refused "twice" AlreadyExistsException "Key '$replica' already exists" \
    kms replicate-key --key-id "$multi" --replica-region eu-west-1
is "the replica decrypts" "$(kms decrypt --region eu-west-1 \
    --ciphertext-blob "fileb://$work/c" --query '[KeyId,Plaintext]')" \
    "$replica	aGk="
config=KeyMetadata.MultiRegionConfiguration
is "what the primary says" "$(kms describe-key --key-id "$multi" --query \
    "$config.[MultiRegionKeyType,PrimaryKey.Arn,ReplicaKeys[0].Region]")" \
    "PRIMARY	$(arn_of "$multi")	eu-west-1"
is "what the replica says" "$(kms describe-key --key-id "$multi" \
    --region eu-west-1 --query "$config.[MultiRegionKeyType,PrimaryKey.Region]")" \
    "REPLICA	us-east-1"
refused "no replica of a replica" UnsupportedOperationException \
    "$replica is not a multi-region primary key." \
    kms replicate-key --region eu-west-1 --key-id "$multi" \
    --replica-region eu-west-2
refused "none of a key of one Region" UnsupportedOperationException \
    "$arn is not a multi-region primary key." \
    kms replicate-key --key-id "$key" --replica-region eu-west-1
ok "UpdatePrimaryRegion" \
    kms update-primary-region --key-id "$multi" --primary-region eu-west-1
is "the roles are exchanged" "$(kms describe-key --key-id "$multi" \
    --query "$config.[MultiRegionKeyType,PrimaryKey.Region]")" \
    "REPLICA	eu-west-1"

# Rotation
is "no rotation at first" "$(kms get-key-rotation-status --key-id "$key" \
    --query KeyRotationEnabled)" False
ok "EnableKeyRotation" kms enable-key-rotation --key-id "$key"
is "it is on" "$(kms get-key-rotation-status --key-id "$key" \
    --query KeyRotationEnabled)" True
kms encrypt --key-id "$key" --plaintext aGk= --query CiphertextBlob |
    base64 -d >"$work/c"
ok "a year later" control POST "/clock?forward=$((366 * 86400))"
is "the old ciphertext decrypts" "$(kms decrypt \
    --ciphertext-blob "fileb://$work/c" --query Plaintext)" aGk=
ok "DisableKeyRotation" kms disable-key-rotation --key-id "$key"
is "it is off" "$(kms get-key-rotation-status --key-id "$key" \
    --query KeyRotationEnabled)" False
external=$(new_key --origin EXTERNAL)
refused "not of imported keys" UnsupportedOperationException \
    "$(arn_of "$external") origin is EXTERNAL which is not valid for this operation." \
    kms enable-key-rotation --key-id "$external"

# Policies
is "one policy" "$(kms list-key-policies --key-id "$key" \
    --query 'PolicyNames[]')" default
echo '{"Version":"2012-10-17","Statement":[]}' >"$work/policy"
ok "PutKeyPolicy" kms put-key-policy --key-id "$key" --policy-name default \
    --policy "file://$work/policy"
is "it is kept" "$(kms get-key-policy --key-id "$key" --policy-name default \
    --query Policy)" "$(cat "$work/policy")"
refused "no JSON" MalformedPolicyDocumentException \
    "The new key policy is not valid JSON." \
    kms put-key-policy --key-id "$key" --policy-name default --policy '{'
refused "another name" NotFoundException "No such policy exists" \
    kms get-key-policy --key-id "$key" --policy-name other

# Never served
never() { # OPERATION COMMAND...
	never_operation=$1; shift
	refused "$1" UnsupportedOperationException \
	    "$never_operation is not supported by this server." kms "$@"
}
never CreateGrant create-grant --key-id "$key" --operations Encrypt \
    --grantee-principal arn:aws:iam::111122223333:root
never ListGrants list-grants --key-id "$key"
never ListRetirableGrants list-retirable-grants \
    --retiring-principal arn:aws:iam::111122223333:root
never RetireGrant retire-grant --grant-token x
never RevokeGrant revoke-grant --key-id "$key" --grant-id x
never CreateCustomKeyStore create-custom-key-store --custom-key-store-name x
never DescribeCustomKeyStores describe-custom-key-stores
never ConnectCustomKeyStore connect-custom-key-store --custom-key-store-id x
never DisconnectCustomKeyStore disconnect-custom-key-store \
    --custom-key-store-id x
never UpdateCustomKeyStore update-custom-key-store --custom-key-store-id x
never DeleteCustomKeyStore delete-custom-key-store --custom-key-store-id x
tap_done
