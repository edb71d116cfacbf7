#ifndef RSA_ENCRYPT_H
#define RSA_ENCRYPT_H
#include "mech.h"

/* RSA encryption: with public halves here, in KMS with private ones of KMS. */
extern const struct family rsa_oaep; /* RSAES-OAEP */
extern const struct family rsa_pkcs1; /* RSAES-PKCS1-v1_5: not in KMS */
extern const struct family rsa_x509; /* without padding: not in KMS */
#endif
