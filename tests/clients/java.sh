# Java's SunPKCS11: its key store shows keys that have a certificate, and jarsigner
# signs with them.
. "$srcdir/tests/clients/testenv.sh"
needs keytool pkcs11-tool openssl
[ -z "$preload" ] || skip_all "the sanitizers and Java both want SIGSEGV"
mkdir certificates
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=$name -days 9 \
	    -out certificates/$name.pem
done
printf '%s\n' "name = kms" "library = $module" "slotListIndex = 0" >java.cfg
with_token() {
	program=$1; shift
	"$program" -providerclass sun.security.pkcs11.SunPKCS11 \
	    -providerarg "$dir/java.cfg" -keystore NONE -storetype PKCS11 \
	    -storepass any "$@"
}
ok "keytool -list shows the RSA key" says "rsa, PrivateKeyEntry" \
    with_token keytool -list
ok "and the EC key" says "ec, PrivateKeyEntry" with_token keytool -list
for name in rsa ec; do
	ok "keytool -certreq, $name" with_token keytool -certreq -alias $name \
	    -file request.pem
	ok "it verifies" openssl req -in request.pem -noout -verify
	is "with the key that was imported" "$(openssl req -in request.pem \
	    -noout -pubkey)" "$(cat $name.pub)"
done
if command -v jarsigner >/dev/null && command -v jar >/dev/null; then
	echo text >text
	for name in rsa ec; do
		jar cf $name.jar text
		ok "jarsigner, $name" with_token jarsigner $name.jar $name
		ok "jarsigner -verify" says "jar verified" jarsigner -verify \
		    $name.jar
	done
else
	skip "jarsigner" "not here"
fi
tap_done
