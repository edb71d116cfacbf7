# keyferry move is killed at each of its steps, and interrupted: running it again
# completes the move, and no key is on the target twice.
. "$srcdir/tests/tools/softhsm.sh"
needs "$aws"

count() { # OPERATION: how often it was asked for
	control GET /counters | grep -o "\"$1\": *[0-9]*" | grep -o '[0-9]*$' ||
	    echo 0
}
# await OPERATION NUMBER: waits until the KMS has received it that many times.
await() {
	await_tries=0
	until [ "$(count "$1")" -ge "$2" ]; do
		await_tries=$((await_tries + 1))
		kill -0 "$mover" 2>/dev/null && [ $await_tries -lt 600 ] ||
		    return 1
		sleep 0.1
	done
}
# start OPTION...: runs keyferry move in the background, as process $mover.
start() {
	env --default-signal=INT "$keyferry" move --from "$source" \
	    --to "$cloud" --wrapping-bits 2048 --yes "$@" >out 2>&1 </dev/null &
	mover=$!
}

keys=0
# round OPERATION FAULT SKIP: makes two keys, kills the move while the KMS delays
# that operation or its reply, after SKIP earlier ones, then runs the move again.
round() {
	what="$1, $2 after $3"
	for i in 1 2; do
		keys=$((keys + 1))
		hsm_aes "key-$keys" "$(printf '%04x' $keys)"
	done
	control DELETE /counters >/dev/null
	control POST "/faults?operation=$1&fault=$2&skip=$3" >/dev/null
	start
	ok "$what: it gets that far" await "$1" $(($3 + 1))
	kill -9 "$mover"
	wait "$mover" 2>/dev/null
	control DELETE /faults >/dev/null
	ends "$what: again" 0 move --yes
	ok "$what: all keys are there" \
	    grep -q "^$keys keys: .* moved\$\|^$keys keys: $keys on the target already" said
}
round CreateKey hang 0
round CreateKey hang-after 1
round CreateAlias hang 2
round CreateAlias hang-after 2
round CreateAlias hang-after 3
round GetParametersForImport hang 1
round GetParametersForImport hang-after 1
round ImportKeyMaterial hang 1
round ImportKeyMaterial hang-after 0

is "all keys are in KMS, once" "$(kms_keys | cut -f1-3 | sort | uniq -c |
    tr -s '\t ' ' ')" " $keys Enabled SYMMETRIC_DEFAULT ENCRYPT_DECRYPT"
is "and have both their names" "$(aws_kms list-aliases --output text \
    --query 'Aliases[?!starts_with(AliasName, `alias/aws/`)].AliasName' |
    wc -w)" $((2 * keys))
for i in 1 2 $keys; do
	id=$(printf '%04x' "$i")
	ok "key $i has its material" same_material "key-$i" "$id" "$id.key"
done

# An interruption takes effect when the current key is done, and is reported.
for i in 1 2 3; do
	hsm_aes "late-$i" "ff0$i"
done
control DELETE /counters >/dev/null
control POST "/faults?operation=ImportKeyMaterial&fault=delay&ms=3000&count=0" \
    >/dev/null
start --report report
ok "a key is being moved" await ImportKeyMaterial 1
kill -INT "$mover"
wait "$mover"
is "its exit status is 1" $? 1
control DELETE /faults >/dev/null
ok "the current key was done" grep -qE '"result":"(moved|there)"' report
ok "others were not tried" grep -q '"result":"left"' report
ok "the result lists them" grep -q "not tried: late-" out
is "none is half done" "$(kms_keys | grep -c '^PendingImport')" 0
ends "again" 0 move --yes
is "all keys are in KMS" "$(kms_keys | grep -c '^Enabled')" $((keys + 3))
tap_done
