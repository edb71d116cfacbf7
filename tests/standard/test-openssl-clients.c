/* What programs of OpenSSL ask of a token: the calls of pkcs11-provider 1.1 and
 * later and of libp11 0.4.20, a row for each use, in a read-only session that
 * nobody logged in to. The answers are held against OpenSSL's. */
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include "cryptoki/cryptoki.h"
#include "cryptoki/derive-params.h"
#include "keypair-ref.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_SESSION_HANDLE ro;
static CK_BYTE text[100], iv[16], value[32];
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;

/* As both import a secret: with all uses, or for one. */
static CK_OBJECT_HANDLE
import(CK_ATTRIBUTE *uses, CK_ULONG count, CK_KEY_TYPE type)
{
	CK_ATTRIBUTE t[12] = {A(CKA_TOKEN, no), A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, type), A(CKA_VALUE, value)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	memcpy(t + 4, uses, count * sizeof(*uses));
	RV(list->C_CreateObject(ro, t, 4 + count, &h), CKR_OK,
	    "a secret by value");
	return (h);
}

static CK_OBJECT_HANDLE
import_secret(CK_KEY_TYPE type)
{
	CK_ATTRIBUTE t[] = {A(CKA_ENCRYPT, yes), A(CKA_DECRYPT, yes),
	    A(CKA_SIGN, yes), A(CKA_VERIFY, yes), A(CKA_WRAP, yes),
	    A(CKA_UNWRAP, yes), A(CKA_DERIVE, yes)};

	return (import(t, ELEMS(t), type));
}

static CK_OBJECT_HANDLE
import_base(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_DERIVE, yes)};

	return (import(t, 1, CKK_GENERIC_SECRET));
}

/* OpenSSL's of the same: all of text, padded or not. */
static int
reference(const char *name, CK_BYTE *out, int len, bool pads)
{
	EVP_CIPHER *c = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, more = 0;

	if (c == NULL || EVP_EncryptInit_ex2(ctx, c, value, iv, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, pads) != 1 ||
	    EVP_EncryptUpdate(ctx, out, &n, text, len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, out + n, &more) != 1)
		n = -1;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(c);
	return (n + more);
}

/* In place, in parts: a block is the room at the end, but for CTS, which gives
 * all of it there. */
static void
test_cipher(const char *name, CK_MECHANISM *m, int len, bool pads)
{
	CK_OBJECT_HANDLE key = import_secret(CKK_AES);
	CK_BYTE want[160], buf[160];
	int want_len = reference(name, want, len, pads);
	CK_ULONG room = m->mechanism == CKM_AES_CTS ? (CK_ULONG)len : 16;
	CK_ULONG n = (CK_ULONG)len + 16, more = room;

	if (!OK(want_len > 0, "OpenSSL has %s", name))
		return;
	memcpy(buf, text, (size_t)len);
	RV(list->C_EncryptInit(ro, m, key), CKR_OK, "%s", name);
	RV(list->C_EncryptUpdate(ro, buf, (CK_ULONG)len, buf, &n), CKR_OK,
	    "%s in place", name);
	RV(list->C_EncryptFinal(ro, buf + n, &more), CKR_OK, "its end");
	OK(n + more == (CK_ULONG)want_len && memcmp(buf, want, n + more) == 0,
	    "as OpenSSL has it");
	more += n;
	n = sizeof(buf);
	RV(list->C_DecryptInit(ro, m, key), CKR_OK, "and back");
	RV(list->C_DecryptUpdate(ro, buf, more, buf, &n), CKR_OK, "in place");
	more = room;
	RV(list->C_DecryptFinal(ro, buf + n, &more), CKR_OK, "its end");
	OK(n + more == (CK_ULONG)len && memcmp(buf, text, n + more) == 0,
	    "what was encrypted");
	RV(list->C_EncryptInit(ro, m, key), CKR_OK, "an operation");
	RV(list->C_EncryptInit(ro, NULL, CK_INVALID_HANDLE), CKR_OK,
	    "is dropped");
	RV(list->C_DestroyObject(ro, key), CKR_OK, "the key too");
}

static void
test_ciphers(void)
{
	/* pkcs11-provider says bytes where bits are meant */
	CK_AES_CTR_PARAMS counter = {.ulCounterBits = 16};
	CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0},
		     pad = {CKM_AES_CBC_PAD, iv, 16},
		     cbc = {CKM_AES_CBC, iv, 16}, cts = {CKM_AES_CTS, iv, 16},
		     ofb = {CKM_AES_OFB, iv, 16},
		     cfb = {CKM_AES_CFB128, iv, 16},
		     cfb1 = {CKM_AES_CFB1, iv, 16},
		     cfb8 = {CKM_AES_CFB8, iv, 16},
		     ctr = {CKM_AES_CTR, &counter, sizeof(counter)};

	memcpy(counter.cb, iv, 16);
	test_cipher("AES-256-ECB", &ecb, 96, false);
	test_cipher("AES-256-CBC", &pad, 100, true);
	test_cipher("AES-256-CBC", &pad, 96, true);
	test_cipher("AES-256-CBC", &cbc, 96, false);
	test_cipher("AES-256-CBC-CTS", &cts, 100, false);
	test_cipher("AES-256-CBC-CTS", &cts, 96, false);
	test_cipher("AES-256-OFB", &ofb, 100, false);
	test_cipher("AES-256-CFB", &cfb, 100, false);
	test_cipher("AES-256-CFB1", &cfb1, 100, false);
	test_cipher("AES-256-CFB8", &cfb8, 100, false);
	test_cipher("AES-256-CTR", &ctr, 100, false);
}

/* A record of TLS, in place: what Init was told is what each message is. */
static void
test_aead(const char *what, CK_MECHANISM m, CK_OBJECT_HANDLE key, CK_BYTE *tag,
    CK_ULONG count)
{
	CK_BYTE buf[100], aad[13] = {0, 0, 0, 0, 0, 0, 0, 1, 23, 3, 3, 0, 100};
	CK_ULONG n;

	for (CK_ULONG i = 0; i < count; i++) {
		RV(list->C_MessageEncryptInit(ro, &m, key), CKR_OK,
		    "%s: its messages", what);
		memcpy(buf, text, sizeof(buf));
		n = sizeof(buf);
		RV(list->C_EncryptMessage(ro, m.pParameter, m.ulParameterLen,
		       aad, sizeof(aad), buf, sizeof(buf), buf, &n),
		    CKR_OK, "one in place");
		COUNT(n, sizeof(buf), "as long");
		RV(list->C_MessageEncryptFinal(ro), CKR_OK, "no more");
		RV(list->C_MessageDecryptInit(ro, &m, key), CKR_OK, "back");
		RV(list->C_DecryptMessage(ro, m.pParameter, m.ulParameterLen,
		       aad, sizeof(aad), buf, sizeof(buf), buf, &n),
		    CKR_OK, "it opens in place");
		OK(n == sizeof(buf) && memcmp(buf, text, n) == 0, "the text");
		tag[0] ^= 1;
		RV(list->C_DecryptMessage(ro, m.pParameter, m.ulParameterLen,
		       aad, sizeof(aad), buf, sizeof(buf), buf, &n),
		    CKR_AEAD_DECRYPT_FAILED, "another tag");
		RV(list->C_MessageDecryptInit(ro, NULL, CK_INVALID_HANDLE),
		    CKR_OK, "it is dropped");
	}
}

static void
test_aeads(void)
{
	CK_BYTE tag[16] = {0}, nonce[12] = {1, 2, 3, 4};
	struct gcm_message_params gcm = {
	    nonce, 12, 0, CKG_NO_GENERATE, tag, 128};
	struct ck_chacha20_poly1305_message poly = {nonce, 12, tag};
	CK_MECHANISM aes = {CKM_AES_GCM, &gcm, sizeof(gcm)},
		     chacha = {CKM_CHACHA20_POLY1305, &poly, sizeof(poly)};
	CK_OBJECT_HANDLE key = import_secret(CKK_AES),
			 stream = import_secret(CKK_CHACHA20);

	test_aead("AES-GCM of TLS 1.3", aes, key, tag, 1);
	gcm.ulIvFixedBits = 32;
	gcm.ivGenerator = CKG_GENERATE_COUNTER;
	test_aead("AES-GCM of TLS 1.2", aes, key, tag, 2);
	OK(nonce[0] == 1 && nonce[3] == 4, "the fixed part stays");
	test_aead("ChaCha20-Poly1305", chacha, stream, tag, 1);
}

/* A copied context: what was digested goes on in two sessions. */
static void
test_digest(void)
{
	CK_MECHANISM m = {CKM_SHA256, NULL, 0};
	CK_SESSION_HANDLE other = p11_session(0);
	CK_BYTE state[512], want[32], got[32];
	CK_ULONG len = 0, n = 32;

	EVP_Q_digest(NULL, "SHA256", NULL, text, sizeof(text), want, NULL);
	RV(list->C_DigestInit(ro, &m), CKR_OK, "a digest");
	RV(list->C_DigestUpdate(ro, text, 60), CKR_OK, "a part");
	RV(list->C_GetOperationState(ro, NULL, &len), CKR_OK, "its state");
	NEED(len <= sizeof(state), "is short");
	RV(list->C_GetOperationState(ro, state, &len), CKR_OK, "is saved");
	RV(list->C_SetOperationState(other, state, len, 0, 0), CKR_OK, "set");
	RV(list->C_DigestUpdate(ro, text + 60, 40), CKR_OK, "one goes on");
	RV(list->C_DigestFinal(ro, got, &n), CKR_OK, "and ends");
	OK(memcmp(got, want, 32) == 0, "with the digest");
	RV(list->C_DigestUpdate(other, text + 60, 40), CKR_OK, "and the other");
	RV(list->C_DigestFinal(other, got, &n), CKR_OK, "ends");
	OK(memcmp(got, want, 32) == 0, "with the same");
	RV(list->C_DigestInit(ro, &m), CKR_OK, "one without data");
	RV(list->C_DigestFinal(ro, got, &n), CKR_OK, "ends too");
	EVP_Q_digest(NULL, "SHA256", NULL, "", 0, want, NULL);
	OK(memcmp(got, want, 32) == 0, "with the digest of nothing");
	RV(list->C_DigestInit(ro, &m), CKR_OK, "one that libp11 gives up");
	RV(list->C_DigestInit(ro, NULL), CKR_OK, "is gone");
	RV(list->C_DigestFinal(ro, got, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "indeed");
	RV(list->C_CloseSession(other), CKR_OK, "the other session");
}

/* A signature's state is not saved; the operation goes on. */
static void
test_sign_goes_on(CK_OBJECT_HANDLE key, CK_MECHANISM *m)
{
	CK_BYTE sig[256];
	CK_ULONG len = 0, n = sizeof(sig);

	RV(list->C_SignInit(ro, m, key), CKR_OK, "a signature");
	RV(list->C_SignUpdate(ro, text, 60), CKR_OK, "a part");
	RV(list->C_GetOperationState(ro, NULL, &len), CKR_STATE_UNSAVEABLE,
	    "its state");
	RV(list->C_SignUpdate(ro, text + 60, 40), CKR_OK, "it goes on");
	RV(list->C_SignFinal(ro, sig, &n), CKR_OK, "and ends");
}

static void
openssl_derives(
    const char *name, const OSSL_PARAM *params, CK_BYTE *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);

	NEED(EVP_KDF_derive(ctx, out, len, params) == 1, "OpenSSL's %s", name);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* HKDF, as data and as a key; without a salt, and with an empty one. */
static void
test_hkdf(CK_MECHANISM_TYPE type, CK_ULONG salt_type, CK_BYTE *salt)
{
	CK_OBJECT_HANDLE base = import_base(), h;
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_ULONG len = 42;
	struct hkdf_params p = {.bExtract = CK_TRUE,
	    .bExpand = CK_TRUE,
	    .prfHashMechanism = CKM_SHA256,
	    .ulSaltType = salt_type,
	    .pSalt = salt,
	    .pInfo = text,
	    .ulInfoLen = 10};
	CK_MECHANISM m = {type, &p, sizeof(p)};
	CK_ATTRIBUTE as_data[] = {A(CKA_CLASS, data), A(CKA_TOKEN, no),
	    A(CKA_VALUE_LEN, len)},
		     as_key[] = {A(CKA_CLASS, secret_class),
			 A(CKA_KEY_TYPE, generic), A(CKA_SENSITIVE, no),
			 A(CKA_EXTRACTABLE, yes), A(CKA_VALUE_LEN, len)};
	bool is_data = type == CKM_HKDF_DATA;
	char hash[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string("digest", hash, 0),
	    OSSL_PARAM_construct_octet_string("key", value, 32),
	    OSSL_PARAM_construct_octet_string("info", text, 10),
	    OSSL_PARAM_construct_end()};
	CK_BYTE want[42];

	openssl_derives("HKDF", params, want, sizeof(want));
	RV(list->C_DeriveKey(
	       ro, &m, base, is_data ? as_data : as_key, is_data ? 3 : 5, &h),
	    CKR_OK, "HKDF with a salt of type %lu", salt_type);
	OK(attr_is(h, CKA_VALUE, want, 42), "as OpenSSL has it");
}

/* TLS 1.2's PRF of a secret that came by value. */
static void
test_tls(void)
{
	CK_OBJECT_HANDLE base = import_base(), h;
	CK_BYTE seed[13 + 64] = "master secret", mac[64];
	CK_ULONG len = 48, n = sizeof(mac);
	struct tls_kdf_params p = {
	    CKM_SHA256, seed, 13, {seed + 13, 32, seed + 45, 32}, NULL, 0};
	struct tls_mac_params finish = {CKM_SHA256, 12, 1};
	CK_MECHANISM m = {CKM_TLS_KDF, &p, sizeof(p)},
		     end = {CKM_TLS_MAC, &finish, sizeof(finish)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_TOKEN, no),
	    A(CKA_VALUE_LEN, len), A(CKA_KEY_TYPE, generic),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes), A(CKA_ENCRYPT, yes),
	    A(CKA_DECRYPT, yes)};
	char hash[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string("digest", hash, 0),
	    OSSL_PARAM_construct_octet_string("secret", value, 32),
	    OSSL_PARAM_construct_octet_string("seed", seed, sizeof(seed)),
	    OSSL_PARAM_construct_end()};
	CK_BYTE want[48];

	openssl_derives("TLS1-PRF", params, want, sizeof(want));
	RV(list->C_DeriveKey(ro, &m, base, t, ELEMS(t), &h), CKR_OK,
	    "TLS's KDF");
	OK(attr_is(h, CKA_VALUE, want, 48), "as OpenSSL has it");
	RV(list->C_SignInit(ro, &end, base), CKR_OK, "the end of a handshake");
	RV(list->C_Sign(ro, text, 32, mac, &n), CKR_OK, "its MAC");
	COUNT(n, 12, "12 bytes");
}

/* What both read of an object in one call: what it has not spoils nothing. */
static void
test_read(CK_OBJECT_HANDLE h, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	CK_OBJECT_CLASS is_class = 0;
	CK_KEY_TYPE is_type = 0;
	CK_BBOOL copyable = 7, token = 7;
	CK_ULONG set = 0;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, is_class), A(CKA_KEY_TYPE, is_type),
	    A(CKA_PARAMETER_SET, set), A(CKA_COPYABLE, copyable),
	    A(CKA_TOKEN, token)};

	RV(list->C_GetAttributeValue(ro, h, t, ELEMS(t)),
	    CKR_ATTRIBUTE_TYPE_INVALID, "no CKA_PARAMETER_SET");
	OK(is_class == class && is_type == type && copyable == CK_TRUE &&
		token == CK_FALSE &&
		t[2].ulValueLen == CK_UNAVAILABLE_INFORMATION,
	    "all others");
}

/* pkcs11-provider's copy for the cache, which searches must not find. */
static void
test_copy(CK_OBJECT_HANDLE h)
{
	char label[] = "Internal Session Only Copy";
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, no), A_BYTES(CKA_ID, label, 0),
	    A_BYTES(CKA_LABEL, label, sizeof(label) - 1)};
	CK_OBJECT_HANDLE copy;

	RV(list->C_CopyObject(ro, h, t, ELEMS(t), &copy), CKR_OK, "a copy");
	COUNT(attr(copy, CKA_ID, NULL, 0), 0, "without the ID");
	RV(list->C_DestroyObject(ro, copy), CKR_OK, "it goes");
}

/* Keys of curves by value, EC's without the zeros in front; libp11 derives from
 * them with the point as it is. */
static const struct curve {
	const char *name;
	CK_KEY_TYPE type;
	CK_BYTE params[16];
	CK_ULONG params_len;
	bool derives;
} curves[] = {
    {"P-256", CKK_EC, "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 10, true},
    {"ED25519", CKK_EC_EDWARDS,
	"\x13\x0c"
	"edwards25519",
	14, false},
    {"ED448", CKK_EC_EDWARDS,
	"\x13\x0a"
	"edwards448",
	12, false},
    {"X25519", CKK_EC_MONTGOMERY,
	"\x13\x0a"
	"curve25519",
	12, true},
    {"X448", CKK_EC_MONTGOMERY,
	"\x13\x08"
	"curve448",
	10, true},
};

static EVP_PKEY *
curve_key(const struct curve *c)
{
	EVP_PKEY *k = c->type == CKK_EC
			  ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", c->name)
			  : EVP_PKEY_Q_keygen(NULL, NULL, c->name);

	NEED(k != NULL, "OpenSSL's key of %s", c->name);
	return (k);
}

static CK_ULONG
curve_scalar(const struct curve *c, EVP_PKEY *k, CK_BYTE *to, size_t room)
{
	BIGNUM *bn = NULL;

	if (c->type != CKK_EC)
		return (
		    EVP_PKEY_get_raw_private_key(k, to, &room) == 1 ? room : 0);
	if (EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_PRIV_KEY, &bn) == 1)
		room = (size_t)BN_bn2bin(bn, to);
	BN_clear_free(bn);
	return (room);
}

static void
test_derive(const struct curve *c, EVP_PKEY *k, CK_OBJECT_HANDLE h)
{
	EVP_PKEY *peer = curve_key(c);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	CK_BYTE point[133], want[66];
	size_t n = 0, len = sizeof(want);
	CK_ULONG secret_len;
	CK_ECDH1_DERIVE_PARAMS p = {CKD_NULL, 0, NULL, 0, point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, no), A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic), A(CKA_VALUE_LEN, secret_len),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE secret;

	NEED(EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		 EVP_PKEY_derive(ctx, want, &len) == 1 &&
		 EVP_PKEY_get_octet_string_param(peer, OSSL_PKEY_PARAM_PUB_KEY,
		     point, sizeof(point), &n) == 1,
	    "OpenSSL's agreement");
	p.ulPublicDataLen = n;
	secret_len = len;
	RV(list->C_DeriveKey(ro, &m, h, t, ELEMS(t), &secret), CKR_OK,
	    "%s agrees", c->name);
	OK(attr_is(secret, CKA_VALUE, want, len), "as OpenSSL does");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
}

static void
test_curve(const struct curve *c)
{
	EVP_PKEY *k = curve_key(c);
	CK_BYTE scalar[66], id[32] = {1}, params[16], sig[114];
	CK_ULONG len = curve_scalar(c, k, scalar, sizeof(scalar)),
		 n = sizeof(sig);
	CK_KEY_TYPE type = c->type;
	CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, type),
	    A(CKA_ID, id), A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no),
	    A(CKA_TOKEN, no), A_BYTES(CKA_EC_PARAMS, params, c->params_len),
	    A_BYTES(CKA_VALUE, scalar, len),
	    A(c->derives ? CKA_DERIVE : CKA_SIGN, yes), A(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE h;

	memcpy(params, c->params, sizeof(params));
	RV(list->C_CreateObject(ro, t, c->type == CKK_EC ? 10 : 9, &h), CKR_OK,
	    "%s by value", c->name);
	test_read(h, CKO_PRIVATE_KEY, c->type);
	if (c->derives)
		test_derive(c, k, h);
	else if (len == 32) {
		RV(list->C_SignInit(ro, &eddsa, h), CKR_OK, "EdDSA");
		RV(list->C_Sign(ro, text, sizeof(text), sig, &n), CKR_OK,
		    "without a parameter");
	}
	RV(list->C_DestroyObject(ro, h), CKR_OK, "it goes");
	EVP_PKEY_free(k);
}

/* ML-KEM of OpenSSL 3.5: the secret is read; libp11 names its length. */
static void
test_kem(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-KEM-768");
	CK_BYTE private[2400], public[1184], sealed[1088], a[32];
	size_t n = sizeof(private), m = sizeof(public);
	CK_ULONG set = CKP_ML_KEM_768, len = sizeof(sealed), secret_len = 32;
	CK_KEY_TYPE type = CKK_ML_KEM;
	CK_MECHANISM kem = {CKM_ML_KEM, NULL, 0};
	CK_ATTRIBUTE priv[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, type), A(CKA_PARAMETER_SET, set),
	    A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no), A(CKA_TOKEN, no),
	    A(CKA_DECAPSULATE, yes), A(CKA_VALUE, private)},
		     pub[] = {A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, type),
			 A(CKA_ENCAPSULATE, yes), A(CKA_PARAMETER_SET, set),
			 A(CKA_VALUE, public), A(CKA_TOKEN, no)},
		     t[] = {A(CKA_CLASS, secret_class),
			 A(CKA_KEY_TYPE, generic), A(CKA_SENSITIVE, no),
			 A(CKA_EXTRACTABLE, yes), A(CKA_TOKEN, no),
			 A(CKA_VALUE_LEN, secret_len)};
	CK_OBJECT_HANDLE h, g, s;

	if (k == NULL)
		return;
	NEED(EVP_PKEY_get_raw_private_key(k, private, &n) == 1 &&
		 EVP_PKEY_get_raw_public_key(k, public, &m) == 1,
	    "its values");
	RV(list->C_CreateObject(ro, priv, ELEMS(priv), &h), CKR_OK, "ML-KEM");
	RV(list->C_CreateObject(ro, pub, ELEMS(pub), &g), CKR_OK, "its peer");
	RV(list->C_EncapsulateKey(ro, &kem, g, t, 5, sealed, &len, &s), CKR_OK,
	    "as pkcs11-provider encapsulates");
	COUNT(attr(s, CKA_VALUE, a, sizeof(a)), 32, "a secret to read");
	RV(list->C_DecapsulateKey(ro, &kem, h, t, 5, sealed, len, &s), CKR_OK,
	    "and decapsulates");
	OK(attr_is(s, CKA_VALUE, a, 32), "the same");
	RV(list->C_DecapsulateKey(ro, &kem, h, t, 6, sealed, len, &s), CKR_OK,
	    "and libp11");
	OK(attr_is(s, CKA_VALUE, a, 32), "the same");
	EVP_PKEY_free(k);
}

/* ML-DSA: both values of the private key, and a context. */
static void
test_mldsa(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");
	CK_BYTE private[2560], public[1312], seed[32], sig[2420];
	size_t n = sizeof(private), m = sizeof(public), seed_len = 0;
	CK_ULONG set = CKP_ML_DSA_44, len = sizeof(sig);
	CK_KEY_TYPE type = CKK_ML_DSA;
	struct ck_sign_context p = {CKH_DETERMINISTIC_REQUIRED, text, 10};
	CK_MECHANISM dsa = {CKM_ML_DSA, &p, sizeof(p)};
	CK_ATTRIBUTE priv[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, type), A(CKA_PARAMETER_SET, set),
	    A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no), A(CKA_TOKEN, no),
	    A(CKA_SIGN, yes), A(CKA_VALUE, private), A(CKA_SEED, seed)},
		     pub[] = {A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, type),
			 A(CKA_VERIFY, yes), A(CKA_PARAMETER_SET, set),
			 A(CKA_VALUE, public), A(CKA_TOKEN, no)};
	CK_OBJECT_HANDLE h, g;

	if (k == NULL)
		return;
	NEED(EVP_PKEY_get_raw_private_key(k, private, &n) == 1 &&
		 EVP_PKEY_get_raw_public_key(k, public, &m) == 1 &&
		 EVP_PKEY_get_octet_string_param(
		     k, "seed", seed, sizeof(seed), &seed_len) == 1,
	    "its values");
	RV(list->C_CreateObject(ro, priv, ELEMS(priv), &h), CKR_OK, "ML-DSA");
	RV(list->C_CreateObject(ro, pub, ELEMS(pub), &g), CKR_OK, "its public");
	RV(list->C_SignInit(ro, &dsa, h), CKR_OK, "with a context");
	RV(list->C_SignUpdate(ro, text, sizeof(text)), CKR_OK, "in parts");
	RV(list->C_SignFinal(ro, sig, &len), CKR_OK, "signed");
	RV(list->C_VerifyInit(ro, &dsa, g), CKR_OK, "back");
	RV(list->C_Verify(ro, text, sizeof(text), sig, len), CKR_OK, "good");
	p = (struct ck_sign_context){CKH_HEDGE_PREFERRED, NULL, 0};
	RV(list->C_SignInit(ro, &dsa, h), CKR_OK, "as libp11 does");
	RV(list->C_Sign(ro, text, sizeof(text), sig, &len), CKR_OK, "signed");
	EVP_PKEY_free(k);
}

/* libp11 tries to encrypt with a private key that does not sign. */
static void
test_rsa(const struct keypair_ref *rsa)
{
	CK_BYTE label[] = "label", sealed[256], clear[256];
	CK_RSA_PKCS_OAEP_PARAMS p = {CKM_SHA256, CKG_MGF1_SHA1,
	    CKZ_DATA_SPECIFIED, label, sizeof(label) - 1};
	CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)},
		     pkcs = {CKM_RSA_PKCS, NULL, 0},
		     sha = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE bare = keypair_ref_bare(rsa);
	CK_ULONG n = sizeof(sealed), m = sizeof(clear);

	RV(list->C_EncryptInit(ro, &oaep, rsa->public), CKR_OK, "OAEP");
	RV(list->C_Encrypt(ro, text, 50, sealed, &n), CKR_OK, "with a label");
	RV(list->C_DecryptInit(ro, &oaep, bare), CKR_OK,
	    "a key without its primes");
	RV(list->C_Decrypt(ro, sealed, n, clear, &m), CKR_OK, "opens it");
	OK(m == 50 && memcmp(clear, text, 50) == 0, "the text");
	RV(list->C_EncryptInit(ro, &pkcs, rsa->private),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "encrypting with a private key");
	test_sign_goes_on(rsa->private, &sha);
	test_read(rsa->public, CKO_PUBLIC_KEY, CKK_RSA);
	test_copy(rsa->public);
}

int
main(void)
{
	CK_BYTE none[1] = {0};
	struct keypair_ref rsa;

	testenv_open();
	p11_start();
	list = p11_list_3_2();
	rsa = keypair_ref_rsa(2048);
	ro = p11_session(0);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (CK_BYTE)(i * 7);
	memset(value, 3, sizeof(value));
	memset(iv, 9, sizeof(iv));
	test_ciphers();
	test_aeads();
	test_digest();
	test_hkdf(CKM_HKDF_DATA, CKF_HKDF_SALT_NULL, NULL);
	test_hkdf(CKM_HKDF_DATA, CKF_HKDF_SALT_DATA, none);
	test_hkdf(CKM_HKDF_DERIVE, CKF_HKDF_SALT_DATA, NULL);
	test_tls();
	test_rsa(&rsa);
	for (size_t i = 0; i < ELEMS(curves); i++)
		test_curve(&curves[i]);
	test_kem();
	test_mldsa();
	keypair_ref_free(&rsa);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
