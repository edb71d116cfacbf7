#ifndef LOCALKMS_WRAP_H
#define LOCALKMS_WRAP_H
#include <openssl/types.h>
#include "buf.h"
#include "key/spec.h"

/* AlgorithmSpec: how key material is wrapped on its way in. */
struct wrapping {
	const char *name;
	const char *digest; /* of OAEP and of its MGF1 */
	bool two_steps; /* OAEP of an AES key, then AES-KWP (RFC 5649) */
};

/* NULL: no such algorithm, or one that KMS no longer accepts. */
const struct wrapping *wrapping_find(struct view name);
/* Whether AWS accepts this algorithm for a key of that spec, with a wrapping
 * key of so many bits. */
bool wrapping_is_allowed(
    const struct wrapping *, const struct spec *, unsigned wrapping_bits);
/* Appends the key material. False: the blob cannot be unwrapped. */
bool unwrap_material(
    const struct wrapping *, EVP_PKEY *, struct view blob, struct buf *clear);
/* Encrypts or decrypts by RSA-OAEP with an empty label; appends the result. */
bool rsa_oaep(EVP_PKEY *, bool encrypt, const char *digest, struct view in,
    struct buf *out);
#endif
