# GnuTLS: lists the token, makes certificates and requests, runs TLS servers with
# its keys.
. "$srcdir/tests/clients/testenv.sh"
needs p11tool certtool gnutls-serv gnutls-cli openssl pkcs11-tool
[ -z "$preload" ] || skip_all "the server is to be one process, to be ended"
tls() { program=$1; shift; host "$program" --provider "$module" "$@"; }
key() { echo "pkcs11:token=test;object=$1;type=private"; }
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
for list in --list-all --list-privkeys; do
	ok "p11tool $list" says "Label: rsa" tls p11tool $list pkcs11:token=test
	ok "p11tool $list" says "Label: ec" tls p11tool $list pkcs11:token=test
done
# signature_of KEY VERSION: gnutls-cli's name for the signature algorithm.
signature_of() {
	case $1,$2 in
	rsa,1.3) echo "(RSA-PSS-RSAE-SHA256)" ;;
	rsa,1.2) echo "(RSA-SHA256)" ;;
	ec,1.3) echo "(ECDSA-SECP256R1-SHA256)" ;;
	ec,1.2) echo "(ECDSA-SHA256)" ;;
	esac
}
printf '%s\n' 'cn = localhost' 'dns_name = localhost' 'expiration_days = 9' ca \
    signing_key cert_signing_key tls_www_server >template
for name in rsa ec; do
	ok "$name: p11tool --export-pubkey" tls p11tool --export-pubkey \
	    --outfile exported "$(key $name)"
	is "it is the one that was imported" "$(openssl pkey -pubin \
	    -in exported)" "$(cat $name.pub)"
	ok "certtool --generate-request" tls certtool --generate-request \
	    --load-privkey "$(key $name)" --template template \
	    --outfile request.pem
	ok "it verifies" openssl req -in request.pem -noout -verify
	ok "certtool --generate-self-signed" tls certtool \
	    --generate-self-signed --load-privkey "$(key $name)" \
	    --template template --outfile $name.pem
	ok "it verifies" openssl verify -CAfile $name.pem $name.pem
	is "with the key that was imported" \
	    "$(openssl x509 -in $name.pem -noout -pubkey)" "$(cat $name.pub)"
	port=$(free_port)
	start "gnutls-serv" "port $port" gnutls-serv \
	    --provider "$module" --port "$port" --echo \
	    --x509certfile $name.pem --x509keyfile "$(key $name)"
	for version in 1.3 1.2; do
		ok "gnutls-cli, TLS $version" says "$(signature_of $name $version)" \
		    eval "echo hello | timeout 30 gnutls-cli --port $port \
		    --x509cafile $name.pem --priority \
		    NORMAL:-VERS-ALL:+VERS-TLS$version localhost"
	done
	stop
done
# GnuTLS 3.7 reads a point of an Edwards curve from an OCTET STRING alone.
configure "octet-string-points = yes"
ok "an Ed25519 key is generated" p11 --keypairgen --key-type EC:edwards25519 \
    --label ed --usage-sign
ok "certtool --generate-request with it" tls certtool --generate-request \
    --load-privkey "$(key ed)" --template template --outfile request.pem
ok "it verifies" openssl req -in request.pem -noout -verify
tap_done
