#ifndef DPOP_H
#define DPOP_H
#include "buf.h"
#include "crypto.h"

/*
 * Appends a DPoP proof of RFC 9449 for a POST: a JSON Web Token that the key
 * signs with ES256. It is good for one request. pem: an EC private key on
 * P-256. seconds: since 1970. ERR_DATA: that is no such key. ERR_TOO_BIG,
 * ERR_MEMORY, ERR_INTERNAL.
 */
enum err dpop_proof(const struct crypto *, const char *pem, const char *url,
    int64_t seconds, struct buf *out);
#endif
