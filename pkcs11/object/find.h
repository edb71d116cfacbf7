#ifndef FIND_H
#define FIND_H
#include <stdbool.h>
#include <stddef.h>
#include "cryptoki/template.h"

struct call;
struct key;

/* A template that names a key (label, id, unique id) costs a DescribeKey a
 * name; any other lists the token. */
CK_RV find_begin(struct call *, struct template);
CK_RV find_next(
    struct call *, CK_OBJECT_HANDLE *, CK_ULONG max, CK_ULONG *count);
#endif
