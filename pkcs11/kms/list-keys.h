#ifndef LIST_KEYS_H
#define LIST_KEYS_H
#include "token/call.h"

/* All keys of the token's selection, unless they were listed a moment ago. A
 * key that KMS refuses to describe is left out: the log says so, and
 * CKA_KEYFERRY_LEFT_OUT. */
CK_RV listing_refresh(struct call *);
/* What was listed is no longer to be relied on. */
void listing_invalidate(struct call *);
#endif
