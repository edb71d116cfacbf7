/* Signatures with session keys and with keys in KMS, checked by OpenSSL, and
 * OpenSSL's checked by the module. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

#define MESSAGE_LEN 1000
#define ROOM 1024
#define PKCS1 RSA_PKCS1_PADDING
#define PSS RSA_PKCS1_PSS_PADDING
#define PLAIN RSA_NO_PADDING
#define ECDSA 0

/* A mechanism, and how OpenSSL is told the same. */
struct scheme {
	CK_MECHANISM_TYPE type;
	int pad;
	const char *md; /* OpenSSL hashes with it, or knows the input as it */
	size_t raw; /* bytes of an input that is not hashed; 0: hashed */
	/* PSS */
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
	const char *mgf_md;
	int salt;
	bool kms; /* KMS has it */
};

/* clang-format off */
static const struct scheme rsa_schemes[] = {
	{ CKM_RSA_PKCS, PKCS1, NULL, 19, 0, 0, NULL, 0, false },
	{ CKM_RSA_PKCS, PKCS1, NULL, 245, 0, 0, NULL, 0, false },
	{ CKM_RSA_X_509, PLAIN, NULL, 256, 0, 0, NULL, 0, false },
	{ CKM_SHA1_RSA_PKCS, PKCS1, "SHA1", 0, 0, 0, NULL, 0, false },
	{ CKM_SHA224_RSA_PKCS, PKCS1, "SHA224", 0, 0, 0, NULL, 0, false },
	{ CKM_SHA256_RSA_PKCS, PKCS1, "SHA256", 0, 0, 0, NULL, 0, true },
	{ CKM_SHA384_RSA_PKCS, PKCS1, "SHA384", 0, 0, 0, NULL, 0, true },
	{ CKM_SHA512_RSA_PKCS, PKCS1, "SHA512", 0, 0, 0, NULL, 0, true },
	{ CKM_SHA3_224_RSA_PKCS, PKCS1, "SHA3-224", 0, 0, 0, NULL, 0, false },
	{ CKM_SHA3_256_RSA_PKCS, PKCS1, "SHA3-256", 0, 0, 0, NULL, 0, false },
	{ CKM_SHA3_384_RSA_PKCS, PKCS1, "SHA3-384", 0, 0, 0, NULL, 0, false },
	{ CKM_SHA3_512_RSA_PKCS, PKCS1, "SHA3-512", 0, 0, 0, NULL, 0, false },
#define PSS_ROW(ckm, raw, name, hash, salt, kms)			\
	{ ckm, PSS, name, raw, CKM_##hash, CKG_MGF1_##hash, name, salt, kms }
#define CKG_MGF1_SHA_1 CKG_MGF1_SHA1
	PSS_ROW(CKM_RSA_PKCS_PSS, 32, "SHA256", SHA256, 32, true),
	PSS_ROW(CKM_RSA_PKCS_PSS, 48, "SHA384", SHA384, 48, true),
	PSS_ROW(CKM_RSA_PKCS_PSS, 64, "SHA512", SHA512, 64, true),
	PSS_ROW(CKM_RSA_PKCS_PSS, 20, "SHA1", SHA_1, 7, false),
	PSS_ROW(CKM_SHA1_RSA_PKCS_PSS, 0, "SHA1", SHA_1, 20, false),
	PSS_ROW(CKM_SHA224_RSA_PKCS_PSS, 0, "SHA224", SHA224, 28, false),
	PSS_ROW(CKM_SHA256_RSA_PKCS_PSS, 0, "SHA256", SHA256, 32, true),
	PSS_ROW(CKM_SHA256_RSA_PKCS_PSS, 0, "SHA256", SHA256, 0, false),
	PSS_ROW(CKM_SHA256_RSA_PKCS_PSS, 0, "SHA256", SHA256, 222, false),
	PSS_ROW(CKM_SHA384_RSA_PKCS_PSS, 0, "SHA384", SHA384, 48, true),
	PSS_ROW(CKM_SHA512_RSA_PKCS_PSS, 0, "SHA512", SHA512, 64, true),
	PSS_ROW(CKM_SHA3_224_RSA_PKCS_PSS, 0, "SHA3-224", SHA3_224, 28, false),
	PSS_ROW(CKM_SHA3_256_RSA_PKCS_PSS, 0, "SHA3-256", SHA3_256, 32, false),
	PSS_ROW(CKM_SHA3_384_RSA_PKCS_PSS, 0, "SHA3-384", SHA3_384, 48, false),
	PSS_ROW(CKM_SHA3_512_RSA_PKCS_PSS, 0, "SHA3-512", SHA3_512, 64, false),
	{ CKM_SHA512_RSA_PKCS_PSS, PSS, "SHA512", 0, CKM_SHA512,
	    CKG_MGF1_SHA1, "SHA1", 11, false },
};

#define EC_ROW(ckm, raw, md) \
	{ ckm, ECDSA, md, raw, 0, 0, NULL, 0, true }
static const struct scheme ec_schemes[] = {
	EC_ROW(CKM_ECDSA, 20, NULL), EC_ROW(CKM_ECDSA, 32, NULL),
	EC_ROW(CKM_ECDSA, 48, NULL), EC_ROW(CKM_ECDSA, 64, NULL),
	EC_ROW(CKM_ECDSA_SHA1, 0, "SHA1"),
	EC_ROW(CKM_ECDSA_SHA224, 0, "SHA224"),
	EC_ROW(CKM_ECDSA_SHA256, 0, "SHA256"),
	EC_ROW(CKM_ECDSA_SHA384, 0, "SHA384"),
	EC_ROW(CKM_ECDSA_SHA512, 0, "SHA512"),
	EC_ROW(CKM_ECDSA_SHA3_224, 0, "SHA3-224"),
	EC_ROW(CKM_ECDSA_SHA3_256, 0, "SHA3-256"),
	EC_ROW(CKM_ECDSA_SHA3_384, 0, "SHA3-384"),
	EC_ROW(CKM_ECDSA_SHA3_512, 0, "SHA3-512"),
};
/* clang-format on */

static CK_BYTE message[MESSAGE_LEN], sig[ROOM];
static CK_ULONG sig_len;

static size_t
input_len(const struct scheme *s)
{
	return (s->raw != 0 ? s->raw : MESSAGE_LEN);
}

/* OpenSSL's side of the scheme. */
static bool
set(EVP_PKEY_CTX *ctx, const struct scheme *s, bool hash_too)
{
	EVP_MD *md = s->md ? EVP_MD_fetch(NULL, s->md, NULL) : NULL;
	EVP_MD *mgf = s->mgf_md ? EVP_MD_fetch(NULL, s->mgf_md, NULL) : NULL;
	bool ok = (s->pad == ECDSA ||
		      EVP_PKEY_CTX_set_rsa_padding(ctx, s->pad) == 1) &&
		  (md == NULL || !hash_too ||
		      EVP_PKEY_CTX_set_signature_md(ctx, md) == 1) &&
		  (s->pad != PSS ||
		      (EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) == 1 &&
			  EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, s->salt) == 1));

	EVP_MD_free(md);
	EVP_MD_free(mgf);
	return (ok);
}

/* OpenSSL speaks DER of ECDSA, in either direction. */
static size_t
to_der(const CK_BYTE *raw, size_t len, unsigned char *der)
{
	ECDSA_SIG *e = ECDSA_SIG_new();
	int half = (int)(len / 2), n;

	ECDSA_SIG_set0(
	    e, BN_bin2bn(raw, half, NULL), BN_bin2bn(raw + half, half, NULL));
	n = i2d_ECDSA_SIG(e, &der);
	ECDSA_SIG_free(e);
	return (n < 0 ? 0 : (size_t)n);
}

static size_t
from_der(EVP_PKEY *k, const unsigned char *der, size_t len, CK_BYTE *raw)
{
	ECDSA_SIG *e = d2i_ECDSA_SIG(NULL, &der, (long)len);
	int half = (EVP_PKEY_get_bits(k) + 7) / 8;

	BN_bn2binpad(ECDSA_SIG_get0_r(e), raw, half);
	BN_bn2binpad(ECDSA_SIG_get0_s(e), raw + half, half);
	ECDSA_SIG_free(e);
	return ((size_t)half * 2);
}

static bool
openssl_verifies(EVP_PKEY *k, const struct scheme *s)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	CK_BYTE der[ROOM];
	const CK_BYTE *p = sig;
	size_t len = sig_len;
	bool ok;

	if (s->pad == ECDSA) {
		len = to_der(sig, sig_len, der);
		p = der;
	}
	if (s->raw != 0) {
		ctx = EVP_PKEY_CTX_new(k, NULL);
		ok = EVP_PKEY_verify_init(ctx) == 1 && set(ctx, s, true) &&
		     EVP_PKEY_verify(ctx, p, len, message, s->raw) == 1;
		EVP_PKEY_CTX_free(ctx);
	} else {
		ok = EVP_DigestVerifyInit_ex(
			 md, &ctx, s->md, NULL, NULL, k, NULL) == 1 &&
		     set(ctx, s, false) &&
		     EVP_DigestVerify(md, p, len, message, MESSAGE_LEN) == 1;
	}
	EVP_MD_CTX_free(md);
	return (ok);
}

static void
openssl_signs(EVP_PKEY *k, const struct scheme *s)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	CK_BYTE der[ROOM];
	size_t len = sizeof(der);
	bool ok;

	if (s->raw != 0) {
		ctx = EVP_PKEY_CTX_new(k, NULL);
		ok = EVP_PKEY_sign_init(ctx) == 1 && set(ctx, s, true) &&
		     EVP_PKEY_sign(ctx, der, &len, message, s->raw) == 1;
		EVP_PKEY_CTX_free(ctx);
	} else {
		ok = EVP_DigestSignInit_ex(
			 md, &ctx, s->md, NULL, NULL, k, NULL) == 1 &&
		     set(ctx, s, false) &&
		     EVP_DigestSign(md, der, &len, message, MESSAGE_LEN) == 1;
	}
	EVP_MD_CTX_free(md);
	NEED(ok, "OpenSSL signs");
	sig_len = len;
	if (s->pad == ECDSA)
		sig_len = from_der(k, der, len, sig);
	else
		memcpy(sig, der, len);
}

static CK_MECHANISM
mechanism(const struct scheme *s, CK_RSA_PKCS_PSS_PARAMS *p)
{
	*p = (CK_RSA_PKCS_PSS_PARAMS){s->hash, s->mgf, (CK_ULONG)s->salt};
	return ((CK_MECHANISM){
	    s->type, s->pad == PSS ? p : NULL, s->pad == PSS ? sizeof(*p) : 0});
}

static CK_RV
sign(CK_OBJECT_HANDLE key, CK_MECHANISM *m, const void *in, size_t len)
{
	CK_RV rv = p11->C_SignInit(rw, m, key);

	sig_len = sizeof(sig);
	return (rv != CKR_OK ? rv
			     : p11->C_Sign(rw, (CK_BYTE *)(uintptr_t)in, len,
				   sig, &sig_len));
}

static CK_RV
verify(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_VerifyInit(rw, m, key);

	return (
	    rv != CKR_OK ? rv : p11->C_Verify(rw, message, len, sig, sig_len));
}

/* The same in parts of uneven lengths. */
static CK_RV
sign_parts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_SignInit(rw, m, key);

	for (size_t at = 0, n; at < len && rv == CKR_OK; at += n) {
		n = at == 0 ? 1 : at * 2;
		if (n > len - at)
			n = len - at;
		rv = p11->C_SignUpdate(rw, message + at, n);
	}
	sig_len = sizeof(sig);
	return (rv != CKR_OK ? rv : p11->C_SignFinal(rw, sig, &sig_len));
}

static CK_RV
verify_parts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_VerifyInit(rw, m, key);

	if (rv == CKR_OK)
		rv = p11->C_VerifyUpdate(rw, message, len / 3);
	if (rv == CKR_OK)
		rv = p11->C_VerifyUpdate(rw, message + len / 3, len - len / 3);
	return (rv != CKR_OK ? rv : p11->C_VerifyFinal(rw, sig, sig_len));
}

/* What a wrong signature is called. */
static void
test_wrong(const struct keypair_ref *t, CK_MECHANISM *m, size_t len)
{
	sig[sig_len / 2] ^= 1;
	RV(verify(t->public, m, len), CKR_SIGNATURE_INVALID, "damaged");
	sig[sig_len / 2] ^= 1;
	message[0] ^= 1;
	RV(verify(t->public, m, len), CKR_SIGNATURE_INVALID, "other input");
	message[0] ^= 1;
	sig_len--;
	RV(verify(t->public, m, len), CKR_SIGNATURE_LEN_RANGE, "too short");
	sig_len++;
}

static void
test_session(const struct keypair_ref *t, const struct scheme *s, size_t count)
{
	CK_RSA_PKCS_PSS_PARAMS pss;
	CK_MECHANISM m;

	calls_clear();
	for (; count > 0; count--, s++) {
		m = mechanism(s, &pss);
		printf("# mechanism 0x%lx, %zu bytes\n", s->type, input_len(s));
		RV(sign(t->private, &m, message, input_len(s)), CKR_OK,
		    "signed");
		OK(openssl_verifies(t->pkey, s), "OpenSSL verifies it");
		RV(sign_parts(t->private, &m, input_len(s)), CKR_OK,
		    "signed in parts");
		OK(openssl_verifies(t->pkey, s), "OpenSSL verifies it");
		openssl_signs(t->pkey, s);
		RV(verify(t->public, &m, input_len(s)), CKR_OK,
		    "OpenSSL's signature");
		RV(verify_parts(t->public, &m, input_len(s)), CKR_OK,
		    "OpenSSL's in parts");
		test_wrong(t, &m, input_len(s));
	}
	COUNT(calls(NULL), 0, "KMS is asked nothing");
}

/* KMS signs, OpenSSL and the public half verify: one call a signature. */
static void
test_kms(const struct keypair_ref *t, const struct scheme *s, size_t count)
{
	CK_RSA_PKCS_PSS_PARAMS pss;
	CK_MECHANISM m;
	CK_ULONG n;

	for (; count > 0; count--, s++) {
		if (!s->kms)
			continue;
		m = mechanism(s, &pss);
		printf("# mechanism 0x%lx, %zu bytes\n", s->type, input_len(s));
		calls_clear();
		RV(p11->C_SignInit(rw, &m, t->private), CKR_OK, "Init");
		n = 0;
		RV(p11->C_Sign(rw, message, input_len(s), NULL, &n), CKR_OK,
		    "a size query");
		sig_len = n - 1;
		RV(p11->C_Sign(rw, message, input_len(s), sig, &sig_len),
		    CKR_BUFFER_TOO_SMALL, "one byte too little");
		COUNT(sig_len, n, "the length is told");
		COUNT(calls(NULL), 0, "at no cost");
		RV(p11->C_Sign(rw, message, input_len(s), sig, &sig_len),
		    CKR_OK, "signed");
		COUNT(sig_len, n, "as long as was said");
		COUNT(calls(NULL), 1, "for one call");
		OK(openssl_verifies(t->pkey, s), "OpenSSL verifies it");
		RV(verify(t->public, &m, input_len(s)), CKR_OK,
		    "so does the public half");
		test_wrong(t, &m, input_len(s));
		RV(sign_parts(t->private, &m, input_len(s)), CKR_OK,
		    "signed in parts");
		COUNT(calls("Sign"), 2, "for one call");
		OK(openssl_verifies(t->pkey, s), "OpenSSL verifies it");
	}
}

/* What KMS cannot do is refused before it is asked. */
static void
test_kms_refuses(const struct keypair_ref *t)
{
	static const CK_MECHANISM_TYPE never[] = {CKM_SHA1_RSA_PKCS,
	    CKM_SHA224_RSA_PKCS, CKM_SHA3_256_RSA_PKCS, CKM_ECDSA};
	static const struct {
		const char *what;
		CK_RSA_PKCS_PSS_PARAMS p;
	} pss[] = {
	    {"a salt of 20 bytes", {CKM_SHA256, CKG_MGF1_SHA256, 20}},
	    {"another MGF", {CKM_SHA256, CKG_MGF1_SHA1, 32}},
	    {"SHA-1", {CKM_SHA_1, CKG_MGF1_SHA1, 20}},
	    {"a hash that is none", {CKM_RSA_PKCS, CKG_MGF1_SHA1, 20}},
	    {"SHA-3", {CKM_SHA3_256, CKG_MGF1_SHA3_256, 32}},
	};
	CK_RSA_PKCS_PSS_PARAMS p;
	CK_MECHANISM m = {0, NULL, 0};

	calls_clear();
	for (size_t i = 0; i < ELEMS(never); i++) {
		m.mechanism = never[i];
		RV(p11->C_SignInit(rw, &m, t->private),
		    never[i] == CKM_ECDSA ? CKR_KEY_TYPE_INCONSISTENT
					  : CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "0x%lx", never[i]);
	}
	m.mechanism = CKM_RSA_X_509;
	RV(p11->C_SignInit(rw, &m, t->private), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "no padding");
	OK(testenv_logged_last("a salt as long as the hash"),
	    "the log says so to who pads PSS himself");
	for (size_t i = 0; i < ELEMS(pss); i++) {
		p = pss[i].p;
		m = (CK_MECHANISM){CKM_RSA_PKCS_PSS, &p, sizeof(p)};
		RV(p11->C_SignInit(rw, &m, t->private),
		    CKR_MECHANISM_PARAM_INVALID, "PSS, %s", pss[i].what);
	}
	COUNT(calls(NULL), 0, "KMS is asked nothing");
}

/* A DigestInfo is what CKM_RSA_PKCS gives to KMS. */
static void
test_kms_info(const struct keypair_ref *t)
{
	static const struct {
		const char *what;
		CK_BYTE head[19];
		size_t head_len, hash;
		CK_RV rv;
	} cases[] = {
	    {"SHA-256",
		{0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4,
		    2, 1, 5, 0, 4, 32},
		19, 32, CKR_OK},
	    {"SHA-384",
		{0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4,
		    2, 2, 5, 0, 4, 48},
		19, 48, CKR_OK},
	    {"SHA-512",
		{0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4,
		    2, 3, 5, 0, 4, 64},
		19, 64, CKR_OK},
	    {"SHA-224",
		{0x30, 0x2d, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4,
		    2, 4, 5, 0, 4, 28},
		19, 28, CKR_DATA_INVALID},
	    {"SHA-1",
		{0x30, 0x21, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4,
		    20},
		15, 20, CKR_DATA_INVALID},
	    {"a cut one",
		{0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4,
		    2, 1, 5, 0, 4, 32},
		19, 31, CKR_DATA_INVALID},
	    {"a hash alone", {0}, 0, 32, CKR_DATA_INVALID},
	};
	const struct scheme s = {.type = CKM_RSA_PKCS, .pad = PKCS1};
	CK_MECHANISM m = {CKM_RSA_PKCS, NULL, 0};
	CK_BYTE back[ROOM], kept[MESSAGE_LEN];
	struct scheme raw = s;
	CK_ULONG n;

	memcpy(kept, message, sizeof(kept));
	for (size_t i = 0; i < ELEMS(cases); i++) {
		memcpy(message, cases[i].head, cases[i].head_len);
		raw.raw = cases[i].head_len + cases[i].hash;
		calls_clear();
		rv_is(sign(t->private, &m, message, raw.raw), cases[i].rv,
		    "as listed", __FILE__, __LINE__, "DigestInfo of %s",
		    cases[i].what);
		COUNT(calls(NULL), cases[i].rv == CKR_OK ? 1 : 0, "calls");
		if (cases[i].rv != CKR_OK)
			continue;
		OK(openssl_verifies(t->pkey, &raw), "OpenSSL verifies it");
		RV(p11->C_VerifyRecoverInit(rw, &m, t->public), CKR_OK,
		    "C_VerifyRecoverInit");
		n = raw.raw;
		RV(p11->C_VerifyRecover(rw, sig, sig_len, back, &n), CKR_OK,
		    "just enough room");
		OK(n == raw.raw && memcmp(back, message, n) == 0,
		    "gives the DigestInfo back");
		sig_len = sizeof(sig);
		RV(p11->C_SignRecoverInit(rw, &m, t->private), CKR_OK,
		    "C_SignRecoverInit");
		RV(p11->C_SignRecover(rw, message, raw.raw, sig, &sig_len),
		    CKR_OK, "C_SignRecover");
		OK(openssl_verifies(t->pkey, &raw), "OpenSSL verifies it");
	}
	memcpy(message, kept, sizeof(kept));
}

static void
test_recover(const struct keypair_ref *t)
{
	CK_MECHANISM m = {CKM_RSA_PKCS, NULL, 0}, x = {CKM_RSA_X_509, NULL, 0};
	CK_BYTE back[ROOM];
	CK_ULONG n = sizeof(back);

	RV(p11->C_SignRecoverInit(rw, &m, t->private), CKR_OK, "Init");
	sig_len = sizeof(sig);
	RV(p11->C_SignRecover(rw, message, 33, sig, &sig_len), CKR_OK,
	    "C_SignRecover");
	RV(p11->C_VerifyRecoverInit(rw, &m, t->public), CKR_OK, "Init");
	RV(p11->C_VerifyRecover(rw, sig, sig_len, NULL, &n), CKR_OK, "size");
	OK(n >= 33, "is a bound");
	n = 32;
	RV(p11->C_VerifyRecover(rw, sig, sig_len, back, &n),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	COUNT(n, 33, "the length is known");
	RV(p11->C_VerifyRecover(rw, sig, sig_len, back, &n), CKR_OK,
	    "room enough");
	OK(n == 33 && memcmp(back, message, n) == 0, "it is back");
	sig[5] ^= 1;
	n = sizeof(back);
	RV(p11->C_VerifyRecoverInit(rw, &m, t->public), CKR_OK, "Init");
	RV(p11->C_VerifyRecover(rw, sig, sig_len, back, &n),
	    CKR_SIGNATURE_INVALID, "damaged");
	RV(p11->C_VerifyRecoverInit(rw, &m, t->public), CKR_OK, "Init");
	RV(p11->C_VerifyRecover(rw, sig, sig_len - 1, back, &n),
	    CKR_SIGNATURE_LEN_RANGE, "too short");
	/* without padding the number comes back in its full width */
	RV(p11->C_SignRecoverInit(rw, &x, t->private), CKR_OK, "raw");
	sig_len = sizeof(sig);
	RV(p11->C_SignRecover(rw, message, 100, sig, &sig_len), CKR_OK,
	    "raw C_SignRecover");
	RV(p11->C_VerifyRecoverInit(rw, &x, t->public), CKR_OK, "Init");
	n = sizeof(back);
	RV(p11->C_VerifyRecover(rw, sig, sig_len, back, &n), CKR_OK, "back");
	OK(n == 256 && back[0] == 0 && memcmp(back + 156, message, 100) == 0,
	    "as wide as the modulus");
	memset(back, 0xff, sizeof(back));
	RV(sign(t->private, &x, back, 256), CKR_DATA_INVALID,
	    "a number above the modulus");
	RV(sign(t->private, &x, back, 257), CKR_DATA_LEN_RANGE,
	    "more bytes than the modulus");
	RV(sign(t->private, &m, message, 246), CKR_DATA_LEN_RANGE,
	    "no room for the padding");
}

/* Rules of Init, with session keys. */
static void
test_rules(const struct keypair_ref *rsa, const struct keypair_ref *ec)
{
	CK_RSA_PKCS_PSS_PARAMS p = {CKM_SHA256, CKG_MGF1_SHA256, 223};
	CK_MECHANISM pss = {CKM_SHA256_RSA_PKCS_PSS, &p, sizeof(p)},
		     ecdsa = {CKM_ECDSA, NULL, 0},
		     sha = {CKM_SHA256_RSA_PKCS, NULL, 0},
		     long_hash = {CKM_SHA512_RSA_PKCS, NULL, 0},
		     plain = {CKM_RSA_PKCS, NULL, 0};
	CK_MECHANISM_INFO info;
	struct keypair_ref small = keypair_ref_rsa(1024),
			   tiny = keypair_ref_rsa(512);
	CK_OBJECT_HANDLE bare = keypair_ref_bare(rsa);
	const struct scheme s = {
	    .type = CKM_SHA256_RSA_PKCS, .pad = PKCS1, .md = "SHA256"};

	RV(p11->C_SignInit(rw, &pss, rsa->private), CKR_MECHANISM_PARAM_INVALID,
	    "a salt that does not fit");
	p.sLen = 32;
	p.hashAlg = CKM_SHA384;
	RV(p11->C_SignInit(rw, &pss, rsa->private), CKR_MECHANISM_PARAM_INVALID,
	    "another hash than the mechanism's");
	pss.pParameter = NULL;
	pss.ulParameterLen = 0;
	RV(p11->C_SignInit(rw, &pss, rsa->private), CKR_MECHANISM_PARAM_INVALID,
	    "no parameter");
	RV(p11->C_SignInit(rw, &ecdsa, rsa->private), CKR_KEY_TYPE_INCONSISTENT,
	    "another type");
	RV(p11->C_SignInit(rw, &sha, ec->private), CKR_KEY_TYPE_INCONSISTENT,
	    "and the other way");
	RV(p11->C_SignInit(rw, &sha, rsa->public),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a public key signs nothing");
	RV(p11->C_VerifyInit(rw, &sha, rsa->private),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a private one verifies nothing");
	RV(p11->C_SignInit(rw, &long_hash, tiny.private), CKR_KEY_SIZE_RANGE,
	    "512 bits are too few for SHA-512");
	RV(sign(tiny.private, &sha, message, MESSAGE_LEN), CKR_OK,
	    "but not for SHA-256");
	OK(openssl_verifies(tiny.pkey, &s), "openssl verifies");
	openssl_signs(tiny.pkey, &s);
	RV(verify(tiny.public, &sha, MESSAGE_LEN), CKR_OK,
	    "and OpenSSL's signature with 512 bits is verified");
	RV(sign(small.private, &sha, message, MESSAGE_LEN), CKR_OK,
	    "1024 bits");
	COUNT(sig_len, 128, "128 bytes");
	RV(sign(bare, &sha, message, MESSAGE_LEN), CKR_OK,
	    "a key without its primes");
	OK(openssl_verifies(rsa->pkey, &s), "signs the same");
	RV(sign(ec->private, &ecdsa, message, 0), CKR_DATA_LEN_RANGE,
	    "no hash at all");
	RV(sign(rsa->private, &plain, message, 0), CKR_OK, "nothing to sign");
	RV(verify(rsa->public, &plain, 0), CKR_OK, "is verified");
	RV(verify(rsa->public, &plain, 1), CKR_SIGNATURE_INVALID,
	    "and is not one byte");
	RV(sign(rsa->private, &plain, message, 1), CKR_OK, "one byte");
	RV(verify(rsa->public, &plain, 0), CKR_SIGNATURE_INVALID,
	    "is not nothing");
	RV(p11->C_GetMechanismInfo(0, CKM_RSA_PKCS, &info), CKR_OK, "info");
	OK((info.flags & (CKF_SIGN | CKF_VERIFY | CKF_SIGN_RECOVER |
			     CKF_VERIFY_RECOVER)) ==
		(CKF_SIGN | CKF_VERIFY | CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER),
	    "all that it does");
	keypair_ref_free(&small);
	keypair_ref_free(&tiny);
}

int
main(void)
{
	static const char *const curves[] = {"P-256", "P-384", "P-521",
	    "secp256k1", "P-224", "brainpoolP256r1", "brainpoolP320r1",
	    "brainpoolP512r1", "P-192", "brainpoolP160r1", "brainpoolP512t1"};
	struct keypair_ref rsa, ec, kms;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (CK_BYTE)(i * 7 + 1);
	testenv_start();
	testenv_log("info");
	p11_start();
	rsa = keypair_ref_rsa(2048);
	test_session(&rsa, rsa_schemes, ELEMS(rsa_schemes));
	test_recover(&rsa);
	for (size_t i = 0; i < ELEMS(curves); i++) {
		printf("# %s\n", curves[i]);
		ec = keypair_ref_ec(curves[i]);
		test_session(&ec, ec_schemes, ELEMS(ec_schemes));
		if (i == 0)
			test_rules(&rsa, &ec);
		keypair_ref_free(&ec);
	}
	keypair_ref_free(&rsa);
	kms = keypair_ref_kms("RSA_2048", "SIGN_VERIFY", "rsa");
	test_kms(&kms, rsa_schemes, ELEMS(rsa_schemes));
	test_kms_refuses(&kms);
	test_kms_info(&kms);
	keypair_ref_free(&kms);
	kms = keypair_ref_kms("RSA_3072", "SIGN_VERIFY", "rsa3");
	test_kms(&kms, rsa_schemes, ELEMS(rsa_schemes));
	keypair_ref_free(&kms);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
