# BIND 9.20 with pkcs11-provider: a zone is signed by the tools and by named, with keys
# that were imported and with keys that named has KMS make.
. "$srcdir/tests/clients/testenv.sh"
PATH=$PATH:/usr/sbin
needs openssl pkcs11-tool named dnssec-keyfromlabel dnssec-signzone dig \
    ldns-verify-zone
[ -z "$preload" ] || skip_all "the provider's RTLD_DEEPBIND bars sanitizers"
has_provider || skip_all "no provider pkcs11 here"
case $(named -V) in
"BIND 9.18"*) skip_all "BIND 9.18 knows no providers" ;;
esac
provider_settings >openssl.cnf
bind() { env OPENSSL_CONF="$dir/openssl.cnf" timeout 60 "$@"; }
for use in "ksk 1" "zsk 2"; do
	name=${use% *} number=${use#* }
	ok "an RSA key, $name" make_key "rsa-$name" "1$number" sign -algorithm RSA \
	    -pkeyopt rsa_keygen_bits:2048
	ok "an EC key, $name" make_key "ec-$name" "2$number" sign -algorithm EC \
	    -pkeyopt ec_paramgen_curve:prime256v1
done
cat >zone <<'END'
$TTL 60
@ SOA ns.example.com. admin.example.com. 1 3600 600 86400 60
@ NS ns.example.com.
ns.example.com. A 192.0.2.1
END
uri() { echo "pkcs11:token=test;object=$1;pin-value=1234"; }
for kind in "rsa RSASHA256" "ec ECDSAP256SHA256"; do
	name=${kind% *} algorithm=${kind#* }
	mkdir $name && cp zone $name/zone
	ok "$name: dnssec-keyfromlabel, KSK" bind dnssec-keyfromlabel -K $name \
	    -a $algorithm -l "$(uri $name-ksk)" -f KSK example.com
	ok "$name: dnssec-keyfromlabel, ZSK" bind dnssec-keyfromlabel -K $name \
	    -a $algorithm -l "$(uri $name-zsk)" example.com
	# With RSA the provider does not verify by a key from a file: -P.
	ok "$name: dnssec-signzone" bind dnssec-signzone -P -K $name -S -o example.com \
	    -f $name.signed zone
	ok "$name: each signature verifies" ldns-verify-zone $name.signed
done
port=$(free_port)
cat >named.conf <<END
options {
	directory "$dir";
	listen-on port $port { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	allow-transfer { any; };
};
controls { };
dnssec-policy tools { keys {
	ksk lifetime unlimited algorithm ecdsap256sha256;
	zsk lifetime unlimited algorithm ecdsap256sha256;
}; };
zone example.com {
	type primary;
	file "ec/zone";
	key-directory "ec";
	inline-signing yes;
	dnssec-policy tools;
};
$(recipe dns BIND -e "s/token=quickstart/token=test/" -e "s,/var/lib/bind/keys,$dir/made,")
END
mkdir made
for n in 1 2 3 4 5 6 7 8; do
	sed "s/example.com/example$n.com/" zone >zone$n
	cat >>named.conf <<END
zone example$n.com {
	type primary;
	file "zone$n";
	inline-signing yes;
	dnssec-policy kms;
};
END
done
start "named" "running" env KEYFERRY_LOG="error:$dir/module.log" \
    OPENSSL_CONF="$dir/openssl.cnf" named -g -c named.conf
# is_signed ZONE: what named serves is signed, soon.
verifies() {
	# the SOA comes first and last
	dig @127.0.0.1 -p "$port" "$1" axfr +noall +answer | sed '$d' >axfr &&
	    ldns-verify-zone axfr
}
is_signed() {
	tries=0
	until verifies "$1" >verified 2>&1; do
		tries=$((tries + 1))
		[ $tries -le 300 ] || { cat verified served; return 1; }
		sleep 0.1
	done
}
for n in '' 1 2 3 4 5 6 7 8; do
	ok "named signs example$n.com" is_signed example$n.com
done
stop
ok "KMS made their keys" says "example8.com.-kms.-zsk-" p11 --list-objects
ok "the module logs no error" test ! -s module.log
tap_done
