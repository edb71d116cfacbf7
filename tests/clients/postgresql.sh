# PostgreSQL: clients whose key is in KMS log in by certificate, through the engine and
# through the provider; the server's own key through the provider.
needs_root=1
. "$srcdir/tests/clients/testenv.sh"
bin=$(find /usr/lib/postgresql -name initdb 2>/dev/null | sort | tail -n 1)
PATH=$PATH:${bin%/*}
needs openssl pkcs11-tool initdb psql setpriv
[ -z "$preload" ] || skip_all "sanitizers are not for its processes"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out file.key
for name in rsa ec file; do
	openssl req -new -x509 -key $name.key -subj /CN=alice -days 9 \
	    -addext subjectAltName=DNS:localhost -out $name.pem
done
rm rsa.key ec.key
cat rsa.pem ec.pem >clients.pem
# The server's processes read the configuration and write the log, no more.
others_log
install -m 600 -o postgres /dev/null module.log

postgres="setpriv --reuid postgres --regid postgres --init-groups"
install -d -o postgres data
$postgres initdb -D data -U postgres >initdb.log 2>&1 || sed 's/^/# /' initdb.log
echo "hostssl all alice 127.0.0.1/32 cert" >data/pg_hba.conf
echo "CREATE ROLE alice LOGIN" >users.sql
single() { $postgres postgres --single -D data postgres <users.sql; }
ok "a role" single
# serve CERTIFICATE KEY-FILE
serve() {
	port=$(free_port)
	install -m 600 -o postgres "$2" data/ec.uri
	{
		recipe servers PostgreSQL -e '/^ssl_/!d' -e "s,/etc/postgresql/,$dir/data/," \
		    -e "s,$dir/data/ec.pem,$dir/$1.pem,"
		cat <<-END
			listen_addresses = '127.0.0.1'
			unix_socket_directories = ''
			port = $port
			ssl = on
			ssl_ca_file = '$dir/clients.pem'
		END
	} >data/postgresql.conf
	start "the server starts with $2" "ready to accept connections" env \
	    OPENSSL_CONF="$dir/openssl.cnf" $postgres postgres -D data
}
# query NAME SERVER SSLKEY
query() {
	psql -XAt "host=localhost hostaddr=127.0.0.1 port=$port user=alice dbname=postgres
	    sslmode=verify-full sslrootcert=$dir/$2.pem sslcert=$dir/$1.pem sslkey=$3" \
	    -c "SELECT 'in as ' || user || ' by ' || version FROM pg_stat_ssl
		WHERE pid = pg_backend_pid()"
}
with_module() { (OPENSSL_CONF=$dir/openssl.cnf && export OPENSSL_CONF && "$@"); }
test_names() { sed -e "s/token=quickstart/token=test/" -e "s/object=ec/object=$1/"; }
: >openssl.cnf
serve file file.key
fails "libpq: another key than the certificate's" query ec file "$dir/file.key"
if has_engine; then
	engine_settings >openssl.cnf
	for name in rsa ec; do
		sslkey=$(recipe servers libpq -e 's/^sslkey=//' | test_names $name)
		ok "libpq with the engine, $name" says "in as alice by TLSv1.3" \
		    with_module query $name file "$sslkey"
	done
else
	skip "libpq with the engine" "none here"
fi
if has_provider; then
	provider_settings >openssl.cnf
	for name in rsa ec; do
		uri_file "pkcs11:token=test;object=$name;type=private?pin-value=1234" >$name.uri
		chmod 600 $name.uri
		ok "libpq with the provider, $name" says "in as alice by TLSv1.3" \
		    with_module query $name file "$dir/$name.uri"
	done
else
	skip "libpq with the provider" "none here"
fi
stop
# at_once: twenty clients, each with a server process of its own.
at_once() {
	pids=
	for one in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		with_module query ec $name "$dir/ec.uri" >/dev/null &
		pids="$pids $!"
	done
	for one in $pids; do
		wait "$one" || return
	done
}
if has_provider; then
	for name in rsa ec; do
		[ $name = rsa ] || recipe servers "Clients with certificates" >>keyferry.conf
		serve $name $name.uri
		ok "a client, $name" says "in as alice by TLSv1.3" with_module \
		    query ec $name "$dir/ec.uri"
		ok "a reload" kill -HUP "$server"
		ok "20 clients at once" at_once
		stop
	done
	ok "the log is written" grep -q 'C_Sign.*: CKR_OK' module.log
	ok "no failure in it" tap_not grep ' error: ' module.log
else
	skip "the server with the provider" "none here"
fi
tap_done
