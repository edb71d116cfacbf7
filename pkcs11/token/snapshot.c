#include <stdlib.h>
#include <string.h>
#include "snapshot.h"

enum kind
object_kind_of(const struct object *o)
{
	return (o->is_renewal ? KIND_RENEWAL
		: o->is_pair  ? KIND_PAIR
			      : KIND_KEY);
}

/* Whether a key has objects of that kind now. The key is there to be found, or
 * in its place the import pair that it waits for. */
bool
key_has_kind(const struct key *k, enum kind kind)
{
	if (kind == KIND_RENEWAL)
		return (k->has_renewal_pair && !key_is_pending_deletion(k));
	return (key_is_pending_import(k) == (kind == KIND_PAIR));
}

void
object_put(struct object *o)
{
	key_unref(o->key);
	attrset_unref(o->attrs);
	*o = (struct object){.handle = CK_INVALID_HANDLE};
}

struct snapshot *
snapshot_new(size_t room)
{
	struct snapshot *s;

	s = calloc(1, sizeof(*s) + room * sizeof(s->objects[0]));
	if (s != NULL)
		s->refs = 1;
	return (s);
}

void
snapshot_unref(struct snapshot *s)
{
	if (s == NULL || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < s->count; i++)
		key_unref(s->objects[i].key);
	free(s);
}

int
object_by_handle(const void *a, const void *b)
{
	CK_OBJECT_HANDLE x = ((const struct object *)a)->handle;
	CK_OBJECT_HANDLE y = ((const struct object *)b)->handle;

	return (x < y ? -1 : x > y);
}

/* An import pair is there only while the key waits for its material; the key
 * itself can be reached whatever its state. */
bool
object_is_there(const struct object *o)
{
	return (!o->is_taken_away &&
		(!o->is_pair || key_has_kind(o->key, object_kind_of(o))));
}

/* The object of that class of the key as it is now, or of its renewal pair;
 * NULL: there is none. */
struct object *
snapshot_current(
    struct snapshot *s, const char *key_id, CK_OBJECT_CLASS class, bool renewal)
{
	struct object *o;

	for (size_t i = 0; i < s->count; i++) {
		o = &s->objects[i];
		if (o->class == class && o->is_renewal == renewal &&
		    key_has_kind(o->key, object_kind_of(o)) &&
		    strcmp(o->key->meta.id, key_id) == 0)
			return (o);
	}
	return (NULL);
}

/* Such an object among the n of before, or NULL. An import pair and the key
 * that it becomes are not the same object, whatever their class. */
const struct object *
object_among(const struct object *before, size_t n, CK_OBJECT_CLASS class,
    enum kind kind)
{
	for (size_t i = 0; i < n; i++)
		if (before[i].class == class &&
		    object_kind_of(&before[i]) == kind)
			return (&before[i]);
	return (NULL);
}

/* Any object of the key, or NULL. */
const struct object *
snapshot_object_of(const struct snapshot *s, const char *key_id)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->objects[i].key->meta.id, key_id) == 0)
			return (&s->objects[i]);
	return (NULL);
}

int
object_by_key(const void *a, const void *b)
{
	return (strcmp(((const struct object *)a)->key->meta.id,
	    ((const struct object *)b)->key->meta.id));
}

/* The old objects of the key, out of *sorted; how many. */
size_t
objects_of_key(const struct object *sorted, size_t n, struct key *k,
    const struct object **first)
{
	struct object want = {.key = k};
	const struct object *o;
	size_t len = 0;

	o = n == 0 ? NULL
		   : bsearch(&want, sorted, n, sizeof(*o), object_by_key);
	if (o == NULL)
		return (0);
	while (o > sorted && object_by_key(o - 1, &want) == 0)
		o--;
	*first = o;
	while (o + len < sorted + n && object_by_key(o + len, &want) == 0)
		len++;
	return (len);
}

void
snapshot_add(struct snapshot *to, const struct object *o)
{
	key_ref(o->key);
	to->objects[to->count++] = *o;
}
