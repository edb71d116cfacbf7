#ifndef SOURCE_WRAP_H
#define SOURCE_WRAP_H
#include <openssl/evp.h>
#include <stdbool.h>
#include "cryptoki/cryptoki.h"

/* CKA_MODULUS and CKA_PUBLIC_EXPONENT. NULL: they are no key. */
EVP_PKEY *source_rsa(const CK_ATTRIBUTE *n, const CK_ATTRIBUTE *e);
/* Each writes to out, which has room for *out_len bytes. */
bool source_oaep(EVP_PKEY *, CK_RSA_PKCS_OAEP_PARAMS *, const CK_BYTE *in,
    size_t len, CK_BYTE *out, size_t *out_len);
bool source_kwp(const CK_BYTE key[32], const CK_BYTE *in, size_t len,
    CK_BYTE *out, size_t *out_len); /* RFC 5649 */
bool source_rsa_aes(EVP_PKEY *, CK_RSA_AES_KEY_WRAP_PARAMS *, const CK_BYTE *in,
    size_t len, CK_BYTE *out, size_t *out_len);
/* The PKCS#8 of the P-256 key in *ec, which is made if it is NULL; its length. */
size_t source_ec_value(EVP_PKEY **ec, CK_BYTE value[512]);
#endif
