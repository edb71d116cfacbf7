# PyKCS11: everything that it asks of keys in KMS, with eight threads and in workers
# that fork.
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl
# Debian's own has Debian's packages.
python=/usr/bin/python3
[ -x $python ] || skip_all "no $python here"
host $python -c 'import PyKCS11' 2>/dev/null || skip_all "no PyKCS11 here"
# The KMS here settles at once.
configure 'settle = 0'
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
ok "one that decrypts" make_key open 04 decrypt -algorithm RSA \
    -pkeyopt rsa_keygen_bits:2048
printf text >text
openssl pkeyutl -encrypt -pubin -inkey open.pub -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -in text -out sealed
openssl rand -out aes.key 32
ok "an AES key is imported" p11 --write-object aes.key --type secrkey --key-type AES:32 \
    --label aes --id 03
cat >use.py <<'END'
import os, sys, threading, hashlib, hmac
import PyKCS11
from PyKCS11 import *
lib = PyKCS11Lib(); lib.load(sys.argv[1])
slot = lib.getSlotList(tokenPresent=True)[0]
assert lib.getTokenInfo(slot).label.strip() == 'test'
numbers = PyKCS11.LowLevel.ckintlist()
assert lib.lib.C_GetMechanismList(slot, numbers) == CKR_OK
new = {n for n in numbers if n not in CKM and n < CKM_VENDOR_DEFINED}
assert new <= set(range(0x0f, 0x30)), new      # ML-DSA and ML-KEM, with OpenSSL 3.5
if not new:
    assert 'CKM_AES_GCM' in lib.getMechanismList(slot)
session = lib.openSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION)
def key(kind, label, s=session):
    found = s.findObjects([(CKA_CLASS, kind), (CKA_LABEL, label)])
    assert len(found) == 1, (kind, label, found)
    return found[0]
for o in session.findObjects():
    session.getAttributeValue(o, [CKA_CLASS, CKA_LABEL, CKA_ID, CKA_KEY_TYPE])
    repr(o)                        # it asks for every attribute
data = b'text' * 300
def signs(s=session):
    rsa = Mechanism(CKM_SHA256_RSA_PKCS)
    sig = s.sign(key(CKO_PRIVATE_KEY, 'rsa', s), data, rsa)
    assert s.verify(key(CKO_PUBLIC_KEY, 'rsa', s), data, sig, rsa)
    pss = RSA_PSS_Mechanism(CKM_SHA256_RSA_PKCS_PSS, CKM_SHA256, CKG_MGF1_SHA256, 32)
    sig = s.sign(key(CKO_PRIVATE_KEY, 'rsa', s), data, pss)
    assert s.verify(key(CKO_PUBLIC_KEY, 'rsa', s), data, sig, pss)
    digest = hashlib.sha256(data).digest()
    sig = s.sign(key(CKO_PRIVATE_KEY, 'ec', s), digest, Mechanism(CKM_ECDSA))
    assert s.verify(key(CKO_PUBLIC_KEY, 'ec', s), digest, sig, Mechanism(CKM_ECDSA))
    return bytes(sig)
open('sig', 'wb').write(signs())
open('data', 'wb').write(data)
gcm = AES_GCM_Mechanism(os.urandom(12), b'aad', 128)
sealed = session.encrypt(key(CKO_SECRET_KEY, 'aes'), b'secret', gcm)
assert bytes(session.decrypt(key(CKO_SECRET_KEY, 'aes'), sealed, gcm)) == b'secret'
# a session key, in parts and at once
t = [(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_AES), (CKA_VALUE_LEN, 32),
     (CKA_TOKEN, CK_FALSE), (CKA_ENCRYPT, CK_TRUE), (CKA_DECRYPT, CK_TRUE)]
own = session.generateKey(t)
cbc = Mechanism(CKM_AES_CBC_PAD, os.urandom(16))
assert bytes(session.decrypt(own, session.encrypt(own, data, cbc), cbc)) == data
# AES-GCM in parts, by calls that the class has no method for: each first asks for the
# size, and gets nothing at all where that is 0.
def twice(call, *given):
    out = PyKCS11.ckbytelist()
    for _ in range(2):
        assert call(session.session, *given, out) == CKR_OK
    return bytes(out)
def in_parts(kind, h, mechanism, given):
    raw = lib.lib
    assert getattr(raw, 'C_%sInit' % kind)(session.session, mechanism.to_native(), h) == CKR_OK
    made = b''.join(twice(getattr(raw, 'C_%sUpdate' % kind), PyKCS11.ckbytelist(part))
        for part in (given[:100], given[100:116], given[116:]))
    return made + twice(getattr(raw, 'C_%sFinal' % kind))
gcm = AES_GCM_Mechanism(os.urandom(12), b'aad', 128)
for h in own, key(CKO_SECRET_KEY, 'aes'):
    sealed = in_parts('Encrypt', h, gcm, data)
    assert in_parts('Decrypt', h, gcm, sealed) == data
    assert bytes(session.decrypt(h, sealed, gcm)) == data
# RSA-OAEP
oaep = RSAOAEPMechanism(CKM_SHA256, CKG_MGF1_SHA256)
assert bytes(session.decrypt(key(CKO_PRIVATE_KEY, 'open'), open('sealed', 'rb').read(),
    oaep)) == b'text'
# imported, renamed, used, destroyed; attributes twice with the same value are taken
h = session.createObject([(CKA_CLASS, CKO_SECRET_KEY), (CKA_KEY_TYPE, CKK_GENERIC_SECRET),
    (CKA_TOKEN, CK_TRUE), (CKA_TOKEN, CK_TRUE), (CKA_SIGN, CK_TRUE), (CKA_LABEL, 'own'),
    (CKA_VALUE, bytes(32))])
session.setAttributeValue(h, [(CKA_LABEL, 'own renamed')])
assert bytes(session.sign(key(CKO_SECRET_KEY, 'own renamed'), b'text',
    Mechanism(CKM_SHA256_HMAC))) == hmac.new(bytes(32), b'text', hashlib.sha256).digest()
session.destroyObject(h)
assert not session.findObjects([(CKA_CLASS, CKO_SECRET_KEY), (CKA_LABEL, 'own renamed'),
    (CKA_SIGN, CK_TRUE)])
# generated, used, destroyed
public, private = session.generateKeyPair(
    [(CKA_TOKEN, CK_TRUE), (CKA_VERIFY, CK_TRUE), (CKA_LABEL, 'made'),
     (CKA_EC_PARAMS, bytes.fromhex('06082a8648ce3d030107'))],
    [(CKA_TOKEN, CK_TRUE), (CKA_SIGN, CK_TRUE), (CKA_LABEL, 'made')],
    Mechanism(CKM_EC_KEY_PAIR_GEN))
assert session.verify(public, bytes(32),
    session.sign(private, bytes(32), Mechanism(CKM_ECDSA)), Mechanism(CKM_ECDSA))
session.destroyObject(private); session.destroyObject(public)
assert not session.findObjects([(CKA_LABEL, 'made')])
# workers go on with what was opened before the fork
workers = []
for n in range(4):
    pid = os.fork()
    if pid == 0:
        try:
            signs()
            os._exit(0)
        finally:
            os._exit(1)
    workers.append(pid)
for pid in workers:
    assert os.waitpid(pid, 0)[1] == 0
session.seedRandom(b'seed')
assert len(session.generateRandom(16)) == 16
failed = []
def thread():
    try:
        s = lib.openSession(slot)
        for _ in range(5):
            signs(s)
        s.closeSession()
    except BaseException as e:
        failed.append(e)
threads = [threading.Thread(target=thread) for _ in range(8)]
[x.start() for x in threads]; [x.join() for x in threads]
assert not failed, failed
session.setAttributeValue(key(CKO_PRIVATE_KEY, 'ec'), [(CKA_LABEL, 'renamed')])
key(CKO_PRIVATE_KEY, 'renamed'); key(CKO_PUBLIC_KEY, 'renamed')
session.destroyObject(key(CKO_PRIVATE_KEY, 'renamed'))
assert not session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_LABEL, 'renamed'),
    (CKA_SIGN, CK_TRUE)])
print('all is well')
END
ok "PyKCS11 does all of it" says "all is well" host $python use.py "$module"
$python - <<'END'
# r and s in DER, for openssl
sig = open('sig', 'rb').read()
def number(b):
    b = b.lstrip(b'\0') or b'\0'
    b = b'\0' + b if b[0] & 0x80 else b
    return b'\x02' + bytes([len(b)]) + b
both = number(sig[:32]) + number(sig[32:])
open('sig.der', 'wb').write(b'\x30' + bytes([len(both)]) + both)
END
ok "openssl verifies its signature" openssl dgst -sha256 -verify ec.pub -signature sig.der \
    data
tap_done
