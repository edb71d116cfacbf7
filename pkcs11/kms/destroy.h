#ifndef DESTROY_H
#define DESTROY_H
#include "token/call.h"
#include "token/key.h"

/*
 * C_DestroyObject of a key in KMS, as `destroy` in keyferry.conf(5) says: its
 * material goes, or the whole key. A key that waits for its material is taken
 * back (take-back.h): if it is filled meanwhile, it is in use, and this is
 * refused.
 */
CK_RV destroy_key(struct call *, struct key *);
/* The key beside it. */
CK_RV destroy_companion(struct call *, const struct key *);
#endif
