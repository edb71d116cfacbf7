#include <string.h>
#include "key/spec.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define SIGN_AGREE (USAGE_SIGN | USAGE_AGREE)

/* clang-format off */
static const struct spec specs[] = {
	/* name, family, usages, bits, type, group, digest, importable, recent */
	{ "SYMMETRIC_DEFAULT", FAMILY_AES, USAGE_ENCRYPT, 256,
	    NULL, NULL, NULL, true, false },
	{ "HMAC_224", FAMILY_HMAC, USAGE_MAC, 224,
	    NULL, NULL, "SHA224", true, false },
	{ "HMAC_256", FAMILY_HMAC, USAGE_MAC, 256,
	    NULL, NULL, "SHA256", true, false },
	{ "HMAC_384", FAMILY_HMAC, USAGE_MAC, 384,
	    NULL, NULL, "SHA384", true, false },
	{ "HMAC_512", FAMILY_HMAC, USAGE_MAC, 512,
	    NULL, NULL, "SHA512", true, false },
	{ "RSA_2048", FAMILY_RSA, USAGE_ENCRYPT | USAGE_SIGN, 2048,
	    "RSA", NULL, NULL, true, false },
	{ "RSA_3072", FAMILY_RSA, USAGE_ENCRYPT | USAGE_SIGN, 3072,
	    "RSA", NULL, NULL, true, false },
	{ "RSA_4096", FAMILY_RSA, USAGE_ENCRYPT | USAGE_SIGN, 4096,
	    "RSA", NULL, NULL, true, false },
	{ "ECC_NIST_P256", FAMILY_EC, SIGN_AGREE, 256,
	    "EC", "prime256v1", "SHA256", true, false },
	{ "ECC_NIST_P384", FAMILY_EC, SIGN_AGREE, 384,
	    "EC", "secp384r1", "SHA384", true, false },
	{ "ECC_NIST_P521", FAMILY_EC, SIGN_AGREE, 521,
	    "EC", "secp521r1", "SHA512", true, false },
	{ "ECC_SECG_P256K1", FAMILY_EC, USAGE_SIGN, 256,
	    "EC", "secp256k1", "SHA256", true, false },
	{ "ECC_NIST_EDWARDS25519", FAMILY_ED25519, USAGE_SIGN, 255,
	    "ED25519", NULL, NULL, false, true },
	{ "ML_DSA_44", FAMILY_ML_DSA, USAGE_SIGN, 0,
	    "ML-DSA-44", NULL, NULL, false, true },
	{ "ML_DSA_65", FAMILY_ML_DSA, USAGE_SIGN, 0,
	    "ML-DSA-65", NULL, NULL, false, true },
	{ "ML_DSA_87", FAMILY_ML_DSA, USAGE_SIGN, 0,
	    "ML-DSA-87", NULL, NULL, false, true },
	{ "ML_KEM_512", FAMILY_ML_KEM, USAGE_ENCAPSULATE, 0,
	    "ML-KEM-512", NULL, NULL, false, true },
	{ "ML_KEM_768", FAMILY_ML_KEM, USAGE_ENCAPSULATE, 0,
	    "ML-KEM-768", NULL, NULL, false, true },
	{ "ML_KEM_1024", FAMILY_ML_KEM, USAGE_ENCAPSULATE, 0,
	    "ML-KEM-1024", NULL, NULL, false, true },
};

static const struct algorithm algorithms[] = {
	{ "SYMMETRIC_DEFAULT", USAGE_ENCRYPT, FAMILY_AES, NULL, PAD_NONE },
	{ "RSAES_OAEP_SHA_1", USAGE_ENCRYPT, FAMILY_RSA, "SHA1", PAD_OAEP },
	{ "RSAES_OAEP_SHA_256", USAGE_ENCRYPT, FAMILY_RSA, "SHA256", PAD_OAEP },
	{ "RSASSA_PKCS1_V1_5_SHA_256", USAGE_SIGN, FAMILY_RSA, "SHA256",
	    PAD_PKCS1 },
	{ "RSASSA_PKCS1_V1_5_SHA_384", USAGE_SIGN, FAMILY_RSA, "SHA384",
	    PAD_PKCS1 },
	{ "RSASSA_PKCS1_V1_5_SHA_512", USAGE_SIGN, FAMILY_RSA, "SHA512",
	    PAD_PKCS1 },
	{ "RSASSA_PSS_SHA_256", USAGE_SIGN, FAMILY_RSA, "SHA256", PAD_PSS },
	{ "RSASSA_PSS_SHA_384", USAGE_SIGN, FAMILY_RSA, "SHA384", PAD_PSS },
	{ "RSASSA_PSS_SHA_512", USAGE_SIGN, FAMILY_RSA, "SHA512", PAD_PSS },
	{ "ECDSA_SHA_256", USAGE_SIGN, FAMILY_EC, "SHA256", PAD_NONE },
	{ "ECDSA_SHA_384", USAGE_SIGN, FAMILY_EC, "SHA384", PAD_NONE },
	{ "ECDSA_SHA_512", USAGE_SIGN, FAMILY_EC, "SHA512", PAD_NONE },
	{ "ED25519_SHA_512", USAGE_SIGN, FAMILY_ED25519, NULL, PAD_NONE },
	{ "ED25519_PH_SHA_512", USAGE_SIGN, FAMILY_ED25519, "SHA512",
	    PAD_PREHASH },
	{ "ML_DSA_SHAKE_256", USAGE_SIGN, FAMILY_ML_DSA, NULL, PAD_NONE },
	{ "HMAC_SHA_224", USAGE_MAC, FAMILY_HMAC, "SHA224", PAD_NONE },
	{ "HMAC_SHA_256", USAGE_MAC, FAMILY_HMAC, "SHA256", PAD_NONE },
	{ "HMAC_SHA_384", USAGE_MAC, FAMILY_HMAC, "SHA384", PAD_NONE },
	{ "HMAC_SHA_512", USAGE_MAC, FAMILY_HMAC, "SHA512", PAD_NONE },
	{ "ECDH", USAGE_AGREE, FAMILY_EC, NULL, PAD_NONE },
	{ "ML_KEM", USAGE_ENCAPSULATE, FAMILY_ML_KEM, NULL, PAD_NONE },
};

static const struct {
	enum usage usage;
	const char *name;
} usages[] = {
	{ USAGE_ENCRYPT,	"ENCRYPT_DECRYPT" },
	{ USAGE_SIGN,		"SIGN_VERIFY" },
	{ USAGE_MAC,		"GENERATE_VERIFY_MAC" },
	{ USAGE_AGREE,		"KEY_AGREEMENT" },
	{ USAGE_ENCAPSULATE,	"ENCAPSULATE_DECAPSULATE" },
};

static const struct {
	const char *name;
	size_t length;
} digests[] = {
	{ "SHA1", 20 }, { "SHA224", 28 }, { "SHA256", 32 }, { "SHA384", 48 },
	{ "SHA512", 64 },
};
/* clang-format on */

const struct spec *
spec_find(struct view name)
{
	for (size_t i = 0; i < ELEMS(specs); i++)
		if (view_equal(name, view_str(specs[i].name)))
			return (&specs[i]);
	return (NULL);
}

const struct algorithm *
algorithm_find(struct view name)
{
	for (size_t i = 0; i < ELEMS(algorithms); i++)
		if (view_equal(name, view_str(algorithms[i].name)))
			return (&algorithms[i]);
	return (NULL);
}

const struct algorithm *
algorithm_at(size_t i)
{
	return (i < ELEMS(algorithms) ? &algorithms[i] : NULL);
}

bool
spec_does(const struct spec *s, const struct algorithm *a)
{
	return (s->family == a->family && (s->usages & a->usage) != 0 &&
		(s->digest == NULL || a->digest == NULL ||
		    strcmp(s->digest, a->digest) == 0));
}

enum usage
usage_find(struct view name)
{
	for (size_t i = 0; i < ELEMS(usages); i++)
		if (view_equal(name, view_str(usages[i].name)))
			return (usages[i].usage);
	return (0);
}

const char *
usage_name(enum usage u)
{
	for (size_t i = 0; i < ELEMS(usages); i++)
		if (usages[i].usage == u)
			return (usages[i].name);
	return ("");
}

size_t
digest_length(const char *digest)
{
	for (size_t i = 0; i < ELEMS(digests); i++)
		if (strcmp(digests[i].name, digest) == 0)
			return (digests[i].length);
	return (0);
}
