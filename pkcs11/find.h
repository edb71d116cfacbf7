#ifndef FIND_H
#define FIND_H
#include <stdbool.h>
#include <stddef.h>
#include "template.h"

struct call;
struct key;

/* A search: its result is complete when it begins. */
struct find {
	bool active;
	CK_OBJECT_HANDLE *handles;
	size_t count, next;
};

/* A template that names a key (label, id, unique id) costs a DescribeKey a
 * name; any other lists the token. */
CK_RV find_begin(struct call *, struct template);
CK_RV find_next(
    struct call *, CK_OBJECT_HANDLE *, CK_ULONG max, CK_ULONG *count);
void find_end(struct find *);

/*
 * The key that a label or id stands for now, held for the caller; *out is NULL
 * when there is none, or when no key could have such a name.
 */
CK_RV find_named(
    struct call *, CK_ATTRIBUTE_TYPE, struct view name, struct key **out);
#endif
