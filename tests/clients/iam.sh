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
# added TEXT: what is to be added for it, by the row of the page that begins so.
added() {
	awk -F'|' -v row="$1" 'index($2, row) == 2 { print $3 }' \
	    "$srcdir/docs/iam.md" | grep -o 'kms:[A-Za-z]*' | sed 's/^kms://'
}
# only NAME [TEXT]: from now on nothing but that, and what is added for TEXT.
only() {
	control DELETE /faults
	names=$(allowed "$1")
	[ -n "$names" ] || { echo "Bail out! no policy $1"; exit 1; }
	if [ $# -gt 1 ]; then
		more=$(added "$2")
		[ -n "$more" ] || { echo "Bail out! no row $2"; exit 1; }
		names="$names
$more"
	fi
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

# What an option adds: its use works with it, and not without.
new_aes() {
	openssl rand -out value 32
	logged --write-object value --type secrkey --key-type AES:32 --label "$1" \
	    --id "$2"
}
remove_aes() { logged --delete-object --type secrkey --label "$1"; }
logged() {
	rm -f log
	(export KEYFERRY_LOG="info:$dir/log" && p11 "$@")
}
log_says() { grep "$1" log; }
change_id() { p11 --set-id "$2" --id "$1" --type privkey; }

configure 'description = mine'
only import
ok "description" new_aes described-1 d1
ok "has a note behind it where the policy lacks it" log_says "keeps a note"
only import '`description`'
ok "description by its row" new_aes described-2 d2
fails "has no note" log_says "keeps a note"
ok "a key goes" remove_aes described-1
ok "its last use is not known" log_says "allow kms:GetKeyLastUsage"
only import "a key's last use"
ok "another goes" remove_aes described-2
ok "its last use is known by the row" log_says "was not used in"
configure 'tags = use=test'
only import '`tags`'
ok "tags by their row" new_aes tagged d4
configure 'keys = tag:use=test'
only use
ok "a selection by tags" p11 --list-objects
fails "shows nothing" says tagged p11 --list-objects
only use '`keys = tag:'
ok "but by its row" says tagged p11 --list-objects
configure 'replicas = eu-central-1'
only import
fails "replicas need more" new_aes there-1 d5
only import '`replicas`'
ok "replicas by their row" new_aes there-2 d6
configure
only use
fails "an id that is changed needs more" change_id 0e 1e
only use 'a label or an id'
ok "an id that is changed by its row" change_id 0e 1e

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
