#ifndef REGION_LIST_H
#define REGION_LIST_H
#include "token/call.h"

/* CKA_KEYFERRY_REGIONS. Of a multi-Region key KMS is asked. */
CK_RV region_list_read(struct call *, const struct object *, struct buf *);
#endif
