#include <string.h>
#include "wrapping-algorithm.h"

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

const struct wrapping_algorithm *
wrapping_algorithm_find(const char *kms)
{
	for (size_t i = 0; i < WRAPPING_ALGORITHMS; i++)
		if (strcmp(wrapping_algorithms[i].kms, kms) == 0)
			return (&wrapping_algorithms[i]);
	return (NULL);
}

/* OAEP's result is as long as the modulus (RFC 8017, section 7.1.1); behind it
 * KWP's has at least two blocks of 8 bytes. */
bool
wrapping_algorithm_fits(const char *algorithm, CK_ULONG bits, size_t len)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(algorithm);
	size_t modulus = bits / 8;

	if (w == NULL)
		return (false);
	if (w->mechanism == CKM_RSA_PKCS_OAEP)
		return (len == modulus);
	return (len >= modulus + 16 && len % 8 == 0);
}

bool
wrapping_algorithm_can_carry(
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
wrapping_algorithm_mechanism(const char *algorithm)
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

static bool
is_in_china(const char *region)
{
	return (strncmp(region, "cn-", 3) == 0);
}

/* KMS in China: GetParametersForImport. */
static bool
is_of_region(const char *algorithm, const char *region)
{
	return (!is_in_china(region) || wrapping_algorithm_mechanism(
					    algorithm) != CKM_RSA_AES_KEY_WRAP);
}

/* KMS: CreateKey, KeySpec. */
bool
wrapping_algorithm_is_of_sm4(const struct key_spec *spec, const char *region)
{
	return (is_in_china(region) && spec->type == CKK_AES);
}

const char *
wrapping_algorithm_choose(const char *preferred, const struct key_spec *spec,
    CK_ULONG bits, struct view allowed, const char *region)
{
	const char *candidates[2 + WRAPPING_ALGORITHMS] = {
	    preferred, spec->wrapping};

	for (size_t i = 0; i < WRAPPING_ALGORITHMS; i++)
		candidates[2 + i] = wrapping_algorithms[i].kms;
	for (size_t i = 0; i < 2 + WRAPPING_ALGORITHMS; i++)
		if (candidates[i] != NULL &&
		    is_allowed(candidates[i], allowed) &&
		    is_of_region(candidates[i], region) &&
		    wrapping_algorithm_can_carry(
			candidates[i], bits, spec->kms, 0))
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
wrapping_algorithm_check(const char *algorithm, const CK_MECHANISM *m)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(algorithm);
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
