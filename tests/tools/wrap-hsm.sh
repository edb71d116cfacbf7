# keyferry wrap --from: SoftHSM wraps its keys, openssl unwraps them.
. "$srcdir/tests/tools/manual.sh"
. "$srcdir/tests/tools/softhsm.sh"
needs sha256sum
wrap() { "$keyferry" wrap --wrapping-key wrap.pem --out wrapped "$@" </dev/null; }
oaep() { # IN: prints what OAEP hides
	openssl pkeyutl -decrypt -inkey wrap.key -pkeyopt rsa_padding_mode:oaep \
	    -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1 -in "$1"
}
is_oaep() { oaep wrapped >got && cmp got "$1"; }
holds_ec_key() { # PUBLIC
	head -c 256 wrapped >front && tail -c +257 wrapped >back
	kek=$(oaep front | od -An -tx1 -v | tr -d ' \n')
	openssl enc -d -id-aes256-wrap-pad -iv A65959A6 -K "$kek" -in back -out got &&
	    openssl pkey -inform DER -in got -pubout -outform DER -out public &&
	    cmp public "$1"
}
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out wrap.key 2>/dev/null
openssl pkey -in wrap.key -pubout -out wrap.pem
openssl pkey -in wrap.key -pubout -outform DER -out wrapping.der
fingerprint=$(sha256sum <wrapping.der | cut -d' ' -f1) && export fingerprint
hsm_aes payroll 0a
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1 -outform DER \
    -out signer.der
openssl pkey -inform DER -in signer.der -pubout -outform DER -out signer.pub
hsm --write-object signer.der --type privkey --label signer --id 0b --extractable \
    --usage-sign >/dev/null 2>&1
of() { echo "pkcs11:token=source;$1?module-path=$softhsm"; }

ends "an AES key" 0 wrap --from "$(of object=payroll)" --algorithm RSAES_OAEP_SHA_1
said "what was done" "a secret key, wrapped by RSAES_OAEP_SHA_1 for the wrapping key $fingerprint"
ok "is what OAEP hides" is_oaep 0a.key
ends "an EC key" 0 wrap --from "$(of object=signer)" --json \
    --algorithm RSA_AES_KEY_WRAP_SHA_1
said "JSON" '"key":"private","algorithm":"RSA_AES_KEY_WRAP_SHA_1"'
ok "by two steps, or by CKM_RSA_AES_KEY_WRAP" holds_ec_key signer.pub
ends "no such key" 2 wrap --from "$(of object=none)"
said "the message" "token source: there is no such key"
ends "several" 2 wrap --from "$(of '')"
said "the message" "the URI selects several keys"
ends "a file and a token" 2 wrap --from "$(of object=payroll)" --key 0a.key
PKCS11_PIN=0000 ends "a wrong PIN" 2 wrap --from "$(of object=payroll)"
said "the message" "C_Login: CKR_PIN_INCORRECT"
echo untouched >wrapped
ends "another wrapping key" 2 wrap --from "$(of object=payroll)" --expect 00
is "nothing is written" "$(cat wrapped)" untouched
ends "an EC key is too long for OAEP" 2 wrap --from "$(of object=signer)" \
    --algorithm RSAES_OAEP_SHA_256
said "the message names the function" "C_WrapKey: CKR_"

rm wrapped
ok "the example of the manual" as_printed keyferry-wrap.1 4
mv payroll.wrapped wrapped
ok "wraps the key" is_oaep 0a.key
tap_done
