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

/* NULL: no such algorithm, or one that KMS takes no more. */
const struct wrapping *wrapping_find(struct view name);
/* Whether AWS takes that algorithm for that spec with such a wrapping key. */
bool wrapping_suits(
    const struct wrapping *, const struct spec *, unsigned wrapping_bits);
/* Appends the clear material. False: the blob does not unwrap. */
bool unwrap(
    const struct wrapping *, EVP_PKEY *, struct view blob, struct buf *clear);
/* RSA-OAEP with an empty label, either way; appended. */
bool oaep(EVP_PKEY *, bool encrypt, const char *digest, struct view in,
    struct buf *out);
#endif
