#ifndef CREATE_H
#define CREATE_H
#include "object/object.h"

/* Objects out of templates with all values in them. */

/* C_CreateObject. */
CK_RV object_create(struct call *, struct template, CK_OBJECT_HANDLE *);
/*
 * By CKA_TOKEN a key in KMS, into which the values are imported, or an object
 * that is kept here. NULL provenance: it was brought here.
 */
CK_RV object_from_template(struct call *, struct template,
    const struct provenance *, CK_OBJECT_HANDLE *);
#endif
