#ifndef MAKE_IV_H
#define MAKE_IV_H
#include "token/call.h"

/* An initialization vector, or a nonce, that the token may have to make. */
struct iv {
	CK_BYTE *ptr; /* len bytes, at the caller's */
	CK_ULONG len; /* 1 to IV_MAX, where the token makes it */
	CK_ULONG fixed_bits; /* the leading ones, which are the caller's */
	CK_ULONG generator; /* one of CKG_... */
};
#define IV_MAX 128 /* bytes: OpenSSL's limit for GCM */

/* Whether the fixed bits are of the vector, such a generator is known, and it
 * has a vector that it can make. */
bool iv_is_valid(const struct iv *);
/*
 * Makes the vector for the next encryption with a key, unless the caller gave
 * it. key: its value, or what else is its own. base: what
 * CKG_GENERATE_COUNTER_XOR counts from, of iv->len bytes.
 * CKR_MECHANISM_PARAM_INVALID: too few bits are free;
 * CKR_TOKEN_RESOURCE_EXCEEDED: every vector was used.
 */
CK_RV iv_make(
    struct call *, struct view key, struct view base, const struct iv *);
#endif
