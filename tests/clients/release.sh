# Programs that sign releases, with packages of their own: Secure Boot images by sbsign,
# updates for swupdate, and gpg through gnupg-pkcs11-scd. signing.sh has the others.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
[ -z "$preload" ] || skip_all "these programs load the module without sanitizers"
mkdir certificates
configure "certificates = $dir/certificates"
ok "an RSA key is imported" make_rsa
openssl req -new -x509 -key rsa.key -subj /CN=signer -days 9 \
    -addext extendedKeyUsage=emailProtection,codeSigning -out rsa.pem
rm rsa.key
cp rsa.pem certificates
engine_settings >openssl.cnf
with_engine() { OPENSSL_CONF=$dir/openssl.cnf host "$@"; }
key='pkcs11:token=test;object=rsa;type=private'
has_engine || skip_all "no engine pkcs11 here"

if has sbsign "sbsign"; then
	# a PE file for x86-64 with one section
	python3 - >a.efi <<'END'
import struct, sys
coff = struct.pack('<4sHHIIIHH', b'PE\0\0', 0x8664, 1, 0, 0, 0, 240, 0x22e)
opt = struct.pack('<HBBIIIIIQIIHHHHHHIIIIHHQQQQII', 0x20b, 0, 0, 512, 0, 0,
    4096, 4096, 0x400000, 4096, 512, 0, 0, 0, 0, 0, 0, 0, 8192, 512, 0, 10, 0,
    0, 0, 0, 0, 0, 16) + b'\0' * 128
section = struct.pack('<8sIIIIIIHHI', b'.text', 512, 4096, 512, 512, 0, 0, 0, 0,
    0x60000020)
dos = b'MZ' + b'\0' * 58 + struct.pack('<I', 64)
sys.stdout.buffer.write((dos + coff + opt + section).ljust(512, b'\0') +
    b'\xc3' * 512)
END
	ok "sbsign" with_engine sbsign --engine pkcs11 --key "$key" --cert rsa.pem \
	    --output b.efi a.efi
	ok "sbverify takes it" sbverify --cert rsa.pem b.efi
	fails "but not another" sbverify --cert rsa.pem a.efi
fi
if has swupdate "swupdate" && has cpio "swupdate"; then
	echo "an image" >image
	cat >sw-description <<-END
		software = {
			version = "1";
			hardware-compatibility = [ "1.0" ];
			images: ({
				filename = "image"; type = "rawfile"; path = "$dir/out";
				sha256 = "$(sha256sum image | cut -c 1-64)";
			});
		}
	END
	ok "openssl cms for swupdate" with_engine openssl cms -engine pkcs11 \
	    -keyform engine -sign -in sw-description -out sw-description.sig \
	    -signer rsa.pem -inkey "$key" -outform DER -nosmimecap -binary
	printf '%s\n' sw-description sw-description.sig image |
	    cpio -o -H crc >update.swu 2>/dev/null
	# Its sockets are in $TMPDIR.
	checked() { TMPDIR=$dir swupdate -v -H board:1.0 -c -k rsa.pem -i "$1"; }
	ok "swupdate takes it" says "Verified OK" checked update.swu
	echo "another" >>sw-description
	printf '%s\n' sw-description sw-description.sig image |
	    cpio -o -H crc >other.swu 2>/dev/null
	fails "but not another" checked other.swu
fi
if has gpg "gpg" && has gnupg-pkcs11-scd "gpg"; then
	GNUPGHOME=$dir/gnupg
	export GNUPGHOME
	mkdir -m 700 gnupg
	recipe release gpg-agent.conf -e '' >gnupg/gpg-agent.conf
	recipe release gnupg-pkcs11-scd.conf -e "s,/usr/lib/.*[.]so,$module," \
	    >gnupg/gnupg-pkcs11-scd.conf
	recipe release "An OpenPGP key" -e '' >commands
	ok "gpg learns of the key" gpg --batch --card-status
	ok "and makes it an OpenPGP key" sh -eu commands
	echo text >text
	ok "gpg signs" gpg --batch --local-user release@example.com --detach-sign text
	ok "gpg verifies" gpg --batch --verify text.sig text
	ok "and exports" gpg --batch --export -o public release@example.com
	gpgconf --kill all
	# By the public key alone.
	GNUPGHOME=$dir/other
	mkdir -m 700 other
	ok "elsewhere it is imported" gpg --batch --import public
	ok "and verifies" says "Good signature" gpg --batch --verify text.sig text
	gpgconf --kill all
fi
tap_done
