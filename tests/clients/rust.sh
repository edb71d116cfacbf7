# A program in Rust, by the package cryptoki as Debian has it.
source=$(cd "$srcdir" && pwd)/tests/clients/token.rs
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool cargo
[ -z "$preload" ] || skip_all "Rust loads the module without sanitizers"
packages=/usr/share/cargo/registry
set -- $packages/cryptoki-[0-9]*
[ -d "$1" ] || skip_all "no package cryptoki here"
version=${1##*-}
# The KMS here settles at once.
configure 'settle = 0'
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "one that decrypts" make_key open 03 decrypt -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
mkdir -p rust/src rust/.cargo
cp "$source" rust/src/main.rs
cat >rust/Cargo.toml <<END
[package]
name = "token"
version = "1.0.0"
edition = "2021"
[dependencies]
cryptoki = "$version"
END
cat >rust/.cargo/config.toml <<END
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "$packages"
END
build() {
	(cd rust && CARGO_HOME=$dir/cargo timeout 300 cargo build --offline) &&
	    cp rust/target/debug/token token
}
ok "the program is built" build
printf text >text
openssl dgst -sha256 -binary text >hash
openssl pkeyutl -encrypt -pubin -inkey open.pub -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -in text -out sealed
ok "it finds all as it should be" says "all is well" ./token "$module"
ok "RSA: openssl verifies" openssl dgst -sha256 -verify rsa.pub -signature rsa.sig text
# r and s, one behind the other, as openssl has them
{
	printf '%s\n' 'asn1 = SEQUENCE:it' '[it]'
	echo "r = INTEGER:0x$(head -c 32 ec.sig | od -An -v -tx1 | tr -d ' \n')"
	echo "s = INTEGER:0x$(tail -c 32 ec.sig | od -An -v -tx1 | tr -d ' \n')"
} >asn1
openssl asn1parse -genconf asn1 -noout -out ec.der
ok "EC: openssl verifies" openssl dgst -sha256 -verify ec.pub -signature ec.der text
ok "OAEP: decrypted" cmp opened text
ok "32 threads: openssl verifies" threads_signed 32
tap_done
