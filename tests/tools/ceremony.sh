# keyferry pair and keyferry unwrap: a key is wrapped on a machine without AWS. One
# role makes the pair, another imports; they share nothing but the files.
. "$srcdir/tests/tools/command.sh"
needs pkcs11-tool openssl sha256sum python3
sed "s,$dir/state,$dir/there," keyferry.conf >there.conf && chmod 600 there.conf
cp keyferry.conf here.conf

# pairs NAME STATUS ARGUMENT...: keyferry pair. unwraps: keyferry unwrap, by the other
# role. Each prints into `out` and `err`.
as() { # CONFIGURATION NAME STATUS COMMAND ARGUMENT...
	as_conf=$1 as_name=$2 as_status=$3; shift 3
	KEYFERRY_CONFIG=$dir/$as_conf keyferry "$@" >out 2>err </dev/null
	as_got=$?
	[ $as_got -eq "$as_status" ] || sed 's/^/# /' out err
	is "$as_name" "$as_got" "$as_status"
}
pairs() {
	pairs_name=$1 pairs_status=$2; shift 2
	as here.conf "$pairs_name" \
	    "$pairs_status" pair --to "$cloud" --wrapping-bits 2048 "$@"
}
unwraps() {
	unwraps_name=$1 unwraps_status=$2; shift 2
	as there.conf "$unwraps_name" "$unwraps_status" unwrap --to "$cloud" "$@"
}
wraps() { # DIR FILE
	fingerprint=$(sha256sum <"$1/wrapping-key.der" | cut -d' ' -f1)
	keyferry wrap --key "$2" --wrapping-key "$1/wrapping-key.pem" --quiet \
	    --expect "$fingerprint" --out "$1/wrapped-key.bin" ${3+--algorithm "$3"}
}
only_import() { # deny|allow
	for operation in ListKeys ListAliases DescribeKey GetParametersForImport CreateKey \
	    CreateAlias DeleteAlias ScheduleKeyDeletion ListKeyRotations GetPublicKey; do
		if [ "$1" = deny ]; then
			control POST "/faults?operation=$operation&fault=error&count=0&error=AccessDeniedException"
		fi
	done
	[ "$1" = deny ] || control DELETE /faults
}
member() { # ARN NAME [URI]: of what keyferry list tells of the key
	KEYFERRY_CONFIG=$dir/here.conf keyferry list --to "${3-$cloud}" --json | grep -F "$1" |
	    sed "s/.*\"$2\":\"\([^\"]*\)\".*/\1/"
}
state() { member "$1" state; }
arn_of() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["KeyId"])' "$1/import-set.json"; }

# A new AES key, from one role to another that may do nothing but import.
openssl rand -out aes.key 32
pairs "no such key" 2 payroll -o one
shows "what to do is said" "--key-spec" err
is "nothing is written" "$(ls -d one 2>/dev/null)" ""
pairs "a new key" 0 payroll --key-spec SYMMETRIC_DEFAULT --id 0a01  -o one
wraps one aes.key
shows "its fingerprint is printed" "to be read out: $fingerprint" out
is "the files" "$(ls one | tr '\n' ' ')" \
    "README.txt import-set.json import-token.bin wrapped-key.bin wrapping-key.der wrapping-key.pem "
is "are the user's alone" "$(stat -c %a one one/import-set.json one/README.txt | tr '\n' ' ')" \
    "700 600 600 "
ok "DER and PEM are one key" sh -c \
    "openssl pkey -pubin -in one/wrapping-key.pem -outform DER | cmp - one/wrapping-key.der"
key=$(arn_of one)
keys() { KEYFERRY_CONFIG=$dir/here.conf keyferry list --to "$cloud" --json | grep -c '"arn"'; }
count=$(keys)
pairs "where there is no directory" 2 nowhere --key-spec SYMMETRIC_DEFAULT -o none/two
shows "is said" "none/two: No such file or directory" err
pairs "a directory that is a file" 2 nowhere --key-spec SYMMETRIC_DEFAULT -o aes.key
shows "is said" "aes.key: it is no directory" err
is "and no key is made" "$(keys)" "$count"
for word in "$key" us-east-1 SYMMETRIC_DEFAULT RSAES_OAEP_SHA_256 "SHA-256, in OAEP" \
    "$fingerprint" "key wrap rsa-oaep" "openssl pkeyutl"; do
	shows "the page has $word" "$word" one/README.txt
done
cp -r one copy
pairs "once more" 0 payroll -o one
ok "is the same set" cmp one/import-set.json copy/import-set.json
only_import deny
unwraps "an end that is too far" 2 copy --yes --end-date "$(date -u -d '+500 days' +%F)"
shows "is said" "KMS takes no end that is more than 365 days ahead" err
unwraps "another role unwraps it" 0 copy --expect "$fingerprint"
only_import allow
is "the key is in use" "$(state "$key")" Enabled
ok "it is that key" p11 --write-object aes.key --type secrkey --key-type AES:32 \
    --label payroll --id 0a01
unwraps "a second run" 0 copy --yes
shows "says so" "it has this material already" out
only_import deny
unwraps "a second run that cannot see the key" 0 copy --yes
only_import allow

# What is wrong is said before anything is sent.
sent() {
	curl -sS -f "$KEYFERRY_LOCALKMS_CONTROL/counters" |
	    sed 's/.*"ImportKeyMaterial":\([0-9]*\).*/\1/'
}
pairs "another new key" 0 backup --key-spec SYMMETRIC_DEFAULT -o two --quiet
is "--quiet" "$(cat out err)" ""
before=$(sent)
unwraps "nothing is wrapped yet" 2 two --yes
shows "is said" "there is no wrapped key yet: two/wrapped-key.bin" err
openssl rand -out other.key 32
wraps two other.key
unwraps "another fingerprint" 2 two --expect "$(echo x | sha256sum | cut -d' ' -f1)"
shows "is said" "not the one that is expected" err
unwraps "nobody to ask" 2 two
shows "what to do" "use --yes" err
shows "the fingerprint is shown" "$fingerprint" err
while IFS='|' read -r change said; do
	rm -rf bad && cp -r two bad
	sed -i "$change" bad/import-set.json
	unwraps "a changed set: $change" 2 bad --yes
	shows "is said" "$said" err
done <<'END'
s/"ParametersValidTo":/&1.0,"Was":/|its 24 hours ended at 1970
s/us-east-1/us-west-2/|no token of us-west-2 is open
s/"ImportToken"/"Token"/|its import set is damaged
s/"PublicKey":"/&AAAA/|is no RSA public key
s/:key\/..../&0/|not tell its key
s/RSAES_OAEP/RSAES_OAPE/|its wrapping algorithm is not known
s/^{/[/|its import set is damaged
END
escape=$(printf 'x\033[31m')
rm -rf bad && cp -r two bad && mkdir "bad/$escape" && echo '{' >"bad/$escape/import-set.json"
unwraps "a directory that would colour the terminal" 2 bad --yes
shows "is named without doing so" 'bad/x\x1b[31m: its import set is damaged' err
rm "bad/$escape/import-set.json" && mkdir "bad/$escape/import-set.json"
unwraps "a set that is a directory" 2 bad --yes
shows "is said" "it is not a file" err
rm bad/wrapped-key.bin && ln -s /dev/zero bad/wrapped-key.bin
rm -r "bad/$escape" && ln -s loop bad/loop
unwraps "a wrapped key that is a device" 2 bad --yes
shows "is said, whatever else is there" "wrapped-key.bin: it is not a file" err
unwraps "no directory" 2 none --yes
mkdir empty
unwraps "no set" 2 empty --yes
shows "is said" "there is no import set" err
: >none.bin
unwraps "an empty file" 2 two none.bin --yes
shows "is said" "none.bin: it is empty" err
mkfifo fifo
unwraps "a FIFO" 2 two fifo --yes
is "nothing was sent" "$(sent)" "$before"

# What KMS refuses, and what to do about it.
head -c 256 /dev/urandom >random
unwraps "not wrapped for this key" 1 two random --yes
shows "is said" "was not wrapped for this set's wrapping key" err
python3 - <<-'END'
	import json
	one, two = (json.load(open(d + "/import-set.json")) for d in ("one", "two"))
	one["ImportToken"] = two["ImportToken"]
	one["PublicKey"], one["WrappingAlgorithm"] = two["PublicKey"], two["WrappingAlgorithm"]
	import os; os.makedirs("mixed", exist_ok=True)
	json.dump(one, open("mixed/import-set.json", "w"))
END
unwraps "another key's token" 1 mixed two/wrapped-key.bin --yes
shows "is said" "its token is another key's" err
control POST "/faults?operation=ImportKeyMaterial&fault=error&count=0&error=AccessDeniedException"
unwraps "KMS denies it" 1 two --yes
control DELETE /faults
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9 AWS_MAX_ATTEMPTS=1 unwraps "KMS is away" 2 two --yes
unwraps "the same set is good still" 0 two --yes --json
shows "JSON" '"status":"imported"' out
ok "it is that key" p11 --write-object other.key --type secrkey --key-type AES:32 \
    --label backup
wraps two aes.key
unwraps "other material" 1 two --yes
shows "is said" "not the material that this key takes" err

# While a key is in use: a renewal, and a rotation.
end=$(date -u -d '+20 days' +%F)
pairs "a set for a key in use" 0 payroll -o three
wraps three aes.key
unwraps "gives it an end" 0 three --yes --end-date "$end"
is "which KMS has" "$(member "$key" end | cut -c1-10)" "$end"
pairs "a set for new material" 0 "$key" -o four
wraps four other.key
unwraps "is refused as the same" 1 four --yes
unwraps "and taken as new material" 0 four --yes --new-material

# Other kinds of keys.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ec.pem
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl rand -out hmac.key 48
kind() { # SPEC FILE [OPTION...]
	kind_spec=$1 kind_file=$2; shift 2
	pairs "$kind_spec" 0 "a $kind_spec" --key-spec "$kind_spec" -o "$kind_spec" \
	     "$@"
	wraps "$kind_spec" "$kind_file" "$(sed -n 's/^  algorithm *//p' "$kind_spec/README.txt")"
	unwraps "$kind_spec: wrapped" 0 "$kind_spec" --yes
	is "$kind_spec: in use" "$(state "$(arn_of "$kind_spec")")" Enabled
}
kind HMAC_384 hmac.key
kind ECC_NIST_P256 ec.pem --usage derive
kind RSA_2048 rsa.pem --algorithm RSA_AES_KEY_WRAP_SHA_1
# The commands of the page, as they are printed there.
sed -n '/^OpenSSL, for/,/^keyferry wrap/s/^    //p' RSA_2048/README.txt >page.sh
openssl pkcs8 -topk8 -nocrypt -in rsa.pem -outform DER -out RSA_2048/key.bin
ok "the page's commands for OpenSSL" sh -c 'cd RSA_2048 && sh -eu ../page.sh'
unwraps "what they wrapped" 0 RSA_2048 --yes
shows "is the same key" "it has this material already" out

# A directory that has something else.
pairs "over another set" 2 backup -o one
shows "is not without asking" "use --yes" err
ok "it is untouched" cmp one/import-set.json copy/import-set.json
pairs "unless --yes" 0 backup -o one --yes
ok "what was wrapped for the old one is gone" test ! -e one/wrapped-key.bin
echo mine >mine && ln -sf ../mine one/wrapping-key.pem
pairs "over a link" 2 backup -o one --yes
shows "is said" "one/wrapping-key.pem: it is not a file" err
is "and its file is untouched" "$(cat mine)" mine
rm one/wrapping-key.pem && mkfifo one/wrapping-key.pem
pairs "over a FIFO" 2 backup -o one --yes
rm one/wrapping-key.pem
AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9 AWS_MAX_ATTEMPTS=1 pairs "KMS is away" 2 backup -o one
is "is said once" "$(wc -l <err)" 1
mkdir foreign && echo mine >foreign/README.txt
pairs "over a file of another's" 2 backup -o foreign
is "which stays" "$(cat foreign/README.txt)" mine
control POST "/faults?operation=GetParametersForImport&fault=error&count=0&error=AccessDeniedException"
pairs "no set from KMS" 2 backup -o denied --algorithm RSAES_OAEP_SHA_1
control DELETE /faults
is "writes nothing" "$(ls -d denied 2>/dev/null)" ""
ok "a terminal is asked" says "it has this material already" env KEYFERRY_CONFIG="$dir/there.conf" \
    python3 "$terminal" "Import the key=y" -- keyferry unwrap --to "$cloud" RSA_2048

# The console's download.
pairs "a key for the console" 0 console --key-spec SYMMETRIC_DEFAULT -o five
wraps five aes.key
mkdir download
cp five/import-token.bin download/ImportToken_1.bin
cp five/wrapping-key.der download/WrappingPublicKey_1.bin
echo "Wrapping algorithm: RSAES_OAEP_SHA_256" >download/README_1.txt
cp five/wrapped-key.bin download
unwraps "a download that does not tell its key" 2 download --yes
shows "what to do" "--key" err
only_import deny
unwraps "with the key" 0 download --yes --key "$(arn_of five)"
only_import allow
is "is in use" "$(state "$(arn_of five)")" Enabled

# Killed in the middle: the next run completes it.
pairs "a key" 0 killed --key-spec SYMMETRIC_DEFAULT -o six
wraps six aes.key
for fault in hang hang-after; do
	before=$(sent)
	control POST "/faults?operation=ImportKeyMaterial&fault=$fault"
	KEYFERRY_CONFIG=$dir/there.conf keyferry unwrap --to "$cloud" six --yes >/dev/null 2>&1 &
	killed=$!
	tries=0
	while [ "$(sent)" = "$before" ] && [ $tries -lt 200 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	kill -9 $killed; wait $killed 2>/dev/null
	control DELETE /faults
done
unwraps "the run after two that were killed" 0 six --yes
is "the key is in use" "$(state "$(arn_of six)")" Enabled

# Replicas: a set for each Region, of which some may be missing.
for conf in here there; do
	printf '%s\n' "state = $dir/$conf-replicas" '[token test]' 'replicas = eu-central-1' \
	    '[token frankfurt]' 'region = eu-central-1' >"$conf.conf"
done
frankfurt="pkcs11:token=frankfurt?module-path=$module"
pairs "a key that is to have a replica" 0 pair --key-spec SYMMETRIC_DEFAULT -o seven
wraps seven aes.key
unwraps "it is imported" 0 seven --yes
pairs "now it has one" 1 pair -o seven --yes
shows "whose token is missing" "the key is in eu-central-1, too" err
pairs "with it" 0 pair -o seven --to "$frankfurt" --yes
ok "there are two sets" [ -f seven/import-set.json ] && [ -f seven/eu-central-1/import-set.json ]
wraps seven aes.key
unwraps "one wrapping of two" 1 seven --to "$frankfurt" --yes
shows "the other is missing" "seven/eu-central-1: there is no wrapped key yet" err
wraps seven/eu-central-1 aes.key
unwraps "a token of two" 1 seven --yes
shows "is missing" "no token of eu-central-1 is open" err
unwraps "one file for two" 2 seven aes.key --yes
shows "says how" "--region" err
unwraps "both, without an end" 1 seven --to "$frankfurt" --yes
shows "is not known there" "give --end-date or --no-end-date" err
unwraps "both" 0 seven --to "$frankfurt" --yes --no-end-date
is "the replica is in use" "$(member "$(arn_of seven/eu-central-1)" state \
    "$frankfurt")" Enabled

# A day later.
pairs "a set" 0 payroll -o eight --wrapping-bits 3072 --to "$frankfurt"
control POST "/clock?forward=90000"
wraps eight aes.key
unwraps "is too old by AWS's clock" 2 eight --yes
shows "is said" "its 24 hours are over" err

# The examples of the manuals, as they are printed there.
cp aes.key payroll.key
configure
rm -rf ceremony
ok "a set" as_printed keyferry-pair.1 1
fingerprint=$(sha256sum <ceremony/wrapping-key.der | cut -d' ' -f1) && export fingerprint end
ok "the key is wrapped" as_printed keyferry-pair.1 2
ok "and imported" as_printed keyferry-pair.1 3
ok "once more" as_printed keyferry-unwrap.1 1
cp ceremony/wrapped-key.bin payroll.wrapped
ok "with an end" as_printed keyferry-unwrap.1 2
tap_done
