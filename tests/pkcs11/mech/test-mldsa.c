/* ML-DSA in KMS: messages of any length, with and without a context, checked
 * by an OpenSSL that knows it (3.5). */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"
#include "mldsa.h"

static CK_BYTE message[20000 + 1];

static void
check(const struct keypair_ref *t, CK_MECHANISM *m, size_t len,
    size_t context_len)
{
	for (int parts = 0; parts <= 1; parts++) {
		calls_clear();
		RV(mldsa_sign(t->private, m, message, len, parts != 0), CKR_OK,
		    "%zu bytes, context of %zu", len, context_len);
		COUNT(calls("Sign"), 1, "one call");
		OK(mldsa_openssl_verifies(
		       t->pkey, message, len, context_len, false),
		    "OpenSSL verifies it");
		RV(mldsa_verify(t->public, m, message, len), CKR_OK,
		    "so does the token");
	}
	RV(mldsa_verify(t->public, m, message, len + 1), CKR_SIGNATURE_INVALID,
	    "other input");
	mldsa_sig[mldsa_sig_len / 2] ^= 1;
	RV(mldsa_verify(t->public, m, message, len), CKR_SIGNATURE_INVALID,
	    "damaged");
	mldsa_sig_len--;
	RV(mldsa_verify(t->public, m, message, len), CKR_SIGNATURE_LEN_RANGE,
	    "cut");
}

/* HashML-DSA, which KMS signs by its mu, as it would anything else. */
static void
test_hash(const struct keypair_ref *t)
{
	struct ck_hash_sign_context c = {
	    CKH_HEDGE_PREFERRED, mldsa_context, 3, CKM_SHA256};
	CK_MECHANISM hashed = {CKM_HASH_ML_DSA_SHA256, &c,
			 sizeof(struct ck_sign_context)},
		     of_hash = {CKM_HASH_ML_DSA, &c, sizeof(c)},
		     pure = {CKM_ML_DSA, &c, sizeof(struct ck_sign_context)};
	CK_BYTE hash[32];

	NEED(EVP_Digest(message, 5000, hash, NULL, EVP_sha256(), NULL) == 1,
	    "a hash");
	calls_clear();
	RV(mldsa_sign(t->private, &hashed, message, 5000, true), CKR_OK,
	    "HashML-DSA");
	COUNT(calls(NULL), 1, "by one call");
	RV(mldsa_verify(t->public, &hashed, message, 5000), CKR_OK, "verifies");
	RV(mldsa_verify(t->public, &pure, message, 5000), CKR_SIGNATURE_INVALID,
	    "not as ML-DSA");
	NEED(p11->C_VerifyInit(rw, &of_hash, t->public) == CKR_OK, "its hash");
	RV(p11->C_Verify(rw, hash, 32, mldsa_sig, mldsa_sig_len), CKR_OK,
	    "verifies too");
	mldsa_sig_len = sizeof(mldsa_sig);
	NEED(p11->C_SignInit(rw, &of_hash, t->private) == CKR_OK, "of a hash");
	RV(p11->C_Sign(rw, hash, 32, mldsa_sig, &mldsa_sig_len), CKR_OK,
	    "signed");
	RV(mldsa_verify(t->public, &hashed, message, 5000), CKR_OK,
	    "is one of the message");
	c.hedgeVariant = CKH_DETERMINISTIC_REQUIRED;
	RV(mldsa_sign(t->private, &hashed, message, 10, false),
	    CKR_MECHANISM_PARAM_INVALID, "KMS gives no choice here either");
}

static void
test_key(const char *spec, CK_ULONG len)
{
	static const size_t lens[] = {0, 1, 100, 4096, 4097, 20000};
	static const size_t contexts[] = {1, 255};
	struct keypair_ref t = keypair_ref_kms(spec, "SIGN_VERIFY", spec);
	struct ck_sign_context p = {CKH_HEDGE_PREFERRED, mldsa_context, 0};
	CK_MECHANISM m = {CKM_ML_DSA, NULL, 0},
		     with = {CKM_ML_DSA, &p, sizeof(p)};

	calls_clear();
	RV(p11->C_SignInit(rw, &m, t.private), CKR_OK, "%s", spec);
	RV(p11->C_Sign(rw, message, 10, NULL, &mldsa_sig_len), CKR_OK,
	    "a length");
	COUNT(mldsa_sig_len, len, "is known");
	mldsa_sig_len--;
	RV(p11->C_Sign(rw, message, 10, mldsa_sig, &mldsa_sig_len),
	    CKR_BUFFER_TOO_SMALL, "one byte too little");
	COUNT(calls(NULL), 0, "at no cost");
	RV(p11->C_Sign(rw, message, 10, mldsa_sig, &mldsa_sig_len), CKR_OK,
	    "signed");
	COUNT(mldsa_sig_len, len, "as long as was said");
	for (size_t i = 0; i < ELEMS(lens); i++)
		check(&t, &m, lens[i], 0);
	check(&t, &with, 100, 0);
	for (size_t i = 0; i < ELEMS(contexts); i++) {
		p.ulContextLen = contexts[i];
		check(&t, &with, 100, contexts[i]);
		check(&t, &with, 5000, contexts[i]);
		RV(mldsa_sign(t.private, &with, message, 100, false), CKR_OK,
		    "with it");
		RV(mldsa_verify(t.public, &m, message, 100),
		    CKR_SIGNATURE_INVALID, "is not without it");
	}
	test_hash(&t);
	calls_clear();
	p.ulContextLen = 256;
	RV(mldsa_sign(t.private, &with, message, 1, false),
	    CKR_MECHANISM_PARAM_INVALID, "a context too long");
	p = (struct ck_sign_context){CKH_DETERMINISTIC_REQUIRED, NULL, 0};
	RV(mldsa_sign(t.private, &with, message, 1, false),
	    CKR_MECHANISM_PARAM_INVALID, "a choice that KMS does not give");
	p.hedgeVariant = 3;
	RV(mldsa_sign(t.private, &with, message, 1, false),
	    CKR_MECHANISM_PARAM_INVALID, "a choice that there is not");
	with.ulParameterLen--;
	RV(mldsa_sign(t.private, &with, message, 1, false),
	    CKR_MECHANISM_PARAM_INVALID, "parameters of the wrong size");
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
	for (size_t i = 0; i < sizeof(mldsa_context); i++)
		mldsa_context[i] = (CK_BYTE)i;
	testenv_start();
	p11_start();
	test_key("ML_DSA_44", 2420);
	test_key("ML_DSA_65", 3309);
	test_key("ML_DSA_87", 4627);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
