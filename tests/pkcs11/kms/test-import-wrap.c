/* Material wrapped for KMS, unwrapped by OpenSSL; and what is checked of keys
 * that were wrapped elsewhere. */
#include <stdio.h>
#include <string.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "arena.h"
#include "tap.h"
#include "kms/import-wrap.h"
#include "kms/wrapping-algorithm.h"

#define MATERIAL_MAX 2375
#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static struct crypto crypto;
static struct arena *arena;
static uint8_t material[MATERIAL_MAX];

/* clang-format off */
static const struct {
	const char *name, *hash;
	size_t hash_len;
	bool rsa_aes;
} algorithms[] = {
	{ "RSAES_OAEP_SHA_256", "SHA256", 32, false },
	{ "RSAES_OAEP_SHA_1", "SHA1", 20, false },
	{ "RSA_AES_KEY_WRAP_SHA_256", "SHA256", 32, true },
	{ "RSA_AES_KEY_WRAP_SHA_1", "SHA1", 20, true },
};
/* clang-format on */

static EVP_PKEY *
pair_make(struct import_params *p, size_t bits)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	NEED(n > 0 && buf_append(&p->parameters.public_key,
			  VIEW(der, (size_t)n)) == ERR_OK,
	    "a wrapping key of %zu bits", bits);
	(void)snprintf(p->spec, sizeof(p->spec), "RSA_%zu", bits);
	OPENSSL_free(der);
	return (pkey);
}

static bool
open_oaep(EVP_PKEY *pkey, const char *hash, const uint8_t *blob, size_t len,
    uint8_t *out, size_t *n)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok;

	ok = EVP_PKEY_decrypt_init(ctx) == 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL) == 1 &&
	     EVP_PKEY_decrypt(ctx, out, n, blob, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return (ok);
}

static bool
open_kwp(const uint8_t *kek, const uint8_t *blob, size_t len, uint8_t *out,
    size_t *n)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int got = 0;
	bool ok;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_DecryptInit_ex2(ctx, cipher, kek, NULL, NULL) == 1 &&
	     EVP_DecryptUpdate(ctx, out, &got, blob, (int)len) == 1;
	*n = (size_t)got;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (ok);
}

/* As KMS would. */
static bool
unwraps(EVP_PKEY *pkey, size_t algorithm, struct view blob, struct view clear)
{
	size_t modulus = (size_t)EVP_PKEY_get_size(pkey), n = 512;
	uint8_t first[512], second[MATERIAL_MAX + 16];

	if (blob.len < modulus || !open_oaep(pkey, algorithms[algorithm].hash,
				      blob.ptr, modulus, first, &n))
		return (false);
	if (!algorithms[algorithm].rsa_aes)
		return (
		    blob.len == modulus && view_equal(VIEW(first, n), clear));
	return (n == 32 &&
		open_kwp(first, blob.ptr + modulus, blob.len - modulus, second,
		    &n) &&
		view_equal(VIEW(second, n), clear));
}

static void
test_material_of(EVP_PKEY *pkey, struct import_params *p, size_t a, size_t len)
{
	struct buf out = BUF_INIT(KMS_BLOB_MAX), again = out;
	struct view clear = VIEW(material, len);
	size_t modulus = (size_t)EVP_PKEY_get_size(pkey);
	bool room = algorithms[a].rsa_aes ||
		    len + 2 * algorithms[a].hash_len + 2 <= modulus;
	enum err e;

	(void)snprintf(
	    p->algorithm, sizeof(p->algorithm), "%s", algorithms[a].name);
	e = import_wrap_material(&crypto, arena, p, clear, &out);
	if (!room) {
		OK(e == ERR_DATA && out.len == 0,
		    "%s, %s: %zu bytes are too many: %s", p->algorithm, p->spec,
		    len, err_name(e));
		buf_free(&out);
		return;
	}
	OK(e == ERR_OK && unwraps(pkey, a, buf_view(&out), clear),
	    "%s, %s: %zu bytes", p->algorithm, p->spec, len);
	OK(wrapping_algorithm_fits(
	       p->algorithm, import_params_bits(p), out.len) &&
		out.len ==
		    modulus +
			(algorithms[a].rsa_aes ? (len + 7) / 8 * 8 + 8 : 0),
	    "a length that fits: %zu", out.len);
	OK(import_wrap_material(&crypto, arena, p, clear, &again) == ERR_OK &&
		again.len == out.len &&
		memcmp(again.ptr + out.len - 16, out.ptr + out.len - 16, 16) !=
		    0,
	    "another key each time");
	buf_free(&out);
	buf_free(&again);
}

static void
test_material(void)
{
	static const size_t sizes[] = {2048, 3072, 4096},
			    lengths[] = {1, 20, 32, 138, 185, 190, 191, 214,
				215, 241, 1217, 2375};

	for (size_t i = 0; i < ELEMS(sizes); i++) {
		struct import_params p = IMPORT_PARAMS_INIT;
		EVP_PKEY *pkey = pair_make(&p, sizes[i]);

		for (size_t a = 0; a < ELEMS(algorithms); a++)
			for (size_t l = 0; l < ELEMS(lengths); l++)
				test_material_of(pkey, &p, a, lengths[l]);
		EVP_PKEY_free(pkey);
		import_params_free(&p);
	}
}

static void
test_refused(void)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	struct buf out = BUF_INIT(KMS_BLOB_MAX), small = BUF_INIT(256);
	EVP_PKEY *pkey = pair_make(&p, 2048);

	strcpy(p.algorithm, "SM2PKE");
	OK(import_wrap_material(&crypto, arena, &p, VIEW(material, 32), &out) ==
		    ERR_UNSUPPORTED &&
		!wrapping_algorithm_fits(
		    p.algorithm, import_params_bits(&p), 256),
	    "an algorithm that is unknown");
	strcpy(p.algorithm, "RSA_AES_KEY_WRAP_SHA_256");
	OK(import_wrap_material(&crypto, arena, &p, VIEW(material, 0), &out) ==
		ERR_DATA,
	    "no material");
	OK(import_wrap_material(
	       &crypto, arena, &p, VIEW(material, 32), &small) == ERR_TOO_BIG &&
		small.len == 0,
	    "no room");
	p.parameters.public_key.len--;
	OK(import_wrap_material(&crypto, arena, &p, VIEW(material, 32), &out) ==
		ERR_REPLY,
	    "no public key");
	EVP_PKEY_free(pkey);
	buf_free(&out);
	buf_free(&small);
	import_params_free(&p);
}

static void
test_fits(void)
{
	static const struct {
		const char *algorithm, *spec;
		size_t len;
		bool fits;
	} rows[] = {
	    {"RSAES_OAEP_SHA_256", "RSA_2048", 256, true},
	    {"RSAES_OAEP_SHA_256", "RSA_2048", 255, false},
	    {"RSAES_OAEP_SHA_1", "RSA_4096", 520, false},
	    {"RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", 256, false},
	    {"RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", 264, false},
	    {"RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", 272, true},
	    {"RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", 273, false},
	    {"RSA_AES_KEY_WRAP_SHA_1", "RSA_3072", 384 + 1224, true},
	    {"RSA_AES_KEY_WRAP_SHA_1", "RSA_4096", 384 + 40, false},
	};

	for (size_t i = 0; i < ELEMS(rows); i++) {
		struct import_params p = IMPORT_PARAMS_INIT;

		strcpy(p.algorithm, rows[i].algorithm);
		strcpy(p.spec, rows[i].spec);
		OK(wrapping_algorithm_fits(p.algorithm, import_params_bits(&p),
		       rows[i].len) == rows[i].fits,
		    "%s, %s: %zu bytes %s", p.algorithm, p.spec, rows[i].len,
		    rows[i].fits ? "fit" : "do not");
		import_params_free(&p);
	}
}

static void
test_mechanism(void)
{
	static CK_RSA_PKCS_OAEP_PARAMS sha256 = {CKM_SHA256, CKG_MGF1_SHA256,
					   CKZ_DATA_SPECIFIED, NULL, 0},
				       sha1 = {CKM_SHA_1, CKG_MGF1_SHA1,
					   CKZ_DATA_SPECIFIED, NULL, 0},
				       open = {0, 0, 0, NULL, 0},
				       label = {0, 0, 0, "x", 1};
	static const struct {
		const char *what;
		CK_ULONG bits;
		CK_RSA_PKCS_OAEP_PARAMS *oaep;
		CK_ULONG len;
		CK_RV rv;
	} rows[] = {
	    {"256 bits", 256, &sha256, 16, CKR_OK},
	    {"192 bits", 192, &sha256, 16, CKR_OK},
	    {"128 bits", 128, &open, 16, CKR_OK},
	    {"no OAEP parameters", 256, NULL, 16, CKR_OK},
	    {"no bits", 0, &sha256, 16, CKR_MECHANISM_PARAM_INVALID},
	    {"32 bytes", 32, &sha256, 16, CKR_MECHANISM_PARAM_INVALID},
	    {"another hash", 256, &sha1, 16, CKR_MECHANISM_PARAM_INVALID},
	    {"a label", 256, &label, 16, CKR_MECHANISM_PARAM_INVALID},
	    {"another length", 256, &sha256, 8, CKR_MECHANISM_PARAM_INVALID},
	};
	struct import_params p = IMPORT_PARAMS_INIT;
	CK_RSA_AES_KEY_WRAP_PARAMS params;
	CK_MECHANISM m = {CKM_RSA_AES_KEY_WRAP, NULL, 0},
		     oaep = {CKM_RSA_PKCS_OAEP, &sha256, sizeof(sha256)};

	strcpy(p.algorithm, "RSA_AES_KEY_WRAP_SHA_256");
	OK(wrapping_algorithm_check(p.algorithm, &m) == CKR_OK,
	    "no parameters");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		params.ulAESKeyBits = rows[i].bits;
		params.pOAEPParams = rows[i].oaep;
		m.pParameter = &params;
		m.ulParameterLen = rows[i].len;
		OK(wrapping_algorithm_check(p.algorithm, &m) == rows[i].rv,
		    "%s", rows[i].what);
	}
	OK(wrapping_algorithm_check(p.algorithm, &oaep) ==
		CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
	    "OAEP alone is another mechanism");
	strcpy(p.algorithm, "RSAES_OAEP_SHA_256");
	OK(wrapping_algorithm_check(p.algorithm, &oaep) == CKR_OK,
	    "of another pair");
	OK(wrapping_algorithm_check(p.algorithm, &m) ==
		CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
	    "which knows no AES key between");
	import_params_free(&p);
}

static void
test_carry(void)
{
	static const struct {
		const char *spec;
		size_t len;
		CK_ULONG bits;
		bool oaep256, oaep1, rsa_aes;
	} rows[] = {
	    {"SYMMETRIC_DEFAULT", 32, 2048, true, true, false},
	    {"HMAC_512", 128, 2048, true, true, false},
	    {"HMAC_224", 0, 4096, true, true, false},
	    {"RSA_2048", 1217, 4096, false, false, true},
	    {"RSA_4096", 0, 2048, false, false, true},
	    {"ECC_NIST_P256", 0, 2048, true, true, true},
	    {"ECC_NIST_P384", 0, 2048, true, true, true},
	    {"ECC_NIST_P384", 200, 2048, false, true, true},
	    {"ECC_NIST_P521", 0, 2048, false, false, true},
	    {"ECC_NIST_P521", 241, 3072, true, true, true},
	    {"ECC_SECG_P256K1", 0, 2048, true, true, true},
	    {"ECC_NIST_EDWARDS25519", 0, 4096, false, false, false},
	    {"ML_DSA_65", 0, 4096, false, false, false},
	};

	for (size_t i = 0; i < ELEMS(rows); i++) {
		const char *s = rows[i].spec;
		CK_ULONG b = rows[i].bits;
		size_t n = rows[i].len;

		OK(wrapping_algorithm_can_carry(
		       "RSAES_OAEP_SHA_256", b, s, n) == rows[i].oaep256 &&
			wrapping_algorithm_can_carry(
			    "RSAES_OAEP_SHA_1", b, s, n) == rows[i].oaep1 &&
			wrapping_algorithm_can_carry("RSA_AES_KEY_WRAP_SHA_256",
			    b, s, n) == rows[i].rsa_aes &&
			wrapping_algorithm_can_carry("RSA_AES_KEY_WRAP_SHA_1",
			    b, s, n) == rows[i].rsa_aes,
		    "%s, %zu bytes, by a wrapping key of %lu bits", s, n, b);
	}
	OK(!wrapping_algorithm_can_carry(
	       "RSAES_PKCS1_V1_5", 2048, "SYMMETRIC_DEFAULT", 32),
	    "an algorithm that is unknown");
}

int
main(void)
{
	bool locked;

	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK &&
		 arena_open(4096, &arena, &locked) == ERR_OK,
	    "library context");
	for (size_t i = 0; i < sizeof(material); i++)
		material[i] = (uint8_t)(i * 7 + i / 256);
	test_material();
	test_refused();
	test_fits();
	test_mechanism();
	test_carry();
	arena_close(arena);
	crypto_close(&crypto);
	return (tap_done());
}
