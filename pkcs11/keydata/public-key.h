#ifndef PUBLIC_KEY_H
#define PUBLIC_KEY_H
#include <openssl/evp.h>
#include "buf.h"
#include "crypto.h"
#include "cryptoki/cryptoki.h"

/*
 * A public key of somebody else's: a SubjectPublicKeyInfo (RFC 5280, section
 * 4.1) of a key that KMS can have. It is read here and not by OpenSSL's
 * decoders, which do not tell what is no key from what they had no memory for.
 */
struct public_key {
	CK_KEY_TYPE type;
	const struct parameter_set *set; /* of CKK_ML_DSA and CKK_ML_KEM */
	const struct curve *curve; /* of CKK_EC and CKK_EC_EDWARDS */
	struct view modulus, exponent; /* of CKK_RSA: without leading zeros */
	struct view value; /* of all others: the point or the key's bytes */
};

/* What is in *out lies in der. ERR_DATA: it is no such key. Whether a point is
 * on its curve is not told. */
enum err public_key_read(struct view der, struct public_key *out);
/*
 * The key for OpenSSL, in its library context; the caller frees it. ERR_DATA:
 * there is no such key (a point that is not on its curve); ERR_UNSUPPORTED:
 * this OpenSSL does not know keys of its kind; ERR_MEMORY.
 */
enum err public_key_load(
    const struct crypto *, const struct public_key *, EVP_PKEY **);
/* Both. */
enum err public_key_open(const struct crypto *, struct view der, EVP_PKEY **);
#endif
