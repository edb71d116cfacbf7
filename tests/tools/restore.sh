# keyferry restore: the keys of a manifest are built in an empty Region from files and
# from SoftHSM, which stands for an HSM; what is there is compared with the manifest.
terminal=$(cd "$srcdir/tests/tools" && pwd)/run-in-terminal.py
. "$srcdir/tests/tools/manual.sh"
. "$srcdir/tests/tools/softhsm.sh"
needs "$aws" python3
restore() { "$keyferry" restore --to "$cloud" "$@" </dev/null; }
check() { restore --manifest "$1" --check; }
fingerprint_of() { # FILE
	openssl pkey -in "$1" -pubout -outform DER | sha256sum | cut -d' ' -f1
}
key_id_of() { sed -n 's/.*"label":"'"$1"'".*\/\([0-9a-f-]*\)".*/\1/p' report; }
kms_count() { aws_kms list-keys --query 'length(Keys)' --output text; }
day() { date -u -d "$1 days" +%F; }

hsm_aes payroll 0a01
# SoftHSM pads the PKCS#8 of other types, which the local KMS refuses.
hsm_pair EC:secp256k1 "web server" 0a02 --usage-sign >/dev/null 2>&1
hsm_pair EC:secp256k1 mail 0a03 --usage-sign >/dev/null 2>&1
public_key_of() { # ID
	hsm --read-object --type pubkey --id "$1" -o "$1.der" >/dev/null 2>&1
	sha256sum "$1.der" | cut -d' ' -f1
}
web=$(public_key_of 0a02) mail=$(public_key_of 0a03)
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl rand -out mac.key 48
openssl rand -out first.key 32
openssl rand -out second.key 32
openssl rand -out third.key 32
cat >manifest.csv <<END
label,id,file,source,spec,usage,end-date,public-key
payroll,0a01,,pkcs11:token=source;id=%0a%01?module-path=$softhsm,SYMMETRIC_DEFAULT,decrypt,$(day 20),
web server,0a02,,,ECC_SECG_P256K1,sign,,$web
mail,0a03,,,ECC_SECG_P256K1,sign,,$mail
tls,0b01,rsa.pem,,RSA_2048,sign,,$(fingerprint_of rsa.pem)
mac,0b02,mac.key,,HMAC_384,sign,,
rotated,0b03,first.key,,SYMMETRIC_DEFAULT,,,
rotated,0b03,second.key,,,,,
END

PKCS11_PIN= ends "--check of an empty Region, without a PIN" 1 check manifest.csv
said "names what is missing" "missing: payroll                   id 0a01  SYMMETRIC_DEFAULT"
said "and counts keys, not materials" "6 keys: 6 missing"
ends "--dry-run without the HSM" 1 restore --manifest manifest.csv --dry-run
said "says what is not restored" "mail                      id 0a03  ECC_SECG_P256K1: is not restored: the manifest names neither its file nor its source: give --from"
ends "--dry-run" 0 restore --manifest manifest.csv --from "$source" --dry-run
said "says how it will be restored" "web server                id 0a02  EC secp256k1: will be restored, wrapped with"
said "and that a key gets another material" ", as new material of rotated"
said "all of them" "7 keys: 7 to be restored"
is "nothing is in KMS" "$(kms_keys)" ""
ends "without a terminal" 2 restore --manifest manifest.csv --from "$source"
said "says what to give" "use --yes"
PKCS11_PIN=no ends "a wrong PIN" 2 restore --manifest manifest.csv --from "$source" --yes
said "is told" CKR_PIN_INCORRECT
is "nothing was done" "$(kms_keys)" ""
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 ends "no KMS" 2 check manifest.csv
is "is said once" "$(grep -c 'KMS not reached' said)" 1

ends "the restore" 0 restore --manifest manifest.csv --from "$source" --yes --report report
said "restores all" "7 keys: 7 restored"
is "the report has all" "$(grep -c '"result":"restored"' report)" 7
ends "--check then" 0 check manifest.csv
said "finds them" "6 keys: 6 on the target already"
ok "the key of the HSM is the one" same_material payroll 0a01 0a01.key
ok "the rotated has its first material" same_material rotated 0b03 first.key
ok "and its second" same_material rotated 0b03 second.key
ends "all again" 0 restore --manifest manifest.csv --from "$source" --yes
said "is compared" "7 keys: 7 on the target already"
ends "--check with --json" 0 restore --manifest manifest.csv --check --json
ok "has a line for each" python3 -c '
import json
keys = [json.loads(line) for line in open("said")]
assert len(keys) == 6 and {key["result"] for key in keys} == {"there"}'

control POST '/denials?operation=ListAliases' >/dev/null
ends "--check where names may not be listed" 0 check manifest.csv
said "finds keys by theirs" "6 keys: 6 on the target already"
ends "so does a restore" 0 restore --manifest manifest.csv --from "$source" --dry-run
control DELETE /denials >/dev/null
ends "--check with --quiet" 0 restore --manifest manifest.csv --check --quiet
is "prints nothing" "$(cat said)" ""

ends "keyferry list --manifest" 0 "$keyferry" list --to "$cloud" --manifest listed.csv
is "prints nothing" "$(cat said)" ""
is "has a line for each material, and titles" "$(wc -l <listed.csv)" 8
ends "--check of it" 0 check listed.csv
said "finds all as it says" "6 keys: 6 on the target already"
ends "as JSON Lines" 0 "$keyferry" list --to "$cloud" --manifest listed.jsonl
is "has a line for each material" "$(grep -c '^{"label":.*}$' listed.jsonl)" 7
ends "--check of it" 0 check listed.jsonl
said "finds all as it says" "6 keys: 6 on the target already"
sed 's/"\(public-key\|material\)":"\([0-9a-f]*\)"/"\1":"\U\2"/g' listed.jsonl >upper.jsonl
ends "--check with digits in upper case" 0 check upper.jsonl
printf 'label,id,file\na,0d09,first.key\nb,0D09,second.key\n' >two.csv
ends "--check of two labels of one id" 2 check two.csv
ends "and a restore" 2 restore --yes --manifest two.csv
said "is refused" "two.csv: line 3: a line before has its id and another label"
sed 's/,[0-9a-f]\{63\}\([0-9a-f]\)\r$/,'"$(printf '%064d' 0)"'/' listed.csv >materials.csv
ends "--check with other materials" 1 check materials.csv
said "tells of them" "material $(printf '%064d' 0) is not there"

# What differs. Each line has another value than KMS has.
cat >other.csv <<END
label,id,file,spec,usage,end-date,public-key
payroll,0a01,third.key,SYMMETRIC_DEFAULT,,$(day 30),
web server,0a02,,ECC_NIST_P521,derive,,$mail
Mail,0a03,,ECC_SECG_P256K1,sign,$(day 20),$mail
tls,0b09,rsa.pem,,,,
mac,0b02,mac.key,HMAC_384,sign,,
rotated,0b03,first.key,,,,
none,0b04,,,,,
END
ends "--check finds differences" 1 check other.csv
said "an end" "not as the manifest says: payroll                   id 0a01  SYMMETRIC_DEFAULT: end is $(day 20), not $(day 30)"
said "a spec, a usage and a public key" "spec is ECC_SECG_P256K1, not ECC_NIST_P521; usage is sign, not derive; public-key is $web, not $mail"
said "a label, and an end that is not there" "label is mail, not Mail; end is none, not $(day 20)"
said "an id" "id is 0b01, not 0b09"
said "materials" "number of materials is 2, not 1"
said "all" "7 keys: 1 on the target already, 5 not as the manifest says, 1 missing"
ends "a restore that differs" 1 restore --manifest other.csv --yes --quiet
said "another material" "another key of its name on the target: payroll"
said "what is not there and has no source" "cannot be restored: none"
said "and all differences" "end is none, not $(day 20)"
ends "the first manifest" 0 check manifest.csv
said "still is what KMS has" "6 keys: 6 on the target already"
for hidden in tls mac; do
	control POST "/denials?operation=DescribeKey&key=$(key_id_of $hidden)" >/dev/null
done
ends "keys that may not be seen" 1 check manifest.csv
said "are not missing" "not known: mac"
said "for a reason" "allow kms:DescribeKey"
said "nor is one whose public key alone is known" "not known: tls"
said "and the others are compared" "6 keys: 4 on the target already, 2 not known"
kms_before=$(kms_count)
ends "a restore" 1 restore --manifest manifest.csv --from "$source" --yes
said "says so, too" "cannot be restored: mac"
said "of both" "id 0b01  RSA-2048: KMS does not let it be described"
is "and makes no second one" "$(kms_count)" "$kms_before"
control DELETE /denials >/dev/null
aws_kms disable-key --key-id "$(key_id_of mac)"
aws_kms create-key --query KeyMetadata.KeyId --output text >made
aws_kms create-alias --alias-name alias/generated --target-key-id "$(cat made)"
printf 'label,file\ngenerated,third.key\nmac,mac.key\n' >states.csv
ends "--check of a disabled key, and of one of KMS's own" 1 check states.csv
said "tells the state" "state is Disabled, not Enabled"
said "tells the origin" "origin is AWS_KMS, not EXTERNAL"

sed 's/us-east-1,arn/us-east-1 eu-west-3,arn/' listed.csv >regions.csv
ends "--check of a key that had a replica" 1 check regions.csv
said "misses it" "the key of eu-west-3 is missing"
printf 'label,id,file,tags,multi-region\n' >tags.csv
printf 'a,0d01,third.key,"Owner=me,Cost=1",yes\nb,0d02,other.key,Cost=1,no\n' >>tags.csv
openssl rand -out other.key 32
ends "tags, and multi-Region" 0 restore --manifest tags.csv --yes
ends "are as the manifest says" 0 check tags.csv
sed -i 's/Cost=1"/Cost=2"/; s/yes/no/' tags.csv
ends "others" 1 check tags.csv
said "are told" "multi-region is yes, not no; tags is Owner=me,Cost=1, not Owner=me,Cost=2"
control POST '/faults?operation=ListResourceTags&fault=error&count=9&error=AccessDeniedException' >/dev/null
ends "tags that may not be listed" 1 check tags.csv
said "are told" "reading its tags failed: CKR_"
control DELETE /faults >/dev/null

# The manifest says which key it is: another one is not built.
printf 'label,id,file,public-key,check-value\n' >wrong.csv
printf 'a,0c01,rsa.pem,%s,\nb,0c02,third.key,,000000\n' "$web" >>wrong.csv
printf 'mail,0a09,,%s,\n' "$web" >>wrong.csv
printf 'payroll,0a01,,,000000\n' >>wrong.csv
configure 'region = ap-south-1'
ends "other keys than the manifest's" 1 restore --manifest wrong.csv --yes --from "$source"
said "are told by their public key" "its public key is $(fingerprint_of rsa.pem), not the manifest's $web"
said "by their check value" "not the manifest's 000000"
said "those of the HSM, too" "cannot be restored: payroll "
said "and one that the HSM has not" "there is no such key on its source"
is "nothing is there" "$("$keyferry" list --to "$cloud" | wc -l)" 1

# Another Region, long after: the ends of the manifest are over.
sed "s/$(day 20)/2024-02-29/" manifest.csv >old.csv
configure 'region = eu-west-1'
ends "an end that is over" 1 restore --manifest old.csv --from "$source" --dry-run
said "is told" "is not restored: its end is over"
control POST '/faults?operation=ImportKeyMaterial&fault=error&count=1&skip=6&error=AccessDeniedException' >/dev/null
ends "a run that is denied the second material" 1 restore --manifest old.csv \
    --from "$source" --end-date "$(day 9)" --yes
said "says so" AccessDeniedException
said "and restores the others" "7 keys: 6 restored, 1 failed"
ends "--check then" 1 check manifest.csv
said "finds it" "number of materials is 1, not 2"
ends "the run again" 0 restore --manifest old.csv --from "$source" --end-date "$(day 9)" --yes
said "completes it" "7 keys: 6 on the target already, 1 restored"
ok "the end is the new one" says "$(day 9)" "$keyferry" list --to "$cloud"

# The examples of the manual. PKCS11_PIN has the PIN.
hsm --delete-object --type privkey --id 0a02 >/dev/null 2>&1
hsm_aes archive 0a02
configure 'region = eu-central-1'
ok "example 1 of the manual" as_printed keyferry-restore.1 1
sed -i "s,pkcs11:[^\,]*,&?module-path=$softhsm," manifest.csv
ok "example 2" says "2 keys: 2 restored" as_printed keyferry-restore.1 2
ok "example 3" as_printed keyferry-restore.1 3

# keyferry import takes the keys of a token, too, by the column source.
configure 'region = us-west-2'
ok "keyferry import, example 5" as_printed keyferry-import.1 5
sed -i "s,pkcs11:[^\"]*,&?module-path=$softhsm," hsm.jsonl
ok "example 6" says "2 keys: 2 imported" as_printed keyferry-import.1 6
is "each has its names" "$(sed 's/.*"label":"\([^"]*\)","id":"\([^"]*\)","source_label":"\([^"]*\)".*"result":"\([^"]*\)".*/\1 \2 \3 \4/' imported.json)" \
"payroll-2026 0a01 payroll imported
archive 0a02 archive imported"
ok "again" says "2 keys: 1 on the target already, 1 renewed" as_printed keyferry-import.1 6
imports() { "$keyferry" import --to "$cloud" --yes --manifest "$@" </dev/null; }
cloud="pkcs11:token=production?module-path=$module"
hsm_uri() { echo "{\"source\":\"pkcs11:token=$1?module-path=$softhsm\"${2-}}"; }
hsm_uri "source;object=none" >some.jsonl
hsm_uri source >>some.jsonl
hsm_uri "source;object=payroll" >>some.jsonl
hsm_uri "source;id=%0a%01" >>some.jsonl
ends "keys that are none, several, or there twice" 2 imports some.jsonl
said "none" "some.jsonl: line 1: pkcs11:token=source;object=none?module-path=$softhsm: there is no such key"
said "several" "line 2: pkcs11:token=source?module-path=$softhsm: several keys are selected"
said "twice" "line 4: pkcs11:token=source;id=%0a%01?module-path=$softhsm: another line has this key"
# What the manifest says of a key of the token is compared before it is imported.
hsm_uri "source;id=%0a%03;type=private" ',"usage":"derive"' >some.jsonl
hsm_uri "source;object=archive" ',"spec":"HMAC_256"' >>some.jsonl
hsm_uri "source;object=payroll" ',"check-value":"000000"' >>some.jsonl
ends "keys that are not what the manifest says" 1 imports some.jsonl
said "a usage" "it cannot derive, as is wanted of it"
said "a spec" "its spec is SYMMETRIC_DEFAULT, not the manifest's HMAC_256"
said "a check value" "not the manifest's 000000"
said "and none is imported" "3 keys: 3 cannot be imported"
hsm_uri "source;id=%0a%03;type=private" ",\"public-key\":\"$web\"" >some.jsonl
ends "an EC key that is another" 1 imports some.jsonl
said "is told by its public key" "its public key is $mail, not the manifest's $web"
hsm_pair EC:secp256r1 both 0a05 --usage-sign --usage-derive >/dev/null 2>&1
hsm_uri "source;object=both;type=private" ",\"into\":\"$(aws_kms create-key --origin EXTERNAL \
    --key-spec ECC_NIST_P256 --key-usage KEY_AGREEMENT --region us-west-2 \
    --query KeyMetadata.Arn --output text)\"" >some.jsonl
ends "a key with two usages into one that derives" 0 imports some.jsonl --dry-run
said "derives, too" ", to derive, into arn:"
waiting=$(aws_kms create-key --origin EXTERNAL --key-spec ECC_NIST_P256 \
    --key-usage SIGN_VERIFY --region us-west-2 --query KeyMetadata.Arn --output text)
ends "a pair for a key that waits" 0 "$keyferry" pair "$waiting" --to "$cloud" --out set
ends "its manifest" 0 "$keyferry" list --to "$cloud" --manifest waits.jsonl
is "has the key, and no public key" \
    "$(grep -F "$waiting" waits.jsonl | grep -v '"public-key"' | grep -c ECC_NIST_P256)" 1
{ hsm_uri "nowhere;object=a"; hsm_uri "nowhere;object=b"; } >some.jsonl
ends "a token that is not there" 2 imports some.jsonl
is "is told once" "$(grep -c "there is no such token" said)" 1
printf 'label,source\na,pkcs11:token=nowhere\nb,pkcs11:token=nowhere\n' >nowhere.csv
ends "nor is it for a restore" 2 restore --manifest nowhere.csv
is "which says it once, too" "$(grep -c "there is no such token" said)" 1
hsm_uri "source;object=archive" ",\"into\":\"$(aws_kms create-key --origin EXTERNAL \
    --region us-west-2 --query KeyMetadata.Arn --output text)\"" >into.jsonl
ends "into a key that waits" 0 imports into.jsonl
ends "and once more" 0 imports into.jsonl
said "it is there" "1 key: 1 on the target already"
# A manifest is UTF-8: a label that is not would be another, or not be read again.
openssl rand -out octets.key 32
odd() { printf 'an \377 octet'; }
ok "a label that is not UTF-8" p11 --write-object octets.key --type secrkey --key-type AES:32 \
    --label "$(odd)"
for manifest in odd.jsonl odd.csv; do
	ends "a manifest of it, $manifest" 2 "$keyferry" list --to "$cloud" --manifest $manifest
	said "is refused" "its label is not UTF-8"
	fails "and not written" test -e $manifest
	printf 'label,source\n%s,pkcs11:token=source\n' "$(odd)" >$manifest
	[ $manifest = odd.csv ] ||
		printf '{"label":"%s","source":"pkcs11:token=source"}' "$(odd)" >$manifest
	ends "nor is one read" 2 restore --manifest $manifest
	said "that has it" "$manifest: it is no text in UTF-8"
done
tap_done
