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
/* Both, where there is a key beside it. Where KMS refuses to destroy the key,
 * that one is not destroyed, either; its material, if that is what went, is
 * gone. */
CK_RV destroy_both(struct call *, struct key *);
/* Whether the key waits for material and others of its materials, or those of
 * its replicas, may be left, which destroy_both() deletes. */
bool destroy_may_be_unfinished(const struct call *, const struct key *);
/* Whether a key that waits for material may never have had any. AES keys show
 * which it is; another that was made here has an end in the state directory
 * once it was filled from here, and of the rest the fence tells. */
bool destroy_may_be_of_empty(struct call *, const struct key *);
#endif
