# p11-kit and GnuTLS's p11tool, with a p11-kit configuration of the test's own.
. "$srcdir/tests/clients/testenv.sh"
needs p11-kit p11tool pkcs11-tool openssl

openssl rand -out aes.key 32
ok "a key is imported" p11 --write-object aes.key --type secrkey \
    --key-type AES:32 --label payroll --id 0a

# Run by root, p11-kit reads only the system's configuration. So run it as nobody,
# with a copy of the module that every user may read.
mkdir -p xdg/pkcs11/modules
as_user=
shown=$module
if [ "$(id -u)" -eq 0 ]; then
	as_user="setpriv --reuid=nobody --regid=nogroup --clear-groups"
	cp "$module" xdg/
	shown=$dir/xdg/keyferry-pkcs11.so
	chmod 711 "$dir" && chmod 644 keyferry.conf
fi
echo "module: $shown" >xdg/pkcs11/modules/keyferry.module
echo "user-config: only" >xdg/pkcs11/pkcs11.conf
chmod -R a+rX xdg
# shellcheck disable=SC2086 # a command or none
ok "p11-kit list-modules" says "token: test" host $as_user env \
    XDG_CONFIG_HOME="$dir/xdg" HOME=/nonexistent p11-kit list-modules

# What p11-kit hands to C_Initialize names the configuration.
printf '[token %s]\n' alpha beta >xdg/two.conf
chmod 644 xdg/two.conf
echo "x-init-reserved: config=$dir/xdg/two.conf" >>xdg/pkcs11/modules/keyferry.module
list_modules() {
	# shellcheck disable=SC2086 # a command or none
	host $as_user env "$@" XDG_CONFIG_HOME="$dir/xdg" HOME=/nonexistent \
	    p11-kit list-modules
}
ok "x-init-reserved" says "token: beta" list_modules -u KEYFERRY_CONFIG
ok "KEYFERRY_CONFIG comes before it" says "token: test" list_modules
sed -i "s,two.conf,none.conf," xdg/pkcs11/modules/keyferry.module
list_modules -u KEYFERRY_CONFIG KEYFERRY_LOG=stderr >listed 2>&1
fails "a file that is not there is no other file" grep -q "token: " listed
ok "and the log says so" grep -q "none.conf" listed
sed -i /x-init-reserved/d xdg/pkcs11/modules/keyferry.module

tool() { host p11tool --provider "$module" "$@"; }
ok "p11tool --list-tokens" says "pkcs11:model=AWS%20KMS;manufacturer=Keyferry" \
    tool --list-tokens
ok "p11tool --list-mechanisms" says "CKM_RSA_PKCS_OAEP" \
    tool --list-mechanisms "pkcs11:token=test"
ok "p11tool --list-all" says "Label: payroll" tool --list-all \
    "pkcs11:token=test"
ok "p11tool --list-all of one" says "ID: 0a" tool --list-all \
    "pkcs11:token=test;object=payroll"
GNUTLS_PIN=1234
export GNUTLS_PIN
ok "p11tool --login" says "payroll" tool --login --list-all "pkcs11:token=test"
ok "p11tool --generate-random" tool --generate-random 16 --outfile random \
    "pkcs11:token=test"
is "16 bytes" "$(od -An -tx1 random | wc -w | tr -d ' ')" 16
tap_done
