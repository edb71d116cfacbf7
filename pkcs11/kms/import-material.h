#ifndef IMPORT_MATERIAL_H
#define IMPORT_MATERIAL_H
#include "import-params.h"
#include "provision-state.h"

/* ImportKeyMaterial into a key that is there: step 5 of provision.c. On success
 * p->key is the key as KMS then shows it, and not ours to take back. */

/* Wraps the request's material here. */
CK_RV import_material(struct call *, struct provision *);
/* Chooses the end of what was wrapped elsewhere, before it is sent. */
CK_RV import_choose_end(struct call *, struct provision *);
/* What was wrapped elsewhere, with the import parameters for it. */
CK_RV import_blob(struct call *, struct provision *,
    const struct import_params *, struct view blob);
#endif
