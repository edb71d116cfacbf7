# Web servers as Debian starts them: root loads the key, workers of another user sign,
# and write the module's log into a file of theirs. 1,000 handshakes with each, and a
# reload in their midst. nginx and Apache have the engine, Apache, lighttpd and HAProxy
# the provider.
needs_root=1
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool curl
[ -z "$preload" ] || skip_all "sanitizers are not for the workers"
has_engine || has_provider || skip_all "neither engine nor provider pkcs11 here"
key="pkcs11:token=test;object=ec;type=private"
ok "an EC key is imported" make_ec
openssl req -new -x509 -key ec.key -subj /CN=localhost -days 9 \
    -addext subjectAltName=DNS:localhost -out ec.pem
rm ec.key
# The workers read the configuration, and write no file but the log.
worker=www-data
others_log
uri_file "$key" >ec.uri
mkdir www && echo hello >www/index.html

# drive NAME PORT: against the server that was started.
drive() {
	ok "$1: 500 handshakes" handshakes 500 "$2"
	ok "$1: a reload" kill -"$3" "$server"
	ok "$1: 500 handshakes, 8 at once" handshakes 500 "$2" --parallel --parallel-max 8
	# Until the new workers are there, the old ones answer.
	ok "$1: the new workers answer" handshakes 20 "$2"
	is "$1: its workers' user" "$(ps -o user= --ppid "$server" | sort -u | tr -d ' ')" \
	    $worker
	ok "$1: a worker wrote the log" logged_by $(ps -o pid= --ppid "$server")
	ok "$1: no failure in it" tap_not grep ' error: ' module.log
}
logged_by() {
	for pid in "$@"; do
		! grep -qF "keyferry[$pid]" module.log || return 0
	done
	return 1
}
# handshakes COUNT PORT [ARGUMENT...]: full ones, since the server keeps neither
# connections nor sessions.
handshakes() {
	hand_count=$1 hand_port=$2; shift 2
	curl -sS --fail --noproxy '*' --cacert ec.pem "$@" \
	    "https://localhost:$hand_port/?[1-$hand_count]" >answers || return 1
	tap_same "$(grep -c hello answers)" "$hand_count"
}
# new_log: an empty one that the workers can write.
new_log() { rm -f module.log; install -m 600 -o $worker /dev/null module.log; }

# has_with HAS PROGRAM NAME: whether both are here; if not, a skip.
has_with() {
	$1 && { has "$2" "$3"; return; }
	skip "$3" "not here: ${1#has_}"
	return 1
}
# starts TEXT COMMAND...
starts() {
	new_log
	OPENSSL_CONF=$dir/openssl.cnf
	export OPENSSL_CONF
	start "$name starts" "$@"
	unset OPENSSL_CONF
}
printed() { recipe servers "$1" -e "s,/etc/$2/,$dir/," -e "s/token=quickstart/token=test/"; }
port=$(free_port)
name=nginx
if has_with has_engine nginx $name; then
	engine_settings >openssl.cnf
	cat >nginx.conf <<-EOF
		daemon off; worker_processes 2; error_log stderr notice;
		pid $dir/nginx.pid; user $worker;
		env KEYFERRY_CONFIG; env AWS_REGION; env AWS_ACCESS_KEY_ID;
		env AWS_SECRET_ACCESS_KEY; env AWS_ENDPOINT_URL_KMS;
		events { worker_connections 64; }
		http {
		    access_log off; ssl_session_tickets off; keepalive_timeout 0;
		    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2;
		    fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4;
		    scgi_temp_path $dir/t5;
		    server { listen 127.0.0.1:$port ssl; server_name localhost;
			ssl_certificate $dir/ec.pem;
			ssl_certificate_key "engine:pkcs11:$key";
			location / { return 200 "hello\n"; } }
		}
	EOF
	starts "start worker process " nginx -c "$dir/nginx.conf"
	drive nginx "$port" HUP
	kill -QUIT "$server"
	ends_well "nginx exits with status 0"
	ok "nginx logged no error" tap_not grep -E '\[(alert|crit|emerg)\]|SSL_' served
fi
mod_ssl=$(find /usr/lib/apache2 -name mod_ssl.so 2>/dev/null)
# load NAME...: lines for those of its modules that are not built in.
load() {
	for name in "$@"; do
		file=${mod_ssl%/*}/mod_$name.so
		[ ! -f "$file" ] || echo "LoadModule ${name}_module $file"
	done
}
# apache TEXT-OF-SETTINGS
apache() {
	cat >apache.conf <<-EOF
		ServerRoot $dir
		ServerName localhost
		PidFile $dir/apache.pid
		ErrorLog /dev/stderr
		Listen 127.0.0.1:$port
		$(load mpm_event authz_core unixd ssl dir)
		User $worker
		Group $worker
		KeepAlive off
		SSLEngine on
		SSLSessionTickets off
		SSLSessionCache none
		$1
		DocumentRoot $dir/www
		DirectoryIndex index.html
	EOF
	starts "resuming normal operations" apache2 -DFOREGROUND -f "$dir/apache.conf"
	drive "$name" "$port" USR1
	stop
	is "$name exits with status 0" $stopped 0
	ok "$name logged no error" tap_not grep -E ':(alert|crit|emerg|error)\]' served
}
name="Apache with the engine"
if has_with has_engine apache2 "$name"; then
	engine_settings >openssl.cnf
	apache "$(printed 'Apache' apache2)"
fi
provider_settings >openssl.cnf
name="Apache with the provider"
if has_with has_provider apache2 "$name"; then
	apache "$(printed 'Apache with pkcs11-provider' apache2)"
fi
# stunnel has threads, and goes on as another user itself.
# What it connects to is a server without TLS.
inner_port=$(free_port)
python3 -m http.server --bind 127.0.0.1 -d www "$inner_port" >/dev/null 2>&1 &
inner=$!
curl -s --noproxy "*" --retry 20 --retry-connrefused --retry-delay 1 -o inner \
    "http://127.0.0.1:$inner_port/"
# stunnel SETTINGS
stunnel() {
	{
		cat <<-EOF
			foreground = yes
			pid =
			setuid = $worker
			sessionCacheSize = 1
			options = NO_TICKET
		EOF
		echo "$1" | sed '/^\[/,$d'
		echo "[tls]"
		echo "$1" | sed '0,/^\[/d'
		printf '%s\n' "accept = 127.0.0.1:$port" "connect = 127.0.0.1:$inner_port"
	} >stunnel.conf
	starts "Configuration successful" stunnel4 stunnel.conf
	ok "$name: 500 handshakes" handshakes 500 "$port"
	ok "$name: a reload" kill -HUP "$server"
	ok "$name: 500 handshakes, 8 at once" handshakes 500 "$port" --parallel \
	    --parallel-max 8
	is "$name: its user" "$(ps -o user= -p "$server")" $worker
	ok "$name: it wrote the log" logged_by "$server"
	ok "$name: no failure in it" tap_not grep ' error: ' module.log
	# (With the engine it takes the certificate's path for a key's id first.)
	grep -v 'invalid id' served >said
	ok "$name logged no error" tap_not grep -i 'error' said
	stop
}
name="stunnel with the engine"
if has_with has_engine stunnel4 "$name"; then
	: >openssl.cnf
	stunnel "$(printed stunnel stunnel | sed "s,/usr/lib/.*/keyferry-pkcs11.so,$module,")"
fi
provider_settings >openssl.cnf
name="stunnel with the provider"
if has_with has_provider stunnel4 "$name"; then
	stunnel "$(printed 'stunnel with pkcs11-provider' stunnel)"
fi
kill $inner
name=lighttpd
if has_with has_provider lighttpd $name; then
	cat >lighttpd.conf <<-EOF
		server.bind = "127.0.0.1"
		server.port = $port
		server.document-root = "$dir/www"
		index-file.names = ( "index.html" )
		server.username = "$worker"
		server.max-worker = 2
		server.max-keep-alive-requests = 0
		$(printed lighttpd lighttpd)
		ssl.engine = "enable"
		ssl.openssl.ssl-conf-cmd += ( "Options" => "-SessionTicket" )
	EOF
	starts "server started" lighttpd -D -f "$dir/lighttpd.conf"
	drive $name "$port" USR1
	stop
fi
name=HAProxy
if has_with has_provider haproxy $name; then
	cp ec.uri ec.pem.key
	cat >haproxy.cfg <<-EOF
		global
		    user $worker
		    tune.ssl.cachesize 0
		defaults
		    mode http
		    timeout client 30s
		    timeout server 30s
		    timeout connect 30s
		    option httpclose
		frontend front
		    $(printed HAProxy haproxy | sed "s/:443/127.0.0.1:$port/") no-tls-tickets
		    http-request return status 200 content-type text/plain string "hello\n"
	EOF
	starts "Loading success" haproxy -W -f "$dir/haproxy.cfg"
	drive $name "$port" USR2
	kill -TERM "$server"
	stop
fi
tap_done
