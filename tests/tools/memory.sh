# What keyferry import, wrap and unwrap leave in their memory when they end: nothing of
# a key in the clear, nor of a passphrase, in whatever form a file has it. A word of the
# command line is found.
memory_scan=$(cd "$srcdir/tests/tools" && pwd)/memory-scan.py
. "$srcdir/tests/tools/command.sh"
needs openssl python3
# It traces its own processes to look for leaks, and has much memory to be searched.
[ -z "$preload" ] || skip_all "a sanitizer is in the program"
openssl rand -out aes.key 32
od -An -v -tx1 aes.key | tr -d ' \n' >aes.hex
openssl base64 -A -in aes.key -out aes.b64
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ec.pem
printf 'a long passphrase of this test\n' >passphrase
openssl pkcs8 -topk8 -in rsa.pem -out encrypted.pem -passout file:passphrase
openssl pkey -in rsa.pem -outform DER -out rsa.der
openssl req -x509 -key ec.pem -subj /CN=a -days 1 -out ec.crt 2>/dev/null
openssl pkcs12 -export -inkey ec.pem -in ec.crt -out ec.p12 -passout file:passphrase
# secret FILE NAME: a number of the key, as openssl prints it.
secret() {
	openssl pkey -in "$1" -noout -text 2>/dev/null | python3 -c '
import re, sys
digits = re.search(sys.argv[1] + r":\n((?: +[0-9a-f:]+\n)+)", sys.stdin.read()).group(1)
sys.stdout.buffer.write(bytes.fromhex(re.sub("[^0-9a-f]", "", digits)).lstrip(b"\0"))' "$2"
}
secret rsa.pem prime1 >prime
secret rsa.pem privateExponent >exponent
secret ec.pem priv >scalar
sed -n 6p rsa.pem | tr -d '\n' >rsa.line
sed -n 2p ec.pem | tr -d '\n' >ec.line
printf 'a long passphrase of this' >passphrase.text
printf word-of-this-test >word
secrets="aes.key aes.hex aes.b64 prime exponent scalar rsa.line ec.line passphrase.text"
scan() { # COMMAND...: how often each secret, and the word, is in its memory at its end
	# shellcheck disable=SC2086 # several files
	python3 "$memory_scan" exit $secrets word -- "$@" 2>scan.log </dev/null ||
	    sed 's/^/# /' scan.log >&2
}
# shellcheck disable=SC2086
found=$(scan python3 -c 'import os, sys
read = [open(name, "rb").read() for name in sys.argv[1:]]
os._exit(0)' $secrets word)
grep -q "it cannot be traced" scan.log && skip_all "no ptrace(2) here"
is "what another program leaves is found" \
    "$(echo "$found" | tr ' ' '\n' | grep -c '^[1-9]')" 10
# leaves_nothing NAME COMMAND...
leaves_nothing() {
	leaves_name=$1; shift
	found=$(scan "$@")
	is "$leaves_name: nothing is left" "${found% *}" "0 0 0 0 0 0 0 0 0"
	ok "$leaves_name: its command line is" [ "${found##* }" -gt 0 ]
}
brings() { # NAME ARGUMENT...
	brings_name=$1; shift
	leaves_nothing "$brings_name" keyferry import --to "$cloud" --yes --tags a=word-of-this-test "$@"
}
brings "raw bytes" aes.key --label raw
brings "hexadecimal digits" aes.hex --label hex --format hex
brings "Base64" aes.b64 --label b64 --format base64
brings "an HMAC key" aes.key --label mac --hash sha256
brings "RSA in PEM" rsa.pem
brings "RSA in DER" rsa.der --label der
brings "encrypted" encrypted.pem --label encrypted --passphrase-file passphrase
brings "EC in PEM" ec.pem
brings "PKCS #12" ec.p12 --label p12 --passphrase-file passphrase
keyferry pair word-of-this-test --key-spec SYMMETRIC_DEFAULT -o one --wrapping-bits 2048 \
    --to "$cloud" --quiet
keyferry pair other --key-spec RSA_2048 -o two --wrapping-bits 2048 --to "$cloud" --quiet
cp aes.key word-of-this-test
leaves_nothing "wrap" keyferry wrap --key word-of-this-test \
    --wrapping-key one/wrapping-key.pem --out one/wrapped-key.bin
cp rsa.pem word-of-this-test
leaves_nothing "wrap, in two steps" keyferry wrap --key word-of-this-test \
    --wrapping-key two/wrapping-key.pem --out two/wrapped-key.bin \
    --algorithm RSA_AES_KEY_WRAP_SHA_256
cp -r one word-of-this-test.d
leaves_nothing "unwrap" keyferry unwrap word-of-this-test.d --yes --to "$cloud"
tap_done
