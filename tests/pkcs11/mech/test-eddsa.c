/* Ed25519 with session keys and in KMS; what of ML-DSA needs no ML-DSA key. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_BYTE message[20000], sig[64], other[64];
static CK_ULONG sig_len;

static CK_RV
sign(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_SignInit(rw, m, key);

	sig_len = sizeof(sig);
	return (
	    rv != CKR_OK ? rv : p11->C_Sign(rw, message, len, sig, &sig_len));
}

static CK_RV
verify(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_VerifyInit(rw, m, key);

	return (
	    rv != CKR_OK ? rv : p11->C_Verify(rw, message, len, sig, sig_len));
}

static bool
openssl_verifies(EVP_PKEY *k, size_t len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit(md, NULL, NULL, NULL, k) == 1 &&
		  EVP_DigestVerify(md, sig, sig_len, message, len) == 1;

	EVP_MD_CTX_free(md);
	return (ok);
}

/* Ed25519 is the same for all: OpenSSL makes the very bytes. */
static bool
openssl_signs(EVP_PKEY *k, size_t len)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t n = sizeof(other);
	bool ok = EVP_DigestSignInit(md, NULL, NULL, NULL, k) == 1 &&
		  EVP_DigestSign(md, other, &n, message, len) == 1;

	EVP_MD_CTX_free(md);
	return (ok && n == sig_len && memcmp(sig, other, n) == 0);
}

static void
test_session(const struct keypair_ref *t)
{
	static const size_t lens[] = {0, 1, 64, 4096, 4097, 20000};
	CK_MECHANISM m = {CKM_EDDSA, NULL, 0};

	calls_clear();
	for (size_t i = 0; i < ELEMS(lens); i++) {
		RV(sign(t->private, &m, lens[i]), CKR_OK, "%zu bytes", lens[i]);
		OK(openssl_signs(t->pkey, lens[i]), "as OpenSSL signs them");
		RV(verify(t->public, &m, lens[i]), CKR_OK, "verified");
	}
	RV(p11->C_SignInit(rw, &m, t->private), CKR_OK, "in parts");
	for (size_t at = 0; at < 9000; at += 1000)
		RV(p11->C_SignUpdate(rw, message + at, 1000), CKR_OK, "a part");
	sig_len = 63;
	RV(p11->C_SignFinal(rw, sig, &sig_len), CKR_BUFFER_TOO_SMALL, "short");
	RV(p11->C_SignFinal(rw, sig, &sig_len), CKR_OK, "signed");
	OK(openssl_signs(t->pkey, 9000), "as OpenSSL signs it");
	RV(verify(t->public, &m, 8999), CKR_SIGNATURE_INVALID, "other input");
	sig[0] ^= 1;
	RV(verify(t->public, &m, 9000), CKR_SIGNATURE_INVALID, "damaged");
	sig_len = 63;
	RV(verify(t->public, &m, 9000), CKR_SIGNATURE_LEN_RANGE, "cut");
	COUNT(calls(NULL), 0, "KMS is asked nothing");
}

/* RFC 8032, section 7: the variants, where OpenSSL has them. */
static void
test_variants(const struct keypair_ref *t)
{
	CK_BYTE context[] = "a context";
	struct ck_eddsa p = {CK_FALSE, 0, NULL};
	CK_MECHANISM m = {CKM_EDDSA, &p, sizeof(p)},
		     pure = {CKM_EDDSA, NULL, 0};
	CK_RV want = OPENSSL_VERSION_NUMBER >= 0x30200000L
			 ? CKR_OK
			 : CKR_MECHANISM_PARAM_INVALID;

	RV(sign(t->private, &m, 100), CKR_MECHANISM_PARAM_INVALID,
	    "Ed25519ctx without a context");
	p.phFlag = CK_TRUE;
	rv_is(sign(t->private, &m, 100), want, "by OpenSSL's version", __FILE__,
	    __LINE__, "Ed25519ph");
	if (want == CKR_OK) {
		RV(verify(t->public, &m, 100), CKR_OK, "verified");
		RV(verify(t->public, &pure, 100), CKR_SIGNATURE_INVALID,
		    "it is not Ed25519");
	}
	p = (struct ck_eddsa){CK_FALSE, 9, context};
	rv_is(sign(t->private, &m, 100), want, "by OpenSSL's version", __FILE__,
	    __LINE__, "Ed25519ctx");
	if (want == CKR_OK) {
		RV(verify(t->public, &m, 100), CKR_OK, "verified");
		p.ulContextDataLen = 8;
		RV(verify(t->public, &m, 100), CKR_SIGNATURE_INVALID,
		    "another context");
	}
	p.ulContextDataLen = 256;
	RV(sign(t->private, &m, 100), CKR_MECHANISM_PARAM_INVALID, "too long");
	p = (struct ck_eddsa){CK_FALSE, 9, NULL};
	RV(sign(t->private, &m, 100), CKR_MECHANISM_PARAM_INVALID, "no bytes");
	m.ulParameterLen--;
	RV(sign(t->private, &m, 100), CKR_MECHANISM_PARAM_INVALID, "size");
}

static void
test_kms(void)
{
	static const size_t lens[] = {1, 64, 4096};
	struct keypair_ref t = keypair_ref_kms(
	    "ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "ed");
	struct ck_eddsa p = {CK_TRUE, 0, NULL};
	CK_MECHANISM m = {CKM_EDDSA, NULL, 0}, ph = {CKM_EDDSA, &p, sizeof(p)};
	CK_ULONG n = 0;

	for (size_t i = 0; i < ELEMS(lens); i++) {
		calls_clear();
		RV(sign(t.private, &m, lens[i]), CKR_OK, "%zu bytes", lens[i]);
		COUNT(calls(NULL), 1, "one call");
		OK(openssl_verifies(t.pkey, lens[i]), "OpenSSL verifies it");
		RV(verify(t.public, &m, lens[i]), CKR_OK, "so does the token");
	}
	calls_clear();
	RV(p11->C_SignInit(rw, &m, t.private), CKR_OK, "Init");
	RV(p11->C_Sign(rw, message, 10, NULL, &n), CKR_OK, "a size query");
	COUNT(n, 64, "64 bytes");
	n = 63;
	RV(p11->C_Sign(rw, message, 10, sig, &n), CKR_BUFFER_TOO_SMALL, "63");
	COUNT(calls(NULL), 0, "at no cost");
	RV(p11->C_Sign(rw, message, 4097, sig, &n), CKR_DATA_LEN_RANGE,
	    "4097 bytes");
	RV(sign(t.private, &m, 0), CKR_DATA_LEN_RANGE, "an empty message");
	OK(testenv_logged_last("signs no empty message"), "the log says why");
	RV(p11->C_SignInit(rw, &ph, t.private), CKR_MECHANISM_PARAM_INVALID,
	    "Ed25519ph, which KMS has not as RFC 8032 has it");
	OK(testenv_logged_last("hashes the hash once more"), "the log says so");
	p.phFlag = CK_FALSE;
	RV(p11->C_SignInit(rw, &ph, t.private), CKR_MECHANISM_PARAM_INVALID,
	    "Ed25519ctx");
	COUNT(calls(NULL), 0, "at no cost");
	keypair_ref_free(&t);
}

/* CKA_EC_POINT as each PKCS#11 since 3.0 has it: of a key in KMS, which it
 * finds, and of session objects. */
static void
test_points(bool octets)
{
	CK_BYTE point[40], bare[32], string[34] = {4, 32};
	CK_OBJECT_HANDLE h[2], key;
	CK_ULONG len = octets ? 34 : 32;
	struct keypair_ref t;
	CK_ATTRIBUTE a;

	testenv_config(NULL, octets ? "octet-string-points = yes" : NULL, NULL);
	p11_start();
	t = keypair_ref_raw("ED25519");
	key = find_label("ed", CKO_PUBLIC_KEY);
	COUNT(attr(key, CKA_EC_POINT, point, sizeof(point)), len,
	    "a point of a key in KMS");
	memcpy(bare, point + (octets ? 2 : 0), 32);
	memcpy(string + 2, bare, 32);
	a = (CK_ATTRIBUTE){CKA_EC_POINT, octets ? string : bare, len};
	COUNT(find(rw, &a, 1, h, 2), 2, "finds both halves");
	a = (CK_ATTRIBUTE){CKA_EC_POINT, octets ? bare : string, 66 - len};
	COUNT(find(rw, &a, 1, h, 2), 0, "the other form does not");
	COUNT(attr(t.public, CKA_EC_POINT, point, sizeof(point)), len,
	    "a point of a session object");
	COUNT(attr(t.private, CKA_EC_POINT, point, sizeof(point)), len,
	    "of either half");
	keypair_ref_free(&t);
	p11_stop();
}

int
main(void)
{
	struct keypair_ref t;

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (CK_BYTE)(i * 7 + 1);
	testenv_start();
	testenv_log("info");
	p11_start();
	t = keypair_ref_raw("ED25519");
	test_session(&t);
	test_variants(&t);
	keypair_ref_free(&t);
	test_kms();
	p11_stop();
	test_points(false);
	test_points(true);
	testenv_stop();
	return (tap_done());
}
