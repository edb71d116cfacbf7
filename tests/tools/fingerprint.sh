# keyferry fingerprint: an import pair and the HSM's copy of its public half have
# the same fingerprint, which is that of the file, of the module's log, and of the
# report of a move.
. "$srcdir/tests/tools/softhsm.sh"
needs sha256sum

ok "an import pair" p11 --keypairgen --key-type rsa:2048 --usage-wrap \
    --label vault --id b2
ok "its public half" p11 --read-object --type pubkey --id b2 -o wrapping.der
ok "the HSM imports it" hsm --write-object wrapping.der --type pubkey \
    --label wrapping --id 77
print=$(sha256sum <wrapping.der | cut -d' ' -f1)
ends "on Keyferry's token" 0 "$keyferry" fingerprint \
    "pkcs11:token=test;object=vault?module-path=$module"
is "the fingerprint" "$(cat said)" "$print  vault  id b2"
ends "on the HSM" 0 "$keyferry" fingerprint \
    "pkcs11:token=source;id=%77;type=public?module-path=$softhsm"
is "it is the same" "$(cat said)" "$print  wrapping  id 77"
ends "as JSON, on Keyferry's token" 0 "$keyferry" fingerprint \
    "pkcs11:token=test;object=vault?module-path=$module" --json
is "a line" "$(cat said)" "{\"label\":\"vault\",\"id\":\"b2\",\"fingerprint\":\"$print\"}"
ends "as JSON, on the HSM" 0 "$keyferry" fingerprint --json \
    "pkcs11:token=source;id=%77;type=public?module-path=$softhsm"
is "a line" "$(cat said)" "{\"label\":\"wrapping\",\"id\":\"77\",\"fingerprint\":\"$print\"}"
ends "--quiet" 0 "$keyferry" fingerprint --quiet \
    "pkcs11:token=test;object=vault?module-path=$module"
is "nothing" "$(cat said)" ""
ok "the module's log shows it" says "$print" env KEYFERRY_LOG=info:stderr \
    "$keyferry" fingerprint "pkcs11:token=test;object=vault?module-path=$module"
ends "all public keys of a token" 0 "$keyferry" fingerprint \
    "pkcs11:token=source?module-path=$softhsm"
said "that is the one" "$print"

hsm_aes payroll 0a
ends "a move" 0 move --yes --report report
ok "its report has a fingerprint" \
    grep -q '"wrapping_key":"[0-9a-f]\{64\}","unique_id":"arn:' report

ends "no such key" 2 "$keyferry" fingerprint \
    "pkcs11:token=test;object=none?module-path=$module"
said "the message" "there is no such RSA public key"
ends "no such key, --quiet" 2 "$keyferry" fingerprint --quiet \
    "pkcs11:token=test;object=none?module-path=$module"
said "the message" "there is no such RSA public key"
ends "a private key" 2 "$keyferry" fingerprint \
    "pkcs11:token=test;type=private?module-path=$module"
said "the message" "type= must be public"
ends "no URI" 2 "$keyferry" fingerprint
said "the usage" "usage: keyferry fingerprint URI"
ends "a full disk" 2 sh -c '"$@" >/dev/full' sh "$keyferry" fingerprint \
    "pkcs11:token=test;object=vault?module-path=$module"
said "is said" "standard output: No space left"
tap_done
