#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H
#include <stdbool.h>
#include <openssl/evp.h>
#include "crypto.h"

/*
 * OpenSSL makes keys. It is asked by OID: by the usual names it asks the host's
 * engines first, and one of those (libp11's) may be what has called us.
 */
#define CRYPTO_TYPE_RSA "1.2.840.113549.1.1.1"
#define CRYPTO_TYPE_EC "1.2.840.10045.2.1"
#define CRYPTO_TYPE_DSA "1.2.840.10040.4.1"

/*
 * Both make *out, which the caller frees. type: one of the above, or a name
 * that is also the OID's ("ED25519"). False: crypto_reason() says why.
 */
/* A new pair; params: OSSL_PKEY_PARAM_RSA_BITS and the like. */
bool crypto_key_generate(const struct crypto *, const char *type,
    const OSSL_PARAM *params, EVP_PKEY **out);
/* The key of those numbers; selection: EVP_PKEY_KEYPAIR or
 * EVP_PKEY_PUBLIC_KEY. */
bool crypto_key_from_params(const struct crypto *, const char *type,
    int selection, OSSL_PARAM *params, EVP_PKEY **out);
#endif
