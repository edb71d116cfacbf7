# The policies of docs/iam.md: each use works when KMS denies every operation
# that its policy does not name.
srcdir=$(cd "$srcdir" && pwd)
. "$srcdir/tests/clients/testenv.sh"
needs curl python3 pkcs11-tool openssl

control() { curl -sS -X "$1" "$KEYFERRY_LOCALKMS_CONTROL$2" >/dev/null; }
# All that the client can ask for.
operations=$(sed -n 's/.*"\([A-Z][a-z]*[A-Z][A-Za-z]*\|Sign\|Encrypt\|Decrypt\)".*/\1/p' \
    "$srcdir"/src/kms-*.c | grep -E \
    '^(Sign|Encrypt|Decrypt|Encapsulate|Decapsulate|(Create|Update|Delete|List|Describe|Enable|Disable|Schedule|Cancel|Get|Import|Rotate|Replicate|Tag|Untag|Generate|Verify|Derive)[A-Z].*)$' | sort -u)
# allowed NAME: the operations in the policy of that name.
allowed() {
	python3 - "$1" "$srcdir/docs/iam.md" <<'PYTHON'
import json, re, sys
text = open(sys.argv[2]).read()
policy = re.search(r"```json %s\n(.*?)```" % sys.argv[1], text, re.S).group(1)
for statement in json.loads(policy)["Statement"]:
    assert statement["Effect"] == "Allow"
    print("\n".join(a.split(":")[1] for a in statement["Action"]))
PYTHON
}
# only NAME: from now on nothing but that.
only() {
	control DELETE /faults
	names=$(allowed "$1")
	[ -n "$names" ] || { echo "Bail out! no policy $1"; exit 1; }
	for operation in $operations; do
		case "
$names
" in *"
$operation
"*) continue ;; esac
		control POST "/faults?operation=$operation&fault=error&error=AccessDeniedException&count=0"
	done
}
sign() { p11 --sign -m ECDSA-SHA256 "$@" -i text -o text.sig; }

echo text >text
ok "an EC key" make_ec
ok "all policies are JSON" python3 - "$srcdir/docs/iam.md" <<'PYTHON'
import json, re, sys
blocks = re.findall(r"```json.*?\n(.*?)```", open(sys.argv[1]).read(), re.S)
assert len(blocks) == 11, len(blocks)
for block in blocks:
    json.loads(block)
PYTHON
ok "there are operations to deny" [ "$(echo "$operations" | wc -l)" -gt 25 ]

only use
ok "use" sign --label ec
only audit
ok "audit" p11 --list-objects
fails "which does not sign" sign --label ec
configure 'keys = alias/ec'
only least
ok "one key" sign --label ec
configure

only import
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
    -out new.key 2>/dev/null
openssl ec -in new.key -outform DER -out new.der 2>/dev/null
write_new() {
	p11 --write-object new.der --type privkey --label new --id 0e --usage-sign
}
ok "import" write_new
only renewal
ok "renewal" write_new

only generate
make_zsk() {
	p11 --keypairgen --key-type EC:prime256v1 --usage-sign --label zsk --id "$1"
}
ok "KMS makes a key" make_zsk a1
ok "and another of that label" make_zsk a2
ok "it signs" sign --id a2
ok "the old one goes" p11 --delete-object --type privkey --id a1
fails "for good" sign --id a1

only prepare
ok "a pair is made" p11 --keypairgen --key-type rsa:2048 --usage-wrap \
    --label pair --id c1
ok "its public half is read" p11 --read-object --type pubkey --id c1 -o pair.der
fails "the role imports nothing" write_new
openssl rand -out aes 32
ok "the HSM wraps for it" openssl pkeyutl -encrypt -pubin -keyform DER \
    -inkey pair.der -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
    -pkeyopt rsa_mgf1_md:sha256 -in aes -out wrapped
only ceremony
ok "the other role brings it in" p11 --unwrap --id c1 -i wrapped \
    --key-type AES:32 --application-label pair --application-id c1 \
    --mechanism RSA-PKCS-OAEP --hash-algorithm SHA256 --mgf MGF1-SHA256
control DELETE /faults
tap_done
