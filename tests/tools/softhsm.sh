# softhsm.sh: `. "$srcdir/tests/tools/softhsm.sh"`, for tests of `keyferry
# move`. It sources tests/clients/testenv.sh, and makes SoftHSM's token "source",
# which stands for an HSM. hsm ARGUMENT...: pkcs11-tool, logged in to it.
. "$srcdir/tests/clients/testenv.sh"
needs softhsm2-util pkcs11-tool openssl curl
softhsm=
for softhsm in /usr/lib/softhsm /usr/lib/*/softhsm /usr/lib64 /usr/lib64/*; do
	[ ! -f "$softhsm/libsofthsm2.so" ] || break
done
softhsm=$softhsm/libsofthsm2.so
[ -f "$softhsm" ] || { echo "1..0 # SKIP no libsofthsm2.so here"; exit 0; }

mkdir tokens
printf '%s\n' "directories.tokendir = $dir/tokens" \
    'objectstore.backend = file' 'log.level = ERROR' >softhsm2.conf
SOFTHSM2_CONF=$dir/softhsm2.conf
export SOFTHSM2_CONF
pin=4711
hsm_token() {
	softhsm2-util --init-token --free --label "$1" --so-pin $pin \
	    --pin $pin >/dev/null || { echo "Bail out! SoftHSM"; exit 1; }
}
hsm_token source
hsm() { hsm_on source "$@"; }
hsm_on() {
	hsm_label=$1; shift
	pkcs11-tool --module "$softhsm" --token-label "$hsm_label" --login \
	    --pin $pin "$@"
}
# hsm_aes LABEL ID: makes an extractable AES-256 key; its value is in ID.key.
hsm_aes() {
	openssl rand -out "$2.key" 32
	hsm --write-object "$2.key" --type secrkey --key-type AES:32 \
	    --label "$1" --id "$2" --extractable >/dev/null 2>&1
}
# hsm_pair TYPE LABEL ID [OPTION...]: makes a key pair with an extractable
# private half.
hsm_pair() {
	hsm_type=$1 hsm_name=$2 hsm_id=$3; shift 3
	hsm --keypairgen --key-type "$hsm_type" --label "$hsm_name" \
	    --id "$hsm_id" --extractable "$@"
}
# Nobody is here to type a PIN.
PKCS11_PIN=$pin
export PKCS11_PIN

source="pkcs11:token=source?module-path=$softhsm"
cloud="pkcs11:token=test?module-path=$module"
keyferry=$built/keyferry
# move OPTION...: from SoftHSM to KMS.
move() {
	"$keyferry" move --from "$source" --to "$cloud" --wrapping-bits 2048 \
	    "$@" </dev/null
}
# ends NAME STATUS COMMAND...: its exit status is STATUS. Its output is in
# $dir/said.
ends() {
	ends_name=$1 ends_status=$2; shift 2
	"$@" >"$dir/said" 2>&1
	ends_got=$?
	[ $ends_got -eq "$ends_status" ] || sed 's/^/# /' "$dir/said"
	is "$ends_name" "$ends_got" "$ends_status"
}
# said NAME TEXT: the last command that `ends` ran printed TEXT.
said() { ok "$1" has_said "$2"; }
has_said() { grep -qF -- "$1" "$dir/said" || { cat "$dir/said"; return 1; }; }
control() { # METHOD PATH
	curl -sS -f -X "$1" "$KEYFERRY_LOCALKMS_CONTROL$2"
}
# The keys in KMS, without those in PendingDeletion.
kms_keys() {
	for key in $(aws_kms list-keys --query 'Keys[].KeyId' --output text); do
		aws_kms describe-key --key-id "$key" --output text \
		    --query 'KeyMetadata.[KeyState,KeySpec,KeyUsage,KeyId]'
	done | grep -v '^PendingDeletion'
}
# same_material LABEL ID FILE: the file is the key's material: KMS lets the same
# material be imported again, and no other.
same_material() {
	p11 --write-object "$3" --type secrkey --key-type AES:32 --label "$1" \
	    --id "$2"
}
