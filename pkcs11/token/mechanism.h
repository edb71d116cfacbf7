#ifndef MECHANISM_H
#define MECHANISM_H
#include "call.h"

struct digest;

/* When the mechanism list names it, and keys in KMS do it. */
enum mech_visibility {
	VISIBLE_ALWAYS,
	VISIBLE_KMS_BY_OPTION, /* keys in KMS do it with aes-cbc-pad = yes */
	VISIBLE_BY_OPTION, /* always served, listed with digests = yes */
};

/*
 * What does the work: the name of a table of functions. mech/families.c has
 * those of operations on data, of generating and deriving, make/wrap-mech.c
 * those of wrapping.
 */
enum mech_family {
	FAMILY_ENCAPSULATE, /* make/kem.c */
	FAMILY_ENCAPSULATE_ECDH, /* make/kem-ecdh.c */
	FAMILY_KMS_CIPHERTEXT,
	FAMILY_AES_GCM,
	FAMILY_AES_CBC_PAD,
	FAMILY_AES_ECB,
	FAMILY_AES_CBC,
	FAMILY_AES_CTR,
	FAMILY_AES_CCM,
	FAMILY_AES_OFB,
	FAMILY_AES_CFB1,
	FAMILY_AES_CFB8,
	FAMILY_AES_CFB128,
	FAMILY_AES_CTS,
	FAMILY_AES_XTS,
	FAMILY_CHACHA20,
	FAMILY_CHACHA20_POLY1305,
	FAMILY_AES_KW,
	FAMILY_AES_KWP,
	FAMILY_AES_KW_PKCS7,
	FAMILY_RSA_PKCS1,
	FAMILY_RSA_PKCS1_RECOVER,
	FAMILY_RSA_PKCS1_ENCRYPT,
	FAMILY_RSA_PSS,
	FAMILY_RSA_OAEP,
	FAMILY_RSA_RAW,
	FAMILY_RSA_RAW_RECOVER,
	FAMILY_RSA_RAW_ENCRYPT,
	FAMILY_ECDSA,
	FAMILY_DSA,
	FAMILY_EDDSA,
	FAMILY_ML_DSA,
	FAMILY_ML_DSA_HASHED, /* HashML-DSA of data */
	FAMILY_ML_DSA_OF_HASH, /* HashML-DSA of a hash */
	FAMILY_HMAC,
	FAMILY_HMAC_GENERAL,
	FAMILY_CMAC,
	FAMILY_CMAC_GENERAL,
	FAMILY_GMAC,
	FAMILY_CBC_MAC,
	FAMILY_CBC_MAC_GENERAL,
	FAMILY_POLY1305,
	FAMILY_TLS_MAC,
	FAMILY_DIGEST,
	FAMILY_GENERATE_SECRET,
	FAMILY_GENERATE_FROM_PASSWORD,
	FAMILY_GENERATE_RSA,
	FAMILY_GENERATE_EC,
	FAMILY_GENERATE_OF_SET, /* ML-DSA, ML-KEM */
	FAMILY_GENERATE_FFC, /* DSA, DH */
	FAMILY_GENERATE_PARAMETERS, /* the same */
	FAMILY_DERIVE_ECDH,
	FAMILY_DERIVE_DH,
	FAMILY_DERIVE_HKDF,
	FAMILY_DERIVE_HKDF_DATA,
	FAMILY_DERIVE_SP800_108,
	FAMILY_DERIVE_TLS_MASTER,
	FAMILY_DERIVE_TLS_KEYS,
	FAMILY_DERIVE_TLS_EXPORTED,
	FAMILY_DERIVE_ENCRYPT,
	FAMILY_DERIVE_HASH,
	FAMILY_DERIVE_PUBLIC, /* of the key of any pair */
	FAMILY_DERIVE_BASE_AND_KEY,
	FAMILY_DERIVE_BASE_AND_DATA,
	FAMILY_DERIVE_DATA_AND_BASE,
	FAMILY_DERIVE_XOR,
	FAMILY_DERIVE_EXTRACT,
	FAMILY_WRAP_ANY,
	FAMILY_WRAP_SECRETS,
	FAMILY_WRAP_BLOCKS,
	FAMILY_WRAP_SEMIBLOCKS,
	FAMILY_WRAP_RSA_AES,
	FAMILY_COUNT
};

/* One PKCS#11 mechanism is one row, or one for each sort of function. */
struct mech {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key_type; /* CK_UNAVAILABLE_INFORMATION: takes no key, or
			       * any private key */
	CK_FLAGS flags;
	CK_ULONG min,
	    max; /* key sizes: bytes for AES and for making an HMAC key
				* of one hash, bytes of the public key for
				* ML-DSA and ML-KEM, else bits */
	enum mech_visibility visibility;
	enum mech_family family;
	/* Head of the KMS algorithms' names, the digest's is the tail; a whole
	 * name where the mechanism has no digest. NULL: not in KMS. */
	const char *kms_algorithm;
	const struct digest *digest; /* taken first; NULL: none */
};

extern const struct mech mechs[];
extern const size_t mech_count;

/* Whether there is one, whose parameter has bytes if it has a length. */
bool mech_is_given(const CK_MECHANISM *);
/* The row of that type with all those flags, or NULL. */
const struct mech *mech_find(CK_MECHANISM_TYPE, CK_FLAGS);
/* Whether keys of that type agree on a secret by it. */
bool mech_agrees_by(const struct mech *, CK_KEY_TYPE);
/* Whether the object's CKA_ALLOWED_MECHANISMS let it do this one. */
bool mech_is_allowed(const struct mech *, const struct object *);
/* Its CKF_... flags: those of the row, and messages where it signs. */
CK_FLAGS mech_flags(const struct mech *);
/* Of these, those that can be done with the OpenSSL that is here. */
CK_FLAGS mech_flags_here(const struct call *, const struct mech *);
/* Whether the mechanism list names it: the first row of a type does. What this
 * OpenSSL lacks is left out, though keys in KMS do it: programs that find it in
 * the list try it with session keys. So are some numbers that are too new for
 * programs; mech_info() has them. */
bool mech_is_listed(const struct mech *, const struct call *);
/* Of all rows of a type together; false: there is none, or OpenSSL lacks it. */
bool mech_info(const struct call *, CK_MECHANISM_TYPE, CK_MECHANISM_INFO *);
/* Whether keys in KMS do it, as this token is configured. */
bool mech_is_enabled_in_kms(const struct call *, const struct mech *);
/* Why keys in KMS do not do it for that function (one CKF_... of an Init), and
 * what to do instead: for the log. */
const char *mech_why_not_in_kms(const struct mech *, CK_FLAGS);
/* Of an object's key in KMS and the one beside it, the one that KMS says does
 * it; NULL: neither. */
struct key *mech_key(const struct mech *, const struct object *);
/* Whether a key in KMS of that KeySpec and one of those usages (bits of enum
 * key_usage) does it, by what KMS has for such keys. */
bool mech_fits_spec(const struct call *, CK_MECHANISM_TYPE,
    const struct key_spec *, unsigned usages);
/* Whether an object of KMS can do it now: KMS's list decides. */
bool mech_fits_key(
    const struct call *, const struct mech *, const struct object *);
#endif
