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

# A token, a key and a file whose names a terminal would act on: a colour, text that runs
# from right to left, and a control character of the C1 set.
evil=$(printf 'red\033[31m\342\200\256x\302\233y')
shown='red\x1b[31m\xe2\x80\xaex\xc2\x9by'
hsm_token "$evil"
hsm_on "$evil" --write-object 0a.key --type secrkey --key-type AES:32 --label "$evil" \
    --id 77 --extractable >/dev/null 2>&1
of_evil="pkcs11:token=red%1b%5b31m%e2%80%aex%c2%9by?module-path=$softhsm"
says_evil() { # NAME TEXT
	said "$1: the names are readable" "$2"
	ok "$1: and do nothing" tap_not grep -q -e "$(printf '\033\\[31m')" \
	    -e "$(printf '\342\200\256')" -e "$(printf '\302\233')" said
}
evil_at() { # PIN ANSWER
	python3 "$terminal" "PIN of $shown: =$1" "1? [y/N] =$2" -- "$keyferry" move \
	    --from "$of_evil" --to "$cloud" --wrapping-bits 2048
}
ends "hostile names, a wrong PIN" 2 evil_at 0000 y
says_evil "C_Login" "token $shown: C_Login: CKR_PIN_INCORRECT"
ends "no PIN" 2 evil_at "$(printf '47\003')" y
says_evil "no PIN" "token $shown needs a PIN"
ends "hostile names, moved" 0 evil_at "$pin" y
says_evil "the plan" "from $shown to test:"
said "the key" "  $shown"
PKCS11_PIN= ends "an empty PIN" 2 "$keyferry" move --from "$of_evil" --to "$cloud"
says_evil "the empty PIN" "token $shown: the PIN is empty"
ends "another's token" 2 env PKCS11_PIN=$pin "$keyferry" list --to "$of_evil"
says_evil "another's token" "token $shown is not Keyferry's"
ends "several tokens" 2 env PKCS11_PIN=$pin "$keyferry" list \
    --to "pkcs11:manufacturer=SoftHSM%20project?module-path=$softhsm"
says_evil "several tokens" "  token=$shown;serial="
ends "a file that is not there" 2 "$keyferry" import --to "$cloud" "$evil.key"
says_evil "the file" "keyferry: $shown.key: No such file"
ends "an option's value" 2 "$keyferry" import --to "$cloud" --id "$evil" 0a.key
says_evil "the value" "keyferry: --id $shown is not valid"
ends "a list" 0 "$keyferry" list --to "$cloud"
says_evil "the list" "$shown"
tap_done
