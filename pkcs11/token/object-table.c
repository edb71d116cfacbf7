#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "object-table.h"

void
object_table_init(struct object_table *ls, CK_OBJECT_HANDLE *counter)
{
	*ls = (struct object_table){.next = counter};
	pthread_mutex_init(&ls->lock, NULL);
}

void
object_table_free(struct object_table *ls)
{
	if (ls->next == NULL)
		return;
	object_table_rows_free(ls->rows, ls->count);
	pthread_mutex_destroy(&ls->lock);
	*ls = (struct object_table){.next = NULL};
}

void
object_table_rows_free(struct table_object *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		attrset_unref(rows[i].attrs);
	free(rows);
}

static int
by_handle(const void *a, const void *b)
{
	CK_OBJECT_HANDLE x = ((const struct table_object *)a)->handle;
	CK_OBJECT_HANDLE y = ((const struct table_object *)b)->handle;

	return (x < y ? -1 : x > y);
}

static struct table_object *
row_find(const struct object_table *ls, CK_OBJECT_HANDLE h)
{
	struct table_object want = {.handle = h};

	return (ls->count == 0 ? NULL
			       : bsearch(&want, ls->rows, ls->count,
				     sizeof(want), by_handle));
}

static bool
make_room(struct object_table *ls)
{
	struct table_object *rows = array_grow(
	    ls->rows, &ls->cap, ls->count + 1, sizeof(*rows));

	if (rows != NULL)
		ls->rows = rows;
	return (rows != NULL);
}

CK_OBJECT_HANDLE
object_table_add(
    struct object_table *ls, CK_SESSION_HANDLE owner, struct attrset *b)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	pthread_mutex_lock(&ls->lock);
	/* under the lock, so that the rows stay in order */
	if (make_room(ls)) {
		h = __atomic_add_fetch(ls->next, 1, __ATOMIC_RELAXED);
		ls->rows[ls->count++] = (struct table_object){h, owner, b};
		b = NULL;
	}
	pthread_mutex_unlock(&ls->lock);
	attrset_unref(b);
	return (h);
}

struct attrset *
object_table_get(
    struct object_table *ls, CK_OBJECT_HANDLE h, CK_SESSION_HANDLE *owner)
{
	struct table_object *l;
	struct attrset *b = NULL;

	pthread_mutex_lock(&ls->lock);
	if ((l = row_find(ls, h)) != NULL) {
		b = attrset_ref(l->attrs);
		if (owner != NULL)
			*owner = l->owner;
	}
	pthread_mutex_unlock(&ls->lock);
	return (b);
}

bool
object_table_swap(struct object_table *ls, CK_OBJECT_HANDLE h,
    const struct attrset *before, struct attrset *b)
{
	struct table_object *l;
	struct attrset *old = NULL;

	pthread_mutex_lock(&ls->lock);
	if ((l = row_find(ls, h)) != NULL && l->attrs == before) {
		old = l->attrs;
		l->attrs = b;
	}
	pthread_mutex_unlock(&ls->lock);
	attrset_unref(old);
	return (old != NULL);
}

bool
object_table_remove(struct object_table *ls, CK_OBJECT_HANDLE h)
{
	struct table_object *l;
	struct attrset *old = NULL;

	pthread_mutex_lock(&ls->lock);
	if ((l = row_find(ls, h)) != NULL) {
		old = l->attrs;
		ls->count--;
		memmove(
		    l, l + 1, (size_t)(ls->rows + ls->count - l) * sizeof(*l));
	}
	pthread_mutex_unlock(&ls->lock);
	attrset_unref(old);
	return (old != NULL);
}

void
object_table_remove_all(struct object_table *ls, CK_SESSION_HANDLE owner,
    bool (*which)(const struct attrset *))
{
	size_t kept = 0;

	pthread_mutex_lock(&ls->lock);
	for (size_t i = 0; i < ls->count; i++) {
		struct table_object *l = &ls->rows[i];

		if (which != NULL ? which(l->attrs) : l->owner == owner)
			attrset_unref(l->attrs);
		else
			ls->rows[kept++] = *l;
	}
	ls->count = kept;
	pthread_mutex_unlock(&ls->lock);
}

struct table_object *
object_table_rows(struct object_table *ls, size_t *count)
{
	struct table_object *rows = NULL;

	*count = 0;
	pthread_mutex_lock(&ls->lock);
	if (ls->count != 0 &&
	    (rows = calloc(ls->count, sizeof(*rows))) != NULL) {
		*count = ls->count;
		memcpy(rows, ls->rows, ls->count * sizeof(*rows));
		for (size_t i = 0; i < *count; i++)
			attrset_ref(rows[i].attrs);
	}
	pthread_mutex_unlock(&ls->lock);
	return (rows);
}
