# A program of node, by the package pkcs11js, which npm builds here.
source=$(cd "$srcdir" && pwd)/tests/clients/token.js
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool node npm make
[ -z "$preload" ] || skip_all "node loads the module without sanitizers"
cp "$source" token.js
echo '{}' >package.json
# The version that was tried. It is compiled here, by Debian's headers of node if there
# are any.
[ ! -d /usr/include/node ] || export npm_config_nodedir=/usr
# What make hands on is not for the makefile of the package.
env -u builddir -u srcdir -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
    npm install --no-audit --no-fund pkcs11js@2.1.7 >npm.log 2>&1
ls node_modules/pkcs11js/build/Release/*.node >/dev/null 2>&1 ||
    skip_all "npm cannot build pkcs11js"
# The KMS here settles at once.
configure 'settle = 0'
ok "an RSA key is imported" make_rsa
head -c 32 /dev/urandom >mac.key
ok "it finds all as it should be" says "all is well" node token.js "$module"
printf text >text
ok "openssl verifies" openssl dgst -sha256 -verify rsa.pub -signature rsa.sig text
ok "32 at once: openssl verifies" threads_signed 32
tap_done
