#ifndef RSA_CRYPT_H
#define RSA_CRYPT_H
#include "mech.h"

/* RSA encryption: with public halves here, in KMS with private ones of KMS. */
extern const struct family crypt_oaep; /* RSAES-OAEP */
extern const struct family crypt_pkcs1; /* RSAES-PKCS1-v1_5: not in KMS */
extern const struct family crypt_x509; /* without padding: not in KMS */
#endif
