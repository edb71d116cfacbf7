#ifndef LAST_USE_H
#define LAST_USE_H
#include "token/call.h"

/* Tells the log when the key, which is about to be destroyed, was last used in
 * the Region that kms means. Where that cannot be asked, the log says so; kms
 * keeps its error. */
void last_use_note(
    struct call *, const struct kms *, const char *region, const char *key_id);

/* Readers of attributes. */
CK_RV last_use_read_date(struct call *, const struct object *, struct buf *);
CK_RV last_use_read_operation(
    struct call *, const struct object *, struct buf *);
#endif
