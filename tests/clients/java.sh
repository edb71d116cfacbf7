# Java's SunPKCS11: its key store shows keys that have a certificate, keytool brings
# others into it, and jarsigner signs with them.
clients=$(cd "$srcdir" && pwd)/tests/clients
recipes=$(cd "$srcdir" && pwd)/docs/recipes
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
keytool -genkeypair -keyalg RSA -keysize 2048 -alias soft -dname CN=soft \
    -keystore soft.p12 -storetype PKCS12 -storepass secret >/dev/null 2>&1
keytool -genkeypair -keyalg EC -groupname secp256r1 -alias other \
    -dname CN=other -keystore soft.p12 -storetype PKCS12 -storepass secret \
    >/dev/null 2>&1
into_token() {
	keytool -importkeystore -srckeystore soft.p12 -srcstorepass secret \
	    -providerclass sun.security.pkcs11.SunPKCS11 \
	    -providerarg "$dir/java.cfg" -destkeystore NONE \
	    -deststoretype PKCS11 -deststorepass any -noprompt
}
# request ALIAS: what it says of its key is what the software key store has.
request() {
	with_token keytool -certreq -alias "$1" -file request.pem &&
	    keytool -exportcert -rfc -alias "$1" -keystore soft.p12 \
		-storepass secret >soft.pem 2>/dev/null &&
	    openssl req -in request.pem -noout -verify &&
	    is_same "$(openssl req -in request.pem -noout -pubkey)" \
		"$(openssl x509 -in soft.pem -noout -pubkey)"
}
is_same() { [ -n "$1" ] && [ "$1" = "$2" ]; }
for time in first second; do
	ok "keytool -importkeystore, the $time time" says \
	    "2 entries successfully imported" into_token
	for name in soft other; do
		ok "the token's key $name" request $name
	done
done
is "the certificates are there once" \
    "$(find certificates -name 'keyferry-*' | wc -l)" 2
for kind in "EC -groupname secp256r1" "RSA -keysize 2048"; do
	name=made-$(echo "${kind% -*}" | tr ERSAC ersac)
	ok "keytool -genkeypair, $name" with_token keytool -genkeypair \
	    -keyalg $kind -alias "$name" -dname CN=made
	ok "its request" with_token keytool -certreq -alias "$name" \
	    -file request.pem
	ok "it verifies" openssl req -in request.pem -noout -verify
	ok "keytool -delete" with_token keytool -delete -alias "$name"
	ok "it is gone" silent_about "$name" with_token keytool -list
done
if java --list-modules 2>/dev/null | grep -q jdk.compiler; then
	head -c 32 /dev/urandom >aes.bin
	ok "an AES key is imported" p11 --write-object aes.bin --type secrkey \
	    --key-type AES:32 --label aes --id 05
	head -c 32 /dev/zero >hmac.bin
	ok "an HMAC key is imported" p11 --write-object hmac.bin \
	    --type secrkey --label hmac --id 06 --usage-sign
	ok "a key for agreements is imported" make_key dh 07 derive \
	    -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1
	openssl req -new -x509 -key dh.key -subj /CN=dh -days 9 \
	    -out certificates/dh.pem
	{ cat java.cfg && sed -n 's/^    \(attributes(.*\)/\1/p' \
	    "$recipes/java.md"; } >program.cfg
	KEYFERRY_LOG=info:$dir/log java "$clients/Token.java" program.cfg \
	    >program.out 2>&1
	while read -r line; do
		ok "a program: $line" says "$line" cat program.out
	done <<-END
		does not fit: ShortBufferException
		afterwards: [20 bytes]
		fits: true
		back: text
		P-521: 100 of 100
		the same secret: true
		the same MAC: true
	END
	ok "the log has the result that is lost" \
	    grep -q "C_EncryptInit: .* did not fit" log
else
	skip "a program" "no Java compiler here"
fi
tap_done
