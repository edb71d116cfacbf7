#ifndef DIGEST_H
#define DIGEST_H
#include "keydata/hash.h"
#include "mech.h"

/* Hashing as part of an operation: op->md. */
CK_RV digest_begin(struct call *, struct op *, const struct digest *);
CK_RV digest_add(struct call *, struct op *, struct view);
/* hash: EVP_MAX_MD_SIZE bytes; *v is a view of it. */
CK_RV digest_end(struct op *, uint8_t *hash, struct view *v);

/* SHA-1, SHA-2 and SHA-3, in this process. */
extern const struct family digest_any;
#endif
