/* ML-DSA in KMS: messages of any length, with and without a context, checked
 * by an OpenSSL that knows it (3.5). */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

#define SIG_MAX 5000

static CK_BYTE message[20000 + 1], sig[SIG_MAX], context[255];
static CK_ULONG sig_len;

/* OpenSSL's opinion of the whole message. */
static bool
openssl_verifies(EVP_PKEY *k, size_t len, size_t context_len)
{
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_octet_string(
				    "context-string", context, context_len),
	    OSSL_PARAM_construct_end()};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit_ex(
		      md, NULL, NULL, NULL, NULL, k, params) == 1 &&
		  EVP_DigestVerify(md, sig, sig_len, message, len) == 1;

	EVP_MD_CTX_free(md);
	return (ok);
}

/* In one part, or in parts of 700 bytes. */
static CK_RV
sign(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len, bool parts)
{
	CK_RV rv = p11->C_SignInit(rw, m, key);
	size_t part;

	sig_len = sizeof(sig);
	if (rv != CKR_OK || !parts)
		return (rv != CKR_OK
			    ? rv
			    : p11->C_Sign(rw, message, len, sig, &sig_len));
	for (size_t at = 0; at < len && rv == CKR_OK; at += part) {
		part = len - at < 700 ? len - at : 700;
		rv = p11->C_SignUpdate(rw, message + at, part);
	}
	return (rv != CKR_OK ? rv : p11->C_SignFinal(rw, sig, &sig_len));
}

static CK_RV
verify(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_VerifyInit(rw, m, key);

	return (
	    rv != CKR_OK ? rv : p11->C_Verify(rw, message, len, sig, sig_len));
}

static void
check(const struct keypair_ref *t, CK_MECHANISM *m, size_t len,
    size_t context_len)
{
	for (int parts = 0; parts <= 1; parts++) {
		calls_clear();
		RV(sign(t->private, m, len, parts != 0), CKR_OK,
		    "%zu bytes, context of %zu", len, context_len);
		COUNT(calls("Sign"), 1, "one call");
		OK(openssl_verifies(t->pkey, len, context_len),
		    "OpenSSL verifies it");
		RV(verify(t->public, m, len), CKR_OK, "so does the token");
	}
	RV(verify(t->public, m, len + 1), CKR_SIGNATURE_INVALID, "other input");
	sig[sig_len / 2] ^= 1;
	RV(verify(t->public, m, len), CKR_SIGNATURE_INVALID, "damaged");
	sig_len--;
	RV(verify(t->public, m, len), CKR_SIGNATURE_LEN_RANGE, "cut");
}

/* HashML-DSA, which KMS signs by its mu, as it would anything else. */
static void
test_hash(const struct keypair_ref *t)
{
	struct ck_hash_sign_context c = {
	    CKH_HEDGE_PREFERRED, context, 3, CKM_SHA256};
	CK_MECHANISM hashed = {CKM_HASH_ML_DSA_SHA256, &c,
			 sizeof(struct ck_sign_context)},
		     of_hash = {CKM_HASH_ML_DSA, &c, sizeof(c)},
		     pure = {CKM_ML_DSA, &c, sizeof(struct ck_sign_context)};
	CK_BYTE hash[32];

	NEED(EVP_Digest(message, 5000, hash, NULL, EVP_sha256(), NULL) == 1,
	    "a hash");
	calls_clear();
	RV(sign(t->private, &hashed, 5000, true), CKR_OK, "HashML-DSA");
	COUNT(calls(NULL), 1, "by one call");
	RV(verify(t->public, &hashed, 5000), CKR_OK, "verifies");
	RV(verify(t->public, &pure, 5000), CKR_SIGNATURE_INVALID,
	    "not as ML-DSA");
	NEED(p11->C_VerifyInit(rw, &of_hash, t->public) == CKR_OK, "its hash");
	RV(p11->C_Verify(rw, hash, 32, sig, sig_len), CKR_OK, "verifies too");
	sig_len = sizeof(sig);
	NEED(p11->C_SignInit(rw, &of_hash, t->private) == CKR_OK, "of a hash");
	RV(p11->C_Sign(rw, hash, 32, sig, &sig_len), CKR_OK, "signed");
	RV(verify(t->public, &hashed, 5000), CKR_OK, "is one of the message");
	c.hedgeVariant = CKH_DETERMINISTIC_REQUIRED;
	RV(sign(t->private, &hashed, 10, false), CKR_MECHANISM_PARAM_INVALID,
	    "KMS gives no choice here either");
}

static void
test_key(const char *spec, CK_ULONG len)
{
	static const size_t lens[] = {0, 1, 100, 4096, 4097, 20000};
	static const size_t contexts[] = {1, 255};
	struct keypair_ref t = keypair_ref_kms(spec, "SIGN_VERIFY", spec);
	struct ck_sign_context p = {CKH_HEDGE_PREFERRED, context, 0};
	CK_MECHANISM m = {CKM_ML_DSA, NULL, 0},
		     with = {CKM_ML_DSA, &p, sizeof(p)};

	calls_clear();
	RV(p11->C_SignInit(rw, &m, t.private), CKR_OK, "%s", spec);
	RV(p11->C_Sign(rw, message, 10, NULL, &sig_len), CKR_OK, "a length");
	COUNT(sig_len, len, "is known");
	sig_len--;
	RV(p11->C_Sign(rw, message, 10, sig, &sig_len), CKR_BUFFER_TOO_SMALL,
	    "one byte too little");
	COUNT(calls(NULL), 0, "at no cost");
	RV(p11->C_Sign(rw, message, 10, sig, &sig_len), CKR_OK, "signed");
	COUNT(sig_len, len, "as long as was said");
	for (size_t i = 0; i < ELEMS(lens); i++)
		check(&t, &m, lens[i], 0);
	check(&t, &with, 100, 0);
	for (size_t i = 0; i < ELEMS(contexts); i++) {
		p.ulContextLen = contexts[i];
		check(&t, &with, 100, contexts[i]);
		check(&t, &with, 5000, contexts[i]);
		RV(sign(t.private, &with, 100, false), CKR_OK, "with it");
		RV(verify(t.public, &m, 100), CKR_SIGNATURE_INVALID,
		    "is not without it");
	}
	test_hash(&t);
	calls_clear();
	p.ulContextLen = 256;
	RV(sign(t.private, &with, 1, false), CKR_MECHANISM_PARAM_INVALID,
	    "a context too long");
	p = (struct ck_sign_context){CKH_DETERMINISTIC_REQUIRED, NULL, 0};
	RV(sign(t.private, &with, 1, false), CKR_MECHANISM_PARAM_INVALID,
	    "a choice that KMS does not give");
	p.hedgeVariant = 3;
	RV(sign(t.private, &with, 1, false), CKR_MECHANISM_PARAM_INVALID,
	    "a choice that there is not");
	with.ulParameterLen--;
	RV(sign(t.private, &with, 1, false), CKR_MECHANISM_PARAM_INVALID,
	    "parameters of the wrong size");
	COUNT(calls(NULL), 0, "KMS is asked nothing");
	keypair_ref_free(&t);
}

int
main(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");

	if (k == NULL) {
		tap_skip("OpenSSL before 3.5", "ML-DSA in KMS");
		return (tap_done());
	}
	EVP_PKEY_free(k);
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (CK_BYTE)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(context); i++)
		context[i] = (CK_BYTE)i;
	testenv_start();
	p11_start();
	test_key("ML_DSA_44", 2420);
	test_key("ML_DSA_65", 3309);
	test_key("ML_DSA_87", 4627);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
