#ifndef KEY_NAME_H
#define KEY_NAME_H
#include "keydata/names.h"
#include "token/call.h"

/* The CKA_LABEL or CKA_ID of a key in KMS, which its aliases hold. Asks KMS for
 * them where they are not known yet. */
CK_RV key_name_read(struct call *, struct key *, enum name_kind, struct buf *);
#endif
