#ifndef TOKEN_H
#define TOKEN_H
#include <stdbool.h>
#include "buf.h"
#include "cryptoki/cryptoki.h"

/* An open token: its session, its mechanisms, the attributes of its objects. */

struct token {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	char label[33]; /* without the padding */
	CK_SESSION_HANDLE session; /* open as long as the token is */
	CK_MECHANISM_TYPE *mechanisms;
	CK_ULONG mechanism_count;
};

/* Whether this is a Keyferry token, that is, its keys are in KMS. */
bool token_is_keyferry(const struct token *);
/* Whether it has the mechanism with at least one of the flags. */
bool token_has_mechanism(const struct token *, CK_MECHANISM_TYPE, CK_FLAGS);

/* Replaces *out by an attribute's value, which may be empty. *out is empty on
 * error; a NUL stands behind the value, not counted. */
CK_RV token_get_attribute(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, struct buf *out);
bool token_get_bool(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, bool if_absent);
/* CK_UNAVAILABLE_INFORMATION where it cannot be read. */
CK_ULONG token_get_ulong(
    const struct token *, CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE);

/* All objects that match the template (at most 8 attributes). The caller frees
 * *handles, which is NULL where none was found. */
CK_RV token_find_objects(const struct token *, const CK_ATTRIBUTE *,
    CK_ULONG count, CK_OBJECT_HANDLE **handles, CK_ULONG *found);
#endif
