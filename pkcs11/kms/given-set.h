#ifndef GIVEN_SET_H
#define GIVEN_SET_H
#include "token/call.h"

/* Import sets as a program carries them: CKA_KEYFERRY_IMPORT_SET, whose value
 * is the JSON object that keyferry.conf(5) describes at import-sets. */

/* Reader of the attribute, of an import pair: fetches the set when needed. */
CK_RV given_set_read(struct call *, const struct object *, struct buf *);
/*
 * Takes in a set: the key's import pair, or the renewal pair beside a key that
 * has its material, is there then, until the set is used or its 24 hours are
 * over, also where KMS lets nobody here look at the key. *handle is the pair's
 * private half. A set that cannot be used: CKR_ATTRIBUTE_VALUE_INVALID.
 */
CK_RV given_set_take(struct call *, struct view set, CK_OBJECT_HANDLE *handle);
#endif
