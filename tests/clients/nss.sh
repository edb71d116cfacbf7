# NSS: the module in a database; its keys sign requests, messages and in TLS, and
# pk12util brings others to them.
. "$srcdir/tests/clients/testenv.sh"
needs modutil certutil cmsutil pk12util selfserv tstclnt pkcs11-tool openssl
mkdir certificates db
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=$name -days 9 \
	    -addext subjectAltName=DNS:localhost -out certificates/$name.pem
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

# TLS by NSS: a server, and a client with a certificate.
for name in rsa ec; do
	port=$(free_port)
	start "selfserv, $name" "About to call accept" env \
	    ${preload:+LD_PRELOAD="$preload"} ASAN_OPTIONS=detect_leaks=0 selfserv -d sql:db \
	    -n test:$name -p "$port" -V tls1.2:tls1.3 -v
	for version in tls1_3 tls1_2; do
		ok "a handshake, $version" says "Verify return code: 0 (ok)" \
		    openssl s_client -connect "127.0.0.1:$port" -$version \
		    -CAfile certificates/$name.pem -servername localhost \
		    -verify_return_error </dev/null
	done
	stop
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -subj /CN=server -days 9 \
    -addext subjectAltName=DNS:localhost -out server.pem 2>/dev/null
cat certificates/*.pem >clients.pem
host certutil -A -d sql:db -n server -t CT,C,C -i server.pem
start "a server that asks for a certificate" "^ACCEPT" openssl s_server -accept 127.0.0.1:0 \
    -cert server.pem -key server.key -www -Verify 1 -verify_return_error \
    -CAfile clients.pem
for name in rsa ec; do
	printf 'GET / HTTP/1.0\r\n\r\n' >request
	ok "tstclnt, $name" says "Subject: CN = $name" eval \
	    "host timeout 30 tstclnt -4 -h 127.0.0.1 -a localhost -p $(port) \
	    -d sql:db -n test:$name <request | sed 's/CN=/CN = /'"
done
stop
echo 1234 >pin
for login in none required; do
	configure "certificates = $dir/certificates" "login = $login"
	[ $login = none ] && use= pin_use= || use="-k pin" pin_use="-f pin"
	for kind in "RSA -pkeyopt rsa_keygen_bits:2048" \
	    "EC -pkeyopt ec_paramgen_curve:P-256"; do
		name=$login-$(echo "${kind%% *}" | tr ERSAC ersac)
		openssl genpkey -algorithm $kind -out $name.key 2>/dev/null
		openssl req -new -x509 -key $name.key -subj /CN=$name -days 9 \
		    -out $name.pem
		openssl pkcs12 -export -inkey $name.key -in $name.pem \
		    -name $name -out $name.p12 -passout pass:secret
		ok "pk12util -i, $name" host pk12util -i $name.p12 -d sql:db \
		    -h test -W secret $use
		ok "certutil -L" says "test:$name" host certutil -L -d sql:db \
		    -h test $pin_use
		ok "trust in its certificate" host certutil -M -d sql:db \
		    -n test:$name -t CT,C,C $pin_use
		echo text >text
		ok "cmsutil -S" host cmsutil -S -d sql:db -N test:$name \
		    -i text -o text.cms $pin_use
		ok "openssl verifies it" openssl cms -verify -inform DER \
		    -in text.cms -CAfile $name.pem -purpose any -out back
	done
done
configure "certificates = $dir/certificates" "generate = yes"
head -c 100 /dev/urandom >noise
ok "certutil -S has KMS make a key" host certutil -S -d sql:db -h test -n made \
    -s CN=made -x -t C,C,C -k ec -q nistp256 -z noise
ok "cmsutil -S with it" host cmsutil -S -d sql:db -N test:made -i text -o text.cms
ok "certutil -L -r" host certutil -L -d sql:db -h test -n test:made -a -o made.pem
ok "openssl verifies it" openssl cms -verify -inform DER -in text.cms \
    -CAfile made.pem -purpose any -out back
tap_done
