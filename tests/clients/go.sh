# A program in Go, by the packages crypto11 and miekg/pkcs11 as Debian has them.
source=$(cd "$srcdir" && pwd)/tests/clients/token.go
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool go
[ -z "$preload" ] || skip_all "Go loads the module without sanitizers"
gopath=/usr/share/gocode
[ -d $gopath/src/github.com/ThalesIgnite/crypto11 ] || skip_all "no crypto11 here"
# The KMS here settles at once.
configure 'settle = 0'
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "one that decrypts" make_key open 03 decrypt -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
head -c 32 /dev/urandom >mac.key
ok "an HMAC key is imported" p11 --write-object mac.key --type secrkey --label mac \
    --id 04 --usage-sign
for name in rsa ec; do
	openssl req -new -x509 -key $name.key -subj /CN=localhost -days 9 \
	    -addext subjectAltName=DNS:localhost -out $name.pem
	rm $name.key
done
build() {
	cp "$source" token.go && env GO111MODULE=off GOPATH=$gopath GOFLAGS= \
	    GOCACHE="$dir/cache" GOTOOLCHAIN=local go build -o token token.go
}
ok "the program is built" build
ok "it finds all as it should be" ./token "$module"
tap_done
