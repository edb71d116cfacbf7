# command.sh: `. "$srcdir/tests/tools/command.sh"`, for tests of commands of keyferry that
# work on keys in KMS. It sources manual.sh and tests/clients/testenv.sh.
terminal=$(cd "$srcdir/tests/tools" && pwd)/run-in-terminal.py
. "$srcdir/tests/tools/manual.sh"
. "$srcdir/tests/clients/testenv.sh"
PATH=$built:$PATH
cloud="pkcs11:token=test?module-path=$module"
control() { curl -sS -f -X "$1" "$KEYFERRY_LOCALKMS_CONTROL$2" >/dev/null; }
# run NAME STATUS COMMAND OPTION...: with --to; its output is in `out`, messages in `err`.
run() {
	run_name=$1 run_status=$2 run_command=$3; shift 3
	keyferry "$run_command" --to "$cloud" "$@" >out 2>err </dev/null
	run_got=$?
	[ $run_got -eq "$run_status" ] || sed 's/^/# /' out err
	is "$run_name" "$run_got" "$run_status"
}
shows() { ok "$1" in_file "${3-out}" "$2"; }
in_file() { grep -qF -- "$2" "$1" || { cat "$1"; return 1; }; }
aes() { # LABEL ID
	openssl rand -out "$1.key" 32
	p11 --write-object "$1.key" --type secrkey --key-type AES:32 \
	    --label "$1" --id "$2" >/dev/null 2>&1
}
