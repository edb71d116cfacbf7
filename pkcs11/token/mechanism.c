#include <stdio.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "keydata/hash.h"
#include "keydata/parameter-set.h"
#include "mechanism.h"

#define CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define CRYPT_MESSAGES \
	(CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT | CKF_MULTI_MESSAGE)
#define SIGN (CKF_SIGN | CKF_VERIFY)
#define NO_KEY CK_UNAVAILABLE_INFORMATION

/* Heads of the names of KMS's algorithms; whole names without a digest. */
#define KMS_AES "SYMMETRIC_DEFAULT"
#define KMS_PKCS1 "RSASSA_PKCS1_V1_5_"
#define KMS_PSS "RSASSA_PSS_"
#define KMS_OAEP "RSAES_OAEP_"
#define KMS_ECDSA "ECDSA_"
#define KMS_EDDSA "ED25519_SHA_512"
#define KMS_ML_DSA "ML_DSA_SHAKE_256"
#define KMS_HMAC "HMAC_"

/* clang-format off */
const struct mech mechs[] = {
	/* type, key type, flags, key sizes, visibility;
	 *   family, algorithm in KMS, digest */
	{ CKM_KEYFERRY_KMS, CKK_AES, CRYPT, 32, 32, VISIBLE_ALWAYS,
	    FAMILY_KMS_CIPHERTEXT, KMS_AES, NULL },
	{ CKM_AES_GCM, CKK_AES, CRYPT | CRYPT_MESSAGES, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_AES_GCM, KMS_AES, NULL },
	{ CKM_AES_CBC_PAD, CKK_AES, CRYPT, 16, 32, VISIBLE_KMS_BY_OPTION,
	    FAMILY_AES_CBC_PAD, KMS_AES, NULL },
#define AES(ckm, family)							\
	{ ckm, CKK_AES, CRYPT, 16, 32, VISIBLE_ALWAYS, family, NULL, NULL }
	AES(CKM_AES_ECB, FAMILY_AES_ECB),
	AES(CKM_AES_CBC, FAMILY_AES_CBC),
	AES(CKM_AES_CTR, FAMILY_AES_CTR),
	{ CKM_AES_CCM, CKK_AES, CRYPT | CRYPT_MESSAGES, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_AES_CCM, NULL, NULL },
	AES(CKM_AES_OFB, FAMILY_AES_OFB),
	AES(CKM_AES_CFB1, FAMILY_AES_CFB1),
	AES(CKM_AES_CFB8, FAMILY_AES_CFB8),
	AES(CKM_AES_CFB128, FAMILY_AES_CFB128),
	AES(CKM_AES_CTS, FAMILY_AES_CTS),
	{ CKM_AES_XTS, CKK_AES_XTS, CRYPT, 32, 64, VISIBLE_ALWAYS,
	    FAMILY_AES_XTS, NULL, NULL },
	/* bits, where all others of this cipher have bytes: section 6.58.5 */
	{ CKM_CHACHA20, CKK_CHACHA20, CRYPT, 256, 256, VISIBLE_ALWAYS,
	    FAMILY_CHACHA20, NULL, NULL },
	{ CKM_CHACHA20_POLY1305, CKK_CHACHA20, CRYPT | CRYPT_MESSAGES, 32, 32,
	    VISIBLE_ALWAYS, FAMILY_CHACHA20_POLY1305, NULL, NULL },
	AES(CKM_AES_KEY_WRAP, FAMILY_AES_KW),
	AES(CKM_AES_KEY_WRAP_KWP, FAMILY_AES_KWP),
	AES(CKM_AES_KEY_WRAP_PAD, FAMILY_AES_KWP),
	AES(CKM_AES_KEY_WRAP_PKCS7, FAMILY_AES_KW_PKCS7),

/* Longer hashes, OAEP with SHA-256 and an AES key beside it need more than 512. */
#define RSA_MIN 512
#define RSA_LONG 1024
#define RSA_MAX 8192
#define RSA_FROM(ckm, flags, min, family, kms, digest)			\
	{ ckm, CKK_RSA, flags, min, RSA_MAX, VISIBLE_ALWAYS, family, kms, digest }
#define RSA(ckm, flags, family, kms, digest)				\
	RSA_FROM(ckm, flags, RSA_MIN, family, kms, digest)
#define RSA_HASHED(hash, min, digest)					\
	RSA_FROM(CKM_##hash##_RSA_PKCS, SIGN, min, FAMILY_RSA_PKCS1,	\
	    KMS_PKCS1, digest),						\
	RSA_FROM(CKM_##hash##_RSA_PKCS_PSS, SIGN, min, FAMILY_RSA_PSS,	\
	    KMS_PSS, digest)
	RSA(CKM_RSA_PKCS, SIGN | CKF_SIGN_RECOVER, FAMILY_RSA_PKCS1, KMS_PKCS1,
	    NULL),
	RSA(CKM_RSA_PKCS, CKF_VERIFY_RECOVER, FAMILY_RSA_PKCS1_RECOVER,
	    KMS_PKCS1, NULL),
	RSA(CKM_RSA_PKCS_PSS, SIGN, FAMILY_RSA_PSS, KMS_PSS, NULL),
	RSA_HASHED(SHA1, RSA_MIN, DIGEST_SHA1),
	RSA_HASHED(SHA224, RSA_MIN, DIGEST_SHA224),
	RSA_HASHED(SHA256, RSA_MIN, DIGEST_SHA256),
	RSA_HASHED(SHA384, RSA_LONG, DIGEST_SHA384),
	RSA_HASHED(SHA512, RSA_LONG, DIGEST_SHA512),
	RSA_HASHED(SHA3_224, RSA_MIN, DIGEST_SHA3_224),
	RSA_HASHED(SHA3_256, RSA_MIN, DIGEST_SHA3_256),
	RSA_HASHED(SHA3_384, RSA_LONG, DIGEST_SHA3_384),
	RSA_HASHED(SHA3_512, RSA_LONG, DIGEST_SHA3_512),
	RSA(CKM_RSA_X_509, SIGN | CKF_SIGN_RECOVER, FAMILY_RSA_RAW, NULL, NULL),
	RSA(CKM_RSA_X_509, CKF_VERIFY_RECOVER, FAMILY_RSA_RAW_RECOVER, NULL,
	    NULL),
	RSA_FROM(CKM_RSA_PKCS_OAEP, CRYPT, RSA_LONG, FAMILY_RSA_OAEP, KMS_OAEP,
	    NULL),
	RSA(CKM_RSA_PKCS, CRYPT, FAMILY_RSA_PKCS1_ENCRYPT, NULL, NULL),
	RSA(CKM_RSA_X_509, CRYPT, FAMILY_RSA_RAW_ENCRYPT, NULL, NULL),

#define EC_MIN 160
#define EC_MAX 521
#define EC_FORMS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_CURVENAME |	\
	    CKF_EC_ECPARAMETERS | CKF_EC_UNCOMPRESS)
#define EC(ckm, digest)							\
	{ ckm, CKK_EC, SIGN | EC_FORMS, EC_MIN, EC_MAX, VISIBLE_ALWAYS,	\
	    FAMILY_ECDSA, KMS_ECDSA, digest }
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

#define DSA(ckm, digest)						\
	{ ckm, CKK_DSA, SIGN, 512, 8192, VISIBLE_ALWAYS, FAMILY_DSA,	\
	    NULL, digest }
	DSA(CKM_DSA, NULL),
	DSA(CKM_DSA_SHA1, DIGEST_SHA1),
	DSA(CKM_DSA_SHA224, DIGEST_SHA224),
	DSA(CKM_DSA_SHA256, DIGEST_SHA256),
	DSA(CKM_DSA_SHA384, DIGEST_SHA384),
	DSA(CKM_DSA_SHA512, DIGEST_SHA512),
	DSA(CKM_DSA_SHA3_224, DIGEST_SHA3_224),
	DSA(CKM_DSA_SHA3_256, DIGEST_SHA3_256),
	DSA(CKM_DSA_SHA3_384, DIGEST_SHA3_384),
	DSA(CKM_DSA_SHA3_512, DIGEST_SHA3_512),

	/* each has these: PKCS#11 3.2, section 6.3 */
#define CURVE_FORMS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_CURVENAME)
	{ CKM_EDDSA, CKK_EC_EDWARDS, SIGN | CURVE_FORMS, 255, 448,
	    VISIBLE_ALWAYS,
	    FAMILY_EDDSA, KMS_EDDSA, NULL },
#define ML_DSA(ckm, family, digest)					\
	{ ckm, CKK_ML_DSA, SIGN, 1312, 2592, VISIBLE_ALWAYS, family,	\
	    KMS_ML_DSA, digest }
#define ML_DSA_HASHED(hash, digest)					\
	ML_DSA(CKM_HASH_ML_DSA_##hash, FAMILY_ML_DSA_HASHED, digest)
	ML_DSA(CKM_ML_DSA, FAMILY_ML_DSA, NULL),
	ML_DSA(CKM_HASH_ML_DSA, FAMILY_ML_DSA_OF_HASH, NULL),
	ML_DSA_HASHED(SHA224, DIGEST_SHA224),
	ML_DSA_HASHED(SHA256, DIGEST_SHA256),
	ML_DSA_HASHED(SHA384, DIGEST_SHA384),
	ML_DSA_HASHED(SHA512, DIGEST_SHA512),
	ML_DSA_HASHED(SHA3_224, DIGEST_SHA3_224),
	ML_DSA_HASHED(SHA3_256, DIGEST_SHA3_256),
	ML_DSA_HASHED(SHA3_384, DIGEST_SHA3_384),
	ML_DSA_HASHED(SHA3_512, DIGEST_SHA3_512),
	ML_DSA_HASHED(SHAKE128, &digest_shake128),
	ML_DSA_HASHED(SHAKE256, &digest_shake256),

#define HMAC_ROW(ckm, family, kms, digest)				\
	{ ckm, CKK_GENERIC_SECRET, SIGN, 8, 8 * ATTRSET_VALUE_MAX,	\
	    VISIBLE_ALWAYS, family, kms, digest }
#define HMAC_ROWS(hash, kms, digest)					\
	HMAC_ROW(CKM_##hash##_HMAC, FAMILY_HMAC, kms, digest),		\
	HMAC_ROW(CKM_##hash##_HMAC_GENERAL, FAMILY_HMAC_GENERAL, kms, digest)
	HMAC_ROWS(SHA224, KMS_HMAC, DIGEST_SHA224),
	HMAC_ROWS(SHA256, KMS_HMAC, DIGEST_SHA256),
	HMAC_ROWS(SHA384, KMS_HMAC, DIGEST_SHA384),
	HMAC_ROWS(SHA512, KMS_HMAC, DIGEST_SHA512),
	HMAC_ROWS(SHA_1, NULL, DIGEST_SHA1),
	HMAC_ROWS(SHA512_224, NULL, DIGEST_SHA512_224),
	HMAC_ROWS(SHA512_256, NULL, DIGEST_SHA512_256),
	HMAC_ROWS(SHA3_224, NULL, DIGEST_SHA3_224),
	HMAC_ROWS(SHA3_256, NULL, DIGEST_SHA3_256),
	HMAC_ROWS(SHA3_384, NULL, DIGEST_SHA3_384),
	HMAC_ROWS(SHA3_512, NULL, DIGEST_SHA3_512),
	{ CKM_AES_CMAC, CKK_AES, SIGN, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_CMAC, NULL, NULL },
	{ CKM_AES_CMAC_GENERAL, CKK_AES, SIGN, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_CMAC_GENERAL, NULL, NULL },
	{ CKM_AES_GMAC, CKK_AES, SIGN, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_GMAC, NULL, NULL },
	{ CKM_AES_MAC, CKK_AES, SIGN, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_CBC_MAC, NULL, NULL },
	{ CKM_AES_MAC_GENERAL, CKK_AES, SIGN, 16, 32, VISIBLE_ALWAYS,
	    FAMILY_CBC_MAC_GENERAL, NULL, NULL },
	{ CKM_POLY1305, CKK_POLY1305, SIGN, 32, 32, VISIBLE_ALWAYS,
	    FAMILY_POLY1305, NULL, NULL },
#define TLS_MAC(ckm)							\
	{ ckm, CKK_GENERIC_SECRET, SIGN, 8, 8 * ATTRSET_VALUE_MAX,	\
	    VISIBLE_ALWAYS, FAMILY_TLS_MAC, NULL, NULL }
	TLS_MAC(CKM_TLS_MAC),
	TLS_MAC(CKM_TLS12_MAC),

#define GENERATE(ckm, type, flags, min, max, family)			\
	{ ckm, type, flags, min, max, VISIBLE_ALWAYS, family, NULL, NULL }
	GENERATE(CKM_AES_KEY_GEN, CKK_AES, CKF_GENERATE, 16, 32,
	    FAMILY_GENERATE_SECRET),
	GENERATE(CKM_GENERIC_SECRET_KEY_GEN, CKK_GENERIC_SECRET, CKF_GENERATE,
	    8, 32768, FAMILY_GENERATE_SECRET),
	GENERATE(CKM_AES_XTS_KEY_GEN, CKK_AES_XTS, CKF_GENERATE, 32, 64,
	    FAMILY_GENERATE_SECRET),
	GENERATE(CKM_CHACHA20_KEY_GEN, CKK_CHACHA20, CKF_GENERATE, 32, 32,
	    FAMILY_GENERATE_SECRET),
	GENERATE(CKM_POLY1305_KEY_GEN, CKK_POLY1305, CKF_GENERATE, 32, 32,
	    FAMILY_GENERATE_SECRET),
	GENERATE(CKM_PKCS5_PBKD2, CKK_GENERIC_SECRET, CKF_GENERATE, 8, 32768,
	    FAMILY_GENERATE_FROM_PASSWORD),
	GENERATE(CKM_HKDF_KEY_GEN, CKK_HKDF, CKF_GENERATE, 8, 32768,
	    FAMILY_GENERATE_SECRET),
#define GENERATE_HMAC(hash)						\
	GENERATE(CKM_##hash##_KEY_GEN, CKK_##hash##_HMAC, CKF_GENERATE,	\
	    1, 4096, FAMILY_GENERATE_SECRET)
	GENERATE_HMAC(SHA_1), GENERATE_HMAC(SHA224), GENERATE_HMAC(SHA256),
	GENERATE_HMAC(SHA384), GENERATE_HMAC(SHA512),
	GENERATE_HMAC(SHA512_224), GENERATE_HMAC(SHA512_256),
	GENERATE_HMAC(SHA3_224), GENERATE_HMAC(SHA3_256),
	GENERATE_HMAC(SHA3_384), GENERATE_HMAC(SHA3_512),
	GENERATE(CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA, CKF_GENERATE_KEY_PAIR,
	    RSA_MIN, 4096, FAMILY_GENERATE_RSA),
	GENERATE(CKM_EC_KEY_PAIR_GEN, CKK_EC, CKF_GENERATE_KEY_PAIR | EC_FORMS,
	    EC_MIN, EC_MAX, FAMILY_GENERATE_EC),
	GENERATE(CKM_EC_EDWARDS_KEY_PAIR_GEN, CKK_EC_EDWARDS,
	    CKF_GENERATE_KEY_PAIR | CURVE_FORMS, 255, 448, FAMILY_GENERATE_EC),
	GENERATE(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, CKK_EC_MONTGOMERY,
	    CKF_GENERATE_KEY_PAIR | CURVE_FORMS, 255, 448, FAMILY_GENERATE_EC),
	GENERATE(CKM_ML_DSA_KEY_PAIR_GEN, CKK_ML_DSA, CKF_GENERATE_KEY_PAIR,
	    1312, 2592, FAMILY_GENERATE_OF_SET),
	GENERATE(CKM_ML_KEM_KEY_PAIR_GEN, CKK_ML_KEM, CKF_GENERATE_KEY_PAIR,
	    800, 1568, FAMILY_GENERATE_OF_SET),
	GENERATE(CKM_DSA_KEY_PAIR_GEN, CKK_DSA, CKF_GENERATE_KEY_PAIR,
	    512, 8192, FAMILY_GENERATE_FFC),
	GENERATE(CKM_DH_PKCS_KEY_PAIR_GEN, CKK_DH, CKF_GENERATE_KEY_PAIR,
	    512, 8192, FAMILY_GENERATE_FFC),
	GENERATE(CKM_DSA_PARAMETER_GEN, CKK_DSA, CKF_GENERATE, 512, 3072,
	    FAMILY_GENERATE_PARAMETERS),
	GENERATE(CKM_DH_PKCS_PARAMETER_GEN, CKK_DH, CKF_GENERATE, 512, 8192,
	    FAMILY_GENERATE_PARAMETERS),
	{ CKM_ML_KEM, CKK_ML_KEM, CKF_ENCAPSULATE | CKF_DECAPSULATE,
	    800, 1568, VISIBLE_ALWAYS, FAMILY_ENCAPSULATE, NULL, NULL },
	{ CKM_ECDH1_DERIVE, CKK_EC, CKF_ENCAPSULATE | CKF_DECAPSULATE,
	    EC_MIN, EC_MAX, VISIBLE_ALWAYS, FAMILY_ENCAPSULATE_ECDH, NULL, NULL },
	{ CKM_ECDH1_COFACTOR_DERIVE, CKK_EC, CKF_ENCAPSULATE | CKF_DECAPSULATE,
	    EC_MIN, EC_MAX, VISIBLE_ALWAYS, FAMILY_ENCAPSULATE_ECDH, NULL, NULL },
#define WRAP(ckm, type, min, max, family)				\
	{ ckm, type, CKF_WRAP | CKF_UNWRAP, min, max, VISIBLE_ALWAYS,	\
	    family, NULL, NULL }
	WRAP(CKM_RSA_PKCS_OAEP, CKK_RSA, RSA_LONG, RSA_MAX, FAMILY_WRAP_SECRETS),
	WRAP(CKM_RSA_PKCS, CKK_RSA, RSA_MIN, RSA_MAX, FAMILY_WRAP_SECRETS),
	WRAP(CKM_RSA_AES_KEY_WRAP, CKK_RSA, RSA_LONG, RSA_MAX, FAMILY_WRAP_RSA_AES),
	WRAP(CKM_AES_KEY_WRAP, CKK_AES, 16, 32, FAMILY_WRAP_SEMIBLOCKS),
	WRAP(CKM_AES_KEY_WRAP_KWP, CKK_AES, 16, 32, FAMILY_WRAP_ANY),
	WRAP(CKM_AES_KEY_WRAP_PAD, CKK_AES, 16, 32, FAMILY_WRAP_ANY),
	WRAP(CKM_AES_KEY_WRAP_PKCS7, CKK_AES, 16, 32, FAMILY_WRAP_ANY),
	WRAP(CKM_AES_ECB, CKK_AES, 16, 32, FAMILY_WRAP_BLOCKS),
	WRAP(CKM_AES_CBC, CKK_AES, 16, 32, FAMILY_WRAP_BLOCKS),
	WRAP(CKM_AES_CTR, CKK_AES, 16, 32, FAMILY_WRAP_SECRETS),
	WRAP(CKM_AES_OFB, CKK_AES, 16, 32, FAMILY_WRAP_SECRETS),
	WRAP(CKM_AES_CFB1, CKK_AES, 16, 32, FAMILY_WRAP_SECRETS),
	WRAP(CKM_AES_CFB8, CKK_AES, 16, 32, FAMILY_WRAP_SECRETS),
	WRAP(CKM_AES_CFB128, CKK_AES, 16, 32, FAMILY_WRAP_SECRETS),
	WRAP(CKM_AES_CTS, CKK_AES, 16, 32, FAMILY_WRAP_SECRETS),
	WRAP(CKM_AES_CBC_PAD, CKK_AES, 16, 32, FAMILY_WRAP_ANY),
	WRAP(CKM_AES_GCM, CKK_AES, 16, 32, FAMILY_WRAP_ANY),
	WRAP(CKM_AES_CCM, CKK_AES, 16, 32, FAMILY_WRAP_ANY),
	WRAP(CKM_KEYFERRY_KMS, CKK_AES, 32, 32, FAMILY_WRAP_ANY),

#define DERIVE(ckm, family)						\
	{ ckm, CKK_GENERIC_SECRET, CKF_DERIVE, 8, 8 * ATTRSET_VALUE_MAX,	\
	    VISIBLE_ALWAYS, family, NULL, NULL }
	{ CKM_ECDH1_DERIVE, CKK_EC, CKF_DERIVE | EC_FORMS |
	    CKF_EC_COMPRESS, EC_MIN, EC_MAX, VISIBLE_ALWAYS, FAMILY_DERIVE_ECDH,
	    NULL, NULL },
	/* of all the curves here that have it the cofactor is 1 */
	{ CKM_ECDH1_COFACTOR_DERIVE, CKK_EC, CKF_DERIVE | EC_FORMS |
	    CKF_EC_COMPRESS, EC_MIN, EC_MAX, VISIBLE_ALWAYS, FAMILY_DERIVE_ECDH,
	    NULL, NULL },
	{ CKM_DH_PKCS_DERIVE, CKK_DH, CKF_DERIVE, 512, 8192, VISIBLE_ALWAYS,
	    FAMILY_DERIVE_DH, NULL, NULL },
	DERIVE(CKM_HKDF_DERIVE, FAMILY_DERIVE_HKDF),
	DERIVE(CKM_HKDF_DATA, FAMILY_DERIVE_HKDF_DATA),
	DERIVE(CKM_SP800_108_COUNTER_KDF, FAMILY_DERIVE_SP800_108),
	DERIVE(CKM_SP800_108_FEEDBACK_KDF, FAMILY_DERIVE_SP800_108),
	DERIVE(CKM_SP800_108_DOUBLE_PIPELINE_KDF, FAMILY_DERIVE_SP800_108),
	/* secrets of 48 bytes (PKCS#11 3.2, section 6.40.4) */
#define DERIVE_TLS(ckm, family)						\
	{ ckm, CKK_GENERIC_SECRET, CKF_DERIVE, 48, 48, VISIBLE_ALWAYS,	\
	    family, NULL, NULL }
	DERIVE_TLS(CKM_TLS12_MASTER_KEY_DERIVE, FAMILY_DERIVE_TLS_MASTER),
	DERIVE_TLS(CKM_TLS12_MASTER_KEY_DERIVE_DH, FAMILY_DERIVE_TLS_MASTER),
	DERIVE_TLS(
	    CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE, FAMILY_DERIVE_TLS_MASTER),
	DERIVE_TLS(
	    CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH, FAMILY_DERIVE_TLS_MASTER),
	DERIVE_TLS(CKM_TLS12_KEY_AND_MAC_DERIVE, FAMILY_DERIVE_TLS_KEYS),
	DERIVE_TLS(CKM_TLS12_KEY_SAFE_DERIVE, FAMILY_DERIVE_TLS_KEYS),
	DERIVE(CKM_TLS_KDF, FAMILY_DERIVE_TLS_EXPORTED),
	DERIVE(CKM_TLS12_KDF, FAMILY_DERIVE_TLS_EXPORTED),
	{ CKM_AES_ECB_ENCRYPT_DATA, CKK_AES, CKF_DERIVE, 16, 32,
	    VISIBLE_ALWAYS, FAMILY_DERIVE_ENCRYPT, NULL, NULL },
	{ CKM_AES_CBC_ENCRYPT_DATA, CKK_AES, CKF_DERIVE, 16, 32,
	    VISIBLE_ALWAYS, FAMILY_DERIVE_ENCRYPT, NULL, NULL },
#define DERIVE_HASH(hash, digest)						\
	{ CKM_##hash##_KEY_DERIVATION, CKK_GENERIC_SECRET, CKF_DERIVE, 8,	\
	    8 * ATTRSET_VALUE_MAX, VISIBLE_ALWAYS, FAMILY_DERIVE_HASH, NULL,	\
	    digest }
	DERIVE_HASH(SHA1, DIGEST_SHA1),
	DERIVE_HASH(SHA224, DIGEST_SHA224),
	DERIVE_HASH(SHA256, DIGEST_SHA256),
	DERIVE_HASH(SHA384, DIGEST_SHA384),
	DERIVE_HASH(SHA512, DIGEST_SHA512),
	DERIVE_HASH(SHA512_224, DIGEST_SHA512_224),
	DERIVE_HASH(SHA512_256, DIGEST_SHA512_256),
	DERIVE_HASH(SHA3_224, DIGEST_SHA3_224),
	DERIVE_HASH(SHA3_256, DIGEST_SHA3_256),
	DERIVE_HASH(SHA3_384, DIGEST_SHA3_384),
	DERIVE_HASH(SHA3_512, DIGEST_SHA3_512),
	DERIVE_HASH(SHAKE_128, &digest_shake128),
	DERIVE_HASH(SHAKE_256, &digest_shake256),
	DERIVE(CKM_CONCATENATE_BASE_AND_KEY, FAMILY_DERIVE_BASE_AND_KEY),
	DERIVE(CKM_CONCATENATE_BASE_AND_DATA, FAMILY_DERIVE_BASE_AND_DATA),
	DERIVE(CKM_CONCATENATE_DATA_AND_BASE, FAMILY_DERIVE_DATA_AND_BASE),
	DERIVE(CKM_XOR_BASE_AND_DATA, FAMILY_DERIVE_XOR),
	DERIVE(CKM_EXTRACT_KEY_FROM_KEY, FAMILY_DERIVE_EXTRACT),
	{ CKM_PUB_KEY_FROM_PRIV_KEY, NO_KEY, CKF_DERIVE, 0, 0, VISIBLE_ALWAYS,
	    FAMILY_DERIVE_PUBLIC, NULL, NULL },

#define DIGEST(ckm, digest)						\
	{ ckm, NO_KEY, CKF_DIGEST, 0, 0, VISIBLE_BY_OPTION,		\
	    FAMILY_DIGEST, NULL, digest }
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

/* Whatever signs data signs messages, but for GMAC and Poly1305: two messages
 * by one vector, or by one key, give it away. */
CK_FLAGS
mech_flags(const struct mech *m)
{
	CK_FLAGS more = 0;

	if (m->family == FAMILY_GMAC || m->family == FAMILY_POLY1305)
		return (m->flags);
	if ((m->flags & CKF_SIGN) != 0)
		more |= CKF_MESSAGE_SIGN | CKF_MULTI_MESSAGE;
	if ((m->flags & CKF_VERIFY) != 0)
		more |= CKF_MESSAGE_VERIFY | CKF_MULTI_MESSAGE;
	return (m->flags | more);
}

bool
mech_is_given(const CK_MECHANISM *m)
{
	return (m != NULL && (m->pParameter != NULL || m->ulParameterLen == 0));
}

/* KMS signs what OpenSSL lacks, but what it signed is verified here. KMS has
 * nothing of DSA and DH. */
CK_FLAGS
mech_flags_here(const struct call *c, const struct mech *m)
{
	CK_FLAGS flags = mech_flags(m);

	if (key_type_is_in_openssl(c->module->crypto, m->key_type))
		return (flags);
	return (m->key_type == CKK_DSA || m->key_type == CKK_DH
		    ? 0
		    : flags & ~(CK_FLAGS)(CKF_VERIFY | CKF_MESSAGE_VERIFY));
}

/* Programs look the numbers of the list up in tables of their own, and PyKCS11
 * of Debian 12 stops at one that it does not find. */
static bool
is_too_new(CK_MECHANISM_TYPE type)
{
	return (type == CKM_AES_KEY_WRAP_PKCS7 ||
		type == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE ||
		type == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH ||
		type == CKM_PUB_KEY_FROM_PRIV_KEY);
}

bool
mech_is_listed(const struct mech *m, const struct call *c)
{
	for (const struct mech *before = mechs; before < m; before++)
		if (before->type == m->type)
			return (false);
	return (
	    (m->visibility != VISIBLE_BY_OPTION || c->module->config.digests) &&
	    !is_too_new(m->type) &&
	    key_type_is_in_openssl(c->module->crypto, m->key_type));
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

	for (size_t i = 0; i < mech_count; i++) {
		const struct mech *m = &mechs[i];

		if (m->type != type ||
		    !key_type_is_in_openssl(c->module->crypto, m->key_type))
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

/* Only curves of CKK_EC have a cofactor of their own: section 6.3.21. */
bool
mech_agrees_by(const struct mech *m, CK_KEY_TYPE type)
{
	return (type == m->key_type ||
		(type == CKK_EC_MONTGOMERY && m->type == CKM_ECDH1_DERIVE));
}

/* A list that is not there allows all; there are no empty ones. */
bool
mech_is_allowed(const struct mech *m, const struct object *o)
{
	struct view v = VIEW(NULL, 0);
	CK_MECHANISM_TYPE type;

	if (o->attrs == NULL)
		return (true);
	v = attrset_view(o->attrs, CKA_ALLOWED_MECHANISMS);
	for (size_t i = 0; i + sizeof(type) <= v.len; i += sizeof(type)) {
		memcpy(&type, v.ptr + i, sizeof(type));
		if (type == m->type)
			return (true);
	}
	return (v.len == 0);
}

bool
mech_is_enabled_in_kms(const struct call *c, const struct mech *m)
{
	return (m->kms_algorithm != NULL &&
		(m->visibility != VISIBLE_KMS_BY_OPTION ||
		    c->token->config->aes_cbc_pad));
}

/* ECDSA's hash is cut or padded to the one of the curve, HashML-DSA's is part
 * of the mu that KMS signs. */
static bool
takes_any_hash(const struct mech *m)
{
	return (m->key_type == CKK_EC || m->key_type == CKK_ML_DSA);
}

/* KMS lists what a key can do: that list, not ours, decides. */
static bool
kms_serves(const struct mech *m, const struct key *k)
{
	char name[KMS_WORD_SIZE];

	if (m->digest == NULL || takes_any_hash(m))
		return (key_has_algorithm(k, m->kms_algorithm, true));
	if (m->digest->kms == NULL)
		return (false);
	snprintf(name, sizeof(name), "%s%s", m->kms_algorithm, m->digest->kms);
	return (key_has_algorithm(k, name, false));
}

struct key *
mech_key(const struct mech *m, const struct object *o)
{
	if (m->kms_algorithm == NULL)
		return (NULL);
	if (kms_serves(m, o->key))
		return (o->key);
	if (o->key->companion != NULL && kms_serves(m, o->key->companion))
		return (o->key->companion);
	return (NULL);
}

const char *
mech_why_not_in_kms(const struct mech *m, CK_FLAGS flag)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_FLAGS flags;
		const char *why;
	} rows[] = {
	    {CKM_RSA_PKCS, CKF_DECRYPT,
		"KMS does not decrypt PKCS#1 v1.5 (CKM_RSA_PKCS): encrypt for "
		"this key with CKM_RSA_PKCS_OAEP"},
	    {CKM_RSA_X_509, CKF_DECRYPT,
		"KMS has no raw RSA (CKM_RSA_X_509), and does not decrypt "
		"PKCS#1 v1.5: encrypt for this key with CKM_RSA_PKCS_OAEP"},
	    {CKM_RSA_X_509, CKF_SIGN | CKF_SIGN_RECOVER,
		"KMS has no raw RSA (CKM_RSA_X_509): a program that pads PSS "
		"itself must ask for a salt as long as the hash"},
	    {CKM_AES_CBC_PAD, CKF_ENCRYPT | CKF_DECRYPT,
		"keys in KMS have CKM_AES_CBC_PAD with aes-cbc-pad = yes in "
		"keyferry.conf only"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == m->type && (rows[i].flags & flag) != 0)
			return (rows[i].why);
	return ("KMS has no such mechanism: it is for session keys");
}

/* The usages of keys in KMS that do it. KMS signs with RSA keys and no shorter
 * hash than SHA-256. */
static unsigned
usages_in_kms(const struct mech *m, const struct key_spec *s)
{
	bool hash_fits = m->digest == NULL || takes_any_hash(m) ||
			 m->digest == s->digest ||
			 (m->key_type == CKK_RSA && m->digest->kms != NULL &&
			     m->digest->len >= 32);

	if ((m->flags & CKF_DERIVE) != 0)
		return (KEY_AGREEMENT);
	if ((m->flags & CKF_ENCAPSULATE) != 0)
		return (ENCAPSULATE_DECAPSULATE);
	if (m->kms_algorithm == NULL || !hash_fits)
		return (0);
	if ((m->flags & CKF_ENCRYPT) != 0)
		return (ENCRYPT_DECRYPT);
	return (SIGN_VERIFY | GENERATE_VERIFY_MAC);
}

bool
mech_fits_spec(const struct call *c, CK_MECHANISM_TYPE type,
    const struct key_spec *s, unsigned usages)
{
	for (const struct mech *m = mechs; m < mechs + mech_count; m++)
		if (m->type == type && m->key_type == s->type &&
		    (usages_in_kms(m, s) & usages) != 0 &&
		    (m->visibility != VISIBLE_KMS_BY_OPTION ||
			mech_is_enabled_in_kms(c, m)))
			return (true);
	return (false);
}

bool
mech_fits_key(
    const struct call *c, const struct mech *m, const struct object *o)
{
	if (o->is_pair)
		return (o->class == CKO_PRIVATE_KEY && m->key_type == CKK_RSA &&
			(m->flags & CKF_UNWRAP) != 0);
	if (m->key_type == o->key->spec->type && (m->flags & CKF_DERIVE) != 0)
		return (o->class == CKO_PRIVATE_KEY &&
			key_for_usage(o->key, KEY_AGREEMENT) != NULL);
	if (m->key_type == o->key->spec->type &&
	    (m->flags & CKF_ENCAPSULATE) != 0)
		return (o->key->meta.usage == ENCAPSULATE_DECAPSULATE);
	/* the public half does what the private half can answer */
	return (m->key_type == o->key->spec->type &&
		mech_is_enabled_in_kms(c, m) && mech_key(m, o) != NULL);
}
