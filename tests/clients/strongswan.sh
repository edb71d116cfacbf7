# strongSwan's pki: public keys, certificates, requests and lists of revoked
# certificates with keys in KMS.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool pki
[ -z "$preload" ] || skip_all "pki loads the module without sanitizers"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
{
	printf 'pki {\nload = pkcs11 pem pkcs1 pkcs8 x509 sha1 sha2 random openssl\n}\n'
	recipe logins strongSwan -e "s,/usr/lib/.*/keyferry-pkcs11.so,$module,"
} >strongswan.conf
STRONGSWAN_CONF=$dir/strongswan.conf
export STRONGSWAN_CONF
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out peer.key
openssl pkey -in peer.key -pubout -out peer.pub
# pki asks the terminal for a PIN, whatever the token says, or standard input where
# there is no terminal.
with_pin() { echo 1234 | setsid -w pki "$@" 2>>pki.log; }
: >pki.log
for kind in "rsa 01" "ec 02"; do
	name=${kind% *} id=${kind#* }
	with_pin --pub --keyid $id --outform pem >out.pub
	ok "$name: pki --pub" cmp out.pub $name.pub
	with_pin --self --keyid $id --dn "CN=ca" --ca --outform pem >$name.pem
	ok "$name: pki --self" openssl verify -CAfile $name.pem $name.pem
	with_pin --req --keyid $id --dn "CN=host" --outform pem >req.pem
	ok "$name: pki --req" says "OK" openssl req -in req.pem -verify -noout
	with_pin --issue --in peer.pub --type pub --cacert $name.pem --cakeyid $id \
	    --dn "CN=peer" --outform pem >peer.pem
	ok "$name: pki --issue" openssl verify -CAfile $name.pem peer.pem
	with_pin --signcrl --cacert $name.pem --cakeyid $id --cert peer.pem \
	    --outform pem >crl.pem
	ok "$name: pki --signcrl" says "verify OK" openssl crl -in crl.pem -noout \
	    -CAfile $name.pem
done
[ $tap_failed -eq 0 ] || sed 's/^/# /' pki.log
tap_done
