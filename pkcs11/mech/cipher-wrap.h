#ifndef CIPHER_WRAP_H
#define CIPHER_WRAP_H
#include "mech.h"

/* AES key wrapping with session keys. */
extern const struct family cipher_kw; /* RFC 3394 */
extern const struct family cipher_kwp; /* RFC 5649 */
#endif
