#ifndef ATTR_VALUE_H
#define ATTR_VALUE_H
#include "call.h"

/* For readers: append a value. */
CK_RV attr_put(struct call *, struct buf *out, struct view);
CK_RV attr_put_ulong(struct call *, struct buf *out, CK_ULONG);
CK_RV attr_put_bool(struct call *, struct buf *out, bool);
#endif
