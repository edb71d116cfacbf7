# Keys of all kinds imported with pkcs11-tool: from files, and wrapped for an
# import pair by openssl and by SoftHSM. With each, KMS then does something that
# openssl verifies.
manual=$(cd "$srcdir" && pwd)/docs/import.md
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl curl

echo "what is signed" >text

# signature_of MECHANISM ID PUBLIC: the key signs, and openssl verifies.
signature_of() {
	sh_mechanism=$1; sh_id=$2; sh_public=$3
	p11 --sign -m "$sh_mechanism" --id "$sh_id" -i text -o sig \
	    --signature-format openssl &&
	    openssl dgst -sha256 -verify "$sh_public" -signature sig text
}

# From files.
for bits in 2048 3072; do
	id=a${bits%???}
	openssl genrsa -traditional -out rsa.pem $bits 2>/dev/null
	openssl rsa -in rsa.pem -outform DER -out rsa.der 2>/dev/null
	openssl rsa -in rsa.pem -pubout -outform DER -out rsa.pub 2>/dev/null
	openssl rsa -in rsa.pem -pubout -out pub.pem 2>/dev/null
	ok "--write-object of an RSA key of $bits bits" p11 --write-object \
	    rsa.der --type privkey --id $id --label "rsa $bits" --usage-sign
	ok "it signs, and openssl verifies" signature_of SHA256-RSA-PKCS \
	    $id pub.pem
	ok "--write-object of its public half" p11 --write-object rsa.pub \
	    --type pubkey --id $id --label "rsa $bits"
done
openssl rsa -in rsa.pem -outform DER -out decrypt.der 2>/dev/null
ok "--write-object with --usage-decrypt" p11 --write-object decrypt.der \
    --type privkey --id ad --label "rsa decrypts" --usage-decrypt
ok "its usage is decrypt" says "Usage:      decrypt" \
    p11 --list-objects --type privkey --id ad
openssl genrsa -traditional -out other.pem 2048 2>/dev/null
openssl rsa -in other.pem -pubout -outform DER -out other.pub 2>/dev/null
fails_saying "--write-object of a public key without its private key" \
    CKR_ATTRIBUTE_VALUE_INVALID p11 --write-object other.pub --type pubkey \
    --id af --label alien
openssl genrsa -traditional 1024 2>/dev/null |
    openssl rsa -outform DER -out short.der 2>/dev/null
fails_saying "--write-object of 1024 bits" CKR_ATTRIBUTE_VALUE_INVALID \
    p11 --write-object short.der --type privkey --id ae --label short

for curve in prime256v1 secp384r1 secp521r1 secp256k1; do
	openssl ecparam -name $curve -genkey -noout -out ec.pem
	openssl ec -in ec.pem -outform DER -out ec.der 2>/dev/null
	openssl ec -in ec.pem -pubout -out pub.pem 2>/dev/null
	case $curve in
	prime256v1) id=b1 digest=SHA256 ;;
	secp384r1) id=b2 digest=SHA384 ;;
	secp521r1) id=b3 digest=SHA512 ;;
	secp256k1) id=b4 digest=SHA256 ;;
	esac
	ok "--write-object of a key on $curve" p11 --write-object ec.der \
	    --type privkey --id $id --label $curve --usage-sign
	openssl dgst -$digest -binary -out digest text
	ok "--sign" p11 --sign -m ECDSA --id $id -i digest -o sig \
	    --signature-format openssl
	ok "openssl verifies" openssl pkeyutl -verify -pubin -inkey pub.pem \
	    -in digest -sigfile sig
done

openssl rand -out generic.key 64
mac_is() {
	p11 --sign -m SHA512-HMAC --id "$1" -i text -o mac &&
	    [ "$(od -An -tx1 -v mac | tr -d ' \n')" = \
		"$(openssl dgst -sha512 -mac HMAC -macopt \
		hexkey:"$(od -An -tx1 -v generic.key | tr -d ' \n')" -r text |
		cut -d' ' -f1)" ]
}
p11 --write-object generic.key --type secrkey --key-type GENERIC:64 --id c1 \
    --label hmac --usage-sign >out 2>&1
case $(cat out) in
*"Unknown key type"*)
	skip "--write-object of a generic secret" "this pkcs11-tool writes AES" ;;
*)
	ok "--write-object of a generic secret" says hmac p11 --list-objects
	ok "its MAC is openssl's" mac_is c1 ;;
esac

# Into a key that somebody else made, by its ARN alone: the line in docs/import.md.
# kms OPERATION JSON: a request that is not the module's.
kms() {
	curl -fsS --aws-sigv4 "aws:amz:$AWS_REGION:kms" \
	    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
	    -H "X-Amz-Target: TrentService.$1" \
	    -H 'Content-Type: application/x-amz-json-1.1' -d "$2" \
	    "$AWS_ENDPOINT_URL_KMS/"
}
arn=$(kms CreateKey '{"Origin":"EXTERNAL"}' |
    sed -n 's/.*"Arn":"\([^"]*\)".*/\1/p')
ok "a key that waits, made by somebody else" [ -n "$arn" ]
ok "with the name that he gave it" kms CreateAlias \
    "{\"AliasName\":\"alias/terraform\",\"TargetKeyId\":\"${arn##*/}\"}"
openssl rand -out aes.key 32
fails "that name alone does not fill it" p11 --write-object aes.key \
    --type secrkey --key-type AES:32 --label terraform
ok "--write-object with its ARN as the label" p11 \
    --write-object aes.key --type secrkey --key-type AES:32 \
        --label "$arn"
ok "the key is filled" expr "$(kms DescribeKey "{\"KeyId\":\"$arn\"}")" : \
    '.*"KeyState":"Enabled"'
ok "it keeps its name" says terraform p11 --list-objects --type secrkey

# pair SPEC ID WRAPPING: creates an import pair for that KeySpec and writes its
# public half to wrap.der.
pair() {
	configure "import = $1" "wrapping = $3" &&
	    p11 --keypairgen --key-type rsa:2048 --usage-wrap --label "over $2" \
		--id "$2" &&
	    p11 --read-object --type pubkey --id "$2" -o wrap.der
}
oaep() {
	openssl pkeyutl -encrypt -pubin -keyform DER -inkey wrap.der \
	    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
	    -pkeyopt rsa_mgf1_md:sha256 -in "$1" -out "$2"
}
# rsa_aes IN OUT: what CKM_RSA_AES_KEY_WRAP does, with openssl.
rsa_aes() {
	openssl rand -out kek 32 && oaep kek front &&
	    openssl enc -id-aes256-wrap-pad -iv A65959A6 -in "$1" -out back \
		-K "$(od -An -tx1 -v kek | tr -d ' \n')" && cat front back >"$2"
}
unwrap() {
	sh_id=$1; sh_type=$2; shift 2
	p11 --unwrap --id "$sh_id" -i wrapped --key-type "$sh_type" \
	    --application-label "over $sh_id" --application-id "$sh_id" "$@"
}

ok "an import pair for HMAC_512" pair HMAC_512 d1 RSAES_OAEP_SHA_256
ok "openssl wraps the secret" oaep generic.key wrapped
ok "--unwrap" unwrap d1 GENERIC:64 --mechanism RSA-PKCS-OAEP \
    --hash-algorithm SHA256 --mgf MGF1-SHA256 --usage-sign
configure
ok "its MAC is openssl's" mac_is d1

# Made on one machine, imported on another: the commands of docs/import.md, as they
# are printed there.
for machine in here there; do
	printf '%s\n' "state = $dir/state-$machine" '[token test]' \
	    'wrapping-bits = 2048' "import-sets = $dir/sets" >$machine.conf
	chmod 600 $machine.conf
done
sed -n '/^### Wrapped here/,/^##/s/^    //p' "$manual" |
    sed -e 's/^# \(here\|there\)$/KEYFERRY_CONFIG=$dir\/\1.conf/' \
	-e 's/pkcs11-tool --module M/p11/' >carried.sh
ok "docs/import.md has the commands" [ "$(grep -c '^p11' carried.sh)" = 3 ]
carried() { (set -e; . ./carried.sh); }
ok "a key is wrapped here and imported there" carried
ok "it is in use" says carried p11 --list-objects --type secrkey
ok "the set is used" [ -z "$(ls sets)" ]

# A private key, as docs/import.md says, from OpenSC 0.26 on.
openssl genrsa -out rsa.pem 2048 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in rsa.pem -outform DER -out rsa.p8
openssl rsa -in rsa.pem -pubout -out rsa.pub.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem
openssl pkcs8 -topk8 -nocrypt -in ec.pem -outform DER -out ec.p8
openssl pkey -in ec.pem -pubout -out ec.pub.pem
# private_key SPEC ID FILE TYPE MECHANISM
private_key() {
	ok "an import pair for $1" pair "$1" "$2" RSA_AES_KEY_WRAP_SHA_256
	ok "openssl wraps the key for it" rsa_aes "$3.p8" wrapped
	case $(opensc-tool --info) in
	'OpenSC 0.2'[0-5]*)
		skip "--unwrap of $4" "OpenSC before 0.26 unwraps no private key"
		;;
	*)
		ok "--unwrap of $4" unwrap "$2" "$4" --mechanism 0x1054 \
		    --usage-sign
		configure
		ok "it signs, and openssl verifies" signature_of "$5" "$2" \
		    "$3.pub.pem"
		;;
	esac
}
private_key RSA_2048 d2 rsa RSA:2048 SHA256-RSA-PKCS
private_key ECC_NIST_P256 d3 ec EC:prime256v1 ECDSA-SHA256

# The commands of keyferry(7), as they are printed there.
configure
page=${manual%/*}/keyferry.7
sed -n '/^.Sh BRINGING/,/^.Sh LETTING/{/^pkcs11-tool/,/[^e]$/p;}' "$page" |
    sed -e 's/^pkcs11-tool --module $module/p11/' -e 's/\\e$/\\/' >manual.sh
ok "keyferry(7) has the commands" [ "$(grep -c '^p11' manual.sh)" = 4 ]
sed '/^p11 --unwrap/,$d' manual.sh >before.sh
sed -n '/^p11 --unwrap/,$p' manual.sh >after.sh
printed() { (set -e; . "./$1.sh"); }
openssl rand -out key.bin 32
ok "they bring in a key, and make an import pair" printed before
mv wrapping.der wrap.der
openssl rand -out other.bin 32
ok "openssl wraps in place of the HSM" oaep other.bin wrapped.bin
ok "they unwrap the key" printed after
for label in invoices payments; do
	ok "$label is there" says $label p11 --list-objects --type secrkey
done

# p11tool imports private keys and secret keys.
if command -v p11tool >/dev/null; then
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	    -out ec.pem 2>/dev/null
	openssl pkey -in ec.pem -pubout -out pub.pem
	ok "p11tool --write --load-privkey" host p11tool --provider "$module" \
	    --batch --write --load-privkey ec.pem --label gnutls --id e1 \
	    --mark-sign 'pkcs11:token=test'
	openssl dgst -sha256 -binary -out digest text
	ok "it signs" p11 --sign -m ECDSA --id e1 -i digest -o sig \
	    --signature-format openssl
	ok "openssl verifies" openssl pkeyutl -verify -pubin -inkey pub.pem \
	    -in digest -sigfile sig
	ok "p11tool --write --secret-key" host p11tool --provider "$module" \
	    --batch --write --secret-key \
	    "$(openssl rand -hex 32)" --label "gnutls secret" --id e2 \
	    'pkcs11:token=test'
	# p11tool 3.8.9 gives a secret key an id of its own
	ok "it is there" says "gnutls secret" p11 --list-objects --type secrkey
fi
tap_done
