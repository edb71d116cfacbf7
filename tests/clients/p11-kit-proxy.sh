# p11-kit with several modules: its proxy, its server and its remote module, each with
# keys in KMS. p11-kit.sh has what it does with the module alone.
. "$srcdir/tests/clients/testenv.sh"
needs p11-kit pkcs11-tool openssl softhsm2-util
[ -z "$preload" ] || skip_all "p11-kit starts the module without sanitizers"
proxy=$(find /usr/lib -name p11-kit-proxy.so 2>/dev/null | head -n 1)
client=$(find /usr/lib -name p11-kit-client.so 2>/dev/null | head -n 1)
[ -n "$proxy" ] && [ -n "$client" ] || skip_all "no p11-kit-proxy.so here"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
echo text >text
openssl dgst -sha256 -binary text >hash

# SoftHSM's is the second module.
hsm=$(find /usr/lib -name libsofthsm2.so 2>/dev/null | head -n 1)
mkdir -p tokens run config/pkcs11/modules
echo "directories.tokendir = $dir/tokens" >softhsm2.conf
SOFTHSM2_CONF=$dir/softhsm2.conf XDG_RUNTIME_DIR=$dir/run XDG_CONFIG_HOME=$dir/config
export SOFTHSM2_CONF XDG_RUNTIME_DIR XDG_CONFIG_HOME
ok "a token of SoftHSM's" softhsm2-util --init-token --free --label soft --pin 1234 \
    --so-pin 1234
echo "user-config: only" >config/pkcs11/pkcs11.conf
echo "module: $hsm" >config/pkcs11/modules/softhsm.module
cp "$module" keyferry-pkcs11.so
chmod 700 run
# Of root's p11-kit reads only the system's configuration: so it is run as nobody.
as_user=
if [ "$(id -u)" -eq 0 ]; then
	as_user="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	chown -R nobody:nogroup run tokens keyferry.conf
	chmod 711 "$dir"
	chmod -R a+rX config tokens softhsm2.conf text hash keyferry-pkcs11.so
fi
# printed SED-ARGUMENT...: what the recipe prints below its heading, in the test's names.
printed() {
	printed_heading=$1; shift
	recipe p11-kit "$printed_heading" -e "s,/usr/lib/.*/keyferry-pkcs11.so,$dir/keyferry-pkcs11.so," \
	    -e "s,/usr/lib/.*/p11-kit-proxy.so,$proxy," -e s/quickstart/test/ "$@"
}
user() { HOME=/nonexistent timeout 60 $as_user "$@"; }
# signs LIBRARY: by each key.
signs() {
	for pair in "01 SHA256-RSA-PKCS rsa text" "02 ECDSA ec hash"; do
		# shellcheck disable=SC2086 # four words
		set -- "$1" $pair
		user pkcs11-tool --module "$1" --token-label test --sign --id "$2" \
		    -m "$3" -i "$5" --signature-format openssl >signature &&
		    openssl dgst -sha256 -verify "$4.pub" -signature signature text ||
		    return 1
	done
}
own=config/pkcs11/modules/keyferry.module
printed p11-kit -n -e '/^module:/p' >$own
ok "two modules: list-modules" says "token: test" user p11-kit list-modules
ok "and the other" says "token: soft" user p11-kit list-modules
printed "The proxy" >command
ok "the proxy lists" says "label:      ec" user sh -e command
ok "the proxy signs" signs "$proxy"
ok "the other token is beside it" says "token label        : soft" \
    user pkcs11-tool --module "$proxy" --list-slots
if p11-kit --help 2>&1 | grep -q export-object; then
	printed p11-kit -n -e '/^p11-kit/p' >commands
	user sh -e commands >shown 2>&1
	ok "list-objects" grep "label: ec" shown
	sed -n '/BEGIN PUBLIC/,/END PUBLIC/p' shown >exported
	ok "export-object" cmp exported rsa.pub
else
	skip "export-object" "this p11-kit has none"
fi

printed "Another process" -n -e '/^remote:/p' >$own
ok "remote: list-modules" says "token: test" user p11-kit list-modules
ok "remote: it signs" signs "$proxy"
ok "p11tool finds the keys" says "Label: ec" user p11tool --list-all pkcs11:token=test
rm $own

{
	printf 'exec '
	printed "Another process" -n -e 's/^p11-kit server/& -f/p'
} >command
# shellcheck disable=SC2086 # a command or none
start "the server" "P11_KIT_SERVER_ADDRESS=" env HOME=/nonexistent $as_user sh -e command
address=$(sed -n 's/^P11_KIT_SERVER_ADDRESS=\([^;]*\);.*/\1/p' served)
P11_KIT_SERVER_ADDRESS=$address
export P11_KIT_SERVER_ADDRESS
unset KEYFERRY_CONFIG AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
ok "its clients need no credentials" says "label:      rsa" \
    user pkcs11-tool --module "$client" --list-objects
ok "they sign" signs "$client"
# at_once: twenty of them.
at_once() {
	pids=
	for one in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		user pkcs11-tool --module "$client" --sign --id 01 \
		    -m SHA256-RSA-PKCS -i text >thread-$one.sig 2>/dev/null &
		pids="$pids $!"
	done
	for one in $pids; do
		wait "$one" || return
	done
}
ok "20 at once" at_once
ok "openssl verifies" threads_signed 20
stop
tap_done
