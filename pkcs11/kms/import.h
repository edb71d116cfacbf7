#ifndef IMPORT_H
#define IMPORT_H
#include "provision.h"
#include "cryptoki/template.h"

/*
 * Material into the key of an open struct provision: get the import parameters,
 * wrap or pass through, import. From its success on nothing is taken back.
 */

/* Wraps the material here and imports it. */
CK_RV import_material(struct call *, struct provision *, struct view material);
/* Imports what was wrapped elsewhere for the key's pair. */
CK_RV import_wrapped(struct call *, struct provision *, const CK_MECHANISM *,
    struct view wrapped);
/* C_GenerateKeyPair of an import pair: a key that waits for material. */
CK_RV import_pair_make(struct call *, const CK_MECHANISM *,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);
#endif
