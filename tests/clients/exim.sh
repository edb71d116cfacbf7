# Exim, with GnuTLS: a daemon whose processes of another user sign with a key in KMS.
needs_root=1
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool exim4
[ -z "$preload" ] || skip_all "sanitizers are not for its processes"
# GnuTLS has the module of p11-kit, which heeds only the system's configuration when
# root runs it. The daemon sees another.
mkdir modules && echo "module: $module" >modules/keyferry.module
as_exim="sh $mount_over modules /usr/share/p11-kit/modules"
$as_exim true || skip_all "no mount namespaces here"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=localhost -days 9 \
	    -addext subjectAltName=DNS:localhost -out $name.pem
	rm $name.key
done
user=Debian-exim
chmod 711 "$dir"
chmod 644 keyferry.conf
install -d -o $user spool
settings() {
	cat <<-EOF
		primary_hostname = localhost
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $port
		pid_file_path =
		spool_directory = $dir/spool
		log_file_path = $dir/spool/log-%s
		$(recipe servers Exim -e "s,/etc/exim4/,$dir/," -e "s/token=quickstart/token=test/" \
		    -e "s/object=ec/object=$1/" -e "s/ec.pem/$1.pem/")
		tls_advertise_hosts = *
		acl_smtp_rcpt = accept
		begin routers
		all:
		  driver = accept
		  transport = file
		begin transports
		file:
		  driver = appendfile
		  file = $dir/spool/mail
		  user = $user
	EOF
}
port=$(free_port)
# client ARGUMENT...: a session behind STARTTLS, of the lines on standard input.
client() {
	openssl s_client -starttls smtp -connect "127.0.0.1:$port" -CAfile "$name.pem" \
	    -servername localhost -verify_return_error -crlf -quiet "$@" 2>&1
}
speaks() { printf 'NOOP\nQUIT\n' | client "$@" | grep -q '^221'; }
at_once() {
	pids=
	for one in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		speaks &
		pids="$pids $!"
	done
	for one in $pids; do
		wait "$one" || return
	done
}
sends() {
	# The server's lines are waited for: what comes before them is refused.
	{
		for line in 'EHLO localhost' 'MAIL FROM:<a@localhost>' \
		    'RCPT TO:<b@localhost>' DATA; do
			echo "$line"
			sleep 0.3
		done
		printf 'Subject: %s\n\nThe key is in KMS.\n.\n' "$name"
		sleep 1
		echo QUIT
	} | client
	tries=0
	until grep -qs "Subject: $name" spool/mail; do
		tries=$((tries + 1))
		[ $tries -le 100 ] || return 1
		sleep 0.1
	done
}
for name in rsa ec; do
	settings $name >exim.conf
	start "$name: Exim starts" "listening for SMTP" $as_exim exim4 \
	    -C "$dir/exim.conf" -bdf -d-all+process_info
	ok "$name: a session behind STARTTLS" speaks
	ok "$name: TLS 1.2" speaks -tls1_2
	ok "$name: 20 at once" at_once
	ok "$name: a message arrives" sends
	stop
done
ok "Exim found no fault" tap_not grep -i "tls error" spool/log-main
tap_done
