#ifndef COPY_H
#define COPY_H
#include "object/object.h"

/* C_CopyObject. */
CK_RV object_copy(
    struct call *, CK_OBJECT_HANDLE, struct template, CK_OBJECT_HANDLE *);
#endif
