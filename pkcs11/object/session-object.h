#ifndef SESSION_OBJECT_H
#define SESSION_OBJECT_H
#include "object.h"

/* Objects that are kept in this process: session objects. */

/* Of a template with all values in it; see object_from_template(). */
CK_RV session_object_make(struct call *, struct template,
    const struct provenance *, CK_OBJECT_HANDLE *);
/* The same, not shown to anyone yet: *out is held for the caller. */
CK_RV session_object_build(struct call *, struct template,
    const struct provenance *, struct attrset **out);
/* Attributes that a mechanism made become an object of the call's session, with
 * a CKA_UNIQUE_ID. The caller keeps its own hold on them. */
CK_RV session_object_add(struct call *, struct attrset *, CK_OBJECT_HANDLE *);
CK_RV session_object_set(struct call *, const struct object *, struct template);
CK_RV session_object_destroy(struct call *, const struct object *);
/* A copy that the template changes, as C_CopyObject has it; shown to no one
 * yet: *out is held for the caller. */
CK_RV session_object_copy(struct call *, const struct object *, struct template,
    struct attrset **out);
#endif
