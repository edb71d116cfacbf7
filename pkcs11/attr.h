#ifndef ATTR_H
#define ATTR_H
#include "call.h"
#include "store.h"

/* Attributes are rows of one table: type, form, which objects have it, how it
 * is read, and whether a caller may set it. */

/*
 * *out gets the attribute's bytes as PKCS#11 wants them. CKR_OK;
 * CKR_ATTRIBUTE_TYPE_INVALID; CKR_ATTRIBUTE_SENSITIVE; or a failure of KMS.
 */
CK_RV attr_get(
    struct call *, const struct object *, CK_ATTRIBUTE_TYPE, struct buf *out);
/* C_GetAttributeValue: every entry is filled, even when one fails. */
CK_RV attr_fill(struct call *, const struct object *, CK_ATTRIBUTE *, CK_ULONG);
/* Whether each attribute of the template has that value; asks KMS nothing. */
bool attr_match(
    struct call *, const struct object *, const CK_ATTRIBUTE *, CK_ULONG);

/* A template that makes an object, or changes one (set). */
enum attr_purpose { ATTR_CREATE, ATTR_UNWRAP, ATTR_GENERATE, ATTR_SET };
/*
 * Every attribute known for the class, once, of the right size, and one that a
 * caller may give for the purpose: the specification's code if not.
 */
CK_RV attr_check(struct call *, const CK_ATTRIBUTE *, CK_ULONG, CK_OBJECT_CLASS,
    enum attr_purpose);

/* Values out of a template that attr_check() has passed; absent ones are the
 * default given, or a view without bytes (ptr NULL). */
const CK_ATTRIBUTE *attr_find(
    const CK_ATTRIBUTE *, CK_ULONG, CK_ATTRIBUTE_TYPE);
struct view attr_view(const CK_ATTRIBUTE *, CK_ULONG, CK_ATTRIBUTE_TYPE);
CK_ULONG attr_ulong(
    const CK_ATTRIBUTE *, CK_ULONG, CK_ATTRIBUTE_TYPE, CK_ULONG absent);
bool attr_bool(const CK_ATTRIBUTE *, CK_ULONG, CK_ATTRIBUTE_TYPE, bool absent);
#endif
