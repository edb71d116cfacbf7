#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "secret.h"
#include "import-wrap.h"

#define KEK_LEN 32 /* the AES key between, of 256 bits */
#define KWP_OVERHEAD 8 /* RFC 5649, besides padding to 8 bytes */

/* A WrappingAlgorithm of KMS is one row. */
struct wrapping_algorithm {
	const char *kms;
	CK_MECHANISM_TYPE mechanism;
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
	const char *digest; /* OpenSSL's name of the hash */
	size_t digest_len;
};

/* clang-format off */
static const struct wrapping_algorithm wrapping_algorithms[] = {
	{ "RSAES_OAEP_SHA_256", CKM_RSA_PKCS_OAEP, CKM_SHA256,
	    CKG_MGF1_SHA256, "SHA2-256", 32 },
	{ "RSAES_OAEP_SHA_1", CKM_RSA_PKCS_OAEP, CKM_SHA_1,
	    CKG_MGF1_SHA1, "SHA1", 20 },
	{ "RSA_AES_KEY_WRAP_SHA_256", CKM_RSA_AES_KEY_WRAP, CKM_SHA256,
	    CKG_MGF1_SHA256, "SHA2-256", 32 },
	{ "RSA_AES_KEY_WRAP_SHA_1", CKM_RSA_AES_KEY_WRAP, CKM_SHA_1,
	    CKG_MGF1_SHA1, "SHA1", 20 },
};

/* What KMS takes for a KeySpec, and how long it is. */
static const struct wrappable {
	const char *spec; /* how its name begins */
	bool oaep, rsa_aes;
	size_t longest; /* 0: longer than OAEP holds */
} wrappable[] = {
	{ "SYMMETRIC_DEFAULT",	true,	false,	32 },
	{ "HMAC_",		true,	false,	128 },
	{ "RSA_",		false,	true,	0 },
	{ "ECC_NIST_P256",	true,	true,	138 },
	{ "ECC_NIST_P384",	true,	true,	185 },
	{ "ECC_NIST_P521",	true,	true,	241 },
	{ "ECC_SECG_P256K1",	true,	true,	135 },
};
/* clang-format on */
#define WRAPPING_ALGORITHMS \
	(sizeof(wrapping_algorithms) / sizeof(wrapping_algorithms[0]))

static const struct wrapping_algorithm *
wrapping_algorithm_find(const char *kms)
{
	for (size_t i = 0; i < WRAPPING_ALGORITHMS; i++)
		if (strcmp(wrapping_algorithms[i].kms, kms) == 0)
			return (&wrapping_algorithms[i]);
	return (NULL);
}

static enum err
oaep(EVP_PKEY_CTX *ctx, const struct wrapping_algorithm *w,
    struct view material, struct buf *out)
{
	size_t n = 0;

	if (EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, w->digest, NULL) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, w->digest, NULL) != 1 ||
	    EVP_PKEY_encrypt(ctx, NULL, &n, material.ptr, material.len) != 1)
		return (ERR_INTERNAL);
	if (buf_reserve(out, n) != ERR_OK)
		return (ERR_TOO_BIG);
	if (EVP_PKEY_encrypt(ctx, out->ptr, &n, material.ptr, material.len) !=
	    1)
		return (ERR_DATA);
	out->len = n;
	return (ERR_OK);
}

/* AES-KWP, RFC 5649; appended. */
static enum err
key_wrap_pad(const struct crypto *crypto, struct view kek, struct view material,
    struct buf *out)
{
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = NULL;
	size_t len = (material.len + 7) / 8 * 8 + KWP_OVERHEAD;
	enum err e = ERR_TOO_BIG;
	int n = 0;

	if (material.len > KMS_BLOB_MAX ||
	    buf_reserve(out, out->len + len) != ERR_OK)
		goto out;
	e = ERR_INTERNAL;
	cipher = EVP_CIPHER_fetch(crypto->lib, "AES-256-WRAP-PAD", NULL);
	if (cipher == NULL || (ctx = EVP_CIPHER_CTX_new()) == NULL)
		goto out;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex2(ctx, cipher, kek.ptr, NULL, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, out->ptr + out->len, &n, material.ptr,
		(int)material.len) != 1 ||
	    (size_t)n != len)
		goto out;
	out->len += len;
	e = ERR_OK;
out:
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (e);
}

/* CKM_RSA_AES_KEY_WRAP: the material under a new AES key, which is under the
 * wrapping key; that comes first. */
static enum err
rsa_aes(const struct crypto *crypto, struct arena *arena, EVP_PKEY_CTX *ctx,
    const struct wrapping_algorithm *w, struct view material, struct buf *out)
{
	struct buf kek = BUF_SECRET(KEK_LEN, arena);
	enum err e;

	if (material.len == 0)
		return (ERR_DATA);
	if ((e = buf_reserve(&kek, KEK_LEN)) != ERR_OK)
		goto out;
	kek.len = KEK_LEN;
	e = ERR_INTERNAL;
	if (RAND_priv_bytes_ex(crypto->lib, kek.ptr, KEK_LEN, 0) != 1 ||
	    (e = oaep(ctx, w, buf_view(&kek), out)) != ERR_OK)
		goto out;
	e = key_wrap_pad(crypto, buf_view(&kek), material, out);
out:
	buf_free(&kek);
	return (e);
}

enum err
import_wrap_material(const struct crypto *crypto, struct arena *arena,
    const struct import_params *p, struct view material, struct buf *out)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(
	    p->algorithm);
	const unsigned char *der = p->parameters.public_key.ptr;
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	enum err e = ERR_REPLY;

	if (w == NULL)
		return (ERR_UNSUPPORTED);
	pkey = d2i_PUBKEY_ex(
	    NULL, &der, (long)p->parameters.public_key.len, crypto->lib, NULL);
	if (pkey == NULL || EVP_PKEY_is_a(pkey, "RSA") != 1)
		goto out;
	e = ERR_MEMORY;
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto->lib, pkey, NULL);
	if (ctx != NULL)
		e = w->mechanism == CKM_RSA_AES_KEY_WRAP
			? rsa_aes(crypto, arena, ctx, w, material, out)
			: oaep(ctx, w, material, out);
out:
	if (e != ERR_OK)
		buf_reset(out);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (e);
}

/* OAEP's result is as long as the modulus (RFC 8017, section 7.1.1); behind it
 * KWP's has at least two blocks of 8 bytes. */
bool
import_wrap_fits(const struct import_params *p, struct view wrapped)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(
	    p->algorithm);
	size_t modulus = import_params_bits(p) / 8;

	if (w == NULL)
		return (false);
	if (w->mechanism == CKM_RSA_PKCS_OAEP)
		return (wrapped.len == modulus);
	return (wrapped.len >= modulus + 16 && wrapped.len % 8 == 0);
}

bool
import_wrap_can_carry(
    const char *algorithm, CK_ULONG bits, const char *key_spec, size_t len)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(algorithm);
	const struct wrappable *c = wrappable;
	const struct wrappable *end = wrappable +
				      sizeof(wrappable) / sizeof(wrappable[0]);

	while (c < end && strncmp(c->spec, key_spec, strlen(c->spec)) != 0)
		c++;
	if (w == NULL || c == end)
		return (false);
	if (w->mechanism == CKM_RSA_AES_KEY_WRAP)
		return (c->rsa_aes);
	if (len == 0)
		len = c->longest;
	/* RFC 8017, section 7.1.1 */
	return (c->oaep && len + 2 * w->digest_len + 2 <= bits / 8);
}

CK_MECHANISM_TYPE
import_wrap_mechanism(const char *algorithm)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(algorithm);

	return (w != NULL ? w->mechanism : CK_UNAVAILABLE_INFORMATION);
}

/* A hash among the mechanisms says which one OAEP may have; none: any. */
static bool
is_allowed(const char *algorithm, struct view allowed)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(algorithm);
	bool mechanism = false, hash = false, hashes = false;
	CK_MECHANISM_TYPE type;

	for (size_t i = 0; i + sizeof(type) <= allowed.len; i += sizeof(type)) {
		memcpy(&type, allowed.ptr + i, sizeof(type));
		hashes |= type == CKM_SHA_1 || type == CKM_SHA256;
		if (w == NULL)
			continue;
		mechanism |= type == w->mechanism;
		hash |= type == w->hash;
	}
	return (allowed.len == 0 || (mechanism && (hash || !hashes)));
}

const char *
import_wrap_choose(const char *preferred, const struct spec *spec,
    CK_ULONG bits, struct view allowed)
{
	const char *candidates[2 + WRAPPING_ALGORITHMS] = {
	    preferred, spec->wrapping};

	for (size_t i = 0; i < WRAPPING_ALGORITHMS; i++)
		candidates[2 + i] = wrapping_algorithms[i].kms;
	for (size_t i = 0; i < 2 + WRAPPING_ALGORITHMS; i++)
		if (candidates[i] != NULL &&
		    is_allowed(candidates[i], allowed) &&
		    import_wrap_can_carry(candidates[i], bits, spec->kms, 0))
			return (candidates[i]);
	return (NULL);
}

static CK_RV
check_oaep(const struct wrapping_algorithm *w, const CK_RSA_PKCS_OAEP_PARAMS *o)
{
	if (o == NULL)
		return (CKR_OK);
	if ((o->hashAlg != 0 && o->hashAlg != w->hash) ||
	    (o->mgf != 0 && o->mgf != w->mgf) || o->ulSourceDataLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (CKR_OK);
}

CK_RV
import_wrap_check_mechanism(
    const struct import_params *p, const CK_MECHANISM *m)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(
	    p->algorithm);
	const CK_RSA_AES_KEY_WRAP_PARAMS *a = m->pParameter;

	if (w == NULL || w->mechanism != m->mechanism)
		return (CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	if (m->pParameter == NULL)
		return (CKR_OK);
	if (w->mechanism == CKM_RSA_PKCS_OAEP)
		return (m->ulParameterLen == sizeof(CK_RSA_PKCS_OAEP_PARAMS)
			    ? check_oaep(w, m->pParameter)
			    : CKR_MECHANISM_PARAM_INVALID);
	if (m->ulParameterLen != sizeof(*a) ||
	    (a->ulAESKeyBits != 128 && a->ulAESKeyBits != 192 &&
		a->ulAESKeyBits != 256))
		return (CKR_MECHANISM_PARAM_INVALID);
	return (check_oaep(w, a->pOAEPParams));
}
