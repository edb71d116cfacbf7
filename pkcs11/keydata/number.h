#ifndef NUMBER_H
#define NUMBER_H
#include <openssl/bn.h>
#include "buf.h"

/* Numbers as PKCS#11 has them: bytes, the highest first. */

/* The number without leading zeros; 0 has no bytes. */
struct view number_trim(struct view);
/* How many bits it has: 0 for 0. */
size_t number_bits(struct view);
/* Its bytes, the lowest first, as OSSL_PARAM_construct_BN() wants them; to has
 * room for all. */
void number_reverse(struct view, uint8_t *to);
/* A new number of OpenSSL's for something secret, which the context owns.
 * NULL: no memory. */
BIGNUM *number_secret(BN_CTX *);
#endif
