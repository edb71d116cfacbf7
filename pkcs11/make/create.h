#ifndef CREATE_H
#define CREATE_H
#include "object/object.h"

/*
 * C_CreateObject, and the end of every function that makes an object of a
 * template with all values in it: CKA_TOKEN true is a key in KMS, into which
 * the value is imported; false an object that is kept in this process. NULL
 * provenance: the value was brought here.
 */
CK_RV object_create(struct call *, struct template, CK_OBJECT_HANDLE *);
CK_RV object_make(struct call *, struct template, const struct provenance *,
    CK_OBJECT_HANDLE *);
/* C_UnwrapKey */
CK_RV object_unwrap(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE with,
    struct view wrapped, struct template, CK_OBJECT_HANDLE *);
/* C_CopyObject */
CK_RV object_copy(
    struct call *, CK_OBJECT_HANDLE, struct template, CK_OBJECT_HANDLE *);
#endif
