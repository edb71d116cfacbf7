# keyferry renew: what ends soon is brought again from SoftHSM and from files, each
# material of a key, also by two runs at once and after a kill.
. "$srcdir/tests/tools/manual.sh"
. "$srcdir/tests/tools/softhsm.sh"
needs python3
from="pkcs11:token=source?module-path=$softhsm"
options() {
	configure 'valid-days = 20' 'renewal-days = 90' 'wrapping = RSAES_OAEP_SHA_1'
}
options
# Another host has a state directory of its own.
sed "s,^state = .*,state = $dir/other," keyferry.conf >other.conf
chmod 600 other.conf
example() { # N [LANGUAGE]
	as_printed "${manual_page-keyferry-renew.1}" "$@"
	example_ended=$?
	options
	return $example_ended
}
renew() {
	host "$keyferry" renew --to "$cloud" --wrapping-bits 2048 "$@" </dev/null
}
import() { "$keyferry" import --yes --quiet --to "$cloud" "$@" </dev/null; }
arn_of() {
	"$keyferry" list --json --to "pkcs11:token=test;object=$1?module-path=$module" |
	    sed -n 's/.*"arn": *"\([^"]*\)".*/\1/p'
}
# days LABEL: of whole days until the end of each of its materials.
days() {
	"$keyferry" renew --within 400d --valid-days 365 --dry-run --json --manifest none.csv \
	    --to "pkcs11:token=test;object=$1?module-path=$module" |
	    python3 -c '
import datetime, json, sys
now = datetime.datetime.utcnow()
for line in sys.stdin:
    end = json.loads(line)["end"]
    print(end and (datetime.datetime.strptime(end, "%Y-%m-%dT%H:%M:%SZ") - now).days + 1)' |
	    sort -n | tr '\n' ' '
}
printf '%s\n' file,label none,none >none.csv
nothing_is_left() {
	[ -z "$(find state other -name 'renew-*' 2>/dev/null)" ] &&
	    ! p11 --list-objects --type pubkey 2>/dev/null | grep -q renew
}

hsm_aes invoices 01
hsm_aes wages 02
hsm_pair EC:secp384r1 signer 04 --usage-sign >/dev/null 2>&1
mkdir -p etc/keyferry keys
echo $pin >etc/keyferry/pin
openssl rand -out keys/mac.key 48
openssl rand -out keys/invoices-2.key 32
ends "keys of an HSM" 0 move --yes --quiet
ends "nothing ends in 10 days" 0 renew --from "$from" --within 10d
said "it says so" "nothing is to be renewed"
ends "one key by its label" 0 renew wages --within 30d --from "$from" --valid-days 90 --dry-run
said "is the only one" "1 material: 1 to be renewed"
ends "a key that is not there" 2 renew nobody --from "$from"
said "is named" "nobody: there is no such key"
ends "quietly" 0 renew --from "$from" --within 10d --quiet
is "nothing is said" "$(cat said)" ""
ends "the manual's example" 0 example 1
said "has a plan" "to be renewed from source, wrapped with CKM_RSA_PKCS_OAEP, SHA-1"
said "and a result" "3 materials: 3 renewed"
is "the end is the wanted one" "$(days invoices)" "91 "
ok "nothing is left" nothing_is_left
# Another material, and a key of a file.
ends "rotated" 0 import keys/invoices-2.key --into "$(arn_of invoices)" --new-material
ends "a key of a file" 0 import keys/mac.key --hash sha384
ends "the HSM has not all" 1 renew --within 95d --valid-days 98 --from "$from" --report report
said "there is no such key" "cannot be renewed: no source has a key of its label or its id"
said "nor this material" "no source has it: the sources have only others of the key"
is "the one that it has is renewed" "$(days invoices)" "20 99 "
ok "the report has a line for each" python3 - <<'PYTHON'
import json
lines = [json.loads(line) for line in open("report")]
results = sorted((line["label"], line["result"]) for line in lines)
assert results == [("invoices", "different"), ("invoices", "renewed"),
    ("mac", "refused"), ("signer", "renewed"), ("wages", "renewed")], results
renewed = [line for line in lines if line["result"] == "renewed"][0]
assert renewed["from"] == "source" and renewed["new_end"] > renewed["end"]
assert len(renewed["wrapping_key"]) == 64 and renewed["unique_id"][:4] == "arn:"
PYTHON
"$keyferry" renew --within 95d --dry-run --json --manifest none.csv --to "$cloud" >due
material=$(sed -n '/"label":"invoices"/s/.*"material":"\([^"]*\)".*/\1/p' due)
export material
ends "the manual's manifest" 0 example 2
is "each material is renewed" "$(days invoices)$(days mac)" "99 101 101 "
ok "nothing is left" nothing_is_left
cat >manifest.csv <<END
label,material,file,source
mac,,keys/mac.key,
wages,,,pkcs11:token=source;id=%02?module-path=$softhsm
signer,,,pkcs11:token=source;type=private;id=%04?module-path=$softhsm
invoices,,keys/invoices-2.key,
invoices,,,pkcs11:token=source;object=invoices?module-path=$softhsm
END

# SoftHSM is not made for several processes: the second run has a clone of it.
cp -r tokens clone
sed "s,$dir/tokens,$dir/clone," softhsm2.conf >clone.conf
# Two hosts at once, and two runs of one host.
at_once() { # CONFIG DAYS
	set -- "$1" --within 400d --manifest manifest.csv --json --valid-days "$2"
	at_once_other=$1; shift
	renew "$@" >first 2>&1 &
	at_once_first=$!
	KEYFERRY_CONFIG=$dir/$at_once_other SOFTHSM2_CONF=$dir/clone.conf
	renew "$@" >second 2>&1
	at_once_ended=$?
	wait $at_once_first && [ $at_once_ended = 0 ] ||
	    { cat first second; return 1; }
}
ok "two hosts at once" at_once other.conf 110
is "each end is right" "$(days invoices)$(days mac)" "111 111 111 "
ok "nothing is left" nothing_is_left
ok "two runs of a host" at_once keyferry.conf 120
is "each end is right" "$(days invoices)$(days mac)" "121 121 121 "
ok "nothing is left" nothing_is_left

# What is missing, other material, and a run that is killed.
ends "deleted material" 0 "$keyferry" delete "$(arn_of wages)" --to "$cloud" --yes --quiet
openssl rand -out false.key 48
openssl rand -out other.key 32
sed -i 's/^mac.*/mac,,false.key,/; s/^invoices,,keys/invoices,'$material',keys/' manifest.csv
sed -i 's,keys/invoices-2.key,other.key,' manifest.csv
ends "what is missing is brought" 1 renew --within 400d --manifest manifest.csv --valid-days 200
is "it has its end" "$(days wages)" "201 "
said "other material is told" "KMS refuses what false.key has: it is not the material of the key"
said "by its KeyMaterialId" \
    "KMS refuses what other.key has: it is not the material: KeyMaterialId $material"
is "what has its source is renewed" "$(days invoices)$(days mac)" "121 201 121 "
sh -c 'timeout -s KILL 0.4 "$@"; :' sh "$keyferry" renew --to "$cloud" --within 400d \
    --from "$from" --valid-days 220 --wrapping-bits 2048 --quiet >/dev/null 2>&1
# Where the pair's key was renewed already, the pair is the next renewal's.
ends "after a kill" 1 renew --within 400d --from "$from" --valid-days 230 --quiet
is "all is renewed that can be" "$(days wages)$(days invoices)" "231 121 231 "
ok "nothing is left" nothing_is_left

# rotate: by its ARN from the HSM, by its label from a file.
hsm_aes invoices-3 03
openssl rand -out fourth.key 32
arn=$(arn_of invoices)
export arn
manual_page=keyferry-rotate.1
ends "the manual's rotation" 0 example 1
said "says what it did" "1 key: 1 rotated"
rotate() { host "$keyferry" rotate --to "$cloud" --wrapping-bits 2048 "$@" </dev/null; }
is "the new material has its end" "$(days invoices)" "91 121 231 "
ends "the same once more" 1 rotate --yes --from "pkcs11:token=source;object=invoices-3?module-path=$softhsm" "$arn"
ends "without a terminal" 2 rotate --from fourth.key invoices
ends "a file, by the label" 0 rotate --yes --quiet --from fourth.key --valid-days 10 invoices
is "is there" "$(days invoices)" "11 91 121 231 "
here=$KEYFERRY_CONFIG KEYFERRY_CONFIG=$dir/other.conf
ends "a label says nothing to another host" 1 rotate --yes --from fourth.key wages
said "it says what to do" "give this ARN"
ends "an ARN does" 0 rotate --yes --quiet "$(arn_of wages)" \
    --from "pkcs11:token=source;object=invoices-3?module-path=$softhsm"
KEYFERRY_CONFIG=$here
ends "a key that is no AES key" 2 rotate --yes --from fourth.key mac
ok "nothing is left" nothing_is_left

# The page on renewal, and the units that are installed.
manual_page=renewal.md
ends "the page's first look" 0 example 1
ends "its line for cron" 1 example 1 crontab
printed renewal.md 1 ini | sed "s,/run/credentials/keyferry-renew@production.service,$dir/etc/keyferry," >options.env
unit=$built/tools/systemd/keyferry-renew@.service
timer=$manuals/../tools/systemd/keyferry-renew@.timer
sed "s,^ExecStart=.*/keyferry,ExecStart=$built/keyferry," "$unit" >keyferry-renew@test.service
cp "$timer" keyferry-renew@test.timer
# As the service does, which takes the options apart at blanks.
service() {
	set -- $(sed -n 's/^KEYFERRY_RENEW=//p' options.env |
	    sed "s,token=production,token=test?module-path=$module,;
	    s,\(token=source?[^ ]*\),\1\&module-path=$softhsm,")
	$(sed -n 's/^ExecStart=\(.*\) .*/\1/p' keyferry-renew@test.service) "$@" \
	    --within 85d --wrapping-bits 2048 </dev/null
}
ends "the service's command" 1 service
said "says what it did" "2 materials: 2 no source has it"
if has systemd-analyze "the units"; then
	ok "the units" systemd-analyze verify --man=no ./keyferry-renew@test.service \
	    ./keyferry-renew@test.timer
fi

# What KMS or AWS refuses.
control POST '/denials?operation=ImportKeyMaterial' >/dev/null
ends "a denied import" 1 renew --within 400d --from "$from" --valid-days 300 --quiet
said "is told" "access denied"
said "three of them end the run" "3 keys in a row failed in the same way"
control DELETE /denials >/dev/null
ok "nothing is left" nothing_is_left
# One failure, and then an interruption, is not three failures.
control DELETE /counters >/dev/null
control POST '/faults?operation=ImportKeyMaterial&fault=error&count=0&ms=1500&error=AccessDeniedException' >/dev/null
"$keyferry" renew --to "$cloud" --within 400d --from "$from" --valid-days 300 --quiet \
    --wrapping-bits 2048 </dev/null >said 2>&1 &
renewing=$!
tries=0
until control GET /counters | grep -q ImportKeyMaterial || [ $tries -gt 200 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
kill -TERM $renewing
wait $renewing
is "an interruption" $? 1
said "leaves the others" "not tried"
fails "and says nothing of failures in a row" grep -q "in a row" said
control DELETE /faults >/dev/null
ends "no KMS" 2 env AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 "$keyferry" renew \
    --from "$from" --to "$cloud"
is "is said once" "$(grep -c . said)" 1

# What cannot be used.
configure
ends "no end is said" 2 renew --from "$from"
said "it says what to give" "renewed until when? Give --valid-days"
printf '%s\n' label,source "invoices,$from" "mac,$from" >manifest.csv
ends "a wrong PIN" 2 env PKCS11_PIN=9999 "$keyferry" renew --to "$cloud" --within 400d \
    --valid-days 300 --manifest manifest.csv --from "pkcs11:model=SoftHSM%20v2?module-path=$softhsm"
is "is tried once" "$(grep -c 'C_Login: CKR_PIN_INCORRECT' said)" 1

tap_done
