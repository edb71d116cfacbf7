# Kerberos with PKINIT: the KDC, a daemon with two workers, and the clients have keys in
# KMS, with certificates of one authority.
. "$srcdir/tests/clients/testenv.sh"
PATH=$PATH:/usr/sbin
needs openssl pkcs11-tool kinit krb5kdc kdb5_util kadmin.local
[ -z "$preload" ] || skip_all "sanitizers are not for the KDC"
find /usr/lib -name pkinit.so | grep -q . || skip_all "no PKINIT here"
mkdir certificates
configure "certificates = $dir/certificates"
for pair in "kdc 01" "alice 02"; do
	ok "a key for ${pair% *}" make_key ${pair% *} ${pair#* } sign -algorithm RSA \
	    -pkeyopt rsa_keygen_bits:2048
done
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=ca -days 9 \
    -out ca.pem 2>/dev/null
# certify NAME EXTENDED-KEY-USAGE PRINCIPAL-PART...: RFC 4556 has the two usages, and
# the principal as another name.
certify() {
	cert_name=$1 usage=$2; shift 2
	{
		cat <<-END
			[extensions]
			basicConstraints = CA:FALSE
			keyUsage = digitalSignature
			extendedKeyUsage = $usage
			subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:principal
			[principal]
			realm = EXP:0,GeneralString:EXAMPLE.TEST
			name = EXP:1,SEQUENCE:name
			[name]
			type = EXP:0,INTEGER:1
			parts = EXP:1,SEQUENCE:parts
			[parts]
		END
		for part in "$@"; do echo "$part = GeneralString:$part"; done
	} >extensions
	openssl req -new -key "$cert_name.key" -subj "/CN=$cert_name" |
	    openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 \
	    -extfile extensions -extensions extensions \
	    -out "certificates/$cert_name.pem" 2>/dev/null
	rm "$cert_name.key"
}
certify kdc 1.3.6.1.5.2.3.5 krbtgt EXAMPLE.TEST
certify alice 1.3.6.1.5.2.3.4 alice
names() { sed -e "s,/usr/lib/.*/keyferry-pkcs11.so,$module," -e "s,/etc/krb5kdc,$dir,"; }
port=$(free_port)
cat >krb5.conf <<END
[libdefaults]
	default_realm = EXAMPLE.TEST
	dns_lookup_kdc = false
	rdns = false
[realms]
	EXAMPLE.TEST = {
		kdc = 127.0.0.1:$port
		pkinit_anchors = FILE:$dir/ca.pem
	}
[logging]
	kdc = FILE:$dir/kdc.log
END
cat >kdc.conf <<END
[kdcdefaults]
	kdc_listen = 127.0.0.1:$port
	kdc_tcp_listen = 127.0.0.1:$port
[realms]
	EXAMPLE.TEST = {
		database_name = $dir/principal
		key_stash_file = $dir/stash
		acl_file = $dir/acl
		$(recipe logins 'Kerberos' -e '/^pkinit/!d' | names)
	}
END
KRB5_CONFIG=$dir/krb5.conf KRB5_KDC_PROFILE=$dir/kdc.conf KRB5CCNAME=FILE:$dir/tickets
export KRB5_CONFIG KRB5_KDC_PROFILE KRB5CCNAME
ok "a database" kdb5_util create -s -P secret
ok "a principal without a password" kadmin.local -q "addprinc -nokey +requires_preauth alice"

# A daemon: the module was loaded before it forks, and forks again for the workers.
ok "the KDC starts" krb5kdc -w 2 -P "$dir/kdc.pid"
tries=0
until [ -s kdc.pid ] && grep -q "commencing operation" kdc.log; do
	tries=$((tries + 1))
	[ $tries -le 100 ] || break
	sleep 0.1
done
server=$(cat kdc.pid)
identity=$(recipe logins 'Kerberos' -n -e "s/^kinit -X \(.*\) alice$/\1/p" | names)
login() { kinit -X "$identity" alice </dev/null; }
ok "a login" login
ok "its ticket" says "krbtgt/EXAMPLE.TEST@EXAMPLE.TEST" klist
ok "the ticket is good for others" kvno krbtgt/EXAMPLE.TEST
# at_once: twenty of them, for both workers.
at_once() {
	pids=
	for one in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		(KRB5CCNAME=FILE:$dir/tickets-$one && export KRB5CCNAME && login) &
		pids="$pids $!"
	done
	for one in $pids; do
		wait "$one" || return
	done
}
ok "20 logins at once" at_once
fails "another one's key" kinit -X "$(echo "$identity" | sed s/alice/kdc/)" alice
stop
[ $tap_failed -eq 0 ] || sed 's/^/# /' kdc.log
tap_done
