#ifndef RENEWAL_PAIR_H
#define RENEWAL_PAIR_H
#include "token/call.h"

/*
 * A renewal pair: an import pair beside a key that is in use or disabled. What
 * is unwrapped with it is the key's own material, with a new end, or other
 * material to which the key is rotated. The key never notices. The pair is a
 * file of the state directory, so that another process finds it, until it is
 * used or destroyed.
 */

/* Whether the key can have one: imported, in use or disabled. */
bool renewal_pair_may_be(const struct key *);
/*
 * Gets import parameters for the key, by that algorithm, with a wrapping key of
 * that size, unless its pair has such already: then what was wrapped is good.
 * Where KMS refuses them nothing has changed.
 */
CK_RV renewal_pair_make(
    struct call *, struct key *, const char *algorithm, CK_ULONG bits);
/* The key's objects become those with the pair: with both halves, whatever the
 * program took away. */
enum err renewal_pair_show(struct call *, const struct key *);
/* The pair alone goes, and KMS is not asked. */
CK_RV renewal_pair_remove(struct call *, struct key *);
#endif
