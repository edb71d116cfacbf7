#ifndef DELETE_MATERIAL_H
#define DELETE_MATERIAL_H
#include "token/call.h"
#include "token/key.h"

struct material_deletion {
	bool any; /* there was some */
	/* of a Region where KMS may not list it; the log says so */
	bool more_may_remain;
};

/*
 * DeleteImportedKeyMaterial of every material of the key, in each of the
 * token's Regions: in the replicas, then in the key's own Region. In each, what
 * waits for its rotation goes first and the current material last, and
 * ListKeyRotations proves that none is left. Where a Region fails, the others
 * are still tried, but the key's own Region is left as it is, so that the key
 * can be found and destroyed again; the log says what remains.
 */
enum err delete_material(
    struct call *, const struct key *, struct material_deletion *);
/* Whether it would find any of a key that is in PendingImport: what an earlier
 * destruction, or the end of another material, has left. Asks KMS for the
 * materials of a symmetric key, and of a multi-Region key in each Region. */
bool delete_material_is_left(struct call *, const struct key *);
#endif
