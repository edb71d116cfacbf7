# NSS: the module in a database; its keys sign requests and messages.
. "$srcdir/tests/clients/testenv.sh"
needs modutil certutil cmsutil pkcs11-tool openssl
mkdir certificates db
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=$name -days 9 \
	    -out certificates/$name.pem
done
certutil -N -d sql:db --empty-password
ok "modutil -add" host modutil -dbdir sql:db -force -add kms \
    -libfile "$module"
ok "modutil -list" says "token: test" host modutil -dbdir sql:db -list
ok "certutil -L" says "test:rsa" host certutil -L -d sql:db -h test
ok "certutil -K, RSA" says "rsa      01" host certutil -K -d sql:db -h test
ok "certutil -K, EC" says "ec       02" host certutil -K -d sql:db -h test
for key in rsa:01 ec:02; do
	name=${key%:*}
	ok "certutil -R with the key $name" host certutil -R -d sql:db -h test \
	    -k ${key#*:} -s CN=$name -o request.der
	ok "it verifies" openssl req -inform DER -in request.der -noout -verify
	is "with the key that was imported" "$(openssl req -inform DER \
	    -in request.der -noout -pubkey)" "$(cat $name.pub)"
	ok "trust in its certificate" host certutil -M -d sql:db \
	    -n test:$name -t CT,C,C
	echo text >text
	ok "cmsutil -S" host cmsutil -S -d sql:db -N test:$name -i text \
	    -o text.cms
	ok "openssl verifies it" openssl cms -verify -inform DER -in text.cms \
	    -CAfile certificates/$name.pem -purpose any -out back
	ok "it is the same" cmp text back
done
tap_done
