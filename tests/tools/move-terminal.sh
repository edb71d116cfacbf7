# keyferry move at a terminal: the PIN, the question, the progress bar.
terminal=$(cd "$srcdir/tests/tools" && pwd)/run-in-terminal.py
. "$srcdir/tests/tools/softhsm.sh"
needs python3 "$aws"
unset PKCS11_PIN
hsm_aes payroll 0a
hsm_aes bonus 0b

# at PIN ANSWER [OPTION...]: runs move at a terminal and types these.
at() {
	at_pin=$1 at_answer=$2; shift 2
	python3 "$terminal" "PIN of source: =$at_pin" \
	    "2? [y/N] =$at_answer" -- "$keyferry" move \
	    --from "$source" --to "$cloud" --wrapping-bits 2048 "$@"
}
ends "a wrong PIN" 2 at 0000 y
said "the message" "C_Login: CKR_PIN_INCORRECT"
ends "no" 2 at "$pin" n
said "the plan was shown" "payroll                   id 0a  AES-256: will be moved"
is "nothing was done" "$(kms_keys)" ""
ends "yes" 0 at "$pin" y
said "a progress bar" "[########################] 2/2"
ok "with the time left" grep -qE "\\[#{12}\\.{12}\\] 1/2 [0-9]+/min [0-9]+ s left (payroll|bonus)" said
said "how many" "2 keys: 2 moved"
fails "the PIN was not shown" has_said "$pin"
is "both are in KMS" "$(kms_keys | grep -c '^Enabled')" 2
# Erasing characters of the PIN, and cancelling.
ends "a PIN with corrected typing errors" 0 at "$(printf '00\010\177%s' $pin)" y
said "both are on the target" "2 keys: 2 on the target already"
ends "no PIN" 2 at "$(printf '47\003')" y
said "the message" "source needs a PIN"
tap_done
