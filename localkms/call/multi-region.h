#ifndef LOCALKMS_MULTI_REGION_H
#define LOCALKMS_MULTI_REGION_H
#include "call/call.h"

/* The keys of one multi-Region key: those with its id in all Regions. */

/* c->key and those related to it: copies to be changed, up to
 * RELATED_KEYS_MAX, and stored all or none. */
bool related_keys_copy(struct call *, struct key **out, size_t *count);
bool related_keys_put(struct call *, struct key **, size_t count);
/* MultiRegionConfiguration of c->out.key. */
bool multi_region_fill(struct call *, const struct key *);
/* Adds the material to another of the keys; with its bytes only where KMS
 * made them. */
bool material_add_copy(
    struct key *to, const struct material *m, enum material_state);
#endif
