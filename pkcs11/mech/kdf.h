#ifndef KDF_H
#define KDF_H
#include <openssl/params.h>
#include "buf.h"
#include "cryptoki/cryptoki.h"
#include "crypto.h"

/* Puts len bytes that the key derivation function of OpenSSL's name gives by
 * the parameters into *out. CKR_HOST_MEMORY, also where there is no such
 * function; CKR_FUNCTION_FAILED. */
CK_RV kdf_run(const struct crypto *, const char *name, const OSSL_PARAM *,
    size_t len, struct buf *out);
#endif
