# hosts.sh FOR: programs that hold keys for months, for that long (10m, 90s), while
# causes come and go: KMS is away or hangs, other credentials are needed, the key is
# disabled, expires, loses its material, is rotated and renamed, connections go silent.
# Each failure must end within $recover_ms of its cause, without a restart. For `make
# hosts`, because it takes too long for `make check`.
hosts_source=$(cd "$srcdir" && pwd)/tests/hosts
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool curl "$aws"
[ -z "$preload" ] || skip_all "sanitizers are not for these programs"
case $1 in
*m) seconds=$((${1%m} * 60)) ;;
*) seconds=${1%s} ;;
esac
recover_ms=10000
in_a_row=10 # so many good uses end the wait: nginx has two workers
listed=recovered
pids='' hosts='' relay=''
end_hosts() {
	code=$?
	[ -z "$testenv_kms" ] || kill -CONT "$testenv_kms" 2>/dev/null
	for pid in $pids $relay; do kill "$pid" 2>/dev/null; done
	(exit $code)
	finish
}
trap end_hosts EXIT

now() { date +%s%3N; }
control() {
	curl -sS --noproxy '*' -X "$1" "$KEYFERRY_LOCALKMS_CONTROL/$2"
}

# The way to KMS: hosts > relay > keyferry-localkms.
kms_url=$AWS_ENDPOINT_URL_KMS
access_key=$AWS_ACCESS_KEY_ID secret_key=$AWS_SECRET_ACCESS_KEY
relay_port=$(free_port)
relay_start() {
	"$built/tests/hosts/relay" "$relay_port" "${kms_url##*:}" \
	    >>relay.log 2>&1 </dev/null &
	relay=$!
}
relay_stop() { kill "$relay"; wait "$relay" 2>/dev/null; relay=''; }
# With the credentials in $access_key and $secret_key, at the same addresses.
kms_start() {
	"$built/keyferry-localkms" --listen "${kms_url#*//}" \
	    --control "${KEYFERRY_LOCALKMS_CONTROL#*//}" --store store \
	    --credentials "$access_key:$secret_key" >>kms.log 2>&1 </dev/null &
	testenv_kms=$!
	tries=0
	until control GET clock || [ $tries -gt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}
kms_stop() { kill "$testenv_kms"; wait "$testenv_kms"; testenv_kms=''; }
write_credentials() {
	printf '%s\n' '[default]' "aws_access_key_id = $access_key" \
	    "aws_secret_access_key = $secret_key" >credentials.new
	mv credentials.new credentials
}
aws_kms() { "$aws" --endpoint-url "$kms_url" kms "$@"; }

chmod 711 "$dir" # Apache runs as another user
mkdir certificates
write_credentials
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
AWS_SHARED_CREDENTIALS_FILE=$dir/credentials
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:$relay_port
KEYFERRY_MODULE=$module KEYFERRY_TEST_DIR=$dir
export AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL_KMS KEYFERRY_MODULE \
    KEYFERRY_TEST_DIR
configure 'timeout = 8' "certificates = $dir/certificates"
chmod 644 keyferry.conf credentials
relay_start
ok "an RSA key is imported" make_rsa
openssl rand -out aes.key 32
ok "an AES key is imported" p11 --write-object aes.key --type secrkey \
    --key-type AES:32 --label aes --id 03
openssl req -new -x509 -key rsa.key -subj /CN=localhost -days 9 \
    -addext subjectAltName=DNS:localhost -out certificates/rsa.pem
key=$(aws_kms describe-key --key-id alias/rsa --query KeyMetadata.KeyId \
    --output text)
uri="pkcs11:token=test;object=rsa;type=private"
engine_settings >openssl.cnf

# A host NAME is used over and over: NAME.uses has a line for each use, with its
# begin and end in milliseconds and "ok" or the failure. use_NAME is one use.
keep_using() {
	while :; do
		begun=$(now)
		if "use_$1" >"$1.use" 2>&1; then
			result=ok
		else
			result="failed: $(tail -n 1 "$1.use")"
		fi
		echo "$begun $(now) $result" >>"$1.uses"
		sleep 0.2
	done
}
# good_since NAME MS: how many of its last uses, begun since then, were good.
good_since() {
	awk -v since="$2" '$1 < since || NF < 3 { next }
	    { n = $3 == "ok" ? n + 1 : 0 } END { print n + 0 }' "$1.uses"
}
# add NAME: it works before anything happens.
add() {
	hosts="$hosts $1"
	ok "$1 works" works_by "$1" $(($(now) + 30000))
}
works_by() {
	until [ "$(good_since "$1" 0)" -ge 3 ]; do
		[ "$(now)" -lt "$2" ] || {
			tail -n 5 "$1.uses" "$1.log"
			return 1
		}
		sleep 0.2
	done
}
# run NAME COMMAND...: in the background, until the end of the test.
run() {
	run_name=$1; shift
	"$@" >"$run_name.log" 2>&1 </dev/null &
	pids="$pids $!"
}
run_uses() {
	: >"$1.uses"
	keep_using "$1" </dev/null &
	pids="$pids $!"
	add "$1"
}

handshake() {
	curl -sS --noproxy '*' --max-time 20 -o /dev/null \
	    --cacert certificates/rsa.pem "https://localhost:$1/"
}
nginx=$(command -v nginx || echo /usr/sbin/nginx)
nginx_port=$(free_port)
use_nginx() { handshake "$nginx_port"; }
if [ -x "$nginx" ] && has_engine; then
	cat >nginx.conf <<-EOF
		daemon off; worker_processes 2; error_log $dir/nginx.log notice;
		pid $dir/nginx.pid;
		$([ "$(id -u)" -ne 0 ] || echo "user root;")
		env KEYFERRY_CONFIG; env AWS_REGION; env AWS_ENDPOINT_URL_KMS;
		env AWS_SHARED_CREDENTIALS_FILE; env AWS_CONFIG_FILE;
		env AWS_EC2_METADATA_DISABLED;
		events { worker_connections 64; }
		http {
		    access_log off; ssl_session_tickets off;
		    client_body_temp_path $dir/t1; proxy_temp_path $dir/t2;
		    fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4;
		    scgi_temp_path $dir/t5;
		    server { listen 127.0.0.1:$nginx_port ssl;
			ssl_certificate $dir/certificates/rsa.pem;
			ssl_certificate_key "engine:pkcs11:$uri";
			location / { return 200 "hello"; } }
		}
	EOF
	run nginx env OPENSSL_CONF="$dir/openssl.cnf" "$nginx" \
	    -c "$dir/nginx.conf"
	run_uses nginx
else
	skip "nginx" "no nginx with the engine here"
fi

apache=$(command -v apache2 || command -v httpd || echo /usr/sbin/apache2)
mod_ssl=$(find /usr/lib/apache2 /usr/lib64/httpd -name mod_ssl.so 2>/dev/null |
    head -n 1)
apache_port=$(free_port)
use_Apache() { handshake "$apache_port"; }
# load NAME...: lines for those of its modules that are not built in.
load() {
	for name in "$@"; do
		file=$(dirname "$mod_ssl")/mod_$name.so
		[ ! -f "$file" ] || echo "LoadModule ${name}_module $file"
	done
}
if [ -x "$apache" ] && [ -n "$mod_ssl" ] && has_engine; then
	mkdir www && echo hello >www/index.html
	cat >apache.conf <<-EOF
		ServerRoot $dir
		ServerName localhost
		PidFile $dir/apache.pid
		ErrorLog $dir/Apache.log
		Listen 127.0.0.1:$apache_port
		$(load mpm_event authz_core unixd ssl)
		$([ "$(id -u)" -ne 0 ] || printf 'User nobody\nGroup nogroup\n')
		SSLCryptoDevice pkcs11
		SSLEngine on
		SSLSessionTickets off
		SSLCertificateFile $dir/certificates/rsa.pem
		SSLCertificateKeyFile "$uri"
		DocumentRoot $dir/www
	EOF
	run Apache env OPENSSL_CONF="$dir/openssl.cnf" "$apache" -DFOREGROUND \
	    -f "$dir/apache.conf"
	run_uses Apache
else
	skip "Apache" "no Apache with mod_ssl and the engine here"
fi

# signer NAME MODULE: a Java program that signs with the key.
signer() {
	printf '%s\n' "name = $1" "library = $2" "slotListIndex = 0" >"$1.cfg"
	: >"$1.uses"
	run "$1" java "$hosts_source/Signer.java" "$dir/$1.cfg" rsa \
	    "$dir/$1.uses"
	add "$1"
}
has_java=''
if command -v java >/dev/null && java --list-modules | grep -q jdk.compiler; then
	has_java=1
	signer Java "$module"
else
	skip "Java" "no Java compiler here"
fi

: >cipher.uses
run cipher "$built/tests/hosts/cipher" aes cipher.uses
add cipher

# Programs at the socket of p11-kit's server: one that keeps the key, and one that
# looks for it for each use.
client=$(find /usr/lib /usr/lib64 -name p11-kit-client.so 2>/dev/null |
    head -n 1)
use_server_tool() {
	module=$client
	p11 --sign --id 01 -m SHA256-RSA-PKCS -i text -o signature &&
	    openssl dgst -sha256 -verify rsa.pub -signature signature text
}
if [ -n "$client" ] && command -v p11-kit >/dev/null; then
	echo text >text
	run server env XDG_RUNTIME_DIR="$dir" p11-kit server -f \
	    -n "$dir/p11-kit" --provider "$(realpath "$module")" \
	    "pkcs11:token=test"
	tries=0
	until [ -S p11-kit ] || [ $tries -gt 50 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	P11_KIT_SERVER_ADDRESS=unix:path=$dir/p11-kit
	export P11_KIT_SERVER_ADDRESS
	run_uses server_tool
	[ -z "$has_java" ] || signer server_java "$client"
	unset P11_KIT_SERVER_ADDRESS
else
	skip "p11-kit's server" "not here"
fi

use_ssh_agent() {
	rm -f signed signed.sig && echo text >signed
	ssh-keygen -q -Y sign -f rsa.ssh.pub -n file signed
}
if command -v ssh-agent >/dev/null; then
	printf '#!/bin/sh\necho 1234\n' >askpass && chmod 755 askpass
	SSH_ASKPASS=$dir/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=:0
	export SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY
	eval "$(ssh-agent -P "$(realpath "$module")" -a "$dir/agent")" \
	    >ssh_agent.log
	pids="$pids $SSH_AGENT_PID"
	ssh-keygen -i -m PKCS8 -f rsa.pub >rsa.ssh.pub
	ssh-add -s "$(realpath "$module")" >>ssh_agent.log 2>&1
	run_uses ssh_agent
else
	skip "ssh-agent" "not here"
fi

# What happens, and what ends it. Of $causes those with "-" hinder no host that
# holds the key.
causes="away hanging credentials disabled deletion expired deleted -rotated
    -renamed -alias -silent"
away_begins() { relay_stop; kms_stop; }
away_ends() { kms_start; relay_start; }
hanging_begins() { kill -STOP "$testenv_kms"; }
hanging_ends() { kill -CONT "$testenv_kms"; }
# Another access key; the old one is refused, and the file still has it.
credentials_begins() {
	kms_stop
	access_key=AKIA$(now) secret_key=secret$(now)
	kms_start
}
credentials_ends() { write_credentials; }
disabled_begins() { aws_kms disable-key --key-id "$key"; }
disabled_ends() { aws_kms enable-key --key-id "$key"; }
deletion_begins() { aws_kms schedule-key-deletion --key-id "$key"; }
deletion_ends() {
	aws_kms cancel-key-deletion --key-id "$key"
	aws_kms enable-key --key-id "$key"
}
kms_seconds() { control GET clock | sed 's/.*"now":\([0-9]*\).*/\1/'; }
import_key() { "$built/tests/hosts/import-key" "$@"; }
expired_begins() {
	import_key renew rsa.key rsa $(($(kms_seconds) + 3600))
	control POST "clock?forward=3700"
}
expired_ends() { import_key renew rsa.key rsa $(($(kms_seconds) + 8640000)); }
deleted_begins() { aws_kms delete-imported-key-material --key-id "$key"; }
deleted_ends() { expired_ends; }
rotated_begins() {
	openssl rand -out aes.key 32
	import_key rotate aes.key aes
}
rotated_ends() { :; }
# By its id through the module, by its label without.
renamed_begins() {
	p11 --set-id 05 --id 01 --type privkey
	aws_kms create-alias --alias-name alias/other --target-key-id "$key"
	aws_kms delete-alias --alias-name alias/rsa
}
renamed_ends() {
	p11 --set-id 01 --id 05 --type privkey
	aws_kms create-alias --alias-name alias/rsa --target-key-id "$key"
	aws_kms delete-alias --alias-name alias/other
}
alias_begins() {
	other=$(aws_kms create-key --key-spec RSA_2048 --key-usage SIGN_VERIFY \
	    --query KeyMetadata.KeyId --output text)
	aws_kms update-alias --alias-name alias/rsa --target-key-id "$other"
}
alias_ends() {
	aws_kms update-alias --alias-name alias/rsa --target-key-id "$key"
	aws_kms schedule-key-deletion --key-id "$other"
}
silent_begins() { kill -USR1 "$relay"; }
silent_ends() { :; }

# cipher has another key; those two look for theirs by its id whenever they sign.
hinders() { # CAUSE HOST
	case "$1 $2" in
	"-renamed server_tool" | "-renamed ssh_agent") return 0 ;;
	-*) return 1 ;;
	away* | hanging* | credentials*) return 0 ;;
	*cipher) return 1 ;;
	esac
}
# has NAME SINCE RESULT COUNT: so many uses, begun since then, ended so.
has() {
	[ "$(awk -v since="$2" -v want="$3" '$1 >= since && NF >= 3 &&
	    (want == "any" || $3 != "ok") { n++ } END { print n + 0 }' \
	    "$1.uses")" -ge "$4" ]
}
# meets NAME CAUSE SINCE: it fails while the cause lasts, or goes on.
meets() {
	until if hinders "$2" "$1"; then has "$1" "$3" failed 1; else
	    has "$1" "$3" any 3; fi; do
		[ "$(now)" -lt $(($3 + 90000)) ] || {
			echo "nothing of that in 90 s"
			tail -n 5 "$1.uses"
			return 1
		}
		sleep 0.2
	done
	hinders "$2" "$1" || ! has "$1" "$3" failed 1 || {
		awk -v since="$3" '$1 >= since && $3 != "ok"' "$1.uses"
		return 1
	}
}
# recovers NAME SINCE
recovers() {
	until [ "$(good_since "$1" "$2")" -ge $in_a_row ]; do
		[ "$(now)" -lt $(($2 + recover_ms + 5000)) ] || break
		sleep 0.2
	done
	[ "$(recovered_ms "$1" "$2")" -le $recover_ms ] || {
		echo "$1 does not recover"
		tail -n 5 "$1.uses"
		return 1
	}
}
# recovered_ms NAME SINCE: until the end of the first of its uses, begun since then,
# from which on none failed. A lot: there is none.
recovered_ms() {
	awk -v since="$2" '$1 < since || NF < 3 { next }
	    $3 != "ok" { good = 0; next }
	    !good { good = $2 }
	    END { print good ? good - since : 9999999 }' "$1.uses"
}
# figures NAME CAUSE BEGUN ENDED: a line of the table.
figures() {
	awk -v since="$3" -v host="$1" -v cause="${2#-}" \
	    -v recovered="$(recovered_ms "$1" "$4")" '
	    $1 >= since && NF >= 3 { n++; bad += $3 != "ok"
		if ($2 - $1 > longest) longest = $2 - $1 }
	    END { print cause, host, n, bad, recovered, longest }' "$1.uses"
}

round=0
end=$(($(date +%s) + seconds))
: >$listed
while [ "$(date +%s)" -lt $end ]; do
	round=$((round + 1))
	for cause in $causes; do
		begun=$(now)
		"${cause#-}_begins" >cause.log 2>&1
		during=$(now)
		for host in $hosts; do
			said=fails
			hinders "$cause" "$host" || said="goes on"
			ok "$round, ${cause#-}: $host $said" meets "$host" \
			    "$cause" "$during"
		done
		"${cause#-}_ends" >>cause.log 2>&1
		ended=$(now)
		for host in $hosts; do
			ok "$round, ${cause#-}: $host works when it is over" \
			    recovers "$host" "$ended"
			figures "$host" "$cause" "$begun" "$ended" >>$listed
		done
	done
done
echo "# cause, host: uses, failures, longest use, most seconds to recover"
awk '{ k = $1 ", " $2; if (!(k in n)) order[++count] = k
	n[k] += $3; bad[k] += $4
	if ($5 > most[k]) most[k] = $5
	if ($6 > longest[k]) longest[k] = $6 }
    END { for (i = 1; i <= count; i++) { k = order[i]
	printf "# %s: %d, %d, %.1f s, %.1f s\n", k, n[k], bad[k],
	    longest[k] / 1000, most[k] / 1000 } }' $listed
tap_done
