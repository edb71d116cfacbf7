#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "acts.h"
#include "external-key.h"
#include "failing-alloc.h"

void (*act_is_done)(void);
static struct external_key external_rsa, external_ec;
static CK_OBJECT_HANDLE aes, hmac, ec, ec_public, wrapping;
static CK_OBJECT_HANDLE kms_aes, kms_ec, kms_ec_public, kms_hmac, kms_named;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_BYTE data[64], iv[16];
static CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};
static CK_MECHANISM sha256 = {CKM_SHA256, NULL, 0},
		    aes_gcm = {CKM_AES_GCM, &gcm, sizeof(gcm)},
		    aes_cbc = {CKM_AES_CBC_PAD, iv, sizeof(iv)},
		    ecdsa = {CKM_ECDSA_SHA256, NULL, 0},
		    mac = {CKM_SHA256_HMAC, NULL, 0},
		    key_wrap = {CKM_AES_KEY_WRAP_KWP, NULL, 0},
		    gen_aes = {CKM_AES_KEY_GEN, NULL, 0},
		    gen_ec = {CKM_EC_KEY_PAIR_GEN, NULL, 0},
		    gen_rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		    oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static CK_ULONG len_32 = 32, bits_2048 = 2048;

/* Of the act's C_ call; the rest of it is not under test. */
static CK_RV
done(CK_RV rv)
{
	act_is_done();
	return (rv);
}

static void
destroy(CK_OBJECT_HANDLE h)
{
	if (h != CK_INVALID_HANDLE)
		(void)p11->C_DestroyObject(rw, h);
}

/* A label that was never used. */
static CK_ATTRIBUTE
new_label(void)
{
	static char text[32];
	static unsigned n;

	snprintf(text, sizeof(text), "act-%d-%u", (int)getpid(), n++);
	return ((CK_ATTRIBUTE){CKA_LABEL, text, strlen(text)});
}

static CK_RV
session_aes(CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, material(1), 32),
	    A(CKA_ENCRYPT, yes), A(CKA_DECRYPT, yes), A(CKA_WRAP, yes),
	    A(CKA_UNWRAP, yes), A(CKA_DERIVE, yes), A(CKA_EXTRACTABLE, yes)};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

static CK_RV
session_hmac(CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A_BYTES(CKA_VALUE, material(2), 32),
	    A(CKA_SIGN, yes), A(CKA_VERIFY, yes), A(CKA_EXTRACTABLE, yes)};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

static CK_RV
pair_ec(CK_BBOOL *token, CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private)
{
	CK_ATTRIBUTE pub[] = {
	    A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256)), A(CKA_VERIFY, yes)};
	CK_ATTRIBUTE priv[] = {
	    {CKA_TOKEN, token, sizeof(*token)}, A(CKA_SIGN, yes), new_label()};

	return (p11->C_GenerateKeyPair(
	    rw, &gen_ec, pub, 2, priv, 3, public, private));
}

static CK_RV
kms_secret(CK_KEY_TYPE type, CK_ATTRIBUTE_TYPE usage, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM generic = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), {usage, &yes, sizeof(yes)},
	    A(CKA_VALUE_LEN, len_32), new_label()};

	return (p11->C_GenerateKey(
	    rw, type == CKK_AES ? &gen_aes : &generic, t, ELEMS(t), h));
}

void
acts_begin(void)
{
	external_key_make(&external_rsa, &external_key_rsa_2048, 0, "session");
	external_key_make(&external_ec, &external_key_ecs[0], 0, "session");
}

CK_RV
acts_prepare(void)
{
	CK_RV rv;

	if ((rv = session_aes(&aes)) != CKR_OK ||
	    (rv = session_hmac(&hmac)) != CKR_OK ||
	    (rv = pair_ec(&no, &ec_public, &ec)) != CKR_OK)
		return (rv);
	wrapping = aes;
	kms_aes = find_label("acts-aes", CKO_SECRET_KEY);
	kms_hmac = find_label("acts-hmac", CKO_SECRET_KEY);
	kms_ec = find_label("acts-ec", CKO_PRIVATE_KEY);
	kms_ec_public = find_label("acts-ec", CKO_PUBLIC_KEY);
	return (kms_aes == CK_INVALID_HANDLE || kms_ec == CK_INVALID_HANDLE ||
			kms_hmac == CK_INVALID_HANDLE
		    ? CKR_GENERAL_ERROR
		    : kms_secret(CKK_AES, CKA_ENCRYPT, &kms_named));
}

/* What is there: slots, mechanisms, sessions, objects. */
static CK_RV
act_look(void)
{
	CK_MECHANISM_TYPE list[256];
	CK_ULONG count = ELEMS(list), slots_count = 8;
	CK_SLOT_ID slots[8];
	CK_MECHANISM_INFO mechanism;
	CK_SESSION_INFO session;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_INFO info;
	CK_RV rv;

	if ((rv = p11->C_GetInfo(&info)) == CKR_OK &&
	    (rv = p11->C_GetSlotList(CK_TRUE, slots, &slots_count)) == CKR_OK &&
	    (rv = p11->C_GetSlotInfo(0, &slot)) == CKR_OK &&
	    (rv = p11->C_GetTokenInfo(0, &token)) == CKR_OK &&
	    (rv = p11->C_GetMechanismList(0, list, &count)) == CKR_OK &&
	    (rv = p11->C_GetMechanismInfo(0, list[0], &mechanism)) == CKR_OK)
		rv = p11->C_GetSessionInfo(rw, &session);
	return (done(rv));
}

static CK_RV
act_session(void)
{
	CK_SESSION_HANDLE s = CK_INVALID_HANDLE;
	CK_BYTE random[32];
	CK_RV rv;

	rv = p11->C_OpenSession(
	    0, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s);
	if (rv == CKR_OK)
		rv = p11->C_GenerateRandom(s, random, sizeof(random));
	act_is_done();
	if (s != CK_INVALID_HANDLE && p11->C_CloseSession(s) != CKR_OK)
		return (CKR_GENERAL_ERROR);
	return (rv);
}

static CK_RV
act_digest(void)
{
	CK_BYTE out[32];
	CK_ULONG len = sizeof(out);
	CK_RV rv;

	if ((rv = p11->C_DigestInit(rw, &sha256)) == CKR_OK &&
	    (rv = p11->C_DigestUpdate(rw, data, sizeof(data))) == CKR_OK &&
	    (rv = p11->C_DigestKey(rw, aes)) == CKR_OK)
		rv = p11->C_DigestFinal(rw, out, &len);
	return (done(rv));
}

static CK_RV
act_create_aes(void)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(session_aes(&h));

	destroy(h);
	return (rv);
}

static CK_RV
create_external(const struct external_key *k)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_ATTRIBUTE t[KEY_TEMPLATE_MAX];
	CK_RV rv;

	memcpy(t, k->t.t, k->t.count * sizeof(t[0]));
	for (CK_ULONG i = 0; i < k->t.count; i++)
		if (t[i].type == CKA_TOKEN)
			t[i].pValue = &no;
	rv = done(p11->C_CreateObject(rw, t, k->t.count, &h));
	destroy(h);
	return (rv);
}

static CK_RV
act_create_rsa(void)
{
	return (create_external(&external_rsa));
}

static CK_RV
act_create_ec(void)
{
	return (create_external(&external_ec));
}

static CK_RV
act_generate(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len_32), A(CKA_ENCRYPT, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(p11->C_GenerateKey(rw, &gen_aes, t, ELEMS(t), &h));

	destroy(h);
	return (rv);
}

static CK_RV
act_generate_pair(void)
{
	CK_OBJECT_HANDLE pub = CK_INVALID_HANDLE, priv = CK_INVALID_HANDLE;
	CK_RV rv = done(pair_ec(&no, &pub, &priv));

	destroy(pub);
	destroy(priv);
	return (rv);
}

static CK_RV
act_copy(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_ENCRYPT, no)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(p11->C_CopyObject(rw, aes, t, ELEMS(t), &h));

	destroy(h);
	return (rv);
}

static CK_RV
act_attributes(void)
{
	CK_ATTRIBUTE set[] = {{CKA_LABEL, data, 16}};
	CK_BYTE room[64];
	CK_ATTRIBUTE get[] = {A(CKA_LABEL, room)};
	CK_ULONG size;
	CK_RV rv;

	if ((rv = p11->C_SetAttributeValue(rw, aes, set, 1)) == CKR_OK &&
	    (rv = p11->C_GetAttributeValue(rw, aes, get, 1)) == CKR_OK)
		rv = p11->C_GetObjectSize(rw, aes, &size);
	return (done(rv));
}

/* One part, with the session's key. */
static CK_RV
encrypt_decrypt(CK_OBJECT_HANDLE key, CK_MECHANISM *m)
{
	CK_BYTE sealed[8192], clear[sizeof(data)];
	CK_ULONG sealed_len = sizeof(sealed), clear_len = sizeof(clear);
	CK_RV rv;

	rv = encrypt(key, m, data, sizeof(data), sealed, &sealed_len);
	if (rv == CKR_OK)
		rv = decrypt(key, m, sealed, sealed_len, clear, &clear_len);
	return (done(rv));
}

static CK_RV
act_gcm(void)
{
	return (encrypt_decrypt(aes, &aes_gcm));
}

static CK_RV
act_cbc_parts(void)
{
	CK_BYTE out[2 * sizeof(data)];
	CK_ULONG len = sizeof(out), rest;
	CK_RV rv;

	if ((rv = p11->C_EncryptInit(rw, &aes_cbc, aes)) == CKR_OK &&
	    (rv = p11->C_EncryptUpdate(rw, data, 20, out, &len)) == CKR_OK) {
		rest = sizeof(out) - len;
		rv = p11->C_EncryptFinal(rw, out + len, &rest);
	}
	return (done(rv));
}

static CK_RV
sign_verify(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE other, CK_MECHANISM *m)
{
	CK_BYTE sig[512];
	CK_ULONG len = sizeof(sig);
	CK_RV rv;

	if ((rv = p11->C_SignInit(rw, m, key)) == CKR_OK &&
	    (rv = p11->C_Sign(rw, data, sizeof(data), sig, &len)) == CKR_OK &&
	    (rv = p11->C_VerifyInit(rw, m, other)) == CKR_OK)
		rv = p11->C_Verify(rw, data, sizeof(data), sig, len);
	return (done(rv));
}

static CK_RV
act_ecdsa(void)
{
	return (sign_verify(ec, ec_public, &ecdsa));
}

static CK_RV
act_hmac(void)
{
	return (sign_verify(hmac, hmac, &mac));
}

static CK_RV
act_wrap(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_BYTE blob[64];
	CK_ULONG len = sizeof(blob);
	CK_RV rv;

	rv = p11->C_WrapKey(rw, &key_wrap, wrapping, hmac, blob, &len);
	if (rv == CKR_OK)
		rv = p11->C_UnwrapKey(
		    rw, &key_wrap, wrapping, blob, len, t, ELEMS(t), &h);
	act_is_done();
	destroy(h);
	return (rv);
}

/* What is refused is refused also when memory is short. */
static CK_RV
act_refused(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A_BYTES(CKA_VALUE, material(2), 32),
	    A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, yes),
	    A(CKA_WRAP_WITH_TRUSTED, yes)};
	CK_ATTRIBUTE bare = A(CKA_SENSITIVE, no);
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_BYTE out[128];
	CK_ULONG len = sizeof(out);
	CK_RV rv;

	if ((rv = p11->C_CreateObject(rw, t, ELEMS(t), &h)) != CKR_OK)
		return (done(rv));
	if (p11->C_WrapKey(rw, &key_wrap, wrapping, h, out, &len) == CKR_OK ||
	    p11->C_SetAttributeValue(rw, h, &bare, 1) == CKR_OK)
		abort();
	act_is_done();
	destroy(h);
	return (CKR_OK);
}

static CK_RV
act_derive(void)
{
	CK_KEY_DERIVATION_STRING_DATA more = {data, 16};
	CK_MECHANISM m = {CKM_CONCATENATE_BASE_AND_DATA, &more, sizeof(more)};
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, generic_type)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(p11->C_DeriveKey(rw, &m, aes, t, ELEMS(t), &h));

	destroy(h);
	return (rv);
}

static CK_RV
act_find(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n;
	CK_RV rv;

	if ((rv = p11->C_FindObjectsInit(rw, t, 1)) != CKR_OK)
		return (done(rv));
	rv = p11->C_FindObjects(rw, &h, 1, &n);
	act_is_done();
	if (p11->C_FindObjectsFinal(rw) != CKR_OK)
		return (CKR_GENERAL_ERROR);
	return (rv);
}

static CK_RV
act_kms_encrypt(void)
{
	return (encrypt_decrypt(kms_aes, &kms_mechanism));
}

static CK_RV
act_kms_sign(void)
{
	return (sign_verify(kms_ec, kms_ec_public, &ecdsa));
}

static CK_RV
act_kms_mac(void)
{
	return (sign_verify(kms_hmac, kms_hmac, &mac));
}

static CK_RV
act_kms_attributes(void)
{
	CK_BYTE point[128], text[128];
	CK_ATTRIBUTE get[] = {A(CKA_EC_POINT, point)};
	CK_ATTRIBUTE more[] = {
	    A(CKA_KEYFERRY_DESCRIPTION, text), A(CKA_ID, text)};
	CK_RV rv;

	rv = p11->C_GetAttributeValue(rw, kms_ec_public, get, 1);
	if (rv == CKR_OK)
		rv = p11->C_GetAttributeValue(rw, kms_aes, more, 2);
	return (done(rv));
}

static CK_RV
import_aes(CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_VALUE, material(3), 32), new_label()};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

static CK_RV
act_kms_import(void)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(import_aes(&h));

	destroy(h);
	return (rv);
}

static CK_RV
act_kms_copy(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), new_label()};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(p11->C_CopyObject(rw, aes, t, ELEMS(t), &h));

	destroy(h);
	return (rv);
}

static CK_RV
act_kms_generate(void)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv = done(kms_secret(CKK_AES, CKA_ENCRYPT, &h));

	destroy(h);
	return (rv);
}

static CK_RV
act_kms_generate_pair(void)
{
	CK_OBJECT_HANDLE pub = CK_INVALID_HANDLE, priv = CK_INVALID_HANDLE;
	CK_RV rv = done(pair_ec(&yes, &pub, &priv));

	destroy(priv);
	return (rv);
}

static CK_RV
act_kms_rename(void)
{
	static char text[] = "act-0";
	CK_ATTRIBUTE t = {CKA_LABEL, text, strlen(text)};

	/* what a failure leaves is taken up again: a key has 50 aliases at most */
	text[4] = text[4] == '9' ? '0' : (char)(text[4] + 1);
	return (done(p11->C_SetAttributeValue(rw, kms_named, &t, 1)));
}

/* What the HSM elsewhere does: none of its allocations fails. */
static CK_ULONG
wrap_elsewhere(const CK_BYTE *spki, CK_ULONG spki_len, CK_BYTE blob[512])
{
	size_t len = 512;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key;

	alloc_pause(true);
	key = d2i_PUBKEY(NULL, &spki, (long)spki_len);
	if (key == NULL || (ctx = EVP_PKEY_CTX_new(key, NULL)) == NULL ||
	    EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) != 1 ||
	    EVP_PKEY_encrypt(ctx, blob, &len, material(1), 32) != 1)
		len = 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	alloc_pause(false);
	return (len);
}

/* An import pair, its public half read, a key wrapped for it. */
static CK_RV
act_kms_unwrap(void)
{
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits_2048)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), new_label()};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE public = CK_INVALID_HANDLE, h = CK_INVALID_HANDLE,
			 private = CK_INVALID_HANDLE;
	CK_BYTE der[1024], blob[512];
	CK_ATTRIBUTE info = A(CKA_PUBLIC_KEY_INFO, der);
	CK_ULONG len;
	CK_RV rv;

	rv = p11->C_GenerateKeyPair(
	    rw, &gen_rsa, pub, 1, priv, 3, &public, &private);
	if (rv == CKR_OK)
		rv = p11->C_GetAttributeValue(rw, public, &info, 1);
	if (rv == CKR_OK) {
		len = wrap_elsewhere(der, info.ulValueLen, blob);
		rv = len == 0 ? CKR_HOST_MEMORY
			      : p11->C_UnwrapKey(rw, &oaep, private, blob, len,
				    t, ELEMS(t), &h);
	}
	act_is_done();
	destroy(h != CK_INVALID_HANDLE ? h : private);
	return (rv);
}

/* A key that was imported: its material goes. */
static CK_RV
act_kms_destroy(void)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	alloc_pause(true);
	rv = import_aes(&h);
	alloc_pause(false);
	return (done(rv == CKR_OK ? p11->C_DestroyObject(rw, h) : rv));
}

const struct act acts[] = {
    {"slots, mechanisms and sessions are described", false, act_look, false},
    {"a session, C_GenerateRandom", false, act_session, false},
    {"C_Digest*", false, act_digest, false},
    {"C_CreateObject, AES", false, act_create_aes, false},
    {"C_CreateObject, RSA", false, act_create_rsa, false},
    {"C_CreateObject, EC", false, act_create_ec, false},
    {"C_GenerateKey", false, act_generate, false},
    {"C_GenerateKeyPair, EC", false, act_generate_pair, true},
    {"C_CopyObject", false, act_copy, false},
    {"C_SetAttributeValue, C_GetAttributeValue", false, act_attributes, false},
    {"C_Encrypt, C_Decrypt: GCM", false, act_gcm, false},
    {"C_EncryptUpdate: CBC", false, act_cbc_parts, false},
    {"C_Sign, C_Verify: ECDSA", false, act_ecdsa, false},
    {"C_Sign, C_Verify: HMAC", false, act_hmac, false},
    {"C_CreateObject, C_Sign, C_DeriveKey: DSA, DH", false, act_ffc, false},
    {"C_WrapKey, C_UnwrapKey", false, act_wrap, false},
    {"C_DeriveKey", false, act_derive, false},
    {"C_WrapKey, C_SetAttributeValue: refused", false, act_refused, false},
    {"C_FindObjects", true, act_find, false},
    {"KMS: C_Encrypt, C_Decrypt", true, act_kms_encrypt, true},
    {"KMS: C_Sign, C_Verify", true, act_kms_sign, false},
    {"KMS: C_Sign, C_Verify: HMAC", true, act_kms_mac, false},
    {"KMS: C_GetAttributeValue", true, act_kms_attributes, false},
    {"KMS: C_CreateObject", true, act_kms_import, false},
    {"KMS: C_CopyObject", true, act_kms_copy, false},
    {"KMS: C_GenerateKey", true, act_kms_generate, false},
    {"KMS: C_GenerateKeyPair", true, act_kms_generate_pair, false},
    {"KMS: C_SetAttributeValue", true, act_kms_rename, false},
    {"KMS: C_UnwrapKey with an import pair", true, act_kms_unwrap, false},
    {"KMS: C_DestroyObject", true, act_kms_destroy, false},
};
const size_t act_count = ELEMS(acts);
