# The key in the clear is never in the memory of keyferry move, which is also that
# of the module. SoftHSM runs in another process, behind p11-kit's server, as a real
# HSM does. A second run, with SoftHSM in the same process, shows that the search
# finds a key that is there.
memory_scan=$(cd "$srcdir/tests/tools" && pwd)/memory-scan.py
. "$srcdir/tests/tools/softhsm.sh"
needs p11-kit python3

hsm_aes secret-key-of-this-test 0a01
printf 'secret-key-of-this-test' >label
XDG_RUNTIME_DIR=$dir
export XDG_RUNTIME_DIR
p11-kit server -t 600 -n "$dir/socket" --provider "$softhsm" "pkcs11:token=source" \
    >server.env 2>server.log || {
	echo "1..0 # SKIP no server: $(head -n 1 server.log)"
	exit 0
}
. ./server.env
server=$P11_KIT_SERVER_PID

# found FROM: prints how often the key and its label are in memory while the request
# with the wrapped key is sent to KMS.
found() {
	control DELETE /counters >/dev/null
	control POST "/faults?operation=ImportKeyMaterial&fault=hang" >/dev/null
	python3 "$memory_scan" "$KEYFERRY_LOCALKMS_CONTROL/counters" ImportKeyMaterial \
	    0a01.key label -- "$keyferry" move --yes --wrapping-bits 2048 \
	    --from "pkcs11:token=source?module-path=$1" --to "$cloud" 2>scan.log ||
	    sed 's/^/# /' scan.log >&2
	control DELETE /faults >/dev/null
}
remote=$(found p11-kit-client.so)
is "the key is not in its memory" "${remote%% *}" 0
ok "the label is" test "${remote##* }" -gt 0
local=$(found "$softhsm")
ok "with SoftHSM in the same process the key is found" test "${local%% *}" -gt 0
kill "$server" 2>/dev/null
tap_done
