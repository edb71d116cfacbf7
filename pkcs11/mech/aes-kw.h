#ifndef AES_KW_H
#define AES_KW_H
#include "mech.h"

/* AES key wrapping with session keys. */
extern const struct family aes_kw; /* RFC 3394 */
extern const struct family aes_kwp; /* RFC 5649 */
extern const struct family aes_kw_pkcs7;
#endif
