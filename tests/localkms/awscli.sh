#!/bin/sh
# AWS's command line against keyferry-localkms: what an import looks like to it.
srcdir=${srcdir:-.} builddir=${builddir:-.}
. "$srcdir/tests/support/tap.sh"
. "$srcdir/tests/localkms/start.sh"
[ -n "$aws" ] || { echo "1..0 # SKIP no aws command line"; exit 0; }
command -v openssl >/dev/null || { echo "1..0 # SKIP no openssl"; exit 0; }
localkms_start
is "it starts" $? 0

# refused NAME EXCEPTION COMMAND...: the command line shows that exception.
refused() {
	refused_name=$1 refused_as=$2; shift 2
	ok "$refused_name: $refused_as" refused_so "$refused_as" "$@"
}
refused_so() {
	refused_wanted=$1; shift
	refused_said=$("$@" 2>&1 >/dev/null)
	printf '%s\n' "$refused_said"
	case $refused_said in *"($refused_wanted)"*) return 0 ;; esac
	return 1
}
state() { kms describe-key --key-id "$1" --query KeyMetadata.KeyState; }

key=$(kms create-key --origin EXTERNAL --description test \
	--tags TagKey=a,TagValue=b --query KeyMetadata.KeyId)
is "an EXTERNAL key waits" "$(state "$key")" PendingImport
ok "an alias" kms create-alias --alias-name alias/one --target-key-id "$key"
refused "the same alias" AlreadyExistsException \
	kms create-alias --alias-name alias/one --target-key-id "$key"
is "its alias is listed" "$(kms list-aliases --key-id "$key" \
	--query 'Aliases[].AliasName')" alias/one
is "its tag is listed" "$(kms list-resource-tags --key-id "$key" \
	--query 'Tags[].TagValue')" b
refused "use before the import" KMSInvalidStateException \
	kms encrypt --key-id alias/one --plaintext aGVsbG8=

openssl rand 32 >"$work/key"
for wrap in RSAES_OAEP_SHA_1:RSA_2048:sha1 RSAES_OAEP_SHA_256:RSA_3072:sha256 \
    RSAES_OAEP_SHA_256:RSA_4096:sha256; do
	hash=${wrap##*:} pair=${wrap%:*} algorithm=${wrap%%:*}
	pair=${pair#*:}
	kms get-parameters-for-import --key-id "$key" \
		--wrapping-algorithm "$algorithm" --wrapping-key-spec "$pair" \
		--query '[PublicKey,ImportToken]' | tr '\t' '\n' >"$work/set"
	sed -n 1p "$work/set" | base64 -d >"$work/public"
	sed -n 2p "$work/set" | base64 -d >"$work/token"
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/public" \
		-in "$work/key" -out "$work/wrapped" \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$hash" \
		-pkeyopt "rsa_mgf1_md:$hash"
	ok "import by $algorithm, $pair" kms import-key-material \
		--key-id "$key" --import-token "fileb://$work/token" \
		--encrypted-key-material "fileb://$work/wrapped" \
		--expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE
done
is "the key is enabled" "$(state "$key")" Enabled
kms encrypt --key-id alias/one --plaintext aGVsbG8= \
	--encryption-context who=me --query CiphertextBlob | base64 -d >"$work/c"
is "what it encrypts it decrypts" "$(kms decrypt --encryption-context who=me \
	--ciphertext-blob "fileb://$work/c" --query Plaintext)" aGVsbG8=
refused "another context" InvalidCiphertextException \
	kms decrypt --ciphertext-blob "fileb://$work/c"

localkms_stop KILL
localkms_start
is "it starts after kill -9" $? 0
is "and decrypts still" "$(kms decrypt --encryption-context who=me \
	--ciphertext-blob "fileb://$work/c" --query Plaintext)" aGVsbG8=
ok "delete the material" kms delete-imported-key-material --key-id "$key"
is "the key waits again" "$(state "$key")" PendingImport
ok "schedule the deletion" \
	kms schedule-key-deletion --key-id "$key" --pending-window-in-days 7
is "the key is to be deleted" "$(state "$key")" PendingDeletion

wrong_secret() { AWS_SECRET_ACCESS_KEY=wrong kms list-keys; }
refused "a wrong secret" InvalidSignatureException wrong_secret
wrong_id() { AWS_ACCESS_KEY_ID=AKIAWRONG kms list-keys; }
refused "a wrong access key" UnrecognizedClientException wrong_id
tap_done
