# keyferry list: columns, JSON, what ends soon, the file for Prometheus, leftovers.
. "$srcdir/tests/tools/command.sh"
needs pkcs11-tool openssl python3 curl "$aws"
tab=$(printf '\t')
new_key() { aws_kms create-key --output text --query KeyMetadata.Arn "$@"; }

run "no keys" 0 list
is "a line of titles" "$(cat out)" "$(printf '%s\t' LABEL ID SPEC USAGE ORIGIN \
    STATE END DAYS MATERIALS)REGIONS"
run "no key ends" 0 list --ending 30d
is "and nothing is printed" "$(cat out)" ""

ok "a key without an end" aes forever 0a01
configure 'valid-days = 20'
ok "one that ends in 20 days" aes soon 0a02
configure
kms_made=$(new_key --key-spec HMAC_256 --key-usage GENERATE_VERIFY_MAC)
off=$(new_key --multi-region)
aws_kms replicate-key --key-id "$off" --replica-region eu-west-1 >/dev/null
aws_kms disable-key --key-id "$off"
going=$(new_key)
aws_kms schedule-key-deletion --key-id "$going" >/dev/null
empty=$(new_key --origin EXTERNAL)
run "all keys" 0 list
is "each has a line" "$(wc -l <out)" 7
shows "a key without an end" "forever${tab}0a01${tab}SYMMETRIC_DEFAULT${tab}\
ENCRYPT_DECRYPT${tab}EXTERNAL${tab}Enabled${tab}${tab}${tab}1${tab}us-east-1"
ok "one that ends" grep -q "^soon.*Enabled${tab}20[0-9-]*T[0-9:]*Z${tab}\(19\|20\)${tab}1" out
shows "one of KMS" "HMAC_256${tab}GENERATE_VERIFY_MAC${tab}AWS_KMS${tab}Enabled"
shows "one that is disabled" "AWS_KMS${tab}Disabled"
shows "one that is to be deleted" "AWS_KMS${tab}PendingDeletion"
shows "one that waits for material" "EXTERNAL${tab}PendingImport"
is "nothing is coloured in a pipe" "$(tr -d -c '\033' <out | wc -c)" 0
keyferry list --to "pkcs11:object=soon;token=test?module-path=$module" >out
is "one key by its label" "$(sed 1d out | cut -f1)" soon

run "--json" 0 list --json
ok "is what the columns say" python3 - "$kms_made" "$off" "$going" "$empty" <<'PYTHON'
import json, sys
keys = {key["arn"]: key for key in json.load(open("out"))}
made, off, going, empty = (keys[arn] for arn in sys.argv[1:])
soon = [key for key in keys.values() if key["label"] == "soon"][0]
assert len(keys) == 6 and soon["id"] == "0a02" and soon["origin"] == "EXTERNAL"
assert soon["days_left"] in (19, 20) and soon["end"].endswith("Z")
assert soon["materials"] == 1 and soon["materials_missing"] == 0
assert made["usage"] == "GENERATE_VERIFY_MAC" and "end" not in made
assert off["state"] == "Disabled" and off["regions"] == "us-east-1 eu-west-1"
assert "deletion_date" in going and empty["materials_missing"] == 1
PYTHON

hidden=${going##*/}
control POST "/denials?operation=DescribeKey&key=$hidden"
run "a key that may not be described" 1 list
shows "is named" "token test: key $hidden is left out" err
is "the others have a line" "$(wc -l <out)" 6
run "with --json" 1 list --json
ok "it has an object" python3 - "$hidden" <<'PYTHON'
import json, sys
keys = json.load(open("out"))
assert len(keys) == 6 and keys[-1] == {"left_out": sys.argv[1]}, keys[-1]
PYTHON
run "with --ending" 1 list --ending 48h --quiet
shows "it is named" "key $hidden is left out" err
run "with --prometheus" 1 list --prometheus keys.prom
shows "it is counted" "keyferry_keys_left_out 1" keys.prom
run "keyferry renew" 1 renew --from pkcs11:token=none \
    --within 1h --valid-days 20 --dry-run
shows "names it, too" "key $hidden is left out" err
configure 'keys = tag:a=b'
control POST "/denials?operation=ListResourceTags&key=${off##*/}"
run "a key whose tags may not be seen" 1 list
shows "is named, too" "key ${off##*/} is left out" err
configure "keys = ${off##*/} $hidden"
run "one of two that are selected by their ids" 1 list
shows "is named, too" "key $hidden is left out" err
configure
control DELETE /denials
control POST "/denials?operation=ListAliases"
run "names that may not be seen" 0 list
shows "are named" "allow kms:ListAliases" err
rm -f none.csv
run "with --leftovers, for a key without a name may go" 2 list --leftovers
is "none is shown" "$(wc -l <out)" 0
run "with --manifest, which builds keys by their names" 2 list --manifest none.csv
ok "none is written" test ! -e none.csv
control DELETE /denials

run "what ends in 30 days" 1 list --ending 30d
is "is one key" "$(sed 1d out | cut -f1)" soon
run "in 48 hours" 0 list --ending 48h
run "--quiet" 1 list --ending 30d --quiet
is "prints nothing" "$(cat out err)" ""
run "--leftovers" 1 list --leftovers
shows "a key without names or material" "$empty: waits for material"
is "is the only one" "$(wc -l <out)" 2
run "both" 2 list --leftovers --ending 30d
run "no duration" 2 list --ending soon
shows "is said" "--ending soon is not valid" err

python3 "$terminal" -- env TERM=xterm keyferry list --to "$cloud" >shown
yellow=$(printf '\033[33m') red=$(printf '\033[31m')
shows "at a terminal yellow is what ends soon" "${yellow}soon     " shown
shows "and red what waits for material" "$red   " shown
python3 "$terminal" -- env TERM=xterm NO_COLOR=1 keyferry list --to "$cloud" >shown
is "NO_COLOR" "$(tr -d -c '\033' <shown | wc -c)" 0

echo old >keys.prom
run "--prometheus" 0 list --prometheus keys.prom
is "prints nothing" "$(cat out)" ""
soon=$(grep -c '^keyferry_key_end_timestamp_seconds{.*label="soon",state="Enabled"} [0-9]*$' keys.prom)
is "an end" "$soon" 1
is "which of the keys are enabled" \
    "$(grep -c '^keyferry_key_enabled{.*} 1$' keys.prom)" 3
is "and which are not" "$(grep -c '^keyferry_key_enabled{.*} 0$' keys.prom)" 3
is "others can read it" "$(stat -c %a keys.prom)" 644
is "no other file is left" "$(echo keys.prom*)" keys.prom
mkfifo pipe
cat pipe >from-pipe & reader=$!
run "--prometheus to what is no file" 0 list --prometheus pipe
ok "it is not replaced" test -p pipe
[ -p pipe ] || kill $reader
wait $reader
shows "but written to" keyferry_key_enabled from-pipe
echo old >led-to && ln -s led-to link
run "--prometheus to a symbolic link" 0 list --prometheus link
ok "it stays" test -L link
shows "and leads to the new" keyferry_key_enabled led-to
run "a directory that is not there" 2 list --prometheus none/keys.prom
shows "is said" "none/keys.prom: No such file" err

control POST '/clock?forward=2592000'
run "30 days later" 1 list --ending 0d
shows "the material is gone" "PendingImport"
is "of one key" "$(sed 1d out | cut -f1)" soon
control POST '/faults?operation=ListKeys&fault=error&error=AccessDeniedException'
run "what ends, where keys may not be listed" 2 list --ending 30d
shows "is said" "kms:ListKeys" err
control DELETE /faults
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 run "no KMS" 2 list
shows "is said" "KMS not reached" err

# The examples of the manual.
ok "the first example" says soon as_printed keyferry-list.1 1
as_printed keyferry-list.1 2 >said 2>&1
is "the second: a key has ended" $? 1
shows "it names the key" soon said
mkdir -p var/lib/prometheus/node-exporter
ok "the third" as_printed keyferry-list.1 3
shows "writes the file" keyferry_key_enabled var/lib/prometheus/node-exporter/keyferry.prom

ok "the fourth" as_printed keyferry-list.1 4
ok "has the key" grep -q '^soon,' manifest.csv

# Those of docs/monitoring.md.
ends() { # NAME BLOCK [LANGUAGE]: it finds the key that has ended
	name=$1; shift
	as_printed monitoring.md "$@" >said 2>&1
	is "monitoring: $name" $? 1
	shows "monitoring: $name: names the key" soon said
}
ends "keyferry list --ending" 1
ends "the line for cron" 1 crontab
ends "the service's command" 1 ini
rm var/lib/prometheus/node-exporter/keyferry.prom
ok "monitoring: the line for Prometheus" as_printed monitoring.md 2 crontab
printed monitoring.md 1 yaml >rules
ok "monitoring: the rules know what the file has" sh -c '
	metrics=$(grep -o "keyferry_[a-z_]*" rules | sort -u)
	[ -n "$metrics" ] && for metric in $metrics; do
		grep -q "^# TYPE $metric gauge" "$1" || exit 1
	done' sh var/lib/prometheus/node-exporter/keyferry.prom
ok "monitoring: an alarm of CloudWatch" as_printed monitoring.md 2
ok "monitoring: a rule of EventBridge" says FailedEntryCount as_printed monitoring.md 3
if has systemd-analyze "monitoring: the units"; then
	printed monitoring.md 1 ini | sed "s,/usr/bin/keyferry,$built/keyferry," \
	    >keyferry-ending.service
	printed monitoring.md 2 ini >keyferry-ending.timer
	ok "monitoring: the units" systemd-analyze verify --man=no \
	    ./keyferry-ending.service ./keyferry-ending.timer
fi
tap_done
