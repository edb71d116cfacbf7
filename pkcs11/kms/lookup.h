#ifndef LOOKUP_H
#define LOOKUP_H
#include "token/call.h"

/*
 * The key that a label or id stands for now, held for the caller; *out is NULL
 * when there is none, or when no key could have such a name.
 */
CK_RV find_named(
    struct call *, CK_ATTRIBUTE_TYPE, struct view name, struct key **out);
#endif
