// What a program in Go does with the token, by the packages crypto11 and miekg/pkcs11:
// token MODULE. It ends with the first thing that is not as it should be.
package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/ThalesIgnite/crypto11"
	"github.com/miekg/pkcs11"
)

const (
	handshakes = 1000
	atOnce     = 32
)

func need(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func check(good bool, name string) {
	if !good {
		need(fmt.Errorf("not so: %s", name))
	}
	fmt.Println("checked:", name)
}

// The DER in a PEM file of openssl's.
func read(file string) []byte {
	text, err := os.ReadFile(file)
	need(err)
	block, _ := pem.Decode(text)
	return block.Bytes
}

func publicKey(file string) crypto.PublicKey {
	key, err := x509.ParsePKIXPublicKey(read(file))
	need(err)
	return key
}

func findPair(token *crypto11.Context, label string) crypto11.Signer {
	pair, err := token.FindKeyPair(nil, []byte(label))
	need(err)
	check(pair != nil, "the pair "+label+" is found")
	return pair
}

func signs(token *crypto11.Context) {
	hash := sha256.Sum256([]byte("text"))
	key := findPair(token, "ec")
	signature, err := key.Sign(rand.Reader, hash[:], crypto.SHA256)
	need(err)
	check(ecdsa.VerifyASN1(publicKey("ec.pub").(*ecdsa.PublicKey), hash[:],
		signature), "ECDSA")
	key = findPair(token, "rsa")
	public := publicKey("rsa.pub").(*rsa.PublicKey)
	signature, err = key.Sign(rand.Reader, hash[:], crypto.SHA256)
	need(err)
	check(rsa.VerifyPKCS1v15(public, crypto.SHA256, hash[:], signature) == nil,
		"PKCS #1 v1.5")
	pss := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash,
		Hash: crypto.SHA256}
	signature, err = key.Sign(rand.Reader, hash[:], pss)
	need(err)
	check(rsa.VerifyPSS(public, crypto.SHA256, hash[:], signature, pss) == nil,
		"PSS")
}

func decrypts(token *crypto11.Context) {
	sealed, err := rsa.EncryptOAEP(sha256.New(), rand.Reader,
		publicKey("open.pub").(*rsa.PublicKey), []byte("text"), nil)
	need(err)
	key := findPair(token, "open").(crypto11.SignerDecrypter)
	text, err := key.Decrypt(rand.Reader, sealed,
		&rsa.OAEPOptions{Hash: crypto.SHA256})
	need(err)
	check(string(text) == "text", "OAEP")
}

func secretKeys(token *crypto11.Context) {
	value, err := os.ReadFile("mac.key")
	need(err)
	key, err := token.FindKey(nil, []byte("mac"))
	need(err)
	check(key != nil, "an HMAC key is found")
	mac, err := key.NewHMAC(pkcs11.CKM_SHA256_HMAC, 0)
	need(err)
	mac.Write([]byte("text"))
	wanted := hmac.New(sha256.New, value)
	wanted.Write([]byte("text"))
	check(hmac.Equal(mac.Sum(nil), wanted.Sum(nil)), "HMAC")

	key, err = token.GenerateSecretKeyWithLabel([]byte("go aes"),
		[]byte("go aes"), 256, crypto11.CipherAES)
	need(err)
	gcm, err := key.NewGCM()
	need(err)
	nonce := make([]byte, gcm.NonceSize())
	sealed := gcm.Seal(nil, nonce, []byte("text"), []byte("more"))
	text, err := gcm.Open(nil, nonce, sealed, []byte("more"))
	need(err)
	check(string(text) == "text", "AES-GCM")
	_, err = gcm.Open(nil, nonce, sealed, []byte("other"))
	check(err != nil, "with other data it does not open")
	need(key.Delete())
	key, err = token.FindKey(nil, []byte("go aes"))
	check(err == nil && key == nil, "an AES key is destroyed")
}

func generates(token *crypto11.Context) {
	hash := sha256.Sum256([]byte("text"))
	id, label := []byte{0x60, 1}, []byte("go ec")
	key, err := token.GenerateECDSAKeyPairWithLabel(id, label, elliptic.P256())
	need(err)
	signature, err := key.Sign(rand.Reader, hash[:], crypto.SHA256)
	need(err)
	check(ecdsa.VerifyASN1(key.Public().(*ecdsa.PublicKey), hash[:], signature),
		"a generated pair signs")
	found, err := token.FindKeyPair(id, label)
	need(err)
	check(found != nil && key.Public().(*ecdsa.PublicKey).Equal(found.Public()),
		"and is found")
	need(key.Delete())
	found, err = token.FindKeyPair(id, nil)
	check(err == nil && found == nil, "and destroyed")
}

// As a KeyStore of a program's own has it: import, find, rename, destroy.
func objects(module string) {
	p := pkcs11.New(module)
	check(p != nil, "the module loads")
	defer p.Destroy()
	err := p.Initialize()
	check(err == nil || err == pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED),
		"it is initialised")
	slots, err := p.GetSlotList(true)
	need(err)
	session, err := p.OpenSession(slots[0],
		pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	need(err)
	defer p.CloseSession(session)
	value := bytes.Repeat([]byte{7}, 32)
	h, err := p.CreateObject(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "go import"),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE, value),
	})
	need(err)
	need(p.SetAttributeValue(session, h, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "go renamed")}))
	need(p.FindObjectsInit(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "go renamed"),
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY)}))
	found, _, err := p.FindObjects(session, 2)
	need(err)
	need(p.FindObjectsFinal(session))
	check(len(found) == 1 && found[0] == h, "a key is imported and renamed")
	need(p.SignInit(session, []*pkcs11.Mechanism{
		pkcs11.NewMechanism(pkcs11.CKM_SHA256_HMAC, nil)}, h))
	mac, err := p.Sign(session, []byte("text"))
	need(err)
	wanted := hmac.New(sha256.New, value)
	wanted.Write([]byte("text"))
	check(hmac.Equal(mac, wanted.Sum(nil)), "it signs")
	need(p.DestroyObject(session, h))
	_, err = p.GetAttributeValue(session, h, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil)})
	check(err == pkcs11.Error(pkcs11.CKR_OBJECT_HANDLE_INVALID),
		"and is destroyed")
}

func serve(listener net.Listener) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			io.WriteString(c, "hello")
		}()
	}
}

// A TLS server: each connection is a handshake with a signature of its own.
func handshake(token *crypto11.Context, name string) {
	certificate := tls.Certificate{Certificate: [][]byte{read(name + ".pem")},
		PrivateKey: findPair(token, name)}
	listener, err := tls.Listen("tcp", "127.0.0.1:0",
		&tls.Config{Certificates: []tls.Certificate{certificate}})
	need(err)
	defer listener.Close()
	go serve(listener)
	root, err := x509.ParseCertificate(certificate.Certificate[0])
	need(err)
	roots := x509.NewCertPool()
	roots.AddCert(root)
	work := make(chan int)
	var group sync.WaitGroup
	for i := 0; i < atOnce; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for range work {
				c, err := tls.Dial("tcp", listener.Addr().String(),
					&tls.Config{RootCAs: roots,
						ServerName: "localhost"})
				need(err)
				text, err := io.ReadAll(c)
				need(err)
				c.Close()
				if string(text) != "hello" {
					need(fmt.Errorf("%s: got %q", name, text))
				}
			}
		}()
	}
	for i := 0; i < handshakes; i++ {
		work <- i
	}
	close(work)
	group.Wait()
	check(true, fmt.Sprintf("%d handshakes, %d at once: %s", handshakes, atOnce,
		name))
}

func main() {
	token, err := crypto11.Configure(&crypto11.Config{Path: os.Args[1],
		TokenLabel: "test", Pin: "1234"})
	need(err)
	signs(token)
	decrypts(token)
	secretKeys(token)
	generates(token)
	objects(os.Args[1])
	handshake(token, "ec")
	handshake(token, "rsa")
	need(token.Close())
	fmt.Println("all is well")
}
