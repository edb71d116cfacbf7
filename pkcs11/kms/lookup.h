#ifndef LOOKUP_H
#define LOOKUP_H
#include "token/call.h"

/*
 * The key that a label, id or unique id stands for now, held for the caller;
 * *out is NULL when there is none, or when no key could have such a name. A key
 * id or key ARN given as label or id means that key, whatever aliases there
 * are.
 */
CK_RV find_named(
    struct call *, CK_ATTRIBUTE_TYPE, struct view name, struct key **out);
/* Whether the name can be nothing but a key ARN of KMS. */
bool is_key_arn(struct view name);
#endif
