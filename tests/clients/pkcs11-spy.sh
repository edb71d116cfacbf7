# OpenSC's pkcs11-spy stands between a program and the module, and puts its functions
# into the interface that the module hands out, or fails to: it does not know 3.2.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
[ -z "$preload" ] || skip_all "the spy is not one of the sanitizers' programs"
spy=
for place in /usr/lib/*/pkcs11-spy.so /usr/lib/*/pkcs11/pkcs11-spy.so; do
	[ ! -f "$place" ] || spy=$place
done
[ -n "$spy" ] || skip_all "no pkcs11-spy here"
ok "an RSA key is imported" make_rsa
echo text >text
spied() {
	PKCS11SPY=$module PKCS11SPY_OUTPUT=$dir/spy.log timeout 60 \
	    pkcs11-tool --module "$spy" "$@"
}
ok "--list-objects" says "label:      rsa" spied --list-objects
ok "--sign" spied --sign -m SHA256-RSA-PKCS --id 01 -i text -o signature
ok "openssl verifies" openssl dgst -sha256 -verify rsa.pub -signature signature text
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out other.key 2>/dev/null
ok "--write-object" spied --write-object other.key --type privkey --label other \
    --id 02 --usage-sign
ok "the key is there" says "label:      other" p11 --list-objects
ok "the spy was between them" grep -q C_GetInterface spy.log
tap_done
