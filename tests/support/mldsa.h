#ifndef TEST_MLDSA_H
#define TEST_MLDSA_H
#include <openssl/evp.h>
#include "p11.h"

/* ML-DSA on both sides. The signature and its context are kept here. */
#define MLDSA_SIG_MAX 5000
#define MLDSA_CONTEXT_MAX 255
extern CK_BYTE mldsa_sig[MLDSA_SIG_MAX], mldsa_context[MLDSA_CONTEXT_MAX];
extern CK_ULONG mldsa_sig_len;

/* Makes the signature: in one part, or in parts of 700 bytes. */
CK_RV mldsa_sign(
    CK_OBJECT_HANDLE, CK_MECHANISM *, CK_BYTE *in, size_t len, bool parts);
CK_RV mldsa_verify(CK_OBJECT_HANDLE, CK_MECHANISM *, CK_BYTE *in, size_t len);
/* OpenSSL's opinion of it, of a message with so much of the context, or of one
 * that is M' (FIPS 204, algorithm 2) already. */
bool mldsa_openssl_verifies(EVP_PKEY *, const void *message, size_t len,
    size_t context_len, bool encoded);
#endif
