#ifndef TLS_PRF_H
#define TLS_PRF_H
#include "token/call.h"

#define TLS_SEED_MAX 1024 /* bytes: more OpenSSL 3.0 does not take */

/*
 * Puts len bytes of the PRF of TLS 1.2 (RFC 5246, section 5) with that hash
 * into *out; label and seeds, count of them, are what it is computed of.
 * CKR_MECHANISM_PARAM_INVALID: no such hash, or more than TLS_SEED_MAX bytes;
 * CKR_HOST_MEMORY, CKR_FUNCTION_FAILED.
 */
CK_RV tls_prf(struct call *, CK_MECHANISM_TYPE hash, struct view secret,
    const char *label, const struct view *seeds, size_t count, size_t len,
    struct buf *out);
#endif
