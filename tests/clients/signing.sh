# Programs that sign releases, firmware and files, and a certificate authority: each
# with an imported key, and each result is checked by something without the module. A
# program that is not here is skipped by name.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
has_engine || skip_all "no engine pkcs11 here"
mkdir certificates
configure "certificates = $dir/certificates"
{
	engine_settings
	printf '%s\n' '[req]' 'distinguished_name = name' '[name]' \
	    '[ca]' 'default_ca = here' '[here]' "database = $dir/index" \
	    "new_certs_dir = $dir" "serial = $dir/serial" 'default_md = sha256' \
	    'default_days = 30' 'policy = any' '[any]' 'commonName = supplied'
} >openssl.cnf
with_engine() { OPENSSL_CONF=$dir/openssl.cnf host "$@"; }
key='pkcs11:token=test;object=rsa;type=private'

ok "an RSA key is imported" make_rsa
ok "a certificate for it" with_engine openssl req -engine pkcs11 -keyform engine \
    -new -x509 -sha256 -days 30 -key "$key" -subj /CN=signer \
    -addext basicConstraints=critical,CA:TRUE -out certificates/rsa.pem
cp certificates/rsa.pem rsa.pem
echo "what is signed" >text

: >index
echo 01 >serial
openssl req -newkey rsa:2048 -nodes -keyout leaf.key -subj /CN=leaf -out leaf.csr \
    2>/dev/null
ok "openssl ca" with_engine openssl ca -engine pkcs11 -keyform engine -batch \
    -keyfile "$key" -cert rsa.pem -in leaf.csr -out leaf.pem -notext
ok "its certificate verifies" openssl verify -CAfile rsa.pem leaf.pem
ok "openssl cms -sign" with_engine openssl cms -engine pkcs11 -keyform engine -sign \
    -inkey "$key" -signer rsa.pem -in text -binary -outform DER -out text.cms
ok "it verifies" openssl cms -verify -inform DER -in text.cms -binary -content text \
    -CAfile rsa.pem -purpose any -out back

# curl and Python load the engine by openssl.cnf, too; curl shows a certificate whose
# key is in KMS.
openssl req -x509 -newkey rsa:2048 -nodes -keyout server.key -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -days 2 -out server.pem 2>/dev/null
start "s_server that asks for a certificate" "^ACCEPT" openssl s_server -naccept 2 \
    -accept 127.0.0.1:0 -cert server.pem -key server.key -Verify 1 \
    -verify_return_error -CAfile rsa.pem -www
# A server that speaks for two connections: with the key, and without.
https() {
	with_engine curl -sS --cacert server.pem \
	    --resolve "localhost:$(port):127.0.0.1" "$@" "https://localhost:$(port)/"
}
ok "curl with the engine's key" https --cert rsa.pem --key-type ENG \
    --engine pkcs11 --key "$key" -o page
ok "the server has seen its certificate" grep "Subject: CN *= *signer" page
fails "and without" https
stop
cat >host.py <<'END'
import hashlib, ssl
ssl.create_default_context()
print(hashlib.sha256(b'').hexdigest())
END
ok "Python has the engine" says "$(printf '' | sha256sum | cut -c 1-64)" \
    with_engine python3 host.py

if has evmctl "evmctl ima_sign"; then
	cp text file
	# Only root may set the attribute in which newer versions store it, too.
	env PKCS11_MODULE_PATH="$module" OPENSSL_CONF="$dir/openssl.cnf" \
	    evmctl ima_sign --engine pkcs11 --key "$key" --keyid-from-cert rsa.pem \
	    -a sha256 --sigfile file >evmctl.log 2>&1
	ok "evmctl ima_sign" says "" test -s file.sig
	openssl x509 -in rsa.pem -outform DER -out rsa.der
	ok "evmctl verifies it" evmctl ima_verify --key rsa.der --sigfile file
fi
if has mkimage "mkimage"; then
	cat >f.its <<END
/dts-v1/;
/ { description = "a test"; #address-cells = <1>;
images { one { description = "text"; data = /incbin/("text"); type = "kernel";
	arch = "arm"; os = "linux"; compression = "none"; load = <0>; entry = <0>;
	hash-1 { algo = "sha256"; }; }; };
configurations { default = "conf"; conf { kernel = "one";
	signature-1 { algo = "sha256,rsa2048"; key-name-hint = "rsa";
	sign-images = "kernel"; }; }; }; };
END
	printf '/dts-v1/;\n/ { };\n' >ub.dts
	if has dtc "mkimage signs"; then
		dtc -O dtb -o ub.dtb ub.dts
		# Its URI is the token and "object=" with the hint.
		ok "mkimage signs" env PKCS11_MODULE_PATH="$module" \
		    OPENSSL_CONF="$dir/openssl.cnf" \
		    mkimage -f f.its -N pkcs11 -k token=test -K ub.dtb -r f.itb
		if has fdtget "its signature"; then
			for byte in $(fdtget -t bx f.itb \
			    /configurations/conf/signature-1 value); do
				# shellcheck disable=SC2059 # one byte
				printf "\\$(printf %03o "0x$byte")"
			done >fit.sig
			ok "its signature is one by the key" openssl pkeyutl \
			    -verifyrecover -pubin -inkey rsa.pub -in fit.sig \
			    -pkeyopt rsa_padding_mode:pkcs1 \
			    -pkeyopt digest:sha256 -out recovered
		fi
	fi
fi
if has osslsigncode "osslsigncode"; then
	# a PE file without sections
	python3 - >a.exe <<'END'
import struct, sys
pe = struct.pack('<4sHHIIIHH', b'PE\0\0', 0x14c, 0, 0, 0, 0, 224, 0x103)
opt = struct.pack('<HBBIIIIIIIIIHHHHHHIIIIHHIIIIII', 0x10b, 0, 0, 0, 0, 0, 0,
    0, 0, 0x400000, 4096, 512, 4, 0, 0, 0, 4, 0, 0, 4096, 512, 0, 3, 0,
    0, 0, 0, 0, 0, 16) + b'\0' * 128
dos = b'MZ' + b'\0' * 58 + struct.pack('<I', 64)
sys.stdout.buffer.write((dos + pe + opt).ljust(512, b'\0'))
END
	ok "osslsigncode signs" with_engine osslsigncode sign -pkcs11module "$module" \
	    -certs rsa.pem -key "$key" -h sha256 -in a.exe -out b.exe
	ok "it verifies" says "Succeeded" osslsigncode verify -CAfile rsa.pem -in b.exe
fi
if has rauc "rauc bundle" && has mksquashfs "rauc bundle"; then
	mkdir bundle
	cp text bundle/rootfs.img
	printf '%s\n' '[update]' 'compatible=test' 'version=1' '[bundle]' 'format=plain' \
	    '[image.rootfs]' 'filename=rootfs.img' >bundle/manifest.raucm
	ok "rauc bundle" env RAUC_PKCS11_MODULE="$module" rauc bundle \
	    --cert 'pkcs11:token=test;object=rsa;type=cert' \
	    --key 'pkcs11:token=test;object=rsa' --keyring rsa.pem \
	    bundle out.raucb
	ok "rauc info takes it" says "'test'" rauc info --keyring rsa.pem \
	    out.raucb
fi
tap_done
