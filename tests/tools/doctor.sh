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
said "Region" "token test: Region: us-east-1"
said "endpoint" "token test: endpoint: $AWS_ENDPOINT_URL_KMS"
said "credentials" "credentials: from environment, .*access key $AWS_ACCESS_KEY_ID"
said "identity" "identity: arn:aws:"
said "the clock" "clock: 0 s from"
said "what may be listed" "ok .*ListKeys: allowed"
said "what may be done" "ok .*Sign: allowed"
said "what nothing tells" "not probed .*ImportKeyMaterial"
is "the secret is not shown" "$(grep -c -F -- "$AWS_SECRET_ACCESS_KEY" said)" 0

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
control DELETE /denials
control POST "/clock?skew=600"
fails "a wrong clock" doctor
said "is told" "clock: [56][0-9][0-9] s from\|clock: 600 s from"
control POST "/clock?skew=-600"

fails "a wrong secret key" env AWS_SECRET_ACCESS_KEY=wrong "$keyferry" doctor
env AWS_SECRET_ACCESS_KEY=wrong "$keyferry" doctor >said 2>&1
said "what to do" "-> renew the AWS credentials"
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "$keyferry" doctor >said 2>&1
said "no credentials" "FAILED .*credentials: "
env AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 "$keyferry" doctor >said 2>&1
said "no KMS" "FAILED .*KMS: KMS not reached"
env -u AWS_REGION -u AWS_DEFAULT_REGION "$keyferry" doctor >said 2>&1
said "no Region" "-> set AWS_REGION"

configure 'regoin = eu-west-1'
fails "a misspelt option" doctor
said "is named" "FAILED .*is region meant"
configure 'hologram = yes'
ok "an option that is not known" doctor
said "is named" "note .*hologram"
configure 'timeout = soon'
fails "a configuration that cannot be read" doctor
said "the line, and what is allowed" "keyferry.conf:4: timeout cannot be soon, but a number"
configure
chmod 666 keyferry.conf
fails "one that others can write" doctor
said "is told" "FAILED .*configuration: "
tap_done
