#include <string.h>
#include "digest.h"

/* clang-format off */
const struct digest digests[] = {
	[ROW_SHA1] =	{ CKM_SHA_1, CKG_MGF1_SHA1, 20, "SHA1", "SHA_1",
	    CKD_SHA1_KDF, CKK_SHA_1_HMAC },
	[ROW_SHA224] =	{ CKM_SHA224, CKG_MGF1_SHA224, 28, "SHA2-224",
	    "SHA_224", CKD_SHA224_KDF, CKK_SHA224_HMAC },
	[ROW_SHA256] =	{ CKM_SHA256, CKG_MGF1_SHA256, 32, "SHA2-256",
	    "SHA_256", CKD_SHA256_KDF, CKK_SHA256_HMAC },
	[ROW_SHA384] =	{ CKM_SHA384, CKG_MGF1_SHA384, 48, "SHA2-384",
	    "SHA_384", CKD_SHA384_KDF, CKK_SHA384_HMAC },
	[ROW_SHA512] =	{ CKM_SHA512, CKG_MGF1_SHA512, 64, "SHA2-512",
	    "SHA_512", CKD_SHA512_KDF, CKK_SHA512_HMAC },
	[ROW_SHA512_224] = { CKM_SHA512_224, 0, 28, "SHA2-512/224", NULL, 0,
	    CKK_SHA512_224_HMAC },
	[ROW_SHA512_256] = { CKM_SHA512_256, 0, 32, "SHA2-512/256", NULL, 0,
	    CKK_SHA512_256_HMAC },
	[ROW_SHA3_224] = { CKM_SHA3_224, CKG_MGF1_SHA3_224, 28, "SHA3-224",
	    NULL, CKD_SHA3_224_KDF, CKK_SHA3_224_HMAC },
	[ROW_SHA3_256] = { CKM_SHA3_256, CKG_MGF1_SHA3_256, 32, "SHA3-256",
	    NULL, CKD_SHA3_256_KDF, CKK_SHA3_256_HMAC },
	[ROW_SHA3_384] = { CKM_SHA3_384, CKG_MGF1_SHA3_384, 48, "SHA3-384",
	    NULL, CKD_SHA3_384_KDF, CKK_SHA3_384_HMAC },
	[ROW_SHA3_512] = { CKM_SHA3_512, CKG_MGF1_SHA3_512, 64, "SHA3-512",
	    NULL, CKD_SHA3_512_KDF, CKK_SHA3_512_HMAC },
};
/* clang-format on */
const size_t digest_count = sizeof(digests) / sizeof(digests[0]);

const struct digest *
digest_find(CK_MECHANISM_TYPE mechanism)
{
	for (size_t i = 0; i < digest_count; i++)
		if (digests[i].mechanism == mechanism)
			return (&digests[i]);
	return (NULL);
}

const struct digest *
digest_of_mgf(CK_RSA_PKCS_MGF_TYPE mgf)
{
	for (size_t i = 0; i < digest_count && mgf != 0; i++)
		if (digests[i].mgf == mgf)
			return (&digests[i]);
	return (NULL);
}

/* AlgorithmIdentifier 2.16.840.1.101.3.4.2.N with NULL parameters. */
const struct digest *
digest_of_info(struct view *v)
{
	static const struct {
		const struct digest *digest;
		uint8_t oid;
	} rows[] = {{DIGEST_SHA256, 1}, {DIGEST_SHA384, 2}, {DIGEST_SHA512, 3}};
	uint8_t info[] = {0x30, 0, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65,
	    3, 4, 2, 0, 5, 0, 4, 0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i].digest->len;

		info[1] = (uint8_t)(sizeof(info) - 2 + len);
		info[14] = rows[i].oid;
		info[18] = (uint8_t)len;
		if (v->len != sizeof(info) + len ||
		    memcmp(v->ptr, info, sizeof(info)) != 0)
			continue;
		*v = VIEW(v->ptr + sizeof(info), len);
		return (rows[i].digest);
	}
	return (NULL);
}

CK_RV
digest_begin(struct call *c, struct op *op, const struct digest *d)
{
	EVP_MD *md = EVP_MD_fetch(c->module->crypto->lib, d->name, NULL);
	CK_RV rv = CKR_HOST_MEMORY;

	if (md == NULL)
		return (CKR_MECHANISM_INVALID);
	op->digest = d;
	if ((op->md = EVP_MD_CTX_new()) != NULL &&
	    EVP_DigestInit_ex2(op->md, md, NULL) == 1)
		rv = CKR_OK;
	EVP_MD_free(md);
	return (rv);
}

CK_RV
digest_add(struct op *op, struct view in)
{
	if (in.len != 0 && EVP_DigestUpdate(op->md, in.ptr, in.len) != 1)
		return (CKR_FUNCTION_FAILED);
	return (CKR_OK);
}

CK_RV
digest_end(struct op *op, uint8_t *hash, struct view *v)
{
	unsigned n = 0;

	if (EVP_DigestFinal_ex(op->md, hash, &n) != 1)
		return (CKR_FUNCTION_FAILED);
	*v = VIEW(hash, n);
	return (CKR_OK);
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (digest_begin(c, op, op->mech->digest));
}

static CK_RV
update(struct call *c, struct op *op, struct view in)
{
	(void)c;
	return (digest_add(op, in));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	struct view v;
	CK_RV rv;

	if (buf_reserve(&op->result, EVP_MAX_MD_SIZE) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if ((rv = digest_end(op, op->result.ptr, &v)) == CKR_OK)
		op->result.len = v.len;
	return (rv);
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (op->digest->len);
}

const struct family digest_any = {.init = init,
    .update = update,
    .finish = finish,
    .bound = bound,
    .exact = true};
