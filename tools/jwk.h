#ifndef JWK_H
#define JWK_H
#include <openssl/types.h>
#include <stdbool.h>
#include "buf.h"

/* JSON Web Keys (RFC 7517, 7518): RSA, EC and oct, with their private parts. */

#define JWK_WORD_SIZE 32

/* Whether a text is a JSON object. */
bool jwk_is_one(struct view text);
/*
 * The key in a text: the bytes of a secret key replace what out has, a buf of
 * the arena; or *key is the private key, which the caller frees, and NULL for a
 * secret one. algorithm becomes what it says that it is for (alg), or "".
 * Returns why it cannot be read, or NULL.
 */
const char *jwk_read(OSSL_LIB_CTX *, struct buf *out, EVP_PKEY **key,
    char algorithm[JWK_WORD_SIZE]);
#endif
