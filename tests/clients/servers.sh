# Servers and a tunnel whose keys are imported keys in KMS: each answers to a client
# that knows nothing of the module. A program that is not here is skipped by name.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
has_engine || skip_all "no engine pkcs11 here"
PATH=$PATH:/usr/sbin:/sbin
mkdir certificates
configure "certificates = $dir/certificates"
{
	engine_settings
	printf '%s\n' '[req]' 'distinguished_name = name' '[name]'
} >openssl.cnf
key() { echo "pkcs11:token=test;object=$1;type=private"; }
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	ok "a certificate for $name" env OPENSSL_CONF="$dir/openssl.cnf" openssl req \
	    -engine pkcs11 -keyform engine -new -x509 -sha256 -days 30 \
	    -key "$(key $name)" -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost \
	    -addext basicConstraints=critical,CA:TRUE -out certificates/$name.pem
	cp certificates/$name.pem $name.pem
done

# answers NAME PORT CERTIFICATE: TLS connections, 20 one after the other and 20 at once.
answers() {
	ok "$1: a handshake" says "Verify return code: 0 (ok)" \
	    connects "$2" "$3"
	sh_n=0
	while [ $sh_n -lt 20 ]; do
		connects "$2" "$3" >"hand-$sh_n" 2>&1 &
		eval "pid_$sh_n=\$!"
		sh_n=$((sh_n + 1))
	done
	sh_good=0 sh_n=0
	while [ $sh_n -lt 20 ]; do
		eval "wait \$pid_$sh_n"
		! grep -q 'Verify return code: 0 (ok)' "hand-$sh_n" ||
		    sh_good=$((sh_good + 1))
		sh_n=$((sh_n + 1))
	done
	is "$1: 20 handshakes at once" $sh_good 20
}
connects() {
	openssl s_client -connect "127.0.0.1:$1" -CAfile "$2" -servername localhost \
	    -verify_return_error </dev/null
}
# listens PORT: waits until something does.
listens() {
	tries=0
	until openssl s_client -connect "127.0.0.1:$1" </dev/null 2>&1 |
	    grep -q '^CONNECTED'; do
		tries=$((tries + 1))
		[ $tries -le 100 ] || return 1
		sleep 0.1
	done
}

if has stunnel4 stunnel; then
	port=$(free_port)
	cat >stunnel.conf <<END
foreground = yes
pid =
engine = dynamic
engineCtrl = SO_PATH:$engines/pkcs11.so
engineCtrl = ID:pkcs11
engineCtrl = LIST_ADD:1
engineCtrl = LOAD
engineCtrl = MODULE_PATH:$module
engineCtrl = INIT
[tls]
accept = 127.0.0.1:$port
exec = /bin/cat
engineId = pkcs11
cert = $dir/ec.pem
key = $(key ec)
END
	start "stunnel starts" "Configuration successful" host stunnel4 stunnel.conf
	listens "$port"
	answers stunnel "$port" ec.pem
	stop
fi
if has mosquitto mosquitto; then
	port=$(free_port)
	printf '%s\n' "user $(id -un)" "listener $port 127.0.0.1" "certfile $dir/ec.pem" \
	    'tls_engine pkcs11' 'tls_keyform engine' "keyfile $(key ec)" \
	    'allow_anonymous true' >mosquitto.conf
	OPENSSL_CONF=$dir/openssl.cnf
	export OPENSSL_CONF
	start "mosquitto starts" "running" host mosquitto -c mosquitto.conf -v
	unset OPENSSL_CONF
	listens "$port"
	answers mosquitto "$port" ec.pem
	stop
fi
if has openvpn OpenVPN; then
	port=$(free_port)
	host openvpn --show-pkcs11-ids "$module" >ids 2>&1
	id=$(sed -n 's/^ *Serialized id: *//p' ids | grep '02$' | head -n 1)
	ok "openvpn --show-pkcs11-ids" [ -n "$id" ]
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=peer -days 30 -keyout peer.key -out peer.pem 2>/dev/null
	common="--dev null --ifconfig-noexec --proto tcp4 --cipher AES-256-GCM --verb 3"
	# shellcheck disable=SC2086 # words
	start "OpenVPN starts" "Listening for incoming TCP" host openvpn $common \
	    --proto tcp4-server --local 127.0.0.1 --lport "$port" --tls-server --dh none \
	    --ca peer.pem --pkcs11-providers "$module" --pkcs11-id "$id"
	# shellcheck disable=SC2086
	timeout 60 openvpn $common --proto tcp4-client --remote 127.0.0.1 "$port" --nobind \
	    --tls-client --ca ec.pem --cert peer.pem --key peer.key \
	    --connect-retry-max 1 >peer.log 2>&1 </dev/null &
	peer=$!
	tries=0
	until grep -q "Initialization Sequence Completed" peer.log || [ $tries -gt 300 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	ok "a client connects" grep -q "Initialization Sequence Completed" peer.log
	kill $peer 2>/dev/null
	wait $peer
	stop
fi
if has ldns-signzone ldns-signzone; then
	printf '%s\n' '$TTL 60' '@ IN SOA ns.example. admin.example. 1 60 60 600 60' \
	    '@ IN NS ns' 'ns IN A 192.0.2.1' >zone
	ok "ldns-signzone" env OPENSSL_CONF="$dir/openssl.cnf" ldns-signzone -E pkcs11 \
	    -K "13,$(key ec);pin-value=1234" -o example. -f signed zone
	ok "ldns-verify-zone takes it" says "Zone is verified" ldns-verify-zone signed
fi
tap_done
