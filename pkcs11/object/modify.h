#ifndef MODIFY_H
#define MODIFY_H
#include "object.h"

/* C_SetAttributeValue and C_DestroyObject. */
CK_RV object_set(struct call *, CK_OBJECT_HANDLE, struct template);
CK_RV object_destroy(struct call *, CK_OBJECT_HANDLE);
#endif
