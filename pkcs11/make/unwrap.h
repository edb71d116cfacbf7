#ifndef UNWRAP_H
#define UNWRAP_H
#include "object/object.h"

/* C_UnwrapKey: with an import pair the wrapped key goes on to KMS, with any
 * other key it is unwrapped in this process. associated: the data of
 * C_UnwrapKeyAuthenticated, or NULL. */
CK_RV unwrap_key(struct call *, const CK_MECHANISM *,
    const struct view *associated, CK_OBJECT_HANDLE unwrapping_key,
    struct view wrapped, struct template, CK_OBJECT_HANDLE *);
#endif
