#ifndef LOCAL_H
#define LOCAL_H
#include "object.h"

/* Objects that are kept in this process: session objects. */

CK_RV local_create(struct call *, struct template, CK_OBJECT_HANDLE *);
/* A bag that a mechanism made (held by the caller, who lets go of it) becomes
 * an object of the call's session. */
CK_RV local_add(struct call *, struct bag *, CK_OBJECT_HANDLE *);
CK_RV local_set(struct call *, const struct object *, struct template);
CK_RV local_destroy(struct call *, const struct object *);
#endif
