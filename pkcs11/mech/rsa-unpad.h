#ifndef RSA_UNPAD_H
#define RSA_UNPAD_H
#include "buf.h"
#include "crypto.h"

/*
 * Takes PKCS#1 v1.5's padding off what RSA gave, by implicit rejection
 * (draft-irtf-cfrg-rsa-guidance, section 7): where the padding is wrong, out
 * gets a message that nobody can tell from a right one, of a length that only
 * key and ciphertext decide. So nobody learns from an answer, or from the time
 * it takes, what a ciphertext of his own holds (Bleichenbacher's attack).
 *
 * block: as long as the modulus, at most RSA_BLOCK_MAX bytes; exponent: the
 * private one; ciphertext: as long as the block.
 */
#define RSA_BLOCK_MAX 2048
enum err rsa_unpad_pkcs1(const struct crypto *, struct view block,
    struct view exponent, struct view ciphertext, struct buf *out);
#endif
