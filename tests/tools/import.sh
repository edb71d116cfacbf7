# keyferry import: keys of files, compared with what KMS has afterwards.
. "$srcdir/tests/tools/command.sh"
needs pkcs11-tool openssl python3 curl sha1sum "$aws"
key_count() { keyferry list --to "$cloud" --json | grep -c '"arn":'; }
# is_listed KEY MEMBER...: the key, by label or ARN, has these members in JSON.
is_listed() {
	keyferry list --to "$cloud" --json | grep -F "\"$1\"" >listed
	shift
	for member; do
		grep -qF "$member" listed || { cat listed; return 1; }
	done
}
lists() { lists_name=$1; shift; ok "$lists_name" is_listed "$@"; }
same_public() { # LABEL FILE
	aws_kms get-public-key --key-id "alias/$1" --query PublicKey --output text |
	    base64 -d >there.der
	openssl pkey -in "$2" -pubout -outform DER -out here.der && cmp there.der here.der
}
first3() { od -An -N3 -tx1 | tr -d ' \n'; }
aes_check() { # FILE
	head -c 16 /dev/zero | openssl enc -aes-256-ecb -nopad \
	    -K "$(od -An -tx1 -v "$1" | tr -d ' \n')" | first3
}

says_at_terminal() { # TEXT COMMAND...
	terminal_text=$1; shift
	"$@" >terminal && grep -qF "$terminal_text" terminal
}
openssl rand -out wages.key 32
check=$(aes_check wages.key)
run "a plan" 0 import wages.key --dry-run --label tables --id 0a01
shows "has the check value" \
    "tables                    id 0a01  AES-256, check value $check: will be imported, to decrypt"
shows "and a sum" "1 key: 1 to be imported"
is "no key is made" "$(key_count)" 0
run "without a terminal" 2 import wages.key
shows "it says what to give" "use --yes" err
ok "at a terminal it asks" says_at_terminal "1 key: 1 imported" python3 "$terminal" \
    "Import 1? [y/N] =y" -- keyferry import --to "$cloud" wages.key
lists "it is in KMS under the file's name" wages '"spec":"SYMMETRIC_DEFAULT"' \
    '"origin":"EXTERNAL"' '"state":"Enabled"'
shows "with progress, the rate and a bar" "] 1/1 " terminal
fails "without an end" grep '"end"' listed
ok "it is that key" p11 --write-object wages.key --type secrkey --key-type AES:32 \
    --label wages
arn=$(sed -n 's/.*"arn":"\([^"]*\)".*/\1/p' listed)

od -An -tx1 -v wages.key >wages.hex
run "again, as digits" 0 import --yes wages.hex
shows "is known" "will be compared" out
shows "and found the same" "1 key: 1 on the target already"
run "with an end" 0 import --yes --quiet wages.hex --end-date "$(date -u -d '20 days' +%F)"
is "it is renewed" "$(cat out)" "1 key: 1 renewed"
lists "and ends" wages '"end":"20'
openssl rand -out other.key 32
run "another key of its name" 1 import --yes other.key --label wages
shows "is told" "another key of its name on the target: wages"
run "an end that KMS refuses" 1 import --yes other.key --end-date "$(date -u -d '400 days' +%F)"
shows "stays out" "other                     id   AES-256, check value $(aes_check other.key): is not imported: KMS takes no end"
is "nothing is made" "$(key_count)" 1
run "one behind its limit" 1 import --dry-run other.key --end-date "$(date -u -d '367 days' +%F)"
run "the last that KMS takes" 0 import --yes --quiet wages.hex --end-date "$(date -u -d '365 days' +%F)"

openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl rsa -in rsa.pem -traditional -out pkcs1.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ec.pem
openssl ec -in ec.pem -outform DER -out sec1.der 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1 -out p384.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp521r1 -out p521.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out koblitz.pem
openssl genpkey -algorithm ED25519 -out edwards.pem
echo secret >passphrase
openssl pkcs8 -topk8 -in rsa.pem -passout file:passphrase -out encrypted.pem
openssl rand -out hmac.key 64
openssl rand -out short.key 16
run "several, of which KMS takes all but two" 1 import --yes --report report pkcs1.pem \
    sec1.der p384.pem p521.pem koblitz.pem hmac.key edwards.pem short.key
shows "are counted" "8 keys: 2 cannot be imported, 6 imported"
is "a pipe is shown no progress" "$(cat err)" ""
shows "one is no key for KMS" "cannot be imported: edwards"
shows "nor another" "short                     id   AES-128, check value"
shows "the report has them" '"from":"sec1.der","to":"test","type":"EC P-256","size":256,"usage":"sign"' report
shows "and how each ended" '"check_value":"","result":"imported"' report
ok "PKCS#1" same_public pkcs1 pkcs1.pem
ok "SEC1" same_public sec1 ec.pem
lists "HMAC" hmac '"spec":"HMAC_512"'
printf hello >text
is "computes what openssl does" "$(aws_kms generate-mac --key-id alias/hmac \
    --mac-algorithm HMAC_SHA_512 --message fileb://text --query Mac --output text)" \
    "$(openssl dgst -sha512 -mac HMAC -macopt \
    "hexkey:$(od -An -tx1 -v hmac.key | tr -d ' \n')" -binary text | base64 -w 0)"
run "all again" 0 import --yes --json pkcs1.pem sec1.der p384.pem p521.pem koblitz.pem hmac.key
is "are there" "$(grep -c '"result":"there"' out)" 6
is "and nothing else is printed" "$(grep -vc '^{' out)" 0
shows "the check value of an HMAC key" \
    "\"check_value\":\"$(sha1sum hmac.key | cut -c 1-6)\"" out
run "a private key of a name that is taken" 1 import --yes ec.pem --label pkcs1
shows "is told" "its label is taken on the target by another key"
run "32 bytes as an HMAC key" 0 import --yes other.key --label short-mac --hash sha256
lists "are one" short-mac '"spec":"HMAC_256"'
run "too few for the hash" 1 import --yes other.key --label more --hash sha512
run "an EC key that derives" 0 import --yes ec.pem --label agree --usage derive
lists "does" agree '"usage":"KEY_AGREEMENT"'
run "a usage that KMS has not" 1 import --yes koblitz.pem --label no --usage derive
shows "is told" "KMS has none of its usages"
run "decrypt" 0 import --yes encrypted.pem --label opened --usage decrypt \
    --passphrase-file passphrase
lists "is its usage" opened '"usage":"ENCRYPT_DECRYPT"'
ok "PKCS#8, encrypted" same_public opened rsa.pem
ok "its passphrase, asked for" says "1 on the target already" python3 "$terminal" \
    "Passphrase of encrypted.pem: =secret" -- keyferry import --to "$cloud" --yes \
    encrypted.pem --label opened
before=$(key_count)
run "a file that is none" 2 import --yes none.key text wages.key
shows "is named" "none.key: No such file" err
shows "and so is the next" "text: it is text: give --format raw" err
is "nothing is made" "$(key_count)" "$before"

# What editors make of text. Read as bytes, each would be a key for KMS.
hex=$(od -An -tx1 -v wages.key | tr -d ' \n')
printf '\357\273\277%s\r\n' "$hex" >mark.hex
run "digits behind a byte order mark" 0 import --dry-run mark.hex
shows "are the key" "AES-256, check value $check"
printf '\357\273\277{"kty":"oct","k":"%s"}' "$(base64 -w 0 wages.key |
    tr '+/' '-_' | tr -d =)" >mark.jwk
run "a JSON Web Key behind one" 0 import --dry-run mark.jwk
shows "is the key" "AES-256, check value $check"
for encoding in UTF-16 UTF-16LE UTF-16BE; do
	printf %.32s "$hex" | python3 -c 'import sys
sys.stdout.buffer.write(sys.stdin.read().encode(sys.argv[1]))' $encoding >wide.hex
	run "$encoding" 2 import --dry-run wide.hex
	shows "is told" "it is text in UTF-16" err
done
run "its bytes" 0 import --dry-run wide.hex --format raw
for byte in 1 377; do
	{ printf '{'; head -c 31 /dev/zero | tr '\0' "\\$byte"; } >brace.key
	run "bytes behind a brace" 0 import --dry-run brace.key
	shows "are a key" "AES-256"
done

# Keys that others made.
external() { aws_kms create-key --origin EXTERNAL --query KeyMetadata.Arn --output text "$@"; }
empty=$(external)
run "into a key that waits" 0 import --yes other.key --into "$empty"
shows "is shown" ", into $empty"
lists "fills it" "$empty" '"state":"Enabled"'
run "again" 0 import --yes other.key --into "${empty##*/}"
shows "by its key id" "1 key: 1 on the target already"
run "another" 1 import --yes wages.key --into "$empty"
shows "is refused" "another key of its name on the target"
mac=$(external --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC)
run "32 bytes into an HMAC key" 0 import --yes wages.key --into "$mac"
lists "fill it" "$mac" '"state":"Enabled"'
for_ec=$(external --key-spec ECC_NIST_P256 --key-usage KEY_AGREEMENT)
run "a key of another kind" 1 import --yes p384.pem --into "$for_ec"
shows "is refused" "the key there takes ECC_NIST_P256, and this is ECC_NIST_P384"
run "the right one" 0 import --yes ec.pem --into "$for_ec"
lists "fills it" "$for_ec" '"state":"Enabled"'
run "a label" 2 import --yes other.key --into wages
shows "is no key id" "there is no key of this ARN or key id" err
made=$(aws_kms create-key --query KeyMetadata.Arn --output text)
run "into a key of KMS" 1 import --yes other.key --into "$made"
shows "is refused" "KMS made the material"
run "new material of the wrong length" 1 import --yes short.key --into "$arn" --new-material
openssl rand -out next.key 32
run "new material" 0 import --yes next.key --into "$arn" --new-material
shows "is shown" ", as new material of $arn"
lists "KMS rotates to it" "$arn" '"materials":2'
run "the same again" 1 import --yes next.key --into "$arn" --new-material
shows "is refused" "failed: wages"

is "an object as target: status" \
    "$(keyferry import --yes other.key --to "pkcs11:token=test;object=a?module-path=$module" \
    >out 2>err; echo $?)" 2
shows "is told" "must name a token" err

# A manifest.
printf '%s\n' 'file,label,file' 'wages.key,a,other.key' >twice.csv
run "a column that is there twice" 2 import --dry-run --manifest twice.csv
shows "is told" "line 1: the column file is there twice" err
run "a key in the place of the manifest" 2 import --dry-run --manifest mark.hex
shows "is told" "one of its columns is unknown" err
fails "is not shown" grep -q "$(printf %.20s "$hex")" err
cp ec.pem "an, other.pem"
cat >manifest.csv <<END
label,file,id,usage,end-date,into

"one ""quoted""",p384.pem,0c01,derive,,
two,"an, other.pem",0c02,,$(date -u -d '20 days' +%F),
,other.key,,,,$(external)
END
run "a manifest, dry" 0 import --manifest manifest.csv --dry-run
shows "has the label" 'one "quoted"              id 0c01  EC P-384: will be imported, to derive'
run "a manifest" 0 import --manifest manifest.csv --yes
shows "is done" "3 keys: 3 imported"
lists "a file's name with a comma, and its end" two '"end":"20'
lists "another key" "$(sed -n 's/.*,arn/arn/p' manifest.csv)" '"state":"Enabled"'
fails "has none" grep '"end"' listed
run "once more" 0 import --manifest manifest.csv --yes
shows "all are there" "3 keys: 2 on the target already, 1 renewed"
# wrong TEXT LINE...: a manifest of these lines is refused, and the text is said.
wrong() {
	wrong_text=$1; shift
	printf '%s\r\n' "$@" >wrong.csv
	run "a manifest of which is said: $wrong_text" 2 import --yes --manifest wrong.csv
	shows "and it is" "$wrong_text" err
}
wrong "wrong.csv: line 1: the column colour is unknown" file,colour a,red
wrong "line 1: the first line must name the column file or source" label a
wrong "line 3: id 0 is not valid" file,id rsa.pem,0a other.key,0
wrong "line 2: it names no file and no source" file,id ,0a
wrong "line 2: it names a file and a source" file,source a,pkcs11:token=b
wrong "line 2: a key of --into has its label" file,into,label a,b,c
wrong "line 2: it has more fields than the first line" file a,b
wrong "line 3: it has fewer fields than the first line" file,label,id rsa.pem,a,0a other.key,b
wrong "is not closed" file,id '"a,b'
wrong "is not closed" file,id '"a""'
wrong "it names no key" file
wrong "none.key: No such file" file,label none.key,none
# JSON Lines, which are checked like CSV.
jwrong() { # TEXT LINE...
	wrong "$@"
	is "nothing is made" "$(key_count)" "$manifest_before"
}
manifest_before=$(key_count)
jwrong "wrong.csv: line 1: the member colour is unknown" '{"file":"rsa.pem","colour":"red"}'
jwrong "line 3: id 0 is not valid" '{"file":"rsa.pem"}' '' '{"file":"other.key","id":"0"}'
jwrong "line 1: id pkcs11:token=a?pin-value=**** is not valid" '{"id":"pkcs11:token=a?pin-value=4711"}'
fails "a PIN in another's place is not shown" grep 4711 err
jwrong "line 1: it names no file" '{"label":"a"}'
jwrong "line 1: it names no file" '{"file":null}'
jwrong "line 1: the member file is there twice" '{"file":"rsa.pem","file":"ec.pem"}'
jwrong "line 1: a key of --into has its label" '{"file":"a","into":"b","label":"c"}'
jwrong "line 1: the member label must be a text" '{"file":"rsa.pem","label":7}'
jwrong "line 1: the member id must be a text" '{"file":"rsa.pem","id":10}'
jwrong "line 1: the member label must be a text" '{"file":"rsa.pem","label":true}'
jwrong "line 1: valid-days 0 is not valid" '{"file":"rsa.pem","valid-days":0}'
jwrong "line 1: multi-region perhaps is not valid" '{"file":"rsa.pem","multi-region":"perhaps"}'
jwrong "line 1: a value in it is no text, number or boolean" '{"file":"rsa.pem","tags":{"a":"b"}}'
jwrong "line 1: a value in it is no text, number or boolean" '{"file":"rsa.pem","label":nul}'
jwrong "line 2: it does not begin with the brace of a JSON object" '{"file":"rsa.pem"}' 'ec.pem,a'
jwrong "line 1: it does not begin with the brace of a JSON object" '[{"file":"rsa.pem"}]'
jwrong "line 1: something follows the object" '{"file":"rsa.pem"} {"file":"ec.pem"}'
jwrong "line 1: a text in it is not closed" '{"file":"rsa.pem' '"}'
jwrong "line 1: a text in it has an escape" '{"file":"\x41"}'
jwrong "line 1: a text in it has an escape" '{"file":"\ud83d"}'
jwrong "line 1: a text in it has an escape" '{"file":"a\u0000b"}'
jwrong "line 1: behind a value is neither a comma nor the brace" '{"file":"rsa.pem"'
jwrong "line 1: behind the name of a member is no colon" '{"file","rsa.pem"}'
jwrong "line 1: the name of a member is missing" '{"file":"rsa.pem",}'
jwrong "one of its members is unknown" '{"a name that is longer than what is shown":1}'
cat >manifest.jsonl <<END

{"label": "j \"quoted\" \u00e9\ud83d\ude00", "file": "p384.pem", "id": "0d01", "usage": "derive"}
  {"file":"an, other.pem","label":"j two","id":"0d02","valid-days":20,"multi-region":false,"tags":null}
{"file":"other.key", "label":"j three", "multi-region": true, "end-date":""}
END
run "JSON Lines, dry" 0 import --manifest manifest.jsonl --dry-run
shows "have the label" 'j "quoted" é😀'
run "JSON Lines" 0 import --manifest manifest.jsonl --yes
shows "are imported" "3 keys: 3 imported"
lists "an end as days from now" "j two" '"end":"20'
lists "a boolean" "j three" :key/mrk-
run "no manifest" 2 import --manifest none.csv
shows "is said" "none.csv: No such file" err

printf 'file,label,tags,multi-region\nother.key,tagged,"Owner=pay roll,Cost=1",yes\n' >tags.csv
printf 'third.key,plain,,no\n' >>tags.csv && openssl rand -out third.key 32
run "tags, and multi-Region" 0 import --manifest tags.csv --yes --tags Cost=2
shows "are in the plan" ", with tags Owner=pay roll,Cost=1, multi-Region"
tags_of() { # LABEL
	tagged=$(aws_kms describe-key --key-id "alias/$1" --query KeyMetadata.KeyId --output text)
	aws_kms list-resource-tags --key-id "$tagged" --output text --query 'Tags[].[TagKey,TagValue]' |
	    sort | tr '\t\n' '=,'
}
is "a key has its tags" "$(tags_of tagged)" "Cost=1,Owner=pay roll,"
lists "and is multi-Region" tagged :key/mrk-
is "another those of all" "$(tags_of plain)" "Cost=2,"
run "a tag without a value" 2 import --yes other.key --tags Owner
shows "is told" "--tags Owner is not valid" err

# JSON Web Keys, made of the keys above by python3 and openssl.
cat >jwk.py <<'PYTHON'
import base64, json, re, subprocess, sys
def url(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
kind, path = sys.argv[1:3]
if kind == "oct":
    print(json.dumps({"kty": "oct", "k": url(open(path, "rb").read()), "kid": "1"}))
    sys.exit()
text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"],
    check=True, capture_output=True, text=True).stdout
numbers = {name.strip(): bytes.fromhex(re.sub(r"[\s:]", "", value)) for name, value in
    re.findall(r"^(\w+):\s*\n((?:    +[0-9a-f:]+\n)+)", text, re.M)}
if kind == "RSA":
    names = {"n": "modulus", "d": "privateExponent", "p": "prime1", "q": "prime2",
        "dp": "exponent1", "dq": "exponent2", "qi": "coefficient"}
    key = {name: url(numbers[long].lstrip(b"\0")) for name, long in names.items()}
    print(json.dumps({"kty": "RSA", "e": "AQAB", **key}))
else:
    size = (len(numbers["pub"]) - 1) // 2
    print(json.dumps({"kty": "EC", "crv": kind, "x": url(numbers["pub"][1:1 + size]),
        "y": url(numbers["pub"][1 + size:]), "d": url(numbers["priv"][-size:].rjust(size, b"\0"))}))
PYTHON
jwk() { python3 jwk.py "$1" "$2"; }
openssl rand -out fourth.key 32
jwk oct fourth.key >jwk-oct.jwk
jwk RSA rsa.pem >jwk-rsa.jwk
jwk P-256 ec.pem >jwk-p256.jwk
jwk P-521 p521.pem >jwk-p521.jwk
run "JSON Web Keys" 0 import --yes jwk-rsa.jwk jwk-p256.jwk jwk-p521.jwk jwk-oct.jwk
shows "are imported" "4 keys: 4 imported"
ok "RSA" same_public jwk-rsa rsa.pem
ok "EC P-256" same_public jwk-p256 ec.pem
ok "EC P-521" same_public jwk-p521 p521.pem
ok "oct" p11 --write-object fourth.key --type secrkey --key-type AES:32 --label jwk-oct
# no_jwk TEXT JSON: a file of this JSON is refused, and the text is said.
no_jwk() {
	printf '%s\n' "$2" >no.jwk
	run "JSON of which is said: $1" 2 import --yes no.jwk
	shows "and it is" "no.jwk: $1" err
}
no_jwk "it is a JSON Web Key that has only the public part" "$(sed 's/"d": [^,}]*/"use": "sig"/' jwk-p256.jwk)"
no_jwk "it is an RSA key without its primes" "$(sed 's/, "qi": "[^"]*"//' jwk-rsa.jwk)"
no_jwk "it is a JSON Web Key whose numbers are no key" "$(sed 's/"d": "[^"]*"/"d": "AQAB"/' jwk-p256.jwk)"
no_jwk "it is a JSON Web Key of a curve" "$(sed 's/P-256/P-255/' jwk-p256.jwk)"
no_jwk "it is a JSON Web Key of a type" '{"kty":"OKP","crv":"Ed25519","x":"AA","d":"AA"}'
no_jwk "it is a set of JSON Web Keys" "{\"keys\":[$(cat jwk-oct.jwk)]}"
no_jwk "it is an encrypted JSON Web Key" '{"protected":"AA","ciphertext":"AAAA","iv":"AA","tag":"AA"}'
no_jwk "it is JSON, and no JSON Web Key: the member kty" '{"a":1}'
no_jwk "it is JSON, and no JSON Web Key that can be read" '{"kty":"oct","k":'
no_jwk "it is a JSON Web Key of the type oct" '{"kty":"oct","k":"a+b="}'

# What the key is for, in its own words.
alg() { sed "s/\"kty\"/\"alg\": \"$2\", \"kty\"/" "$1" >"$3"; }
alg jwk-oct.jwk HS256 hs256.jwk
alg jwk-rsa.jwk RSA-OAEP-256 oaep.jwk
alg jwk-p256.jwk ECDH-ES ecdh.jwk
run "32 bytes for HS256" 0 import --yes hs256.jwk
lists "are an HMAC key" hs256 '"spec":"HMAC_256"'
run "an RSA key for RSA-OAEP-256" 0 import --dry-run oaep.jwk --label oaep
shows "decrypts" "RSA-2048: will be imported, to decrypt"
run "an EC key for ECDH-ES" 0 import --dry-run ecdh.jwk --label ecdh
shows "derives" "EC P-256: will be imported, to derive"
for option in "--hash sha512" "--usage decrypt"; do
	# shellcheck disable=SC2086 # two words
	run "HS256 and $option" 2 import --yes hs256.jwk --label no $option
	shows "is refused" "hs256.jwk: it says that it is for HS256 (alg), which is not what" err
done
run "RSA-OAEP-256 and --usage sign" 2 import --yes oaep.jwk --label no --usage sign
alg jwk-rsa.jwk HS256 wrong.jwk
run "HS256 of an RSA key" 2 import --yes wrong.jwk --label no
alg jwk-oct.jwk HS512 hs512.jwk
run "a key of the wrong length for its algorithm" 1 import --yes hs512.jwk --label no
run "into a key of KMS its own word does not matter" 0 import --yes hs512.jwk \
    --into "$(external --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC)"
printf 'file,end-date,valid-days\nother.key,%s,20\n' "$(date -u -d '20 days' +%F)" >both.csv
run "both ends in a line" 2 import --yes --manifest both.csv
shows "are refused" "both.csv: line 2: it has both an end-date and valid-days" err

# Custodians: two components, and the other is what makes wages.key of them.
openssl rand -out first.key 32
hex() { od -An -tx1 -v "$1" | tr -d ' \n'; }
python3 -c 'import sys
a, b = (open(f, "rb").read() for f in sys.argv[1:])
sys.stdout.buffer.write(bytes(x ^ y for x, y in zip(a, b)))' first.key wages.key >second.key
python3 "$terminal" "Component 1 of parts: =$(hex first.key)" \
    "Component 2 of parts: =0a" "Component 2 of parts: =$(hex second.key)" \
    "Import 1? [y/N] =y" -- keyferry import --to "$cloud" --components 2 \
    --label parts >out
is "two components: status" $? 0
shows "the first one's check value" "Component 1: check value $(aes_check first.key)"
shows "one that is too short is asked for again" "component 2: it is not as long as the first"
shows "the key's" "AES-256, check value $check: will be imported"
ok "no component is shown" tap_not grep -q -e "$(hex first.key)" -e "$(hex second.key)" out
ok "it is the key" p11 --write-object wages.key --type secrkey --key-type AES:32 \
    --label parts
python3 "$terminal" "Component 1 of zeros: =$(hex first.key)" \
    "Component 2 of zeros: =$(hex first.key)" -- keyferry import --to "$cloud" \
    --components 2 --label zeros >out
is "the same twice: status" $? 2
shows "is told" "these components make a key of zeros"

control POST '/faults?operation=ImportKeyMaterial&fault=error&count=1&error=AccessDeniedException'
run "denied" 1 import --yes next.key
shows "is told" "C_CreateObject on test: CKR_"
run "allowed again" 0 import --yes next.key
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 run "no KMS" 2 import --yes next.key
shows "is said" "KMS not reached" err

mkdir keys && cp p384.pem rsa.pem keys
cp ec.pem keys/web.pem && cp hmac.key keys/mac.key
cp next.key payroll.key && cp other.key vault.key
arn=$(external) && export arn
for block in 1 2 3 4 7; do
	ok "example $block of the manual" as_printed keyferry-import.1 $block
done
cloud="pkcs11:token=production?module-path=$module"
lists "the key that waited is filled" "$arn" '"state":"Enabled"'
is "the report is written" "$(grep -c '"result":"imported"' imported.json)" 2
tap_done
