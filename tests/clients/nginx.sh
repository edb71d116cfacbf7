# nginx with the engine and with the provider: the master process loads the keys,
# two workers forked from it sign in TLS handshakes; then a reload and a shutdown.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool curl
nginx=$(command -v nginx || echo /usr/sbin/nginx)
[ -x "$nginx" ] || skip_all "no nginx here"
[ -z "$preload" ] || skip_all "sanitizers are not for its workers"
has_engine || has_provider ||
    skip_all "neither engine nor provider pkcs11 here"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=localhost -days 9 \
	    -addext subjectAltName=DNS:localhost -out $name.pem
done
key() { echo "pkcs11:token=test;object=$1;type=private"; }

# server_block KEY PORT SOURCE
server_block() {
	echo "server { listen 127.0.0.1:$2 ssl; server_name localhost;
	    ssl_certificate $dir/$1.pem; ssl_certificate_key \"$3\";
	    location / { return 200 \"worker \$pid\\n\"; } }"
}
# settings RSA-SOURCE EC-SOURCE. nginx keeps only the environment variables that
# are named.
settings() {
	cat <<-EOF
		daemon off; worker_processes 2; error_log stderr notice;
		pid $dir/nginx.pid;
		$([ "$(id -u)" -ne 0 ] || echo "user root;")
		env KEYFERRY_CONFIG; env AWS_REGION; env AWS_ACCESS_KEY_ID;
		env AWS_SECRET_ACCESS_KEY; env AWS_ENDPOINT_URL_KMS;
		events { worker_connections 64; }
		http {
		    access_log off; ssl_session_tickets off;
		    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2;
		    fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4;
		    scgi_temp_path $dir/t5;
		    $(server_block rsa "$rsa_port" "$1")
		    $(server_block ec "$ec_port" "$2")
		}
	EOF
}
# handshakes COUNT: that many full handshakes with each key, in either worker.
handshakes() {
	count=0
	while [ $count -lt "$1" ]; do
		count=$((count + 1))
		for name in rsa ec; do
			eval "number=\$${name}_port"
			curl -sS --fail --noproxy '*' --max-time 30 \
			    --cacert $name.pem "https://localhost:$number/" ||
			    return 1
		done
	done >answers
}
drive() {
	OPENSSL_CONF=$dir/openssl.cnf
	export OPENSSL_CONF
	start "$1: two workers start" "start worker process " "$nginx" \
	    -c "$dir/nginx.conf"
	unset OPENSSL_CONF
	ok "20 handshakes" handshakes 10
	ok "a reload" kill -HUP "$server"
	ok "20 handshakes" handshakes 10
	kill -QUIT "$server"
	ends_well "nginx exits with status 0"
	ok "it logged no error" tap_not grep -E '\[(alert|crit|emerg)\]|SSL_' served
}

rsa_port=$(free_port) ec_port=$(free_port)
if has_engine; then
	engine_settings >openssl.cnf
	settings "engine:pkcs11:$(key rsa)" "engine:pkcs11:$(key ec)" >nginx.conf
	drive "engine"
else
	skip "engine" "none here"
fi
if has_provider; then
	provider_settings >openssl.cnf
	uri_file "$(key rsa)" >rsa.uri
	uri_file "$(key ec)" >ec.uri
	settings "$dir/rsa.uri" "$dir/ec.uri" >nginx.conf
	drive "provider"
else
	skip "provider" "none here"
fi
tap_done
