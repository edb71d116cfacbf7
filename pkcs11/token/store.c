#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "store.h"

struct dropped {
	char id[KMS_ID_SIZE];
	uint64_t at;
};

enum err
store_init(struct store *st, CK_OBJECT_HANDLE *counter, bool all)
{
	*st = (struct store){.next = counter, .all = all};
	if ((st->snapshot = snapshot_new(0)) == NULL)
		return (ERR_MEMORY);
	pthread_mutex_init(&st->lock, NULL);
	return (ERR_OK);
}

void
store_free(struct store *st)
{
	if (st->snapshot == NULL)
		return;
	free(st->dropped);
	handle_set_free(&st->orphans);
	snapshot_unref(st->snapshot);
	pthread_mutex_destroy(&st->lock);
	st->snapshot = NULL;
}

struct snapshot *
store_snapshot(struct store *st)
{
	struct snapshot *s;

	pthread_mutex_lock(&st->lock);
	s = st->snapshot;
	__atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&st->lock);
	return (s);
}

bool
store_shows(const struct store *st, const struct object *o, bool all)
{
	if (o->is_left_out || o->is_taken_away || o->key->is_outside ||
	    !key_has_kind(o->key, object_kind_of(o)))
		return (false);
	/* a key beside another is part of that object */
	return (o->is_pair || (!o->key->is_companion &&
				  (all || st->all || key_is_usable(o->key))));
}

bool
store_get(struct store *st, CK_OBJECT_HANDLE handle, struct object *out)
{
	struct snapshot *s = store_snapshot(st);
	struct object want = {.handle = handle}, *o;

	o = bsearch(&want, s->objects, s->count, sizeof(*o), object_by_handle);
	if (o != NULL && !object_is_there(o))
		o = NULL;
	if (o != NULL) {
		*out = *o;
		key_ref(out->key);
	}
	snapshot_unref(s);
	return (o != NULL);
}

struct key *
store_key(struct store *st, const char *key_id)
{
	struct snapshot *s = store_snapshot(st);
	struct key *k = NULL;

	for (size_t i = 0; i < s->count && k == NULL; i++)
		if (strcmp(s->objects[i].key->meta.id, key_id) == 0)
			k = key_ref(s->objects[i].key);
	snapshot_unref(s);
	return (k);
}

static CK_OBJECT_HANDLE
find_handle(
    struct store *st, const char *key_id, CK_OBJECT_CLASS class, bool renewal)
{
	struct snapshot *s = store_snapshot(st);
	const struct object *o = snapshot_current(s, key_id, class, renewal);
	CK_OBJECT_HANDLE h = o == NULL || !object_is_there(o)
				 ? CK_INVALID_HANDLE
				 : o->handle;

	snapshot_unref(s);
	return (h);
}

CK_OBJECT_HANDLE
store_handle(struct store *st, const char *key_id, CK_OBJECT_CLASS class)
{
	return (find_handle(st, key_id, class, false));
}

CK_OBJECT_HANDLE
store_renewal_handle(
    struct store *st, const char *key_id, CK_OBJECT_CLASS class)
{
	return (find_handle(st, key_id, class, true));
}

static CK_OBJECT_HANDLE
next_handle(struct store *st)
{
	return (__atomic_add_fetch(st->next, 1, __ATOMIC_RELAXED));
}

/* Adds those of the key's objects that are there now or were among the n of
 * before, whose handles they have. */
static void
add_objects(struct store *st, struct snapshot *to, struct key *k,
    uint64_t as_of, const struct object *before, size_t n)
{
	const struct object *old;
	CK_OBJECT_CLASS classes[2];
	size_t count;

	for (enum kind kind = KIND_KEY; kind < KIND_COUNT; kind++) {
		/* a renewal pair that is gone never comes back: another does */
		if (kind == KIND_RENEWAL && !key_has_kind(k, kind))
			continue;
		count = key_classes(k, kind != KIND_KEY, classes);
		for (size_t i = 0; i < count; i++) {
			old = object_among(before, n, classes[i], kind);
			if (old == NULL && !key_has_kind(k, kind))
				continue;
			to->objects[to->count++] = (struct object){
			    .handle = old != NULL ? old->handle
						  : next_handle(st),
			    .is_taken_away = old != NULL && old->is_taken_away,
			    .class = classes[i],
			    .key = key_ref(k),
			    .is_pair = kind != KIND_KEY,
			    .is_renewal = kind == KIND_RENEWAL,
			    .as_of = as_of};
		}
	}
}

static void
swap_in(struct store *st, struct snapshot *s)
{
	qsort(s->objects, s->count, sizeof(s->objects[0]), object_by_handle);
	snapshot_unref(st->snapshot);
	st->snapshot = s;
}

/* Everything but key_id is kept; k, when not NULL, comes in its place. */
static enum err
change_one(struct store *st, const char *key_id, struct key *k, uint64_t as_of)
{
	struct object before[KEY_OBJECTS];
	struct snapshot *s;
	size_t n = 0;

	if ((s = snapshot_new(st->snapshot->count + KEY_OBJECTS)) == NULL)
		return (ERR_MEMORY);
	for (size_t i = 0; i < st->snapshot->count; i++) {
		struct object o = st->snapshot->objects[i];

		if (strcmp(o.key->meta.id, key_id) == 0) {
			before[n++] = o;
			continue;
		}
		snapshot_add(s, &o);
	}
	if (k != NULL)
		add_objects(st, s, k, as_of, before, n);
	swap_in(st, s);
	return (ERR_OK);
}

uint64_t
store_ask(struct store *st)
{
	uint64_t asked;

	pthread_mutex_lock(&st->lock);
	asked = ++st->now;
	st->asking++;
	pthread_mutex_unlock(&st->lock);
	return (asked);
}

void
store_answered(struct store *st)
{
	pthread_mutex_lock(&st->lock);
	if (--st->asking == 0)
		st->dropped_count = 0;
	pthread_mutex_unlock(&st->lock);
}

enum err
store_put(struct store *st, struct key *k)
{
	enum err e;

	pthread_mutex_lock(&st->lock);
	e = change_one(st, k->meta.id, k, ++st->now);
	pthread_mutex_unlock(&st->lock);
	return (e);
}

static bool
is_dropped_since(const struct store *st, const char *key_id, uint64_t asked)
{
	for (size_t i = 0; i < st->dropped_count; i++)
		if (st->dropped[i].at > asked &&
		    strcmp(st->dropped[i].id, key_id) == 0)
			return (true);
	return (false);
}

/* What is known stays as it is where KMS said nothing new, and no older answer
 * is on its way. */
enum err
store_take(struct store *st, struct key *k, uint64_t asked, struct key **known)
{
	const struct object *o;
	struct key *stays = NULL;
	enum err e = ERR_OK;

	pthread_mutex_lock(&st->lock);
	o = snapshot_object_of(st->snapshot, k->meta.id);
	if (o == NULL && is_dropped_since(st, k->meta.id, asked))
		stays = k;
	else if (o != NULL &&
		 (o->as_of > asked || (st->asking == 1 && !o->is_left_out &&
					  key_says_same(o->key, k))))
		stays = o->key;
	else
		e = change_one(st, k->meta.id, k, asked);
	if (e == ERR_OK)
		*known = key_ref(stays != NULL ? stays : k);
	pthread_mutex_unlock(&st->lock);
	return (e);
}

/* Whether the key of the object had that name before the question was asked. */
static bool
had_name(const struct object *o, const char *alias, uint64_t asked)
{
	return (o->as_of <= asked && (strcmp(o->key->names.label, alias) == 0 ||
					 strcmp(o->key->names.id, alias) == 0));
}

/* A key that has lost a name may have got another: its names are not known. */
enum err
store_take_alias(
    struct store *st, const char *alias, const char *key_id, uint64_t asked)
{
	struct key *nameless;
	enum err e = ERR_OK;

	pthread_mutex_lock(&st->lock);
	for (size_t i = 0; i < st->snapshot->count && e == ERR_OK; i++) {
		const struct object *o = &st->snapshot->objects[i];

		if (!had_name(o, alias, asked) ||
		    strcmp(o->key->meta.id, key_id) == 0)
			continue;
		if ((nameless = key_copy(o->key)) == NULL) {
			e = ERR_MEMORY;
			break;
		}
		nameless->names = (struct key_names){.known = false};
		/* the snapshot is another then, in the same order */
		e = change_one(st, nameless->meta.id, nameless, asked);
		key_unref(nameless);
	}
	pthread_mutex_unlock(&st->lock);
	return (e);
}

/* For questions that are not answered yet. */
static enum err
remember_dropped(struct store *st, const char *key_id)
{
	struct dropped *rows;

	if (st->asking == 0)
		return (ERR_OK);
	rows = array_grow(st->dropped, &st->dropped_cap, st->dropped_count + 1,
	    sizeof(*rows));
	if (rows == NULL)
		return (ERR_MEMORY);
	st->dropped = rows;
	rows += st->dropped_count++;
	rows->at = st->now;
	snprintf(rows->id, sizeof(rows->id), "%s", key_id);
	return (ERR_OK);
}

/* The public half of the key outlives it until it is destroyed, too. */
static enum err
remember_orphan(struct store *st, const char *key_id, bool renewal)
{
	const struct object *o = snapshot_current(
	    st->snapshot, key_id, CKO_PUBLIC_KEY, renewal);

	return (o == NULL || o->is_taken_away
		    ? ERR_OK
		    : handle_set_add(&st->orphans, o->handle));
}

enum err
store_drop(struct store *st, const char *key_id)
{
	enum err e;

	pthread_mutex_lock(&st->lock);
	st->now++;
	if ((e = remember_dropped(st, key_id)) == ERR_OK &&
	    (e = remember_orphan(st, key_id, false)) == ERR_OK)
		e = change_one(st, key_id, NULL, st->now);
	pthread_mutex_unlock(&st->lock);
	return (e);
}

bool
store_drop_orphan(struct store *st, CK_OBJECT_HANDLE handle)
{
	bool was;

	pthread_mutex_lock(&st->lock);
	was = handle_set_remove(&st->orphans, handle);
	pthread_mutex_unlock(&st->lock);
	return (was);
}

/* Puts the object in the place of that of the handle. */
static enum err
change_object(
    struct store *st, CK_OBJECT_HANDLE handle, const struct object *changed)
{
	struct snapshot *s = snapshot_new(st->snapshot->count);
	const struct object *o;

	if (s == NULL)
		return (ERR_MEMORY);
	for (size_t i = 0; i < st->snapshot->count; i++) {
		o = &st->snapshot->objects[i];
		snapshot_add(s, o->handle == handle ? changed : o);
	}
	swap_in(st, s);
	return (ERR_OK);
}

enum err
store_renew_handles(struct store *st, bool (*renew)(const struct object *))
{
	struct snapshot *s;
	struct object o;

	pthread_mutex_lock(&st->lock);
	s = snapshot_new(st->snapshot->count);
	for (size_t i = 0; s != NULL && i < st->snapshot->count; i++) {
		o = st->snapshot->objects[i];
		if (renew(&o))
			o.handle = next_handle(st);
		snapshot_add(s, &o);
	}
	if (s != NULL)
		swap_in(st, s);
	pthread_mutex_unlock(&st->lock);
	return (s != NULL ? ERR_OK : ERR_MEMORY);
}

enum err
store_take_view_away(struct store *st, CK_OBJECT_HANDLE handle)
{
	struct object want = {.handle = handle}, *o;
	enum err e = ERR_OK;

	pthread_mutex_lock(&st->lock);
	o = bsearch(&want, st->snapshot->objects, st->snapshot->count,
	    sizeof(*o), object_by_handle);
	if (o != NULL) {
		want = *o;
		want.is_taken_away = true;
		e = change_object(st, handle, &want);
	}
	pthread_mutex_unlock(&st->lock);
	return (e);
}

enum err
store_give_view_back(
    struct store *st, const char *key_id, CK_OBJECT_HANDLE *handle)
{
	struct object changed;
	const struct object *o;
	enum err e = ERR_OK;

	pthread_mutex_lock(&st->lock);
	o = snapshot_current(st->snapshot, key_id, CKO_PUBLIC_KEY, false);
	*handle = o == NULL ? CK_INVALID_HANDLE : o->handle;
	if (o != NULL && o->is_taken_away) {
		changed = *o;
		changed.is_taken_away = false;
		changed.handle = next_handle(st);
		if ((e = change_object(st, o->handle, &changed)) == ERR_OK)
			*handle = changed.handle;
	}
	pthread_mutex_unlock(&st->lock);
	return (e);
}

enum err
store_lose(struct store *st, const char *key_id, uint64_t asked)
{
	const struct object *o;
	enum err e = ERR_OK;

	pthread_mutex_lock(&st->lock);
	o = snapshot_object_of(st->snapshot, key_id);
	if (o != NULL && o->as_of <= asked)
		e = change_one(st, key_id, NULL, asked);
	pthread_mutex_unlock(&st->lock);
	return (e);
}

/* One key of a listing: its objects become what it says, unless they, the n of
 * before, are newer. */
static void
add_listed(struct store *st, struct snapshot *to, struct key *k, uint64_t asked,
    const struct object *before, size_t n)
{
	if (n == 0 && is_dropped_since(st, k->meta.id, asked))
		return;
	if (n == 0 || before->as_of <= asked)
		add_objects(st, to, k, asked, before, n);
	else
		for (size_t i = 0; i < n; i++)
			snapshot_add(to, &before[i]);
}

/* Adds the objects of keys that are not among the sorted ones, as far as they
 * stay. */
static void
add_unlisted(struct snapshot *to, const struct snapshot *from,
    struct key *const *keys, size_t count, uint64_t asked,
    enum unlisted (*unlisted)(const void *arg, const struct key *),
    const void *arg)
{
	enum unlisted fate;
	struct object o;

	for (size_t i = 0; i < from->count; i++) {
		o = from->objects[i];
		if (count != 0 && bsearch(&o.key, keys, count, sizeof(*keys),
				      key_order) != NULL)
			continue;
		fate = o.as_of > asked ? UNLISTED_KEPT : unlisted(arg, o.key);
		if (fate == UNLISTED_GONE)
			continue;
		if (fate == UNLISTED_HIDDEN)
			o.is_left_out = true;
		snapshot_add(to, &o);
	}
}

enum err
store_take_all(struct store *st, struct key *const *keys, size_t count,
    uint64_t asked,
    enum unlisted (*unlisted)(const void *arg, const struct key *),
    const void *arg)
{
	struct object *sorted = NULL;
	const struct object *run = NULL;
	struct snapshot *s;
	size_t n, len;
	enum err e = ERR_MEMORY;

	pthread_mutex_lock(&st->lock);
	n = st->snapshot->count;
	if ((s = snapshot_new(KEY_OBJECTS * count + n)) == NULL ||
	    (n != 0 && (sorted = calloc(n, sizeof(*sorted))) == NULL)) {
		snapshot_unref(s);
		goto out;
	}
	if (n != 0) {
		memcpy(sorted, st->snapshot->objects, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), object_by_key);
	}
	for (size_t i = 0; i < count; i++) {
		/* a list may name a key twice */
		if (i > 0 && key_order(&keys[i - 1], &keys[i]) == 0)
			continue;
		len = objects_of_key(sorted, n, keys[i], &run);
		add_listed(st, s, keys[i], asked, run, len);
	}
	add_unlisted(s, st->snapshot, keys, count, asked, unlisted, arg);
	swap_in(st, s);
	e = ERR_OK;
out:
	pthread_mutex_unlock(&st->lock);
	free(sorted);
	return (e);
}

enum err
store_drop_renewal(struct store *st, const struct key *k)
{
	struct key *next = NULL;
	const struct object *o;
	enum err e;

	pthread_mutex_lock(&st->lock);
	o = snapshot_object_of(st->snapshot, k->meta.id);
	if ((e = remember_orphan(st, k->meta.id, true)) != ERR_OK)
		goto out;
	if ((next = key_copy(o != NULL ? o->key : k)) == NULL) {
		e = ERR_MEMORY;
		goto out;
	}
	next->has_renewal_pair = false;
	e = change_one(st, next->meta.id, next, ++st->now);
out:
	key_unref(next);
	pthread_mutex_unlock(&st->lock);
	return (e);
}
