# PyKCS11: everything that it asks of keys in KMS, and with eight threads.
. "$srcdir/tests/clients/testenv.sh"
needs pkcs11-tool openssl
# Debian's own has Debian's packages.
python=/usr/bin/python3
[ -x $python ] || skip_all "no $python here"
host $python -c 'import PyKCS11' 2>/dev/null || skip_all "no PyKCS11 here"
ok "an RSA key is imported" make_rsa
ok "an EC key is imported" make_ec
openssl rand -out aes.key 32
ok "an AES key is imported" p11 --write-object aes.key --type secrkey --key-type AES:32 \
    --label aes --id 03
cat >use.py <<'END'
import os, sys, threading, hashlib
from PyKCS11 import *
lib = PyKCS11Lib(); lib.load(sys.argv[1])
slot = lib.getSlotList(tokenPresent=True)[0]
assert lib.getTokenInfo(slot).label.strip() == 'test'
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
