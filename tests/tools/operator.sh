# Each command of keyferry where something is amiss: KMS is away or denies, what is printed
# or written finds no room, nobody reads it, nobody can be asked. Its exit status, a
# message, and no key that is left half made.
. "$srcdir/tests/tools/command.sh"
needs openssl curl python3
configure 'valid-days = 20' 'renewal-days = 90' 'settle = 0'
openssl rand -out f.key 32
openssl rand -out g.key 32
printf 'label,id,file\nf,0b01,f.key\n' >m.csv
run "a key" 0 import f.key --label f --id 0b01 --yes
run "a pair" 0 pair new --key-spec SYMMETRIC_DEFAULT -o dir --quiet --wrapping-bits 2048
ok "a wrapped key" keyferry wrap --key g.key --wrapping-key dir/wrapping-key.pem \
    --out dir/wrapped-key.bin --quiet

# What each does, its status where KMS is away, and where its output finds no room.
cat >commands <<'END'
list|2|2
list --json|2|2
list --ending 30d|2|2
import g.key --label g --yes|2|1
import f.key --label f --id 0b01 --yes --json|2|1
restore --manifest m.csv --check|2|1
restore --manifest m.csv --yes --json|2|1
renew --manifest m.csv --within 40d|2|1
renew f --manifest m.csv --within 400d --dry-run|2|1
rotate f --from g.key --dry-run|2|1
pair f -o other --wrapping-bits 2048|2|1
unwrap dir --yes|2|1
disable f|2|1
enable f --json|2|1
rename f --label f|2|1
END
left() { # of keys that wait for material
	keyferry list --to "$cloud" --leftovers | grep -c 'to remove it'
}
count() { keyferry list --to "$cloud" --json | grep -c '"arn"'; }
before=$(count)
while IFS='|' read -r words away full; do
	# shellcheck disable=SC2086 # several words
	set -- $words
	AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1 run "KMS is away: $words" "$away" "$@"
	is "one line says so" "$(grep -c 'KMS not reached' err) $(wc -l <err)" "1 1"
	AWS_SECRET_ACCESS_KEY=wrong run "wrong credentials: $words" "$away" "$@"
	shows "what KMS says" InvalidSignatureException err
done <commands
is "no key was made" "$(count)" "$before"
ok "nor a directory" test ! -e other
while IFS='|' read -r words away full; do
	# shellcheck disable=SC2086
	set -- $words
	keyferry "$@" --to "$cloud" >/dev/full 2>err </dev/null
	is "no room for what is printed: $words" $? "$full"
	shows "is said" "keyferry: standard output: " err
	keyferry "$@" --to "$cloud" >&- 2>err </dev/null
	is "no standard output: $words" $? "$full"
	shows "is said" "keyferry: standard output: " err
done <commands
is "the key was made, and no second one" "$(count)" $((before + 1))
for words in --help --version "list --help" doctor; do
	# shellcheck disable=SC2086
	keyferry $words >/dev/full 2>err
	is "no room for keyferry $words" $? 2
done

# Who reads no more does not end what is begun.
cut() { # ARGUMENT...: its status, with nobody who reads what it prints
	{ keyferry "$@" --to "$cloud" 2>err </dev/null; echo $? >ended; } | :
	cat ended
}
printf 'file,label\nf.key,one\nf.key,two\nf.key,three\n' >three.csv
is "a run that nobody reads" "$(cut import --manifest three.csv --yes --json)" 1
shows "says so" "keyferry: standard output: " err
is "and has done all" "$(count)" $((before + 4))

# Files that find no room.
while IFS='|' read -r words status; do
	# shellcheck disable=SC2086
	run "no room: $words" "$status" $words
	shows "is said" "/dev/full: " err
done <<'END'
import f.key --label f --id 0b01 --yes --report /dev/full|1
restore --manifest m.csv --yes --report /dev/full|1
renew --manifest m.csv --within 400d --dry-run --report /dev/full|1
list --prometheus /dev/full|2
list --manifest /dev/full|2
END
run "a report in no directory" 2 import g.key --label late --yes --report none/report
is "no key is made then" "$(count)" $((before + 4))
if mount_room=$(mktemp -d ./room.XXXX) && [ "$(id -u)" = 0 ] &&
    mount -t tmpfs -o size=16k none "$mount_room" 2>/dev/null; then
	run "no room for a set" 2 pair full --key-spec SYMMETRIC_DEFAULT -o "$mount_room/set" --wrapping-bits 2048
	shows "is said" "No space left on device" err
	shows "and what becomes of the key" "the new key is scheduled for its deletion" err
	is "nothing is left" "$(ls "$mount_room")" ""
	umount "$mount_room"
else
	skip "no room for a set" "no file system of ours can be mounted"
fi

# What is denied leaves no key that waits: only that of the pair does.
while IFS='|' read -r denied words status; do
	control POST "/denials?operation=$denied"
	# shellcheck disable=SC2086
	run "$denied is denied: $words" "$status" $words
	shows "is said" "$denied" "$(grep -lF "$denied" out err | head -n 1)"
	control DELETE /denials
done <<'END'
CreateKey|import g.key --label x1 --yes|1
GetParametersForImport|import g.key --label x1 --yes|1
ImportKeyMaterial|import g.key --label x1 --yes|1
GetParametersForImport|pair x1 --key-spec SYMMETRIC_DEFAULT -o x1 --wrapping-bits 2048|2
CreateAlias|pair x1 --key-spec SYMMETRIC_DEFAULT -o x1 --wrapping-bits 2048|2
ImportKeyMaterial|unwrap dir --yes|1
DisableKey|disable f|1
RotateKeyOnDemand|rotate f --from g.key --yes|1
DescribeKey|disable f|2
ListKeys|list|2
END
is "no key waits for its material" "$(left)" 0
ok "no directory of a set is left" test ! -e x1
tap_done
