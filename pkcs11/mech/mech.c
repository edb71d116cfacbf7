#include <stdio.h>
#include <string.h>
#include "cipher.h"
#include "aes-kw.h"
#include "kms-encrypt.h"
#include "derive.h"
#include "digest.h"
#include "generate-local.h"
#include "cryptoki/keyferry.h"
#include "mac.h"
#include "mech.h"
#include "rsa-encrypt.h"
#include "sign.h"
#include "wrap-key.h"

#define CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define CRYPT_MESSAGES \
	(CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT | CKF_MULTI_MESSAGE)
#define SIGN (CKF_SIGN | CKF_VERIFY)
#define NO_KEY CK_UNAVAILABLE_INFORMATION

/* clang-format off */
const struct mech mechs[] = {
	/* type, key, flags, key sizes, when;
	 *   in KMS, here, maker, digest */
	{ CKM_KEYFERRY_KMS, CKK_AES, CRYPT, 32, 32, OFFER_ALWAYS,
	    &kms_aes_context, NULL, NULL, NULL },
	{ CKM_AES_GCM, CKK_AES, CRYPT | CRYPT_MESSAGES, 16, 32, OFFER_ALWAYS,
	    &kms_aes_gcm, &cipher_gcm, NULL, NULL },
	{ CKM_AES_CBC_PAD, CKK_AES, CRYPT, 16, 32, OFFER_CBC_PAD,
	    &kms_aes_cbc_pad, &cipher_cbc_pad, NULL, NULL },
#define AES(ckm, here)							\
	{ ckm, CKK_AES, CRYPT, 16, 32, OFFER_ALWAYS, NULL, &here, NULL, NULL }
	AES(CKM_AES_ECB, cipher_ecb),
	AES(CKM_AES_CBC, cipher_cbc),
	AES(CKM_AES_CTR, cipher_ctr),
	AES(CKM_AES_CCM, cipher_ccm),
	AES(CKM_AES_OFB, cipher_ofb),
	AES(CKM_AES_CFB8, cipher_cfb8),
	AES(CKM_AES_CFB128, cipher_cfb128),
	AES(CKM_AES_KEY_WRAP, aes_kw),
	AES(CKM_AES_KEY_WRAP_KWP, aes_kwp),
	AES(CKM_AES_KEY_WRAP_PAD, aes_kwp),

#define RSA_SIZES 1024, 8192
#define RSA(ckm, flags, family, digest)					\
	{ ckm, CKK_RSA, flags, RSA_SIZES, OFFER_ALWAYS,			\
	    &family, &family, NULL, digest }
#define RSA_CRYPT(ckm, kms, here)					\
	{ ckm, CKK_RSA, CRYPT, RSA_SIZES, OFFER_ALWAYS, kms, &here, NULL, NULL }
#define RSA_HASHED(hash, digest)					\
	RSA(CKM_##hash##_RSA_PKCS, SIGN, sign_pkcs1, digest),		\
	RSA(CKM_##hash##_RSA_PKCS_PSS, SIGN, sign_pss, digest)
	RSA(CKM_RSA_PKCS, SIGN | CKF_SIGN_RECOVER, sign_pkcs1, NULL),
	{ CKM_RSA_PKCS, CKK_RSA, CKF_VERIFY_RECOVER, RSA_SIZES, OFFER_ALWAYS,
	    &sign_pkcs1, &recover_pkcs1, NULL, NULL },
	RSA(CKM_RSA_PKCS_PSS, SIGN, sign_pss, NULL),
	RSA_HASHED(SHA1, DIGEST_SHA1),
	RSA_HASHED(SHA224, DIGEST_SHA224),
	RSA_HASHED(SHA256, DIGEST_SHA256),
	RSA_HASHED(SHA384, DIGEST_SHA384),
	RSA_HASHED(SHA512, DIGEST_SHA512),
	RSA_HASHED(SHA3_224, DIGEST_SHA3_224),
	RSA_HASHED(SHA3_256, DIGEST_SHA3_256),
	RSA_HASHED(SHA3_384, DIGEST_SHA3_384),
	RSA_HASHED(SHA3_512, DIGEST_SHA3_512),
	{ CKM_RSA_X_509, CKK_RSA, SIGN | CKF_SIGN_RECOVER, RSA_SIZES,
	    OFFER_ALWAYS, NULL, &sign_x509, NULL, NULL },
	{ CKM_RSA_X_509, CKK_RSA, CKF_VERIFY_RECOVER, RSA_SIZES,
	    OFFER_ALWAYS, NULL, &recover_x509, NULL, NULL },

	RSA_CRYPT(CKM_RSA_PKCS_OAEP, &rsa_oaep, rsa_oaep),
	RSA_CRYPT(CKM_RSA_PKCS, NULL, rsa_pkcs1),
	RSA_CRYPT(CKM_RSA_X_509, NULL, rsa_x509),

#define EC(ckm, digest)							\
	{ ckm, CKK_EC, SIGN | CKF_EC_F_P | CKF_EC_NAMEDCURVE |		\
	    CKF_EC_UNCOMPRESS, 256, 521, OFFER_ALWAYS,			\
	    &sign_ecdsa, &sign_ecdsa, NULL, digest }
	EC(CKM_ECDSA, NULL),
	EC(CKM_ECDSA_SHA1, DIGEST_SHA1),
	EC(CKM_ECDSA_SHA224, DIGEST_SHA224),
	EC(CKM_ECDSA_SHA256, DIGEST_SHA256),
	EC(CKM_ECDSA_SHA384, DIGEST_SHA384),
	EC(CKM_ECDSA_SHA512, DIGEST_SHA512),
	EC(CKM_ECDSA_SHA3_224, DIGEST_SHA3_224),
	EC(CKM_ECDSA_SHA3_256, DIGEST_SHA3_256),
	EC(CKM_ECDSA_SHA3_384, DIGEST_SHA3_384),
	EC(CKM_ECDSA_SHA3_512, DIGEST_SHA3_512),

	{ CKM_EDDSA, CKK_EC_EDWARDS, SIGN, 255, 255, OFFER_ALWAYS,
	    &sign_eddsa, &sign_eddsa, NULL, NULL },
	{ CKM_ML_DSA, CKK_ML_DSA, SIGN, CKP_ML_DSA_44, CKP_ML_DSA_87,
	    OFFER_ALWAYS, &sign_mldsa, &sign_mldsa, NULL, NULL },

#define HMAC_ROW(ckm, digest, kms, here)				\
	{ ckm, CKK_GENERIC_SECRET, SIGN, 8, 8 * BAG_VALUE_MAX,		\
	    OFFER_ALWAYS, kms, here, NULL, digest }
#define HMAC(hash, digest)						\
	HMAC_ROW(CKM_##hash##_HMAC, digest, &mac_kms_hmac, &mac_hmac),	\
	HMAC_ROW(CKM_##hash##_HMAC_GENERAL, digest,			\
	    &mac_kms_hmac_general, &mac_hmac_general)
#define HMAC_HERE(hash, digest)						\
	HMAC_ROW(CKM_##hash##_HMAC, digest, NULL, &mac_hmac),		\
	HMAC_ROW(CKM_##hash##_HMAC_GENERAL, digest, NULL, &mac_hmac_general)
	HMAC(SHA224, DIGEST_SHA224),
	HMAC(SHA256, DIGEST_SHA256),
	HMAC(SHA384, DIGEST_SHA384),
	HMAC(SHA512, DIGEST_SHA512),
	HMAC_HERE(SHA_1, DIGEST_SHA1),
	HMAC_HERE(SHA512_224, DIGEST_SHA512_224),
	HMAC_HERE(SHA512_256, DIGEST_SHA512_256),
	HMAC_HERE(SHA3_224, DIGEST_SHA3_224),
	HMAC_HERE(SHA3_256, DIGEST_SHA3_256),
	HMAC_HERE(SHA3_384, DIGEST_SHA3_384),
	HMAC_HERE(SHA3_512, DIGEST_SHA3_512),
	{ CKM_AES_CMAC, CKK_AES, SIGN, 16, 32, OFFER_ALWAYS,
	    NULL, &mac_cmac, NULL, NULL },
	{ CKM_AES_CMAC_GENERAL, CKK_AES, SIGN, 16, 32, OFFER_ALWAYS,
	    NULL, &mac_cmac_general, NULL, NULL },

#define GENERATE(ckm, type, flags, min, max, maker)			\
	{ ckm, type, flags, min, max, OFFER_ALWAYS, NULL, NULL, maker, NULL }
	GENERATE(CKM_AES_KEY_GEN, CKK_AES, CKF_GENERATE, 16, 32,
	    &generate_secret_key_ops),
	GENERATE(CKM_GENERIC_SECRET_KEY_GEN, CKK_GENERIC_SECRET, CKF_GENERATE,
	    8, 32768, &generate_secret_key_ops),
	GENERATE(CKM_HKDF_KEY_GEN, CKK_HKDF, CKF_GENERATE, 8, 32768,
	    &generate_secret_key_ops),
	GENERATE(CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, CKF_GENERATE_KEY_PAIR,
	    2048, 4096, &generate_rsa_ops),
	GENERATE(CKM_EC_KEY_PAIR_GEN, CKK_EC, CKF_GENERATE_KEY_PAIR |
	    CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS, 256, 521,
	    &generate_ec_ops),
	GENERATE(CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS,
	    CKF_GENERATE_KEY_PAIR | CKF_EC_NAMEDCURVE, 255, 255, &generate_ec_ops),
	GENERATE(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY,
	    CKF_GENERATE_KEY_PAIR | CKF_EC_NAMEDCURVE, 255, 255, &generate_ec_ops),
	GENERATE(CKM_ML_DSA_KEY_PAIR_GEN, CKK_ML_DSA, CKF_GENERATE_KEY_PAIR,
	    CKP_ML_DSA_44, CKP_ML_DSA_87, NULL),
	GENERATE(CKM_ML_KEM_KEY_PAIR_GEN, CKK_ML_KEM, CKF_GENERATE_KEY_PAIR,
	    CKP_ML_KEM_512, CKP_ML_KEM_1024, NULL),
	{ CKM_ML_KEM, CKK_ML_KEM, CKF_ENCAPSULATE | CKF_DECAPSULATE,
	    CKP_ML_KEM_512, CKP_ML_KEM_1024, OFFER_ALWAYS,
	    NULL, NULL, NULL, NULL },
#define WRAP(ckm, type, min, max, maker)				\
	{ ckm, type, CKF_WRAP | CKF_UNWRAP, min, max, OFFER_ALWAYS,	\
	    NULL, NULL, &maker, NULL }
	WRAP(CKM_RSA_PKCS_OAEP, CKK_RSA, 1024, 8192, wrap_secret_keys),
	WRAP(CKM_RSA_PKCS, CKK_RSA, 1024, 8192, wrap_secret_keys),
	WRAP(CKM_RSA_AES_KEY_WRAP, CKK_RSA, 1024, 8192, wrap_rsa_aes),
	WRAP(CKM_AES_KEY_WRAP, CKK_AES, 16, 32, wrap_any_key),
	WRAP(CKM_AES_KEY_WRAP_KWP, CKK_AES, 16, 32, wrap_any_key),
	WRAP(CKM_AES_KEY_WRAP_PAD, CKK_AES, 16, 32, wrap_any_key),
	WRAP(CKM_AES_CBC, CKK_AES, 16, 32, wrap_whole_blocks),
	WRAP(CKM_AES_CBC_PAD, CKK_AES, 16, 32, wrap_any_key),
	WRAP(CKM_AES_GCM, CKK_AES, 16, 32, wrap_any_key),
	WRAP(CKM_KEYFERRY_KMS, CKK_AES, 32, 32, wrap_any_key),

#define DERIVE(ckm, type, min, max, maker)				\
	{ ckm, type, CKF_DERIVE, min, max, OFFER_ALWAYS,		\
	    NULL, NULL, &maker, NULL }
	{ CKM_ECDH1_DERIVE, CKK_EC, CKF_DERIVE | CKF_EC_F_P |
	    CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS | CKF_EC_COMPRESS, 255, 521,
	    OFFER_ALWAYS, NULL, NULL, &derive_ecdh, NULL },
	/* of all the curves here the cofactor is 1, or counted in (X25519) */
	{ CKM_ECDH1_COFACTOR_DERIVE, CKK_EC, CKF_DERIVE | CKF_EC_F_P |
	    CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS | CKF_EC_COMPRESS, 255, 521,
	    OFFER_ALWAYS, NULL, NULL, &derive_ecdh, NULL },
	DERIVE(CKM_HKDF_DERIVE, CKK_GENERIC_SECRET, 8, 8 * BAG_VALUE_MAX,
	    derive_hkdf),
	DERIVE(CKM_HKDF_DATA, CKK_GENERIC_SECRET, 8, 8 * BAG_VALUE_MAX,
	    derive_hkdf_data),
	DERIVE(CKM_SP800_108_COUNTER_KDF, CKK_GENERIC_SECRET, 8,
	    8 * BAG_VALUE_MAX, derive_counter),
	DERIVE(CKM_CONCATENATE_BASE_AND_KEY, CKK_GENERIC_SECRET, 8,
	    8 * BAG_VALUE_MAX, derive_base_and_key),
	DERIVE(CKM_CONCATENATE_BASE_AND_DATA, CKK_GENERIC_SECRET, 8,
	    8 * BAG_VALUE_MAX, derive_base_and_data),
	DERIVE(CKM_CONCATENATE_DATA_AND_BASE, CKK_GENERIC_SECRET, 8,
	    8 * BAG_VALUE_MAX, derive_data_and_base),
	DERIVE(CKM_XOR_BASE_AND_DATA, CKK_GENERIC_SECRET, 8,
	    8 * BAG_VALUE_MAX, derive_xor),
	DERIVE(CKM_EXTRACT_KEY_FROM_KEY, CKK_GENERIC_SECRET, 8,
	    8 * BAG_VALUE_MAX, derive_extract),

#define DIGEST(ckm, digest)						\
	{ ckm, NO_KEY, CKF_DIGEST, 0, 0, OFFER_DIGESTS,			\
	    NULL, &digest_any, NULL, digest }
	DIGEST(CKM_SHA_1, DIGEST_SHA1),
	DIGEST(CKM_SHA224, DIGEST_SHA224),
	DIGEST(CKM_SHA256, DIGEST_SHA256),
	DIGEST(CKM_SHA384, DIGEST_SHA384),
	DIGEST(CKM_SHA512, DIGEST_SHA512),
	DIGEST(CKM_SHA512_224, DIGEST_SHA512_224),
	DIGEST(CKM_SHA512_256, DIGEST_SHA512_256),
	DIGEST(CKM_SHA3_224, DIGEST_SHA3_224),
	DIGEST(CKM_SHA3_256, DIGEST_SHA3_256),
	DIGEST(CKM_SHA3_384, DIGEST_SHA3_384),
	DIGEST(CKM_SHA3_512, DIGEST_SHA3_512),
};
/* clang-format on */
const size_t mech_count = sizeof(mechs) / sizeof(mechs[0]);

bool
mech_is_listed(const struct mech *m, const struct call *c)
{
	for (const struct mech *before = mechs; before < m; before++)
		if (before->type == m->type)
			return (false);
	/* with nothing but keys in KMS it would do nothing */
	if (m->offer == OFFER_CBC_PAD && m->here == NULL)
		return (c->token->config->aes_cbc_pad);
	return (m->offer != OFFER_DIGESTS || c->module->config.digests);
}

static bool
takes_parts(const struct family *f)
{
	return (f == NULL || !f->single);
}

/* Whatever signs data signs messages. */
CK_FLAGS
mech_flags(const struct mech *m)
{
	CK_FLAGS more = 0;

	if ((m->flags & CKF_SIGN) != 0)
		more |= CKF_MESSAGE_SIGN;
	if ((m->flags & CKF_VERIFY) != 0)
		more |= CKF_MESSAGE_VERIFY;
	if (more != 0 && takes_parts(m->kms) && takes_parts(m->here))
		more |= CKF_MULTI_MESSAGE;
	return (m->flags | more);
}

const struct mech *
mech_find(CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	for (size_t i = 0; i < mech_count; i++)
		if (mechs[i].type == type &&
		    (mech_flags(&mechs[i]) & flags) == flags)
			return (&mechs[i]);
	return (NULL);
}

bool
mech_info(const struct call *c, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info)
{
	bool found = false;

	(void)c;
	for (size_t i = 0; i < mech_count; i++) {
		const struct mech *m = &mechs[i];

		if (m->type != type)
			continue;
		if (!found)
			*info = (CK_MECHANISM_INFO){m->min, m->max, 0};
		info->flags |= mech_flags(m);
		if (m->min < info->ulMinKeySize)
			info->ulMinKeySize = m->min;
		if (m->max > info->ulMaxKeySize)
			info->ulMaxKeySize = m->max;
		found = true;
	}
	return (found);
}

/* An empty list, as one that is not there, allows all. */
bool
mech_is_allowed(const struct mech *m, const struct object *o)
{
	struct view v = VIEW(NULL, 0);
	CK_MECHANISM_TYPE type;

	if (o->bag == NULL)
		return (true);
	v = bag_view(o->bag, CKA_ALLOWED_MECHANISMS);
	for (size_t i = 0; i + sizeof(type) <= v.len; i += sizeof(type)) {
		memcpy(&type, v.ptr + i, sizeof(type));
		if (type == m->type)
			return (true);
	}
	return (v.len == 0);
}

/* A public half is here, whatever its private half is. */
const struct family *
mech_family(const struct call *c, const struct mech *m, const struct object *o)
{
	if (!object_in_kms(o))
		return (m->here);
	if (m->offer == OFFER_CBC_PAD && !c->token->config->aes_cbc_pad)
		return (NULL);
	return (m->kms);
}

/* KMS lists what a key can do: that list, not ours, decides. */
static bool
kms_serves(const struct mech *m, const struct family *f, const struct key *k)
{
	char name[KMS_WORD_SIZE];

	if (f->kms == NULL)
		return (false);
	/* ECDSA takes any hash: it is cut or padded to the one of the curve */
	if (m->digest == NULL || m->key_type == CKK_EC)
		return (key_has_algorithm(k, f->kms, true));
	if (m->digest->kms == NULL)
		return (false);
	snprintf(name, sizeof(name), "%s%s", f->kms, m->digest->kms);
	return (key_has_algorithm(k, name, false));
}

struct key *
mech_key(const struct mech *m, const struct object *o)
{
	if (m->kms == NULL)
		return (NULL);
	if (kms_serves(m, m->kms, o->key))
		return (o->key);
	if (o->key->also != NULL &&
	    strcmp(o->key->also->meta.state, "Enabled") == 0 &&
	    kms_serves(m, m->kms, o->key->also))
		return (o->key->also);
	return (NULL);
}

bool
mech_serves(const struct call *c, const struct mech *m, const struct object *o)
{
	const struct family *f = mech_family(c, m, o);

	if (o->key == NULL)
		return (f != NULL);
	if (key_is_pending(o->key))
		return (o->class == CKO_PRIVATE_KEY && m->key_type == CKK_RSA &&
			(m->flags & CKF_UNWRAP) != 0);
	if (m->key_type == o->key->spec->type && (m->flags & CKF_DERIVE) != 0)
		return (o->class == CKO_PRIVATE_KEY &&
			key_for_use(o->key, USE_AGREE) != NULL);
	if (m->key_type == o->key->spec->type &&
	    (m->flags & CKF_ENCAPSULATE) != 0)
		return (o->key->use == USE_ENCAPSULATE);
	if (m->key_type != o->key->spec->type || f == NULL)
		return (false);
	/* the public half does what the private half can answer */
	return (mech_key(m, o) != NULL);
}
