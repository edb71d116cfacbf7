#include <stdlib.h>
#include <string.h>
#include "locals.h"

void
locals_init(struct locals *ls, CK_OBJECT_HANDLE *counter)
{
	*ls = (struct locals){.next = counter};
	pthread_mutex_init(&ls->lock, NULL);
}

void
locals_free(struct locals *ls)
{
	if (ls->next == NULL)
		return;
	locals_rows_free(ls->rows, ls->count);
	pthread_mutex_destroy(&ls->lock);
	*ls = (struct locals){.next = NULL};
}

void
locals_rows_free(struct local *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		bag_unref(rows[i].bag);
	free(rows);
}

static int
by_handle(const void *a, const void *b)
{
	CK_OBJECT_HANDLE x = ((const struct local *)a)->handle;
	CK_OBJECT_HANDLE y = ((const struct local *)b)->handle;

	return (x < y ? -1 : x > y);
}

static struct local *
row_find(const struct locals *ls, CK_OBJECT_HANDLE h)
{
	struct local want = {.handle = h};

	return (ls->count == 0 ? NULL
			       : bsearch(&want, ls->rows, ls->count,
				     sizeof(want), by_handle));
}

static bool
make_room(struct locals *ls)
{
	size_t cap = ls->cap == 0 ? 16 : 2 * ls->cap;
	struct local *rows;

	if (ls->count < ls->cap)
		return (true);
	if ((rows = realloc(ls->rows, cap * sizeof(*rows))) == NULL)
		return (false);
	ls->rows = rows;
	ls->cap = cap;
	return (true);
}

CK_OBJECT_HANDLE
locals_add(struct locals *ls, CK_SESSION_HANDLE owner, struct bag *b)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	pthread_mutex_lock(&ls->lock);
	/* under the lock, so that the rows stay in order */
	if (make_room(ls)) {
		h = __atomic_add_fetch(ls->next, 1, __ATOMIC_RELAXED);
		ls->rows[ls->count++] = (struct local){h, owner, b};
		b = NULL;
	}
	pthread_mutex_unlock(&ls->lock);
	bag_unref(b);
	return (h);
}

struct bag *
locals_get(struct locals *ls, CK_OBJECT_HANDLE h, CK_SESSION_HANDLE *owner)
{
	struct local *l;
	struct bag *b = NULL;

	pthread_mutex_lock(&ls->lock);
	if ((l = row_find(ls, h)) != NULL) {
		b = bag_ref(l->bag);
		if (owner != NULL)
			*owner = l->owner;
	}
	pthread_mutex_unlock(&ls->lock);
	return (b);
}

bool
locals_swap(struct locals *ls, CK_OBJECT_HANDLE h, const struct bag *before,
    struct bag *b)
{
	struct local *l;
	struct bag *old = NULL;

	pthread_mutex_lock(&ls->lock);
	if ((l = row_find(ls, h)) != NULL && l->bag == before) {
		old = l->bag;
		l->bag = b;
	}
	pthread_mutex_unlock(&ls->lock);
	bag_unref(old);
	return (old != NULL);
}

bool
locals_drop(struct locals *ls, CK_OBJECT_HANDLE h)
{
	struct local *l;
	struct bag *old = NULL;

	pthread_mutex_lock(&ls->lock);
	if ((l = row_find(ls, h)) != NULL) {
		old = l->bag;
		ls->count--;
		memmove(
		    l, l + 1, (size_t)(ls->rows + ls->count - l) * sizeof(*l));
	}
	pthread_mutex_unlock(&ls->lock);
	bag_unref(old);
	return (old != NULL);
}

void
locals_drop_all(struct locals *ls, CK_SESSION_HANDLE owner,
    bool (*which)(const struct bag *))
{
	size_t kept = 0;

	pthread_mutex_lock(&ls->lock);
	for (size_t i = 0; i < ls->count; i++) {
		struct local *l = &ls->rows[i];

		if (which != NULL ? which(l->bag) : l->owner == owner)
			bag_unref(l->bag);
		else
			ls->rows[kept++] = *l;
	}
	ls->count = kept;
	pthread_mutex_unlock(&ls->lock);
}

struct local *
locals_rows(struct locals *ls, size_t *count)
{
	struct local *rows = NULL;

	*count = 0;
	pthread_mutex_lock(&ls->lock);
	if (ls->count != 0 &&
	    (rows = calloc(ls->count, sizeof(*rows))) != NULL) {
		*count = ls->count;
		memcpy(rows, ls->rows, ls->count * sizeof(*rows));
		for (size_t i = 0; i < *count; i++)
			bag_ref(rows[i].bag);
	}
	pthread_mutex_unlock(&ls->lock);
	return (rows);
}
