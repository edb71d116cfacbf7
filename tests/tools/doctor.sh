# keyferry doctor: what it says of a token that works, and of each thing that can
# be wrong.
. "$srcdir/tests/clients/testenv.sh"
needs curl python3
keyferry=$built/keyferry
control() { curl -sS -X "$1" "$KEYFERRY_LOCALKMS_CONTROL$2" >/dev/null; }
doctor() { "$keyferry" doctor "$@" >said 2>&1; }
said() { ok "$1" grep -q -- "$2" said || sed 's/^/# /' said; }
AWS_ENDPOINT_URL_STS=$AWS_ENDPOINT_URL_KMS && export AWS_ENDPOINT_URL_STS

ok "an EC key" make_ec
ok "nothing is wrong" doctor
said "the configuration" "configuration: $dir/keyferry.conf"
said "the state directory" "state directory: $dir/state"
said "Region" "token test: Region: us-east-1, by AWS_REGION"
said "endpoint" "token test: endpoint: $AWS_ENDPOINT_URL_KMS/, by AWS_ENDPOINT_URL_KMS"
said "the retry mode" "token test: retry mode: none is set, 3 attempts"
said "no proxy for this machine" "token test: proxy: none"
said "credentials" "credentials: from environment, .*access key $AWS_ACCESS_KEY_ID"
said "identity" "identity: arn:aws:"
said "the clock" "clock: 0 s from"
said "what may be listed" "ok .*ListKeys: allowed"
for operation in DescribeKey GetPublicKey Sign Verify ListResourceTags; do
	said "what may be done" "^ok .*: $operation: allowed"
done
said "what nothing tells" "not probed .*ImportKeyMaterial"
is "the secret is not shown" "$(grep -c -F -- "$AWS_SECRET_ACCESS_KEY" said)" 0

# as_json [COMMAND...]: --json, run so, says what `said` has, with the same status.
cat >same.py <<'PYTHON'
import json, sys
lines = json.load(open("json"))
text = open("said", encoding="utf-8", errors="replace").read()
words = {"ok": "ok", "note": "note", "not-probed": "not probed", "failed": "FAILED"}
for l in lines:
    if l["check"] == "clock":
        continue
    assert set(l) <= {"check", "token", "status", "text", "advice"}, l
    line = "%-10s  " % words[l["status"]]
    line += "token %s: " % l["token"] if "token" in l else ""
    line += "%s: %s\n" % (l["check"], l["text"])
    line += "%-10s  -> %s\n" % ("", l["advice"]) if "advice" in l else ""
    assert line in text, line
assert text.count("\n") >= len(lines) > 0
failed = any(l["status"] == "failed" for l in lines)
assert failed == (sys.argv[1] != "0"), sys.argv
PYTHON
as_json() {
	status=0
	"$@" "$keyferry" doctor --json >json 2>errors || status=$?
	ok "--json says the same" python3 same.py $status
	is "and nothing else" "$(cat errors)" ""
}
as_json
"$keyferry" doctor --quiet >said 2>errors
is "--quiet: status" $? 0
is "says nothing where nothing is wrong" "$(cat said errors)" ""
ok "--json" doctor --json
ok "is JSON with what was found" python3 - <<'PYTHON'
import json
lines = json.load(open("said"))
assert all(line["status"] in ("ok", "note", "not-probed") for line in lines)
assert any(line["check"] == "identity" and line["token"] == "test" and
           line["text"].startswith("arn:aws:") for line in lines)
PYTHON

control POST "/denials?operation=Sign"
ok "denied" doctor
said "what is denied" "note .*Sign: denied"
as_json
control DELETE /denials
made() { curl -sSf -o made --aws-sigv4 aws:amz:us-east-1:kms \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H 'Content-Type: application/x-amz-json-1.1' \
    -H 'X-Amz-Target: TrentService.CreateKey' -d "$1" "$AWS_ENDPOINT_URL_KMS"; }
ok "a key of each other usage" made '{}'
ok "RSA" made '{"KeySpec":"RSA_2048","KeyUsage":"ENCRYPT_DECRYPT"}'
ok "HMAC" made '{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}'
ok "agreement" made '{"KeySpec":"ECC_NIST_P384","KeyUsage":"KEY_AGREEMENT"}'
agreement=$(python3 -c 'import json
print(json.load(open("made"))["KeyMetadata"]["KeyId"])')
ok "Ed25519" made '{"KeySpec":"ECC_NIST_EDWARDS25519","KeyUsage":"SIGN_VERIFY"}'
ed25519=$(python3 -c 'import json
print(json.load(open("made"))["KeyMetadata"]["KeyId"])')
ok "with them" doctor
for operation in Encrypt Decrypt GenerateDataKey GenerateMac VerifyMac \
    DeriveSharedSecret ListKeyRotations; do
	said "what they may do" "^ok .*: $operation: allowed"
done
is "RSA and AES apart" "$(grep -c ': Encrypt: allowed' said)" 2
control POST "/denials?operation=DeriveSharedSecret"
configure "keys = $ed25519 $agreement"
ok "two keys that are named" doctor
said "both are tried" "probed with: .*$ed25519, ECC_NIST_EDWARDS25519"
said "what is denied" "^note .*: DeriveSharedSecret: denied"
is "and no others" "$(grep -c 'probed with' said)" 2
control DELETE /denials
configure 'keys = alias/nobody'
fails "one that is not there" doctor
as_json
said "what to do" "-> check the key's name, the account and the Region"
configure
HTTPS_PROXY=http://me:hush@127.0.0.1:1 AWS_ENDPOINT_URL_KMS=https://kms.example \
    AWS_MAX_ATTEMPTS=1 "$keyferry" doctor >said 2>&1
said "a proxy" "proxy: with a password: 127.0.0.1:1, by HTTPS_PROXY"
is "its password is not shown" "$(grep -c hush said)" 0
HTTPS_PROXY=http://127.0.0.1:1 AWS_ENDPOINT_URL_KMS=https://kms.example.invalid \
    no_proxy=other,.example.invalid AWS_MAX_ATTEMPTS=1 "$keyferry" doctor >said 2>&1
said "one that is not for this host" "proxy: none for kms.example.invalid, by no_proxy"
control POST "/clock?skew=600"
fails "a wrong clock" doctor
as_json
said "is told" "clock: [56][0-9][0-9] s from\|clock: 600 s from"
control POST "/clock?skew=-600"

fails "a wrong secret key" env AWS_SECRET_ACCESS_KEY=wrong "$keyferry" doctor
env AWS_SECRET_ACCESS_KEY=wrong "$keyferry" doctor >said 2>&1
said "what to do" "-> renew the AWS credentials"
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$keyferry" doctor >said 2>&1
said "no credentials" "FAILED .*credentials: "
as_json env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY
env AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 "$keyferry" doctor >said 2>&1
said "no KMS" "FAILED .*KMS: KMS not reached"
as_json env AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1
env -u AWS_REGION -u AWS_DEFAULT_REGION "$keyferry" doctor >said 2>&1
said "no Region" "-> set AWS_REGION"
as_json env -u AWS_REGION -u AWS_DEFAULT_REGION

configure 'regoin = eu-west-1'
fails "a misspelt option" doctor
said "is named" "FAILED .*is region meant"
as_json
configure 'hologram = yes'
ok "an option that is not known" doctor
said "is named" "note .*hologram"
as_json
configure 'timeout = soon'
fails "a configuration that cannot be read" doctor
said "the line, and what is allowed" "keyferry.conf:4: timeout cannot be soon, but a number"
as_json
configure
chmod 666 keyferry.conf
fails "one that others can write" doctor
said "is told" "FAILED .*configuration: "
as_json
# Bytes that no JSON has.
odd=$(printf 'odd\001\377"\\name')
printf '[token %s]\n' "$odd" >"$odd.conf" && chmod 600 "$odd.conf"
KEYFERRY_CONFIG=$dir/$odd.conf "$keyferry" doctor --json >json
ok "any bytes are JSON" python3 -c 'import json; assert len(json.load(open("json"))) > 3'
configure
(
	unset KEYFERRY_LOCALKMS_CONTROL
	"${KEYFERRY_LOCALKMS:-$built/keyferry-localkms}" --listen 127.0.0.1:0 --tls \
	    --store tls-store --env-file tls-env >tls.log 2>&1 </dev/null &
	echo $! >tls-pid
)
tries=0
until [ -f tls-env ] || [ $tries -gt 600 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
. ./tls-env
ok "over TLS" env -u AWS_ENDPOINT_URL_STS "$keyferry" doctor --json
env -u AWS_ENDPOINT_URL_STS "$keyferry" doctor >said 2>&1
said "it is accepted" "KMS: it answers, and its certificate is accepted"
said "the certificate" \
    "^ok .*: certificate: 1 of 1: CN=.*, issued by CN=.*, until 20[0-9-]* [0-9:]* UTC"
env -u AWS_CA_BUNDLE "$keyferry" doctor >said 2>&1
said "one that is not trusted" "^FAILED .*KMS: the server's certificate was not acc"
as_json env -u AWS_CA_BUNDLE
said "what to do" "-> set AWS_CA_BUNDLE"
said "whose it is" "^note .*: certificate: 1 of 1: CN="
kill "$(cat tls-pid)"
tap_done
