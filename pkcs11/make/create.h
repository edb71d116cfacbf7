#ifndef CREATE_H
#define CREATE_H
#include "object/object.h"

/* Objects out of templates with all values in them. */

/* C_CreateObject. */
CK_RV object_create(struct call *, struct template, CK_OBJECT_HANDLE *);
/*
 * By CKA_TOKEN a key in KMS, into which the values are imported, or an object
 * that is kept here. NULL provenance: it was brought here. *made: the key in
 * KMS that was not there before, held for the caller; NULL: there is none. The
 * pointer may be NULL.
 */
CK_RV object_from_template(struct call *, struct template,
    const struct provenance *, CK_OBJECT_HANDLE *, struct key **made);
#endif
