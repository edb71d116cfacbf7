#ifndef LOCALS_H
#define LOCALS_H
#include <pthread.h>
#include "keydata/bag.h"

/*
 * The objects of a token that are kept in this process. Each belongs to the
 * session that made it and ends with it; one of owner LOCALS_TOKEN (a
 * certificate) stays. All sessions of the token see them.
 */
#define LOCALS_TOKEN CK_INVALID_HANDLE
struct local {
	CK_OBJECT_HANDLE handle;
	CK_SESSION_HANDLE owner;
	struct bag *bag; /* held */
};

struct locals {
	pthread_mutex_t lock; /* never held long */
	struct local *rows; /* by handle, ascending */
	size_t count, cap;
	CK_OBJECT_HANDLE *next; /* the module's counter, atomic */
};

void locals_init(struct locals *, CK_OBJECT_HANDLE *counter);
void locals_free(struct locals *);

/* Takes over the caller's hold on the bag. CK_INVALID_HANDLE: no memory, and
 * the bag is let go of. */
CK_OBJECT_HANDLE locals_add(
    struct locals *, CK_SESSION_HANDLE owner, struct bag *);
/* The bag, held for the caller, or NULL. owner may be NULL. */
struct bag *locals_get(
    struct locals *, CK_OBJECT_HANDLE, CK_SESSION_HANDLE *owner);
/* Puts another bag in the place of one, if that is still there; takes it over
 * if so. */
bool locals_swap(
    struct locals *, CK_OBJECT_HANDLE, const struct bag *, struct bag *);
bool locals_drop(struct locals *, CK_OBJECT_HANDLE);
/* Those that the predicate says, or NULL for all of that owner. */
void locals_drop_all(struct locals *, CK_SESSION_HANDLE owner,
    bool (*which)(const struct bag *));
/* A copy of all rows, bags held; count 0 and NULL when none or no memory. Give
 * it back with locals_rows_free(). */
struct local *locals_rows(struct locals *, size_t *count);
void locals_rows_free(struct local *, size_t count);
#endif
