/* ECDSA with keys in KMS: a thousand signatures on each curve, and hashes of
 * every length on each. */
#include <stdio.h>
#include <string.h>
#include <openssl/ecdsa.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

#define SIGNATURES 1000
#define HASH_MAX 64

static CK_BYTE sig[256];
static CK_ULONG sig_len;

/* OpenSSL's opinion of r and s over a hash. */
static bool
openssl_verifies(EVP_PKEY *k, const CK_BYTE *hash, size_t hash_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	ECDSA_SIG *e = ECDSA_SIG_new();
	CK_BYTE der[300];
	unsigned char *p = der;
	int half = (int)(sig_len / 2), n;
	bool ok;

	ECDSA_SIG_set0(
	    e, BN_bin2bn(sig, half, NULL), BN_bin2bn(sig + half, half, NULL));
	n = i2d_ECDSA_SIG(e, &p);
	ok = EVP_PKEY_verify_init(ctx) == 1 &&
	     EVP_PKEY_verify(ctx, der, (size_t)n, hash, hash_len) == 1;
	ECDSA_SIG_free(e);
	EVP_PKEY_CTX_free(ctx);
	return (ok);
}

static CK_RV
sign(CK_OBJECT_HANDLE key, CK_BYTE *hash, size_t len)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_RV rv = p11->C_SignInit(rw, &m, key);

	sig_len = sizeof(sig);
	return (rv != CKR_OK ? rv : p11->C_Sign(rw, hash, len, sig, &sig_len));
}

static CK_RV
verify(CK_OBJECT_HANDLE key, CK_BYTE *hash, size_t len)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_RV rv = p11->C_VerifyInit(rw, &m, key);

	return (rv != CKR_OK ? rv : p11->C_Verify(rw, hash, len, sig, sig_len));
}

/* As Java gives it: both halves only as long as the longer number is. */
static bool
make_short(void)
{
	size_t half = sig_len / 2, zeros = 0;

	while (zeros + 1 < half && sig[zeros] == 0 && sig[half + zeros] == 0)
		zeros++;
	memmove(sig, sig + zeros, half - zeros);
	memmove(sig + half - zeros, sig + half + zeros, half - zeros);
	sig_len -= 2 * zeros;
	return (zeros != 0);
}

/* How many of a thousand go wrong. r or s with zeros in front count. */
static void
test_thousand(const struct keypair_ref *t, size_t hash_len, size_t *zeros)
{
	unsigned bad_sign = 0, bad_openssl = 0, bad_here = 0, bad_len = 0;
	unsigned bad_short = 0;
	size_t width = ((size_t)EVP_PKEY_get_bits(t->pkey) + 7) / 8;
	CK_BYTE hash[HASH_MAX];

	calls_clear();
	for (unsigned i = 0; i < SIGNATURES; i++) {
		for (size_t j = 0; j < hash_len; j++)
			hash[j] = (CK_BYTE)(i * 31 + j * 7 + (i >> 8));
		bad_sign += sign(t->private, hash, hash_len) != CKR_OK;
		bad_len += sig_len != 2 * width;
		bad_openssl += !openssl_verifies(t->pkey, hash, hash_len);
		bad_here += verify(t->public, hash, hash_len) != CKR_OK;
		*zeros += sig[0] == 0 || sig[width] == 0;
		if (make_short())
			bad_short += verify(t->public, hash, hash_len) !=
				     CKR_OK;
	}
	/* the last one, whose length cannot be */
	sig_len = 2 * width - 1;
	bad_len += verify(t->public, hash, hash_len) != CKR_SIGNATURE_LEN_RANGE;
	sig_len = 2 * width + 2;
	bad_len += verify(t->public, hash, hash_len) != CKR_SIGNATURE_LEN_RANGE;
	sig_len = 0;
	bad_len += verify(t->public, hash, hash_len) != CKR_SIGNATURE_LEN_RANGE;
	COUNT(bad_sign, 0, "signed");
	COUNT(bad_len, 0, "each as wide as the curve, and no other length");
	COUNT(bad_short, 0, "shorter halves verify");
	COUNT(bad_openssl, 0, "OpenSSL verifies them");
	COUNT(bad_here, 0, "so does the public half");
	COUNT(calls("Sign"), SIGNATURES, "one call each");
}

/* KMS takes hashes of one length: others are made to fit, or refused. */
static void
test_lengths(const struct keypair_ref *t)
{
	static const size_t lens[] = {1, 20, 28, 32, 48, 64};
	CK_BYTE hash[HASH_MAX] = {0x80, 1, 2, 3};

	for (size_t i = 0; i < ELEMS(lens); i++) {
		RV(sign(t->private, hash, lens[i]), CKR_OK, "%zu bytes",
		    lens[i]);
		OK(openssl_verifies(t->pkey, hash, lens[i]),
		    "OpenSSL verifies it");
		RV(verify(t->public, hash, lens[i]), CKR_OK, "here too");
	}
	RV(sign(t->private, hash, 0), CKR_DATA_LEN_RANGE, "none");
}

/* Hashed here, with any hash, signed there. */
static void
test_hashes(const struct keypair_ref *t)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		const char *md;
	} rows[] = {{CKM_ECDSA_SHA1, "SHA1"}, {CKM_ECDSA_SHA224, "SHA224"},
	    {CKM_ECDSA_SHA256, "SHA256"}, {CKM_ECDSA_SHA384, "SHA384"},
	    {CKM_ECDSA_SHA512, "SHA512"}, {CKM_ECDSA_SHA3_256, "SHA3-256"}};
	CK_BYTE text[] = "hashed here, signed there", hash[HASH_MAX];
	size_t len;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_MECHANISM m = {rows[i].type, NULL, 0};

		RV(p11->C_SignInit(rw, &m, t->private), CKR_OK, "%s",
		    rows[i].md);
		sig_len = sizeof(sig);
		RV(p11->C_SignUpdate(rw, text, 5), CKR_OK, "a part");
		RV(p11->C_SignUpdate(rw, text + 5, sizeof(text) - 5), CKR_OK,
		    "the rest");
		RV(p11->C_SignFinal(rw, sig, &sig_len), CKR_OK, "signed");
		EVP_Q_digest(
		    NULL, rows[i].md, NULL, text, sizeof(text), hash, &len);
		OK(openssl_verifies(t->pkey, hash, len), "OpenSSL verifies it");
		RV(p11->C_VerifyInit(rw, &m, t->public), CKR_OK, "Init");
		RV(p11->C_Verify(rw, text, sizeof(text), sig, sig_len), CKR_OK,
		    "here too");
	}
}

int
main(void)
{
	static const struct {
		const char *spec, *label;
		size_t hash_len;
	} rows[] = {{"ECC_NIST_P256", "p256", 32},
	    {"ECC_NIST_P384", "p384", 48}, {"ECC_NIST_P521", "p521", 64},
	    {"ECC_SECG_P256K1", "k256", 32}};
	size_t zeros = 0;
	struct keypair_ref t;

	testenv_start();
	p11_start();
	for (size_t i = 0; i < ELEMS(rows); i++) {
		printf("# %s\n", rows[i].spec);
		t = keypair_ref_kms(rows[i].spec, "SIGN_VERIFY", rows[i].label);
		test_lengths(&t);
		test_hashes(&t);
		test_thousand(&t, rows[i].hash_len, &zeros);
		keypair_ref_free(&t);
	}
	/* half of those on P-521 */
	OK(zeros != 0, "%zu had zeros in front of r or s", zeros);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
