#ifndef OBJECT_H
#define OBJECT_H
#include "call.h"

/* What C_CreateObject, C_UnwrapKey, C_GenerateKeyPair, C_SetAttributeValue
 * and C_DestroyObject mean, in terms of import and rename. */
CK_RV object_create(
    struct call *, const CK_ATTRIBUTE *, CK_ULONG, CK_OBJECT_HANDLE *);
CK_RV object_unwrap(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE with,
    struct view wrapped, const CK_ATTRIBUTE *, CK_ULONG, CK_OBJECT_HANDLE *);

/* The two templates of C_GenerateKeyPair. */
struct templates {
	const CK_ATTRIBUTE *public, *private;
	CK_ULONG public_count, private_count;
};
CK_RV object_generate_pair(struct call *, const CK_MECHANISM *,
    const struct templates *, CK_OBJECT_HANDLE *public,
    CK_OBJECT_HANDLE *private);
CK_RV object_set(
    struct call *, CK_OBJECT_HANDLE, const CK_ATTRIBUTE *, CK_ULONG);
CK_RV object_destroy(struct call *, CK_OBJECT_HANDLE);
#endif
