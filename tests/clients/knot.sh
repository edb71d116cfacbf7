# The DNS server Knot: the key-signing key is one that was imported, the zone-signing
# keys are made by KMS, one for each rollover, and the old ones go.
. "$srcdir/tests/clients/testenv.sh"
PATH=$PATH:/usr/sbin
needs openssl pkcs11-tool knotd knotc keymgr ldns-verify-zone
[ -z "$preload" ] || skip_all "Knot loads the module without sanitizers"
# The KMS here settles at once.
configure 'settle = 0'

# imported USAGE: such a key, which Knot names by the SHA-1 of its public half.
imported() {
	id=$(openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
	    2>/dev/null | tee "$1.key" | openssl pkey -pubout -outform DER |
	    openssl sha1 -r | cut -c 1-40)
	ok "an imported $1" p11 --write-object "$1.key" --type privkey \
	    --label "example.com. $1" --id "$id" --usage-sign
	echo "$id" >"$1.id"
}
imported KSK
imported ZSK
mkdir run keys
head -c 32 /dev/zero >hash
cat >knot.conf <<END
server:
    rundir: $dir/run
    listen: 127.0.0.1@$(free_port)
log:
  - target: stderr
    any: info
database:
    storage: $dir/keys
$(recipe dns Knot -e "s/token=quickstart/token=test/" -e "s,/usr/lib/.*[.]so,$module," \
    -e "s,^ *algorithm:.*,&\n    dnskey-ttl: 1\n    zone-max-ttl: 1," \
    -e "s,^ *algorithm:.*,&\n    propagation-delay: 0," \
    -e "s,domain:.*,&\n    file: $dir/zone,")
END
cat >zone <<'END'
example.com. 1 SOA ns.example.com. admin.example.com. 1 3600 600 86400 1
example.com. 1 NS ns.example.com.
ns.example.com. 1 A 192.0.2.1
END
# The zone's keys in Knot's words: id and what they are.
zone_keys() { keymgr -c knot.conf example.com list; }
zsk() { zone_keys | grep 'ksk=no' | grep -v 'retire=[1-9]' | cut -c 1-40; }
# The zone's keys that sign now.
active() {
	keymgr -c knot.conf example.com list >keys.now &&
	    grep "$1.* active=[1-9]" keys.now | grep -v ' retire=[1-9]' | cut -c 1-40
}
# rolled OLD: another key signs, Knot knows the old one no longer, nor does the token.
rolled() {
	tries=0
	until new=$(active ZSK) && [ -n "$new" ] && ! grep -q "$1" keys.now &&
	    ! p11 --sign -m ECDSA --id "$1" -i hash -o out 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -le 150 ] || { cat keys.now served; return 1; }
		sleep 0.2
	done
}
ok "keymgr import-pkcs11, KSK" keymgr -c knot.conf example.com import-pkcs11 \
    "$(cat KSK.id)" algorithm=ECDSAP256SHA256 ksk=yes zsk=no
ok "keymgr import-pkcs11, ZSK" keymgr -c knot.conf example.com import-pkcs11 \
    "$(cat ZSK.id)" algorithm=ECDSAP256SHA256 ksk=no zsk=yes
start "knotd" "zone file updated" env KEYFERRY_LOG="error:$dir/module.log" \
    knotd -c knot.conf
ok "the zone is signed" ldns-verify-zone zone
for round in 1 2 3; do
	old=$(active ZSK)
	ok "$round: a rollover" knotc -c knot.conf zone-key-rollover example.com zsk
	ok "$round: the old key is removed" rolled "$old"
	ok "$round: the zone is signed" ldns-verify-zone zone
done
ok "the module logs no error" test ! -s module.log
tap_done
