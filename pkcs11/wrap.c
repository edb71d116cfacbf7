#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "wrap.h"

/* A WrappingAlgorithm of KMS is one row. */
struct wrapping {
	const char *kms;
	CK_MECHANISM_TYPE mechanism;
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
	const char *digest; /* OpenSSL's name of the hash */
};

/* clang-format off */
static const struct wrapping wrappings[] = {
	{ "RSAES_OAEP_SHA_256", CKM_RSA_PKCS_OAEP, CKM_SHA256,
	    CKG_MGF1_SHA256, "SHA2-256" },
	{ "RSAES_OAEP_SHA_1", CKM_RSA_PKCS_OAEP, CKM_SHA_1,
	    CKG_MGF1_SHA1, "SHA1" },
};
/* clang-format on */

static const struct wrapping *
wrapping_find(const char *kms)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++)
		if (strcmp(wrappings[i].kms, kms) == 0)
			return (&wrappings[i]);
	return (NULL);
}

static enum err
oaep(EVP_PKEY_CTX *ctx, const struct wrapping *w, struct view material,
    struct buf *out)
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

enum err
wrap_material(const struct crypto *crypto, const struct pair *p,
    struct view material, struct buf *out)
{
	const struct wrapping *w = wrapping_find(p->algorithm);
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
	if ((ctx = EVP_PKEY_CTX_new_from_pkey(crypto->lib, pkey, NULL)) != NULL)
		e = oaep(ctx, w, material, out);
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (e);
}

/* OAEP's result is as long as the modulus (RFC 8017, section 7.1.1). */
bool
wrap_fits(const struct pair *p, struct view wrapped)
{
	return (wrapped.len * 8 == pair_bits(p));
}

CK_RV
wrap_check_mechanism(const struct pair *p, const CK_MECHANISM *m)
{
	const struct wrapping *w = wrapping_find(p->algorithm);
	const CK_RSA_PKCS_OAEP_PARAMS *o = m->pParameter;

	if (w == NULL || w->mechanism != m->mechanism)
		return (CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	if (o == NULL)
		return (CKR_OK);
	if (m->ulParameterLen != sizeof(*o) ||
	    (o->hashAlg != 0 && o->hashAlg != w->hash) ||
	    (o->mgf != 0 && o->mgf != w->mgf) || o->ulSourceDataLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (CKR_OK);
}
