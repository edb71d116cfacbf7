#ifndef PKEY_H
#define PKEY_H
#include <openssl/evp.h>
#include "keydata/parameter-set.h"
#include "object.h"

/* Keys as OpenSSL wants them, in the module's library context. */

/* The public half of a pair in KMS, or a session object's key: *out is held
 * for the caller, EVP_PKEY_free() it. */
CK_RV pkey_from_object(struct call *, const struct object *, EVP_PKEY **out);
/* Of attributes kept here. CKR_ATTRIBUTE_VALUE_INVALID: they are no key. */
CK_RV pkey_from_attrs(struct call *, const struct attrset *, EVP_PKEY **out);
/* What a seed of ML-DSA or ML-KEM stands for; *out as above. */
CK_RV pkey_from_seed(struct call *, const struct parameter_set *,
    struct view seed, EVP_PKEY **out);
/* The parameter set of an ML-DSA or ML-KEM key, in KMS or here; NULL: none that
 * is known. */
const struct parameter_set *pkey_parameter_set(const struct object *);
const struct parameter_set *pkey_set_of_attrs(const struct attrset *);
/* Bits of an RSA modulus, of the prime of DSA or DH, or of the order of a
 * curve, bytes of a public key of ML-DSA or ML-KEM, without the key's bytes
 * being read; 0: no such key. */
size_t pkey_bits(const struct object *);
#endif
