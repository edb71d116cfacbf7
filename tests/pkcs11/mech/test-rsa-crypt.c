/* RSA encryption: here, and in KMS; OpenSSL on the other side. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_BYTE text[600], sealed[600], clear[600];
static CK_ULONG sealed_len, clear_len;

/* Parameters, and what OpenSSL calls the same. */
static const struct oaep {
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
	const char *md, *mgf_md, *label;
	size_t most; /* bytes that 2048 bits encrypt */
	bool kms;
} rows[] = {
    {CKM_SHA_1, CKG_MGF1_SHA1, "SHA1", "SHA1", "", 214, true},
    {CKM_SHA256, CKG_MGF1_SHA256, "SHA256", "SHA256", "", 190, true},
    /* as OpenSSL's provider leaves out what is the default */
    {0, 0, "SHA1", "SHA1", "", 214, true},
    {CKM_SHA256, 0, "SHA256", "SHA256", "", 190, true},
    {CKM_SHA224, CKG_MGF1_SHA224, "SHA224", "SHA224", "", 198, false},
    {CKM_SHA384, CKG_MGF1_SHA384, "SHA384", "SHA384", "", 158, false},
    {CKM_SHA512, CKG_MGF1_SHA512, "SHA512", "SHA512", "", 126, false},
    {CKM_SHA3_256, CKG_MGF1_SHA3_256, "SHA3-256", "SHA3-256", "", 190, false},
    {CKM_SHA256, CKG_MGF1_SHA1, "SHA256", "SHA1", "", 190, false},
    {CKM_SHA256, CKG_MGF1_SHA256, "SHA256", "SHA256", "a label", 190, false},
};

static CK_MECHANISM
mechanism(const struct oaep *o, CK_RSA_PKCS_OAEP_PARAMS *p)
{
	*p = (CK_RSA_PKCS_OAEP_PARAMS){.hashAlg = o->hash,
	    .mgf = o->mgf,
	    .source = CKZ_DATA_SPECIFIED,
	    .pSourceData = (void *)(uintptr_t)(o->label[0] ? o->label : NULL),
	    .ulSourceDataLen = strlen(o->label)};
	return ((CK_MECHANISM){CKM_RSA_PKCS_OAEP, p, sizeof(*p)});
}

/* OpenSSL's side. o NULL: PKCS#1 v1.5. */
static bool
set(EVP_PKEY_CTX *ctx, const struct oaep *o)
{
	EVP_MD *md, *mgf;
	bool ok;

	if (o == NULL)
		return (
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
	md = EVP_MD_fetch(NULL, o->md, NULL);
	mgf = EVP_MD_fetch(NULL, o->mgf_md, NULL);
	ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, mgf) == 1 &&
	     (o->label[0] == '\0' ||
		 EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup(o->label),
		     (int)strlen(o->label)) == 1);
	EVP_MD_free(md);
	EVP_MD_free(mgf);
	return (ok);
}

static void
openssl_encrypts(EVP_PKEY *k, const struct oaep *o, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	size_t n = sizeof(sealed);

	NEED(EVP_PKEY_encrypt_init(ctx) == 1 && set(ctx, o) &&
		 EVP_PKEY_encrypt(ctx, sealed, &n, text, len) == 1,
	    "OpenSSL encrypts");
	sealed_len = n;
	EVP_PKEY_CTX_free(ctx);
}

static bool
openssl_decrypts(EVP_PKEY *k, const struct oaep *o, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	size_t n = sizeof(clear);
	bool ok = EVP_PKEY_decrypt_init(ctx) == 1 && set(ctx, o) &&
		  EVP_PKEY_decrypt(ctx, clear, &n, sealed, sealed_len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return (ok && n == len && memcmp(clear, text, n) == 0);
}

static CK_RV
seal(const struct keypair_ref *t, CK_MECHANISM *m, size_t len)
{
	sealed_len = sizeof(sealed);
	return (encrypt(t->public, m, text, len, sealed, &sealed_len));
}

static CK_RV
open(const struct keypair_ref *t, CK_MECHANISM *m)
{
	clear_len = sizeof(clear);
	return (decrypt(t->private, m, sealed, sealed_len, clear, &clear_len));
}

static bool
is_clear(size_t len)
{
	return (clear_len == len && memcmp(clear, text, len) == 0);
}

static void
test_oaep(const struct keypair_ref *t)
{
	CK_RSA_PKCS_OAEP_PARAMS p;
	CK_MECHANISM m;

	for (const struct oaep *o = rows; o < rows + ELEMS(rows); o++) {
		const size_t lens[] = {0, 1, o->most};

		m = mechanism(o, &p);
		for (size_t i = 0; i < ELEMS(lens); i++) {
			RV(seal(t, &m, lens[i]), CKR_OK, "%s, %s, %zu bytes",
			    o->md, o->mgf_md, lens[i]);
			COUNT(sealed_len, 256, "256 bytes");
			OK(openssl_decrypts(t->pkey, o, lens[i]),
			    "OpenSSL decrypts it");
			openssl_encrypts(t->pkey, o, lens[i]);
			RV(open(t, &m), CKR_OK, "OpenSSL's");
			OK(is_clear(lens[i]), "decrypts to what it was");
		}
		RV(seal(t, &m, o->most + 1), CKR_DATA_LEN_RANGE, "one more");
		sealed_len = 256;
		sealed[9] ^= 1;
		RV(open(t, &m), CKR_ENCRYPTED_DATA_INVALID, "damaged");
		sealed_len = 255;
		RV(open(t, &m), CKR_ENCRYPTED_DATA_LEN_RANGE, "cut");
	}
}

static void
test_pkcs1(const struct keypair_ref *t)
{
	CK_MECHANISM m = {CKM_RSA_PKCS, NULL, 0}, x = {CKM_RSA_X_509, NULL, 0};
	static const size_t lens[] = {1, 48, 245};
	CK_ULONG n;

	for (size_t i = 0; i < ELEMS(lens); i++) {
		RV(seal(t, &m, lens[i]), CKR_OK, "PKCS#1 v1.5, %zu", lens[i]);
		OK(openssl_decrypts(t->pkey, NULL, lens[i]),
		    "OpenSSL decrypts it");
		openssl_encrypts(t->pkey, NULL, lens[i]);
		RV(open(t, &m), CKR_OK, "OpenSSL's");
		OK(is_clear(lens[i]), "decrypts to what it was");
	}
	RV(seal(t, &m, 246), CKR_DATA_LEN_RANGE, "one more");
	/* too little room for what it turns out to be */
	openssl_encrypts(t->pkey, NULL, 48);
	RV(p11->C_DecryptInit(rw, &m, t->private), CKR_OK, "Init");
	RV(p11->C_Decrypt(rw, sealed, sealed_len, NULL, &n), CKR_OK, "size");
	COUNT(n, 245, "is the most it can be");
	n = 47;
	RV(p11->C_Decrypt(rw, sealed, sealed_len, clear, &n),
	    CKR_BUFFER_TOO_SMALL, "47 bytes of room");
	COUNT(n, 48, "for 48");
	RV(p11->C_Decrypt(rw, sealed, sealed_len, clear, &n), CKR_OK, "48");
	RV(seal(t, &x, 100), CKR_OK, "without padding");
	RV(open(t, &x), CKR_OK, "and back");
	OK(clear_len == 256 && clear[155] == 0 &&
		memcmp(clear + 156, text, 100) == 0,
	    "with zeros in front");
	memset(clear, 0xff, 256);
	RV(encrypt(t->public, &x, clear, 256, sealed, &sealed_len),
	    CKR_DATA_INVALID, "a number above the modulus");
}

static void
test_kms(void)
{
	struct keypair_ref t = keypair_ref_kms(
	    "RSA_2048", "ENCRYPT_DECRYPT", "oaep");
	CK_RSA_PKCS_OAEP_PARAMS p;
	CK_MECHANISM m, pkcs1 = {CKM_RSA_PKCS, NULL, 0};
	CK_ULONG n;

	for (const struct oaep *o = rows; o < rows + ELEMS(rows); o++) {
		m = mechanism(o, &p);
		calls_clear();
		if (!o->kms) {
			RV(p11->C_DecryptInit(rw, &m, t.private),
			    CKR_MECHANISM_PARAM_INVALID, "%s, %s, '%s'", o->md,
			    o->mgf_md, o->label);
			RV(p11->C_EncryptInit(rw, &m, t.public),
			    CKR_MECHANISM_PARAM_INVALID, "nor this way");
			COUNT(calls(NULL), 0, "KMS is asked nothing");
			continue;
		}
		RV(seal(&t, &m, o->most), CKR_OK, "%s, %zu bytes", o->md,
		    o->most);
		calls_clear();
		RV(open(&t, &m), CKR_OK, "KMS decrypts it");
		OK(is_clear(o->most), "it is the same");
		COUNT(calls(NULL), 1, "one call");
		openssl_encrypts(t.pkey, o, 20);
		RV(p11->C_DecryptInit(rw, &m, t.private), CKR_OK, "Init");
		RV(p11->C_Decrypt(rw, sealed, sealed_len, NULL, &n), CKR_OK,
		    "a size query");
		COUNT(n, o->most, "is a bound");
		COUNT(calls(NULL), 1, "at no cost");
		n = 19;
		RV(p11->C_Decrypt(rw, sealed, sealed_len, clear, &n),
		    CKR_BUFFER_TOO_SMALL, "too little room");
		COUNT(n, 20, "the length is known");
		clear_len = n;
		RV(p11->C_Decrypt(rw, sealed, sealed_len, clear, &clear_len),
		    CKR_OK, "room enough");
		OK(is_clear(20), "OpenSSL's, decrypted");
		COUNT(calls("Decrypt"), 2, "one call for all of that");
		sealed[5] ^= 1;
		RV(open(&t, &m), CKR_ENCRYPTED_DATA_INVALID, "damaged");
	}
	calls_clear();
	RV(p11->C_DecryptInit(rw, &pkcs1, t.private),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "PKCS#1 v1.5");
	OK(testenv_logged_last("CKM_RSA_PKCS_OAEP"), "the log says what to do");
	pkcs1.mechanism = CKM_RSA_X_509;
	RV(p11->C_DecryptInit(rw, &pkcs1, t.private),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "raw RSA");
	OK(testenv_logged_last("CKM_RSA_PKCS_OAEP"), "the same");
	pkcs1.mechanism = CKM_SHA256_RSA_PKCS;
	RV(p11->C_SignInit(rw, &pkcs1, t.private),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "it does not sign");
	OK(testenv_logged_last("has the usage ENCRYPT_DECRYPT alone"),
	    "the log says what it does");
	COUNT(calls(NULL), 0, "KMS is asked nothing");
	keypair_ref_free(&t);
}

int
main(void)
{
	struct keypair_ref t;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (CK_BYTE)(i * 7 + 1);
	testenv_start();
	testenv_log("info");
	p11_start();
	t = keypair_ref_rsa(2048);
	calls_clear();
	test_oaep(&t);
	test_pkcs1(&t);
	COUNT(calls(NULL), 0, "KMS is asked nothing");
	keypair_ref_free(&t);
	test_kms();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
