# The DNS server Knot: the key-signing key is one that was imported, the zone-signing
# keys are made by KMS, one for each rollover, and the old ones go.
. "$srcdir/tests/clients/testenv.sh"
PATH=$PATH:/usr/sbin
needs openssl pkcs11-tool knotd knotc keymgr ldns-verify-zone
[ -z "$preload" ] || skip_all "Knot loads the module without sanitizers"
# The KMS here settles at once.
configure 'settle = 0'

# imported USAGE GENPKEY-ARGUMENT...: such a key, which Knot names by the SHA-1 of
# its public half.
imported() {
	usage=$1; shift
	id=$(openssl genpkey "$@" 2>/dev/null | tee "$usage.key" |
	    openssl pkey -pubout -outform DER | openssl sha1 -r | cut -c 1-40)
	ok "an imported $usage" p11 --write-object "$usage.key" --type privkey \
	    --label "example.com. $usage" --id "$id" --usage-sign
	echo "$id" >"$usage.id"
}
head -c 32 /dev/zero >hash
# configure_knot ALGORITHM
configure_knot() {
	rm -rf run keys zone module.log
	mkdir run keys
	cat >knot.conf <<-END
	server:
	    rundir: $dir/run
	    listen: 127.0.0.1@$(free_port)
	log:
	  - target: stderr
	    any: info
	database:
	    storage: $dir/keys
	END
	recipe dns Knot -e "s/token=quickstart/token=test/" \
	    -e "s,/usr/lib/.*[.]so,$module," \
	    -e "s,^\( *algorithm:\).*,\1 $1\n    dnskey-ttl: 1\n    zone-max-ttl: 1," \
	    -e "s,^ *algorithm:.*,&\n    propagation-delay: 0," \
	    -e "s,domain:.*,&\n    file: $dir/zone," >>knot.conf
	cat >zone <<-END
	example.com. 1 SOA ns.example.com. admin.example.com. 1 3600 600 86400 1
	example.com. 1 NS ns.example.com.
	ns.example.com. 1 A 192.0.2.1
	END
}
# The zone's keys that sign now.
active() {
	keymgr -c knot.conf example.com list >keys.now &&
	    grep "$1.* active=[1-9]" keys.now | grep -v ' retire=[1-9]' | cut -c 1-40
}
# rolled OLD: another key signs, Knot knows the old one no longer, nor does the token.
rolled() {
	tries=0
	until new=$(active ZSK) && [ -n "$new" ] && ! grep -q "$1" keys.now &&
	    ! p11 --sign -m "$mechanism" --id "$1" -i hash -o out 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -le 150 ] || { cat keys.now served; return 1; }
		sleep 0.2
	done
}
# signed_zone ALGORITHM MECHANISM ROUNDS GENPKEY-ARGUMENT...
signed_zone() {
	algorithm=$1 mechanism=$2 rounds=$3; shift 3
	configure_knot "$algorithm"
	for usage in KSK ZSK; do
		imported $usage "$@"
		[ $usage = KSK ] && flags="ksk=yes zsk=no" || flags="ksk=no zsk=yes"
		ok "keymgr import-pkcs11, $usage" keymgr -c knot.conf example.com \
		    import-pkcs11 "$(cat $usage.id)" "algorithm=$algorithm" $flags
	done
	start "knotd, $algorithm" "zone file updated" \
	    env KEYFERRY_LOG="error:$dir/module.log" knotd -c knot.conf
	ok "the zone is signed" ldns-verify-zone zone
	for round in $rounds; do
		old=$(active ZSK)
		ok "the key signs" p11 --sign -m "$mechanism" --id "$old" -i hash \
		    -o out
		ok "$round: a rollover" knotc -c knot.conf zone-key-rollover \
		    example.com zsk
		ok "$round: the old key is removed" rolled "$old"
		ok "$round: the zone is signed" ldns-verify-zone zone
	done
	stop
	ok "the module logs no error" test ! -s module.log
}
signed_zone ECDSAP256SHA256 ECDSA "1 2 3" -algorithm EC \
    -pkeyopt ec_paramgen_curve:P-256
signed_zone ECDSAP384SHA384 ECDSA 1 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
signed_zone RSASHA256 SHA256-RSA-PKCS 1 -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
tap_done
