# python-pkcs11: keys are found, used, generated, imported, renamed and destroyed, in
# threads and in workers that fork. A TLS server of Python's own, whose workers fork, too,
# has its key by the provider: 1,000 handshakes, 32 at once.
. "$srcdir/tests/clients/testenv.sh"
needs openssl pkcs11-tool
# Debian's own has Debian's packages.
python=/usr/bin/python3
[ -z "$preload" ] || skip_all "python-pkcs11 loads the module without sanitizers"
$python -c 'import pkcs11' 2>/dev/null || skip_all "no python-pkcs11 here"
# The KMS here settles at once.
configure 'settle = 0'
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "one that decrypts" make_key open 03 decrypt -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
printf text >text
openssl dgst -sha256 -binary text >hash
openssl pkeyutl -encrypt -pubin -inkey open.pub -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -in text -out sealed
cat >use.py <<'END'
import hashlib, hmac, os, sys, threading
import pkcs11
from pkcs11 import Attribute, KeyType, MGF, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ecdsa_signature, encode_named_curve_parameters

def read(name):
    with open(name, 'rb') as f:
        return f.read()

def write(name, value):
    with open(name, 'wb') as f:
        f.write(value)

token = pkcs11.lib(sys.argv[1]).get_token(token_label='test')
session = token.open(rw=True, user_pin='1234')

def private(label, s=session):
    return s.get_key(label=label, object_class=ObjectClass.PRIVATE_KEY)

rsa, ec = private('rsa'), private('ec')
write('rsa.sig', rsa.sign(b'text', mechanism=Mechanism.SHA256_RSA_PKCS))
write('ec.sig', encode_ecdsa_signature(ec.sign(read('hash'), mechanism=Mechanism.ECDSA)))
write('opened', private('open').decrypt(read('sealed'),
    mechanism=Mechanism.RSA_PKCS_OAEP,
    mechanism_param=(Mechanism.SHA256, MGF.SHA256, None)))

# imported, renamed, used, destroyed
key = session.create_object({Attribute.CLASS: ObjectClass.SECRET_KEY,
    Attribute.KEY_TYPE: KeyType.GENERIC_SECRET, Attribute.TOKEN: True,
    Attribute.SIGN: True, Attribute.LABEL: 'python', Attribute.VALUE: bytes(32)})
key[Attribute.LABEL] = 'renamed'
assert session.get_key(label='renamed') == key
assert key.sign(b'text', mechanism=Mechanism.SHA256_HMAC) == \
    hmac.new(bytes(32), b'text', hashlib.sha256).digest()
key.destroy()
assert not list(session.get_objects({Attribute.LABEL: 'renamed',
    Attribute.CLASS: ObjectClass.SECRET_KEY}))

# generated, used, destroyed
curve = session.create_domain_parameters(KeyType.EC,
    {Attribute.EC_PARAMS: encode_named_curve_parameters('secp256r1')}, local=True)
public, own = curve.generate_keypair(store=True, label='python ec')
assert public.verify(bytes(32), own.sign(bytes(32), mechanism=Mechanism.ECDSA),
    mechanism=Mechanism.ECDSA)
own.destroy()
public.destroy()
assert not list(session.get_objects({Attribute.LABEL: 'python ec'}))

# threads, each with a session
failed = []
def signs(n):
    try:
        with token.open() as s:
            for _ in range(10):
                signature = private('rsa', s).sign(b'text',
                    mechanism=Mechanism.SHA256_RSA_PKCS)
            write('thread-%d.sig' % n, signature)
    except BaseException as e:
        failed.append(e)
threads = [threading.Thread(target=signs, args=(n,)) for n in range(16)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert not failed, failed

# workers go on with what was opened before the fork
workers = []
for n in range(4):
    pid = os.fork()
    if pid == 0:
        write('thread-%d.sig' % (16 + n),
            rsa.sign(b'text', mechanism=Mechanism.SHA256_RSA_PKCS))
        os._exit(0)
    workers.append(pid)
for pid in workers:
    assert os.waitpid(pid, 0)[1] == 0
print('all is well')
END
ok "it finds all as it should be" says "all is well" $python use.py "$module"
ok "RSA: openssl verifies" openssl dgst -sha256 -verify rsa.pub -signature rsa.sig text
ok "EC: openssl verifies" openssl dgst -sha256 -verify ec.pub -signature ec.sig text
ok "OAEP: decrypted" cmp opened text
ok "threads and workers: openssl verifies" threads_signed 20

serve="a TLS server"
if has_provider; then
	port=$(free_port)
	provider_settings >openssl.cnf
	for name in rsa ec; do
		uri_file "pkcs11:token=test;object=$name;type=private" >$name.uri
		openssl req -new -x509 -key $name.key -subj /CN=localhost -days 9 \
		    -addext subjectAltName=DNS:localhost -out $name.pem
	done
	cat >serve.py <<'END'
import http.server, os, signal, ssl, sys

class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Length', '6')
        self.end_headers()
        self.wfile.write(b'hello\n')
    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2] + '.pem', sys.argv[2] + '.uri')
server = Server(('127.0.0.1', int(sys.argv[1])), Hello)
server.socket = context.wrap_socket(server.socket, server_side=True,
    do_handshake_on_connect=False)
workers = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        server.serve_forever()
    workers.append(pid)
def end(*_):
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
print('serving', flush=True)
signal.pause()
END
	requests() {
		curl -sS --fail --noproxy '*' --cacert "$1.pem" --parallel \
		    --parallel-max 32 "https://localhost:$port/?[1-1000]" \
		    >answers 2>curl.log || { tail -n 3 curl.log; return 1; }
		tap_same "$(grep -c hello answers)" 1000
	}
	for name in rsa ec; do
		start "$serve, $name" serving env OPENSSL_CONF="$dir/openssl.cnf" \
		    $python serve.py "$port" $name
		ok "$serve, $name: 1,000 handshakes, 32 at once" requests $name
		stop
	done
else
	skip "$serve" "no provider pkcs11 here"
fi
tap_done
