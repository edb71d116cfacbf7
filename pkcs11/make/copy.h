#ifndef COPY_H
#define COPY_H
#include "object/object.h"

/*
 * C_CopyObject of an object in this process. *copy becomes the handle of
 * another one, or, if the template says CKA_TOKEN true, of a key in KMS into
 * which the material is imported; attributes that no key in KMS can have
 * (CKA_EXTRACTABLE) are then left out. On an error *copy is as before.
 *
 * CKR_OBJECT_HANDLE_INVALID; CKR_ACTION_PROHIBITED: the object is in KMS, or
 * its CKA_COPYABLE is false; what the template is refused for, as
 * C_CreateObject says it.
 */
CK_RV object_copy(struct call *, CK_OBJECT_HANDLE original, struct template,
    CK_OBJECT_HANDLE *copy);
/* The same of attributes alone: makes a key in KMS of them. */
CK_RV object_import(struct call *, const struct attrset *, CK_OBJECT_HANDLE *);
#endif
