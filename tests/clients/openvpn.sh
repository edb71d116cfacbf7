# OpenVPN: both ends have keys in KMS, go on as another user, and sign again as that
# user when they renegotiate.
needs_root=1
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool openvpn
[ -z "$preload" ] || skip_all "openvpn loads the module without sanitizers"
mkdir certificates
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=$name -days 9 -out certificates/$name.pem
	rm $name.key
done
others_log
openvpn --show-pkcs11-ids "$module" >ids 2>&1
# settings KEY-ID: what the recipe prints, with the key of that CKA_ID.
settings() {
	serialized=$(sed -n 's/^ *Serialized id: *//p' ids | grep "$1\$")
	recipe logins OpenVPN -e "s,/usr/lib/.*/keyferry-pkcs11.so,$module," \
	    -e "s,^pkcs11-id .*,pkcs11-id '$serialized',"
	printf '%s\n' 'dev null' ifconfig-noexec 'verb 3' 'cipher AES-256-GCM' 'reneg-sec 3' \
	    'user nobody' persist-key
}
port=$(free_port)
{
	settings 02
	printf '%s\n' 'proto tcp4-server' 'local 127.0.0.1' "lport $port" tls-server 'dh none' \
	    "ca $dir/certificates/rsa.pem"
} >server.conf
{
	settings 01
	printf '%s\n' 'proto tcp4-client' "remote 127.0.0.1 $port" nobind tls-client \
	    "ca $dir/certificates/ec.pem" 'connect-retry-max 1'
} >client.conf
start "the server starts" "Listening for incoming TCP" openvpn server.conf
timeout 60 openvpn client.conf >client.log 2>&1 </dev/null &
client=$!
# comes TEXT COUNT: the client says it so often.
comes() {
	tries=0
	until [ "$(grep -c "$1" client.log)" -ge "$2" ]; do
		tries=$((tries + 1))
		[ $tries -le 300 ] || { cat client.log; return 1; }
		sleep 0.1
	done
}
ok "the client connects" comes "Initialization Sequence Completed" 1
before=$(grep -c 'C_Sign: CKR_OK' module.log)
ok "they renegotiate twice" comes "Control Channel: TLS" 3
is "as the user" "$(ps -o user= -p "$server" --ppid $client | sort -u | tr -d ' ')" nobody
ok "both signed again" [ "$(grep -c 'C_Sign: CKR_OK' module.log)" -ge $((before + 4)) ]
ok "no failure in the log" tap_not grep ' error: ' module.log
kill $client
wait $client
stop
tap_done
