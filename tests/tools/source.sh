# source.sh: `. "$srcdir/tests/tools/source.sh"`, for tests that move keys from
# tests/tools/source-module.c, which has the words that SOURCE takes. It sources
# tests/clients/testenv.sh.
. "$srcdir/tests/clients/testenv.sh"
needs "$aws" curl
keyferry=$built/keyferry
switched=$built/.libs/source-module.so
[ -f "$switched" ] || skip_all "no source-module.so here"
cloud="pkcs11:token=test?module-path=$module"
from="pkcs11:token=switched?module-path=$switched"
SOURCE_LOGINS=$dir/logins
export SOURCE_LOGINS

# run NAME STATUS WORDS OPTION...: keyferry move with SOURCE=WORDS; its output is in
# `said`.
run() {
	run_name=$1 run_status=$2 SOURCE=$3; shift 3
	export SOURCE
	"$keyferry" move --from "$from" --to "$cloud" --wrapping-bits 2048 \
	    --yes "$@" >said 2>&1 </dev/null
	run_got=$?
	[ $run_got -eq "$run_status" ] || sed 's/^/# /' said
	is "$run_name" "$run_got" "$run_status"
}
said() { ok "$1" has_said "$2"; }
has_said() { grep -qF -- "$1" said || { cat said; return 1; }; }
not_said() { ok "$1" tap_not has_said_silently "$2"; }
has_said_silently() { grep -qF -- "$1" said; }
control() { curl -sS -f -X "$1" "$KEYFERRY_LOCALKMS_CONTROL$2"; }
count_keys() { aws_kms list-keys --query 'length(Keys)' --output text "$@"; }
