#include "crypt.h"
#include "digest.h"
#include "keyferry.h"
#include "mech.h"

#define CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define NO_KEY CK_UNAVAILABLE_INFORMATION

/* clang-format off */
const struct mech mechs[] = {
	/* type, key, flags, key sizes, when; family, digest */
	{ CKM_KEYFERRY_KMS, CKK_AES, CRYPT, 32, 32, OFFER_ALWAYS,
	    &crypt_context, NULL },
	{ CKM_AES_GCM, CKK_AES, CRYPT, 32, 32, OFFER_ALWAYS,
	    &crypt_gcm, NULL },
	{ CKM_AES_CBC_PAD, CKK_AES, CRYPT, 32, 32, OFFER_CBC_PAD,
	    &crypt_cbc_pad, NULL },
	{ CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, CKF_GENERATE_KEY_PAIR,
	    2048, 4096, OFFER_ALWAYS, NULL, NULL },
	{ CKM_RSA_PKCS_OAEP, CKK_RSA, CKF_UNWRAP, 2048, 4096, OFFER_ALWAYS,
	    NULL, NULL },
#define DIGEST(ckm, name)						\
	{ ckm, NO_KEY, CKF_DIGEST, 0, 0, OFFER_DIGESTS, &digest_any, name }
	DIGEST(CKM_SHA_1, "SHA1"),
	DIGEST(CKM_SHA224, "SHA2-224"),
	DIGEST(CKM_SHA256, "SHA2-256"),
	DIGEST(CKM_SHA384, "SHA2-384"),
	DIGEST(CKM_SHA512, "SHA2-512"),
	DIGEST(CKM_SHA512_224, "SHA2-512/224"),
	DIGEST(CKM_SHA512_256, "SHA2-512/256"),
	DIGEST(CKM_SHA3_224, "SHA3-224"),
	DIGEST(CKM_SHA3_256, "SHA3-256"),
	DIGEST(CKM_SHA3_384, "SHA3-384"),
	DIGEST(CKM_SHA3_512, "SHA3-512"),
};
/* clang-format on */
const size_t mech_count = sizeof(mechs) / sizeof(mechs[0]);

bool
mech_is_served(const struct mech *m, const struct call *c)
{
	return (m->offer != OFFER_CBC_PAD || c->token->config->aes_cbc_pad);
}

bool
mech_is_listed(const struct mech *m, const struct call *c)
{
	return (mech_is_served(m, c) &&
		(m->offer != OFFER_DIGESTS || c->module->config.digests));
}

const struct mech *
mech_find(const struct call *c, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	for (size_t i = 0; i < mech_count; i++)
		if (mechs[i].type == type &&
		    (mechs[i].flags & flags) == flags &&
		    mech_is_served(&mechs[i], c))
			return (&mechs[i]);
	return (NULL);
}

bool
mech_serves(const struct mech *m, const struct object *o)
{
	if (key_is_pending(o->key))
		return (o->class == CKO_PRIVATE_KEY && m->key_type == CKK_RSA &&
			(m->flags & CKF_UNWRAP) != 0);
	return (m->key_type == o->key->spec->type && m->family != NULL &&
		key_has_algorithm(o->key, CRYPT_ALGORITHM));
}
