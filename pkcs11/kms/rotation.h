#ifndef ROTATION_H
#define ROTATION_H
#include "provision-state.h"

/*
 * New material for a key that has some: it comes in beside that
 * (NEW_KEY_MATERIAL), and RotateKeyOnDemand then makes it current. What a call
 * that died in between brought in is found among the key's materials.
 */

/* ImportKeyMaterial; p->material_id is that of what came in. */
enum err rotation_import(
    struct call *, struct provision *, struct kms_import_in *);
/* Why that failed, for the caller and the log. */
CK_RV rotation_fail(struct call *, const struct provision *, enum err);
/* RotateKeyOnDemand, once the material is where the key is: of a multi-Region
 * key in each of its Regions, and what came wrapped is in one alone. Until then
 * this is ERR_OK, and the log says so. */
enum err rotation_end(struct call *, const struct provision *);
#endif
