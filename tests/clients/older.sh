# What version 0.1 left goes on working: its state directory, which was called by the
# token's serial number, and its aliases. The samples are files that it wrote, with
# the values of this run in them.
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl curl python3

# kms OPERATION JSON: prints the reply.
kms() { curl -sSf --aws-sigv4 aws:amz:us-east-1:kms \
    --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H 'Content-Type: application/x-amz-json-1.1' \
    -H "X-Amz-Target: TrentService.$1" -d "$2" "$AWS_ENDPOINT_URL_KMS"; }
# member NAME: of the JSON on standard input.
member() { python3 -c "import json, sys; print(json.load(sys.stdin)$1)"; }
make() { kms CreateKey "$1" | member '["KeyMetadata"]["KeyId"]'; }
name() { kms CreateAlias "{\"AliasName\":\"$1\",\"TargetKeyId\":\"$2\"}"; }
state_of() { kms DescribeKey "{\"KeyId\":\"$1\"}" | member '["KeyMetadata"]["KeyState"]'; }
arn=arn:aws:kms:us-east-1:111122223333:key

configure 'settle = 0'
serial=$(p11 -L | sed -n 's/.*serial num *: //p')
old=$dir/state/$serial
rm -rf "$dir/state" && mkdir -p "$old" && chmod 700 "$dir/state" "$old"

# A key in use, with a label that an alias cannot hold.
used=$(make '{"KeySpec":"ECC_NIST_P256","KeyUsage":"SIGN_VERIFY"}')
name alias/keyferry/label/a_20label/with_20_c3_bc "$used"
name alias/keyferry/id/0102 "$used"
printf %s "$arn/$used" >"$old/made-$used"

# An import pair, whose wrapping key has been read.
pair=$(make '{"Origin":"EXTERNAL",
    "Description":"Keyferry import a06f84d765c2cf66afeeca0f9236364b"}')
name alias/pair "$pair"
name alias/keyferry/id/0b "$pair"
kms GetParametersForImport "{\"KeyId\":\"$pair\",
    \"WrappingAlgorithm\":\"RSAES_OAEP_SHA_256\",\"WrappingKeySpec\":\"RSA_2048\"}" \
    >parameters
printf %s "$arn/$pair" >"$old/made-$pair"
python3 - "$old/pair-$pair" <<'PYTHON'
import base64, hashlib, json, sys
p = json.load(open("parameters"))
text = ('{"WrappingAlgorithm":"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048",'
        '"ImportToken":"%s","PublicKey":"%s","ParametersValidTo":%d}' %
        (p["ImportToken"], p["PublicKey"], p["ParametersValidTo"]))
digest = hashlib.sha256(text.encode()).hexdigest()
open(sys.argv[1], "w").write('%s,"Digest":"%s"}' % (text[:-1], digest))
open("pair.der", "wb").write(base64.b64decode(p["PublicKey"]))
PYTHON

# A key that was being made for the label "payroll" when the process was killed.
half=$(make '{"Origin":"EXTERNAL",
    "Description":"Keyferry import 5b7f9c1e2d3a4f60718293a4b5c6d7e8"}')
digest=$(printf 'label\0payroll' | openssl dgst -sha256 -r | cut -d' ' -f1)
printf '{"Nonce":"5b7f9c1e2d3a4f60718293a4b5c6d7e8","KeyId":"%s","Unanswered":0,"Asked":1795754461}' \
    "$half" >"$old/create-$digest"

# One that was being taken back then.
away=$(make '{"Origin":"EXTERNAL"}')
printf '{"ThrowAwayMaterial":"%s","Aliases":[],"GiveBack":false,"PendingWindowInDays":7,"Begun":1795754461}' \
    "$(openssl rand -base64 32)" >"$old/back-$away"
printf %s "$arn/$away" >"$old/made-$away"
chmod 600 "$old"/*

p11 -O --id 0102 >listed 2>&1
ok "a label that was escaped" grep -q 'label: *a label/with ü' listed
echo text >text
ok "the key in use" p11 --sign --id 0102 -m ECDSA-SHA256 -i text -o signature
ok "the state is where it belongs now" [ ! -e "$old" ]
is "nothing of it is lost" "$(find state -name '*-*' -type f | wc -l)" 6

ok "the pair's public half" p11 --read-object --type pubkey --label pair -o read.der
ok "is the one that was handed out" cmp read.der pair.der
openssl rand -out aes 32
openssl pkeyutl -encrypt -pubin -inkey pair.der -keyform DER -in aes -out wrapped \
    -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
    -pkeyopt rsa_mgf1_md:sha256
ok "what was wrapped for it is unwrapped" p11 --unwrap --id 0b -i wrapped \
    --key-type AES: --mechanism RSA-PKCS-OAEP --hash-algorithm SHA256 \
    --application-label pair --mgf MGF1-SHA256
is "into the pair's key" "$(state_of "$pair")" Enabled

ok "the import that was killed" p11 --write-object aes --type secrkey \
    --key-type AES:32 --label payroll
is "is finished in its key" "$(state_of "$half")" Enabled
is "the other key is taken back" "$(state_of "$away")" PendingDeletion
is "and no key was made" "$(kms ListKeys '{}' | member '["Keys"].__len__()')" 4
tap_done
