# keyferry move to several targets in one run, and names that are others there.
. "$srcdir/tests/tools/source.sh"
configure '[token west]' 'region = eu-west-1' 'wrapping-bits = 2048'
west="pkcs11:token=west?module-path=$module"
in_west() { AWS_REGION=eu-west-1 AWS_DEFAULT_REGION=eu-west-1 "$@"; }
# key_id ALIAS: the key of that alias.
key_id() {
	aws_kms describe-key --key-id "alias/$1" --query KeyMetadata.KeyId --output text
}

run "a plan for two targets" 0 "keys=2" --to "$west" --dry-run
said "has both" "from switched to west:"
said "and sums" "2 keys, to west: 2 to be moved"
is "nothing is made" "$(count_keys) $(in_west count_keys)" "0 0"
run "two targets" 0 "keys=2" --to "$west" --report report
said "one has them" "2 keys, to test: 2 moved"
said "and so has the other" "2 keys, to west: 2 moved"
is "in KMS, too" "$(count_keys) $(in_west count_keys)" "2 2"
is "each has a wrapping of its own" "$(grep -c '"wrapping_key":"[0-9a-f]\{64\}"' report)" 4
is "the report says where" "$(grep -c '"to":"west".*arn:aws:kms:eu-west-1' report)" 2
run "again, with one more key" 0 "keys=3" --to "$west" --json
is "--json has a line for each" "$(grep -c '^{"label":"key-.*}$' said)" 6
is "and how it ended" "$(grep -c '"result":"moved"' said) \
$(grep -c '"result":"there"' said)" "2 4"
run "--json and --report" 0 "keys=3" --to "$west" --json --report report --quiet
is "are both written" "$(cat said)" "$(cat report)"
run "the same target twice" 2 "keys=3" --to "$west" --to "$west"
said "is told" "this token is a target already"
run "the source among the targets" 2 "keys=3" --to "$from"
said "is told, too" "this is the target token"

# One target that fails does not end the other's work.
control POST '/faults?operation=CreateKey&fault=error&error=AccessDeniedException&count=3' >/dev/null
run "one target denies" 1 "first=20 keys=5" --to "$west"
said "it is given up" "token test: 3 keys in a row failed in the same way"
said "its keys" "failed: key-20                    id 14  AES-256, to test: C_GenerateKeyPair"
said "how many" "5 keys, to test: 3 failed, 2 not tried"
control DELETE /faults >/dev/null
run "what failed is made up for" 0 "first=20 keys=5" --to "$west"
said "in one" "5 keys, to test: 5 moved"
keys=$(count_keys) there=$(in_west count_keys)
run "the source dies" 1 "first=30 keys=9 dies" --to "$west"
said "the first target's keys" "9 keys, to test: 3 failed, 6 not tried"
said "and the other's" "9 keys, to west: 9 not tried"
is "which has none" "$(in_west count_keys)" "$there"

# Keys that are hidden have their names, too.
aws_kms disable-key --key-id "$(key_id key-1)"
aws_kms schedule-key-deletion --key-id "$(key_id key-2)" >/dev/null
control POST "/denials?operation=DescribeKey&key=$(key_id key-3)" >/dev/null
run "keys that are hidden on the target" 1 "keys=3" --dry-run
said "one that is disabled" "stays: the key of its label on the target is Disabled: keyferry enable"
said "one that waits for its deletion" "is PendingDeletion: keyferry cancel-deletion"
said "one that may not be described" "looking for its label on the target failed"
said "none of them will be moved" "3 keys: 3 cannot be moved"
control DELETE /denials >/dev/null

# Names.
run "--id-prefix" 0 "first=40" --id-prefix ff00 --label-prefix hsm/
said "is in front" "hsm/key-40                id ff0028  AES-256, on the source key-40 id 28: will be"
run "in the plan" 0 "first=40" --id-prefix ff00 --label-prefix hsm/ --dry-run
said "the source's names are shown" ", on the source key-40 id 28: same name"
run "half a byte" 2 "first=40" --id-prefix ff0
said "is not valid" "--id-prefix ff0 is not valid"
run "keys of the same names" 1 "first=50 keys=2 label=twin" --dry-run
said "are two" "another key of this run has its label"
cat >map.csv <<'END'
label,id,new-label,new-id
twin,33,"twin, the other",aa33
,32,one twin,
END
run "--map" 0 "first=50 keys=2 label=twin" --map map.csv --to "$west" --report report
said "gives them names" "2 keys, to west: 2 moved"
is "a label and an id" "$(key_id 'keyferry/id/aa33')" \
    "$(sed -n 's/.*"label":"twin, the other","id":"aa33","source_label":"twin","source_id":"33".*"to":"test".*key.\([0-9a-f-]*\)"}$/\1/p' report)"
is "a label alone: the id stays" "$(sed -n 's/.*"label":"one twin","id":"\([0-9a-f]*\)".*/\1/p' report | uniq)" 32
run "again" 0 "first=50 keys=2 label=twin" --map map.csv --to "$west"
said "they are there" "2 keys, to west: 2 on the target already"
printf 'label,new-id\nkey-53,0c\n' >long.csv
run "an id that is too long for KMS" 0 "first=53 long-ids" --map long.csv --dry-run
said "can be replaced" "key-53                    id 0c  AES-256, on the source key-53 id 35ee"
run "a key that is not there" 2 "first=50 label=twin" --map map.csv
said "is told" "map.csv: line 2: no key that is to be moved has these names"
tap_done
