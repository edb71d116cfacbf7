# make many-keys: 300 keys of many kinds come from SoftHSM and from files by one manifest,
# and 300 from SoftHSM by keyferry move. Each run is killed ten times, each time within
# another request, and started again. At the end each key is in KMS once, with its names
# and its material, nothing is left over, and the report has a line for each.
. "$srcdir/tests/tools/softhsm.sh"
needs python3
python3 -c 'import botocore.session' 2>/dev/null || skip_all "no botocore for python3"
configure '[token west]' 'region = eu-west-1' 'wrapping-bits = 2048'
west="pkcs11:token=west?module-path=$module"

# new FILE: of the kind, a key in FILE.
new() { # KIND FILE
	case $1 in
	aes) openssl rand -out "$2" 32 ;;
	mac*) openssl rand -out "$2" "${1#mac}" ;;
	rsa*) openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa}" \
	    -out "$2" 2>/dev/null ;;
	*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -out "$2" ;;
	esac
}
# SoftHSM pads the PKCS#8 of a private key to a multiple of 8 bytes; KMS takes none that
# is padded. So it has RSA keys, and curves, whose PKCS#8 needs no padding.
needs_padding() { # FILE
	openssl pkcs8 -topk8 -nocrypt -in "$1" -outform DER -out p8.der &&
	    [ $(($(wc -c <p8.der) % 8)) -ne 0 ]
}
n=0
# of_hsm KIND COUNT: keys of SoftHSM, in hsm.tsv: label, id, kind, file.
of_hsm() {
	for i in $(seq "$2"); do
		n=$((n + 1))
		name=$(printf 'hsm-%03d' $n) id=$(printf '01%04x' $n)
		new "$1" "$name.key"
		case $1 in
		aes) hsm --write-object "$name.key" --type secrkey --key-type AES:32 \
		    --label "$name" --id "$id" --extractable ;;
		mac*) hsm --write-object "$name.key" --type secrkey --usage-sign \
		    --label "$name" --id "$id" --extractable ;;
		*) case $1 in rsa*)
			while needs_padding "$name.key"; do new "$1" "$name.key"; done ;;
		   esac
		   openssl pkey -in "$name.key" -outform DER -out key.der
		   openssl pkey -in "$name.key" -pubout -outform DER -out pub.der
		   hsm --write-object key.der --type privkey --label "$name" \
		       --id "$id" --usage-sign --extractable
		   hsm --write-object pub.der --type pubkey --label "$name" --id "$id" \
		       --usage-sign ;;
		esac >/dev/null 2>&1
		printf '%s\t%s\t%s\t%s\n' "$name" "$id" "$1" "$name.key" >>hsm.tsv
	done
}
of_files() { # KIND COUNT
	for i in $(seq "$2"); do
		n=$((n + 1))
		name=$(printf 'file-%03d' $n) id=$(printf '02%04x' $n)
		new "$1" "$name.key"
		printf '%s\t%s\t%s\t%s\n' "$name" "$id" "$1" "$name.key" >>files.tsv
	done
}
# Private keys come first: they are compared without a new set of import parameters, of
# which KMS gives one a second.
of_hsm secp384r1 100
of_hsm secp256k1 44
of_hsm rsa2048 4
of_hsm rsa3072 2
of_hsm aes 80
for size in 28 32 48 64 65 100 128; do of_hsm mac$size 10; done
is "keys of the HSM" "$(wc -l <hsm.tsv)" 300
of_files prime256v1 45
of_files secp384r1 20
of_files secp521r1 20
of_files rsa2048 15
of_files rsa3072 8
of_files rsa4096 5
of_files aes 17
for size in 28 32 48 64 128; do of_files mac$size 4; done
# Half of the manifest is keys of the HSM, of each kind.
awk 'NR % 2 == 0' hsm.tsv >some.tsv
{ grep -v -e aes -e mac some.tsv; cat files.tsv; grep -e aes -e mac some.tsv; } >wanted.tsv
awk -F '\t' -v OFS=, -v path="$softhsm" 'BEGIN { print "label,id,source,file,hash" }
    { hash = ""; if ($3 == "mac32") hash = "sha256"
      if ($1 ~ /^hsm/) print $1, $2, "pkcs11:token=source;object=" $1 "?module-path=" path, "", hash
      else print $1, $2, "", $4, hash }' wanted.tsv >manifest.csv
wanted=$(wc -l <wanted.tsv)

count() { # OPERATION: how often it was asked for
	control GET /counters | grep -o "\"$1\": *[0-9]*" | grep -o '[0-9]*$' || echo 0
}
reaches() { # OPERATION NUMBER
	until [ "$(count "$1")" -ge "$2" ]; do
		kill -0 "$child" 2>/dev/null || return 1
		sleep 0.1
	done
}
# killed KEYS OPERATION FAULT COMMAND...: the command is killed within the next request
# of that operation, before or after KMS has done it, when so many keys were made.
killed() {
	killed_at="after $1 keys, in $2 ($3)" killed_keys=$1 killed_in=$2 killed_fault=$3
	shift 3
	"$@" >out 2>&1 </dev/null &
	child=$!
	ok "killed $killed_at: it gets that far" reaches CreateKey "$killed_keys"
	killed_seen=$(count "$killed_in")
	control POST "/faults?operation=$killed_in&fault=$killed_fault" >/dev/null
	ok "killed $killed_at" reaches "$killed_in" $((killed_seen + 1))
	kill -9 $child
	wait $child 2>/dev/null
	control DELETE /faults >/dev/null
}
# A key that was being made is begun once more: CreateKey counts that, too.
ten_kills() {
	control DELETE /counters >/dev/null
	killed 1 DescribeKey hang "$@"
	killed 27 CreateKey hang "$@"
	killed 54 CreateKey hang-after "$@"
	killed 81 CreateAlias hang "$@"
	killed 108 CreateAlias hang-after "$@"
	killed 140 GetParametersForImport hang "$@"
	killed 175 GetParametersForImport hang-after "$@"
	killed 210 ImportKeyMaterial hang "$@"
	killed 250 ImportKeyMaterial hang-after "$@"
	killed 290 DescribeKey hang-after "$@"
}

cat >look.py <<'PYTHON'
"""look.py REGION WANTED REPORT DONE: what KMS has, and what the report says."""
import base64, hashlib, hmac, json, os, subprocess, sys
import botocore.session
region, wanted_file, report_file, done = sys.argv[1:]
kms = botocore.session.get_session().create_client("kms", region_name=region,
    endpoint_url=os.environ["AWS_ENDPOINT_URL_KMS"])
bad = []
wanted = [line.rstrip("\n").split("\t") for line in open(wanted_file)]
keys = {}
for page in kms.get_paginator("list_keys").paginate():
    for key in page["Keys"]:
        about = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if about["KeyState"] != "PendingDeletion":
            keys[key["KeyId"]] = about
states = {}
for about in keys.values():
    states[about["KeyState"]] = states.get(about["KeyState"], 0) + 1
if states != {"Enabled": len(wanted)}:
    bad.append(f"states {states}, not {len(wanted)} keys that are Enabled")
aliases = {}
for page in kms.get_paginator("list_aliases").paginate():
    for alias in page["Aliases"]:
        if not alias["AliasName"].startswith("alias/aws/"):
            aliases[alias["AliasName"][6:]] = alias["TargetKeyId"]
if len(aliases) != 2 * len(wanted):
    bad.append(f"{len(aliases)} aliases of {len(wanted)} keys")
specs = {"aes": "SYMMETRIC_DEFAULT", "prime256v1": "ECC_NIST_P256",
    "secp384r1": "ECC_NIST_P384", "secp521r1": "ECC_NIST_P521",
    "secp256k1": "ECC_SECG_P256K1"}
seen = set()
for label, key_id, kind, path in wanted:
    key = aliases.get(label)
    if key is None or aliases.get("keyferry/id/" + key_id) != key or key in seen:
        bad.append(f"{label}: its names are {key}, {aliases.get('keyferry/id/' + key_id)}")
        continue
    seen.add(key)
    spec = keys[key]["KeySpec"]
    if spec != specs.get(kind, spec):
        bad.append(f"{label}: it is {spec}")
    material = open(path, "rb").read()
    if spec.startswith("HMAC_"):
        bits = spec[5:]
        longest = max(b for b in (224, 256, 384, 512) if b <= 8 * len(material))
        if int(bits) != longest:
            bad.append(f"{label}: it is {spec}")
        mac = kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_" + bits)["Mac"]
        same = mac == hmac.new(material, b"x", "sha" + bits).digest()
    elif spec != "SYMMETRIC_DEFAULT":
        public = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform",
            "DER"], check=True, capture_output=True).stdout
        same = kms.get_public_key(KeyId=key)["PublicKey"] == public
    else:
        continue  # of these the last run says that KMS takes their material again
    if not same:
        bad.append(f"{label}: it has other material")
lines = [json.loads(line) for line in open(report_file)]
results = {}
for line in lines:
    results[line["result"]] = results.get(line["result"], 0) + 1
print(f"# the last run: {results}")
if sorted((line["label"], line["id"]) for line in lines) != sorted((w[0], w[1]) for w in wanted):
    bad.append("the report has other keys")
if not set(results) <= {done, "there"}:
    bad.append(f"the report says {results}")
for line in lines:
    if line["unique_id"].rpartition("/")[2] != aliases.get(line["label"]):
        bad.append(f"{line['label']}: the report says {line['unique_id']}")
print("\n".join(bad))
sys.exit(bool(bad))
PYTHON
nothing_waits() { # URI
	"$keyferry" list --leftovers --quiet --to "$1"
}

# Programs of their own, for the signal must reach the command.
cat >import <<END
exec "$keyferry" import --to "$cloud" --yes --manifest manifest.csv --report report.json
END
cat >move <<END
exec "$keyferry" move --from "${source%%\?*};type=private?${source#*\?}" --from "${source%%\?*};type=secret-key?${source#*\?}" \\
    --to "$west" --yes --report report.json
END
begun=$(date +%s)
ten_kills sh import
ends "the import that is not killed" 0 sh import
ok "KMS has each key once, and the report says so" python3 look.py "$AWS_REGION" \
    wanted.tsv report.json imported
ok "nothing is left over" nothing_waits "$cloud"
ends "the import once more" 0 sh import
said "finds all" "$wanted keys: $wanted on the target already"
echo "# imports: $(($(date +%s) - begun)) s, each of $wanted keys"

begun=$(date +%s)
ten_kills sh move
ends "the move that is not killed" 0 sh move
ok "KMS has each key once, and the report says so" python3 look.py eu-west-1 \
    hsm.tsv report.json moved
ok "nothing is left over" nothing_waits "$west"
ends "the move once more" 0 sh move
said "finds all" "300 keys: 300 on the target already"
echo "# moves: $(($(date +%s) - begun)) s, each of 300 keys"
tap_done
