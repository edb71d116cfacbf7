#ifndef FENCE_H
#define FENCE_H
#include "token/call.h"
#include "token/key.h"

/*
 * The fence of a key that is to go because it is empty. A look cannot tell that
 * it is: somebody may fill it in the same moment, and KMS may answer with what
 * was before. But KMS takes as a key's first material what comes first, and
 * afterwards no other. So throw-away material is imported: if KMS takes it,
 * nobody's was in, and nobody's can come in any more.
 *
 * This rests on what AWS documents of ImportKeyMaterial.
 */

/* Makes throw-away material that a key of that spec takes. */
enum err fence_make_material(
    struct call *, const struct key_spec *, struct buf *);
/*
 * Imports it; the same material may come again. ERR_OK: the key holds it, and
 * can be scheduled for deletion. ERR_WRONG_MATERIAL: other material is in, or
 * was. ERR_KEY_STATE: the key waits for its deletion already. ERR_DENIED: the
 * caller may not import.
 */
enum err fence_import(struct call *, const struct key *, struct view material);
#endif
