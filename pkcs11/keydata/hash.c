#include <string.h>
#include "hash.h"

/* clang-format off */
const struct digest digests[] = {
	[ROW_SHA1] =	{ CKM_SHA_1, CKG_MGF1_SHA1, 20, "SHA1", "SHA_1",
	    CKD_SHA1_KDF,
	    CKD_SHA1_KDF_SP800, CKK_SHA_1_HMAC, CKM_SHA_1_HMAC, 0 },
	[ROW_SHA224] =	{ CKM_SHA224, CKG_MGF1_SHA224, 28, "SHA2-224",
	    "SHA_224", CKD_SHA224_KDF,
	    CKD_SHA224_KDF_SP800, CKK_SHA224_HMAC, CKM_SHA224_HMAC, 4 },
	[ROW_SHA256] =	{ CKM_SHA256, CKG_MGF1_SHA256, 32, "SHA2-256",
	    "SHA_256", CKD_SHA256_KDF,
	    CKD_SHA256_KDF_SP800, CKK_SHA256_HMAC, CKM_SHA256_HMAC, 1 },
	[ROW_SHA384] =	{ CKM_SHA384, CKG_MGF1_SHA384, 48, "SHA2-384",
	    "SHA_384", CKD_SHA384_KDF,
	    CKD_SHA384_KDF_SP800, CKK_SHA384_HMAC, CKM_SHA384_HMAC, 2 },
	[ROW_SHA512] =	{ CKM_SHA512, CKG_MGF1_SHA512, 64, "SHA2-512",
	    "SHA_512", CKD_SHA512_KDF,
	    CKD_SHA512_KDF_SP800, CKK_SHA512_HMAC, CKM_SHA512_HMAC, 3 },
	[ROW_SHA512_224] = { CKM_SHA512_224, 0, 28, "SHA2-512/224", NULL, 0, 0,
	    CKK_SHA512_224_HMAC, CKM_SHA512_224_HMAC, 5 },
	[ROW_SHA512_256] = { CKM_SHA512_256, 0, 32, "SHA2-512/256", NULL, 0, 0,
	    CKK_SHA512_256_HMAC, CKM_SHA512_256_HMAC, 6 },
	[ROW_SHA3_224] = { CKM_SHA3_224, CKG_MGF1_SHA3_224, 28, "SHA3-224",
	    NULL, CKD_SHA3_224_KDF,
	    CKD_SHA3_224_KDF_SP800, CKK_SHA3_224_HMAC, CKM_SHA3_224_HMAC, 7 },
	[ROW_SHA3_256] = { CKM_SHA3_256, CKG_MGF1_SHA3_256, 32, "SHA3-256",
	    NULL, CKD_SHA3_256_KDF,
	    CKD_SHA3_256_KDF_SP800, CKK_SHA3_256_HMAC, CKM_SHA3_256_HMAC, 8 },
	[ROW_SHA3_384] = { CKM_SHA3_384, CKG_MGF1_SHA3_384, 48, "SHA3-384",
	    NULL, CKD_SHA3_384_KDF,
	    CKD_SHA3_384_KDF_SP800, CKK_SHA3_384_HMAC, CKM_SHA3_384_HMAC, 9 },
	[ROW_SHA3_512] = { CKM_SHA3_512, CKG_MGF1_SHA3_512, 64, "SHA3-512",
	    NULL, CKD_SHA3_512_KDF,
	    CKD_SHA3_512_KDF_SP800, CKK_SHA3_512_HMAC, CKM_SHA3_512_HMAC, 10 },
};
/* clang-format on */
const size_t digest_count = sizeof(digests) / sizeof(digests[0]);
#define NONE CK_UNAVAILABLE_INFORMATION
const struct digest digest_shake128 = {
    NONE, 0, 32, "SHAKE128", NULL, 0, 0, NONE, NONE, 11};
const struct digest digest_shake256 = {
    NONE, 0, 64, "SHAKE256", NULL, 0, 0, NONE, NONE, 12};

const struct digest *
digest_find(CK_MECHANISM_TYPE mechanism)
{
	for (size_t i = 0; i < digest_count; i++)
		if (digests[i].mechanism == mechanism)
			return (&digests[i]);
	return (NULL);
}

const struct digest *
digest_of_hmac(CK_MECHANISM_TYPE mechanism)
{
	for (size_t i = 0; i < digest_count; i++)
		if (digests[i].hmac_mechanism == mechanism)
			return (&digests[i]);
	return (NULL);
}

const struct digest *
digest_of_hmac_key(CK_KEY_TYPE type)
{
	for (size_t i = 0; i < digest_count; i++)
		if (digests[i].hmac == type)
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
	static const struct digest *const rows[] = {
	    DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	uint8_t info[] = {0x30, 0, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65,
	    3, 4, 2, 0, 5, 0, 4, 0};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i]->len;

		info[1] = (uint8_t)(sizeof(info) - 2 + len);
		info[14] = rows[i]->oid;
		info[18] = (uint8_t)len;
		if (v->len != sizeof(info) + len ||
		    memcmp(v->ptr, info, sizeof(info)) != 0)
			continue;
		*v = VIEW(v->ptr + sizeof(info), len);
		return (rows[i]);
	}
	return (NULL);
}
