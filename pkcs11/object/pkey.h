#ifndef PKEY_H
#define PKEY_H
#include <openssl/evp.h>
#include "object.h"

/* Keys as OpenSSL wants them, in the module's library context. */

/* The public half of a pair in KMS, or a session object's key: *out is held
 * for the caller, EVP_PKEY_free() it. */
CK_RV pkey_from_object(struct call *, const struct object *, EVP_PKEY **out);
/* Of attributes kept here. CKR_ATTRIBUTE_VALUE_INVALID: they are no key. */
CK_RV pkey_from_attrs(struct call *, const struct attrset *, EVP_PKEY **out);
/* Bits of an RSA modulus or of the order of a curve, without the key's bytes
 * being read; 0: no such key. */
size_t pkey_bits(const struct object *);
#endif
