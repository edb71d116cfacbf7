# keyferry wrap: what it wraps, openssl and KMS unwrap.
. "$srcdir/tests/tools/command.sh"
needs pkcs11-tool openssl python3 sha256sum
# run NAME STATUS OPTION...: wraps for wrap.pem into `wrapped`; without AWS.
run() {
	run_name=$1 run_status=$2; shift 2
	rm -f wrapped
	env -u AWS_ACCESS_KEY_ID -u AWS_ENDPOINT_URL_KMS -u KEYFERRY_CONFIG \
	    "$built/keyferry" wrap --wrapping-key wrap.pem --out wrapped "$@" \
	    >out 2>err </dev/null
	run_got=$?
	[ $run_got -eq "$run_status" ] || sed 's/^/# /' out err
	is "$run_name" "$run_got" "$run_status"
}
shows() { ok "$1" in_file "${3-err}" "$2"; }
oaep() { # HASH IN: prints what OAEP hides
	openssl pkeyutl -decrypt -inkey wrap.key -pkeyopt rsa_padding_mode:oaep \
	    -pkeyopt "rsa_oaep_md:$1" -pkeyopt "rsa_mgf1_md:$1" -in "$2"
}
unwraps() { # HASH IN FILE: RSA_AES_KEY_WRAP of the file
	head -c 256 "$2" >front && tail -c +257 "$2" >back
	kek=$(oaep "$1" front | od -An -tx1 -v | tr -d ' \n')
	openssl enc -d -id-aes256-wrap-pad -iv A65959A6 -K "$kek" -in back -out got &&
	    cmp got "$3"
}
is_oaep() { oaep "$1" wrapped >got && cmp got "$2"; }

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out wrap.key 2>/dev/null
openssl pkey -in wrap.key -pubout -out wrap.pem
openssl pkey -in wrap.key -pubout -outform DER -out wrap.der
print=$(sha256sum <wrap.der | cut -d' ' -f1)
openssl rand -out aes.key 32
od -An -tx1 -v aes.key >aes.hex

run "a secret key" 0 --key aes.key --expect "$print" --json
ok "is what OAEP hides" is_oaep sha256 aes.key
shows "and JSON" "\"algorithm\":\"RSAES_OAEP_SHA_256\",\"wrapping_key\":\"$print\"" out
run "hexadecimal digits" 0 --key aes.hex
ok "are bytes" is_oaep sha256 aes.key
shows "the fingerprint is shown" "for the wrapping key $print" out
run "the same as bytes" 0 --key aes.hex --format raw
ok "are text" is_oaep sha256 aes.hex
run "SHA-1" 0 --key aes.key --algorithm RSAES_OAEP_SHA_1 --quiet
ok "is OAEP with SHA-1" is_oaep sha1 aes.key
is "--quiet" "$(cat out err)" ""
run "a secret key by two steps" 0 --key aes.key --algorithm RSA_AES_KEY_WRAP_SHA_256
ok "is unwrapped" unwraps sha256 wrapped aes.key

openssl base64 -in aes.key -out aes.base64
run "Base64" 0 --key aes.base64 --format base64
ok "is bytes" is_oaep sha256 aes.key
echo a=b >text
run "no Base64" 2 --key text --format base64
shows "is said" "it is not Base64"
run "Base64 unsaid" 2 --key aes.base64
shows "what to do" "or --format base64"

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ec.pem
openssl pkcs8 -topk8 -nocrypt -in ec.pem -outform DER -out ec.p8
openssl ec -in ec.pem -outform DER -out ec.sec1 2>/dev/null
openssl rsa -in wrap.key -traditional -out rsa.pkcs1 2>/dev/null
openssl pkcs8 -topk8 -nocrypt -in wrap.key -outform DER -out rsa.p8
echo secret >passphrase
openssl pkcs8 -topk8 -in ec.pem -passout file:passphrase -out ec.encrypted
openssl pkcs8 -topk8 -in ec.pem -passout file:passphrase -outform DER -out ec.encrypted.der
for file in ec.pem ec.p8 ec.sec1; do
	run "$file" 0 --key $file
	ok "$file: PKCS#8" unwraps sha256 wrapped ec.p8
done
run "PKCS#1" 0 --key rsa.pkcs1
ok "PKCS#1: PKCS#8" unwraps sha256 wrapped rsa.p8
for file in ec.encrypted ec.encrypted.der; do
	run "$file" 0 --key $file --passphrase-file passphrase
	ok "$file: PKCS#8" unwraps sha256 wrapped ec.p8
done
openssl req -x509 -key ec.pem -subj /CN=ec -out ec.crt 2>/dev/null
openssl pkcs12 -export -inkey ec.pem -in ec.crt -passout file:passphrase -out ec.p12
run "PKCS#12" 0 --key ec.p12 --passphrase-file passphrase
ok "PKCS#12: PKCS#8" unwraps sha256 wrapped ec.p8
run "PKCS#12, another passphrase" 2 --key ec.p12 --passphrase-file aes.hex
shows "is said" "this is not its passphrase"
openssl pkcs12 -export -nokeys -in ec.crt -passout file:passphrase -out crt.p12
run "PKCS#12 without a key" 2 --key crt.p12 --passphrase-file passphrase
run "another passphrase" 2 --key ec.encrypted --passphrase-file aes.hex
shows "is said" "this is not its passphrase"
run "no terminal to ask at" 2 --key ec.encrypted
shows "is said" "no passphrase was given: use --passphrase-file"
rm wrapped 2>/dev/null
ok "a passphrase at the terminal" says "a private key" python3 "$terminal" \
    "Passphrase of ec.encrypted: =secret" -- "$built/keyferry" wrap \
    --key ec.encrypted --wrapping-key wrap.der --out wrapped
ok "opens it" unwraps sha256 wrapped ec.p8

echo untouched >kept
fails "another wrapping key" "$built/keyferry" wrap --key aes.key --wrapping-key wrap.pem \
    --expect "$(echo x | sha256sum | cut -d' ' -f1)" --out kept
is "nothing is written" "$(cat kept)" untouched
run "half a fingerprint" 2 --key aes.key --expect "${print%????????}"
shows "is said" "which is not the one that is expected"
run "a private key by OAEP" 2 --key rsa.p8 --algorithm RSAES_OAEP_SHA_256
shows "is too long" "too long for this algorithm"
head -c 100 ec.p8 >cut
printf '\060\036' >like-der && head -c 30 aes.key >>like-der
: >empty
run "no key" 2 --key like-der
shows "what to do" "give --format raw"
run "bytes that look like DER" 0 --key like-der --format raw
echo "correct horse" >text
run "text" 2 --key text
shows "what to do" "it is text: give --format raw"
run "an empty file" 2 --key empty
run "no file" 2 --key none
shows "is said" "none: No such file"
run "no RSA key to wrap with" 2 --key aes.key --wrapping-key ec.pem
shows "is said" "it is no RSA public key"
run "no directory" 2 --key aes.key --out none/wrapped
is "no file is left" "$(echo wrapped* none*)" "wrapped* none*"

# The examples of the manual: a ceremony.
cp aes.key payroll.key
export module
ok "a pair, and its fingerprint" as_printed keyferry-wrap.1 1
fingerprint=$(sha256sum <wrapping.der | cut -d' ' -f1) && export fingerprint
ok "the key is wrapped" as_printed keyferry-wrap.1 2
ok "and unwrapped in KMS" as_printed keyferry-wrap.1 3
ok "it is that key" p11 --write-object payroll.key --type secrkey --key-type AES:32 \
    --label payroll --id 0a01
tap_done
