#ifndef FINGERPRINT_H
#define FINGERPRINT_H
#include <openssl/types.h>
#include <stdbool.h>
#include "buf.h"

#define FINGERPRINT_SIZE 65
/* SHA-256 of an RSA key's SubjectPublicKeyInfo in DER, in lower-case hex
 * digits. The numbers are as in CKA_MODULUS and CKA_PUBLIC_EXPONENT. False: out
 * of memory, or not an RSA key. */
bool rsa_fingerprint(
    struct view modulus, struct view exponent, char out[FINGERPRINT_SIZE]);
/* The same of an EC key, by CKA_EC_PARAMS and the uncompressed point. */
bool ec_fingerprint(
    struct view params, struct view point, char out[FINGERPRINT_SIZE]);
/* The same of a public key. */
bool public_key_fingerprint(
    OSSL_LIB_CTX *, EVP_PKEY *, char out[FINGERPRINT_SIZE]);
#endif
