# keyferry move from a token that fails in ways that no HSM can be asked for:
# tests/tools/source-module.c has the words that SOURCE takes.
. "$srcdir/tests/tools/source.sh"
# alias_end NAME: when the material of that key ends.
alias_end() {
	aws_kms describe-key --key-id "alias/$1" --output text \
	    --query 'KeyMetadata.ValidTo' | cut -c1-10
}

# The same names: the same key, or another one.
run "two keys" 0 "keys=2"
said "both are moved" "2 keys: 2 moved"
keys=$(count_keys)
run "a dry run does not compare" 0 "keys=2" --dry-run
said "and says so" "same name on the target, will be compared"
run "the same keys again" 0 "keys=2"
said "they were compared" "2 keys: 2 on the target already"
run "other keys of these names" 1 "keys=2 material=other" --report report
said "they are not there" "another key of its name on the target: key-1"
ok "the key there is named" grep -qE "other material: KeyMaterialId [0-9a-f]{64}" said
said "how many" "2 keys: 2 another key of its name on the target"
is "in the report" "$(grep -c '"result":"different"' report)" 2
run "a wrapping that fails" 1 "keys=2 garbles"
said "compares nothing" "2 keys: 2 same name on the target, not compared"
run "a source that fails" 1 "keys=2 dies"
said "compares nothing, too" "2 keys: 2 same name on the target, not compared"
is "no key was made" "$(count_keys)" "$keys"
run "the pairs beside the keys are gone, and the keys are as before" 0 "keys=2"

# An end for what is there.
day=$(date -u -d '+40 days' +%Y-%m-%d)
run "--end-date" 0 "keys=2" --end-date "$day"
said "renews" "2 keys: 2 renewed"
is "the end" "$(alias_end key-1)" "$day"
run "an end is kept" 0 "keys=1"
is "the end is as before" "$(alias_end key-1)" "$day"
run "an end past the limit" 1 "keys=3" \
    --end-date "$(date -u -d '+500 days' +%Y-%m-%d)"
said "is refused in the plan" "id 03  AES-256: stays: KMS takes no end that is"
is "and no key was made" "$(count_keys)" "$keys"

# What is not there is told from what failed.
run "a label that cannot be read" 1 "keys=4 label-fails=3"
said "the key stays" "id 03  AES-256: reading its CKA_LABEL failed: CKR_DEVICE_ERROR: the token, or what is behind it, fails: see"
said "the next one is moved" "4 keys: 2 on the target already, 1 cannot be moved, 1 moved"
run "a boolean of 8 bytes" 1 "first=4 odd-bool" --dry-run
said "is told" "reading its CKA_EXTRACTABLE failed: CKR_ATTRIBUTE_VALUE_INVALID: the value is not one"
run "a number of 4 bytes" 1 "first=4 odd-number" --dry-run
said "is told, too" "reading its CKA_VALUE_LEN failed: CKR_ATTRIBUTE_VALUE_INVALID: "
run "a label of 2 MB" 1 "first=4 huge-label" --dry-run
said "is told" "reading its CKA_LABEL failed: CKR_DATA_LEN_RANGE: it is longer than"
run "mechanisms that cannot be asked for" 1 "first=4 keys=2 mechanism-fails" --dry-run
said "are told" "token switched: C_GetMechanismInfo of the mechanism 0x9: CKR_DEVICE_ERROR: the token, or what is behind it, fails"
is "once" "$(grep -c C_GetMechanismInfo said)" 1

# One key that fails, and a source that does.
run "a key with a login of its own" 1 "keys=7 own-login=5"
said "fails" "failed: key-5"
said "the others are moved" "7 keys: 3 on the target already, 3 moved, 1 failed"
keys=$(count_keys)
run "a source that dies" 1 "first=20 keys=20 dies"
said "is given up after three keys" "20 keys: 3 failed, 17 not tried"
said "and it is said why" "3 keys in a row failed in the same way"
ok "without a key in KMS for each" [ $(($(count_keys) - keys)) -le 3 ]
# To compare what is there needs no key in KMS.
run "one that says so in two ways" 1 "keys=4 dies=in-turns"
said "is given up as soon" "3 keys in a row failed in the same way"
run "several keys with logins of their own" 1 "keys=4 own-logins=1"
fails "do not end the run" grep -q "in a row" said
keys=$(count_keys)
run "keys that say so" 1 "first=90 keys=4 own-logins=91 says-so"
said "are refused for a reason" "it asks for a login of its own (CKA_ALWAYS_AUTHENTICATE)"
said "but for the first untried" "key-92                    id 5c  AES-256: not tried, as switched refused another such key"
is "the others are moved" "$(sed -n '$p' said)" "4 keys: 1 moved, 3 failed"
ok "without a key in KMS for each" [ $(($(count_keys) - keys)) -le 2 ]
run "a source that has logged out" 1 "keys=4 own-logins=1 logs-out"
said "does" "3 keys in a row failed in the same way"

# Sessions, and ways to wrap.
run "a source that wants a read-write session" 0 "first=50 read-only-refuses"
said "gets one" "1 key: 1 moved"
run "a way that fails" 0 "first=51 kind=ec rsa-aes-fails"
said "gives way to the next" "1 key: 1 moved"
run "a way that gives garbage" 0 "first=100 kind=ec rsa-aes-garbles"
said "gives way to the next, too" "1 key: 1 moved"
run "SHA-1 alone, in a read-write session" 0 "first=101 read-only-refuses sha1-alone" --dry-run
said "is seen" "CKM_RSA_PKCS_OAEP, SHA-1"
run "so is the size of its RSA keys" 0 "first=101 read-only-refuses rsa-max=2048 no-limits" \
    --wrapping-bits 4096 --dry-run
said "which the source takes there" "RSA-2048"
run "an EC key, and OAEP alone" 0 "first=52 kind=ec only=oaep certificate"
said "fits" "EC P-256: will be moved, wrapped with CKM_RSA_PKCS_OAEP, SHA-256, to sign"
run "RSA_AES_KEY_WRAP alone" 1 "first=53 only=rsa-aes" --dry-run
said "takes no AES key" "AES-256: stays: the target can unwrap none"
run "for an HMAC key, too" 1 "first=53 kind=hmac only=rsa-aes" --dry-run
said "it stays" "HMAC: stays: the target can unwrap none"
run "an HMAC key of unknown length" 1 "first=53 kind=hmac no-length" --dry-run
said "stays" "HMAC: stays: its length is not known: choose its hash with --hmac"
run "an id of 200 bytes" 1 "first=53 long-ids" --dry-run
said "stays" "stays: an alias of KMS holds ids of at most 119 bytes"
run "RSA up to 2048 bits" 0 "first=54 rsa-max=2048" --wrapping-bits 4096
said "is taken" "CKM_RSA_PKCS_OAEP, SHA-256, RSA-2048, to decrypt"
run "RSA up to 1024 bits" 1 "first=55 rsa-max=1024" --dry-run
said "is not" "stays: the source takes no RSA key of 2048 bits or more"

# What an HMAC key will be.
run "an HMAC key" 0 "first=60 kind=hmac" --dry-run
said "is of the longest hash" "to sign, as HMAC_512"
run "CKA_ALLOWED_MECHANISMS" 0 "first=60 kind=hmac hash=256" --dry-run
said "says its hash" "to sign, as HMAC_256"
run "one that cannot be read" 1 "first=60 kind=hmac hash-fails" --dry-run
said "is no other hash" "reading its CKA_ALLOWED_MECHANISMS failed: CKR_DEVICE_ERROR"
run "its key type" 0 "first=60 kind=sha256-hmac" --dry-run
said "says so, too" "to sign, as HMAC_256"
run "--hmac" 0 "first=60 kind=hmac hash=256" --hmac sha384
said "has its way" "to sign, as HMAC_384"
is "in KMS, too" "$(aws_kms describe-key --key-id alias/key-60 --output text \
    --query KeyMetadata.KeySpec)" HMAC_384
run "what stays behind" 0 "first=80 kind=ec certificate" --dry-run
said "is shown" "without its certificate"
run "certificates that cannot be looked for" 0 "first=80 kind=ec certificates-fail" --dry-run
said "are told of" "if it has one: looking for it failed: CKR_DEVICE_ERROR"
run "usages that are lost" 0 "first=61 all-uses" --dry-run
said "are shown" "to decrypt, without: sign derive wrap"

# Tokens that fail at once.
run "a search without end" 2 "endless"
said "is bounded" "C_FindObjects does not end"
run "no list of mechanisms" 2 "no-mechanisms"
said "is told" "token switched: C_GetMechanismList: CKR_DEVICE_ERROR: the token, or what is behind it, fails: see"
run "more mechanisms than there was room for" 2 "lies"
said "are not believed" "token switched: C_GetMechanismList: CKR_GENERAL_ERROR"
run "more bytes than there was room for" 1 "first=72 boasts"
said "nor are these" "C_WrapKey on switched: CKR_WRAPPED_KEY_LEN_RANGE"
: >pin
whole=$from from="$from&pin-source=file:$dir/pin"
run "an empty pin-source" 2 "login"
from=$whole
said "is not tried" "the PIN is empty, and was not tried"
ok "there was no login" tap_not grep -q . logins
PKCS11_PIN=0000 run "the last try" 2 "login final-try"
said "is warned of" "a wrong PIN locks it (CKF_USER_PIN_FINAL_TRY)"
said "the result" "C_Login: CKR_PIN_INCORRECT"
# U+202E, U+200B, U+2060, U+FEFF and U+00AD; and U+00E9, which is a letter
run "a label that turns text round, or has characters that are not seen" 0 \
    "first=62 label=$(printf 'a\342\200\256\342\200\213\342\201\240\357\273\277\302\255\303\251b')" \
    --dry-run
said "is escaped" \
    "a\\xe2\\x80\\xae\\xe2\\x80\\x8b\\xe2\\x81\\xa0\\xef\\xbb\\xbf\\xc2\\xad$(printf '\303\251')b"

# KMS is away, or takes no credentials.
AWS_SECRET_ACCESS_KEY=wrong run "wrong credentials" 2 "first=70 keys=20"
said "what KMS says" "InvalidSignatureException"
is "once" "$(wc -l <said)" 1
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 \
    run "KMS out of reach" 2 "first=70 keys=20"
said "is told" "token test: looking for keys failed: CKR_DEVICE_ERROR: "
is "once, too" "$(wc -l <said)" 1
tap_done
