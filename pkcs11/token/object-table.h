#ifndef OBJECT_TABLE_H
#define OBJECT_TABLE_H
#include <pthread.h>
#include "keydata/attrset.h"

/*
 * The objects of a token that are kept in this process. Each belongs to the
 * session that made it and ends with it; one of owner OWNER_TOKEN (a
 * certificate) stays. All sessions of the token see them.
 */
#define OWNER_TOKEN CK_INVALID_HANDLE
struct table_object {
	CK_OBJECT_HANDLE handle;
	CK_SESSION_HANDLE owner;
	struct attrset *attrs; /* held */
};

struct object_table {
	pthread_mutex_t lock; /* never held long */
	struct table_object *rows; /* by handle, ascending */
	size_t count, cap;
	CK_OBJECT_HANDLE *next; /* the module's counter, atomic */
};

void object_table_init(struct object_table *, CK_OBJECT_HANDLE *counter);
void object_table_free(struct object_table *);

/* Takes over the caller's hold on the attributes, and drops it when it fails:
 * CK_INVALID_HANDLE, no memory. */
CK_OBJECT_HANDLE object_table_add(
    struct object_table *, CK_SESSION_HANDLE owner, struct attrset *);
/* The attributes, held for the caller, or NULL. owner may be NULL. */
struct attrset *object_table_get(
    struct object_table *, CK_OBJECT_HANDLE, CK_SESSION_HANDLE *owner);
/* Replaces the object's attributes if they are still the first ones given, and
 * takes over the caller's hold on the new ones then. False: they are not. */
bool object_table_swap(struct object_table *, CK_OBJECT_HANDLE,
    const struct attrset *, struct attrset *);
bool object_table_remove(struct object_table *, CK_OBJECT_HANDLE);
/* Those that the predicate says, or NULL for all of that owner. */
void object_table_remove_all(struct object_table *, CK_SESSION_HANDLE owner,
    bool (*which)(const struct attrset *));
/* A copy of all rows, with their attributes held; NULL and a count of 0 when
 * there are none, or no memory. object_table_rows_free() gives it back. */
struct table_object *object_table_rows(struct object_table *, size_t *count);
void object_table_rows_free(struct table_object *, size_t count);
#endif
