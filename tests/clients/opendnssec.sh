# OpenDNSSEC's ods-hsmutil: keys are listed, generated, tested, removed.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool ods-hsmutil
[ -z "$preload" ] || skip_all "OpenDNSSEC loads the module without sanitizers"
# The KMS here settles at once.
configure 'settle = 0'
ok "an RSA key is imported" make_key rsa a1 sign -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
cat >conf.xml <<END
<?xml version="1.0" encoding="UTF-8"?>
<Configuration>
<RepositoryList>
$(recipe dns OpenDNSSEC -e "s,/usr/lib/.*[.]so,$module," -e "s/quickstart/test/")
</RepositoryList>
<Common>
<Logging><Syslog><Facility>local0</Facility></Syslog></Logging>
<PolicyFile>/etc/opendnssec/kasp.xml</PolicyFile>
<ZoneListFile>/etc/opendnssec/zonelist.xml</ZoneListFile>
</Common>
<Enforcer><Datastore><SQLite>$dir/db</SQLite></Datastore></Enforcer>
</Configuration>
END
hsmutil() { ods-hsmutil -f -c conf.xml "$@" </dev/null; }
ok "list" says "a1" hsmutil list
# The key in a DNSKEY record begins with the exponent, the modulus follows.
hsmutil dnskey a1 example.com 257 8 | sed -e 's/ *;.*//' -e 's/.* //' |
    base64 -d | tail -c 256 | od -An -v -tx1 | tr -d ' \n' >modulus
ok "dnskey is the key's" says "$(cat modulus)" sh -c \
    'openssl rsa -pubin -in rsa.pub -noout -modulus | tr A-F a-f'
for kind in "rsa 2048" "ecdsa 256"; do
	# shellcheck disable=SC2086 # two words
	id=$(hsmutil generate KMS $kind | sed -n 's/.*successful: //p')
	ok "generate $kind" says "$id" hsmutil list
	ok "the token has it" says "label:      $id" p11 --list-objects
	ok "remove" hsmutil remove "$id"
	ok "it is gone" silent_about "$id" p11 --list-objects
done
hsmutil test KMS >tested 2>&1
# Its checks of ECDSA neither say OK nor remove their keys, whatever the token.
ok "test" says "4" grep -c 'RSA/SHA256.*OK\|RSA/SHA512.*OK' tested
ok "test of Ed25519" says "Deleting key... OK" \
    sed -n '/ED25519/,/Deleting/p' tested
tap_done
