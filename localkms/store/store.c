#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "store/index.h"
#include "store/sort-key.h"
#include "store/store.h"

/* Import sets are kept this long after their end, to be told from forgeries. */
#define IMPORT_KEPT_MS (7 * DAY_MS)

struct store {
	struct disk *disk;
	pthread_mutex_t writer; /* held over disk and memory */
	pthread_rwlock_t memory; /* held over the indexes, never over disk */
	struct index keys; /* of struct key: Region, id */
	struct index aliases; /* of struct alias: Region, name */
	struct index aliases_by_key; /* the same: Region, key id, name */
	/* what readers see of those that changed just now; key id "": none */
	struct index seen_aliases;
	_Atomic int64_t due; /* when the next key changes by itself */
	_Atomic int64_t delay_ms;
	pthread_mutex_t uses; /* over the last_use of all keys */
	int64_t opened_ms;
};

static int64_t
mono_ms(void)
{
	return (clock_system.mono_ms(clock_system.ctx));
}

static void
due_by(struct store *s, const struct key *k)
{
	int64_t due = key_next_change_ms(k);

	if (due < s->due)
		s->due = due;
}

static bool
add_alias(struct store *s, const struct alias *from)
{
	struct alias *a;
	struct sort_key at;
	size_t place;
	bool found;

	if (!index_reserve(&s->aliases) || !index_reserve(&s->aliases_by_key) ||
	    (a = malloc(sizeof(*a))) == NULL)
		return (false);
	*a = *from;
	at = alias_sort_key(a);
	place = index_find(&s->aliases, &at, &found);
	index_put(&s->aliases, place, false, a);
	at = alias_by_key_sort_key(a);
	place = index_find(&s->aliases_by_key, &at, &found);
	index_put(&s->aliases_by_key, place, false, a);
	return (true);
}

/* The keys come in order: each goes to the end. */
static bool
load_all(struct store *s)
{
	struct alias a;
	struct key *k;

	for (;;) {
		if (!disk_next_key(s->disk, &k))
			return (false);
		if (k == NULL)
			break;
		if (!index_reserve(&s->keys)) {
			key_unref(k);
			return (false);
		}
		index_put(&s->keys, s->keys.count, false, k);
		due_by(s, k);
	}
	for (;;) {
		if (!disk_next_alias(s->disk, &a))
			return (false);
		if (a.name[0] == '\0')
			return (true);
		if (!add_alias(s, &a))
			return (false);
	}
}

bool
store_open(const char *dir, struct store **out, char *why, size_t size)
{
	struct store *s = calloc(1, sizeof(*s));

	snprintf(why, size, "out of memory");
	if (s == NULL)
		return (false);
	pthread_mutex_init(&s->writer, NULL);
	pthread_rwlock_init(&s->memory, NULL);
	pthread_mutex_init(&s->uses, NULL);
	s->opened_ms = clock_system.wall_ms(clock_system.ctx);
	s->keys.compare = key_compare;
	s->aliases.compare = alias_compare;
	s->aliases_by_key.compare = alias_by_key_compare;
	s->seen_aliases.compare = alias_compare;
	s->due = INT64_MAX;
	if (!disk_open(dir, &s->disk, why, size))
		goto out;
	snprintf(why, size, "%s: the store cannot be read", dir);
	if (!load_all(s))
		goto out;
	*out = s;
	return (true);
out:
	store_close(s);
	return (false);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->keys.count; i++)
		key_unref(s->keys.rows[i]);
	index_free(&s->keys);
	index_free_all(&s->aliases);
	index_free_all(&s->seen_aliases);
	index_free(&s->aliases_by_key);
	disk_close(s->disk);
	pthread_mutex_destroy(&s->uses);
	pthread_rwlock_destroy(&s->memory);
	pthread_mutex_destroy(&s->writer);
	free(s);
}

void
store_lock(struct store *s)
{
	pthread_mutex_lock(&s->writer);
}

void
store_unlock(struct store *s)
{
	pthread_mutex_unlock(&s->writer);
}

void
store_set_delay(struct store *s, int64_t ms)
{
	s->delay_ms = ms;
}

void
store_settle(struct store *s, struct key *k, enum key_state state)
{
	int64_t delay = s->delay_ms;

	k->settling = state;
	k->settled_ms = delay == 0 ? 0 : mono_ms() + delay;
}

/* Whether readers still see what was before. */
static bool
is_recent(const struct store *s, int64_t changed_ms)
{
	return (s->delay_ms != 0 && changed_ms != 0 &&
		mono_ms() - changed_ms < s->delay_ms);
}

/* The memory is locked. */
static struct key *
find_key(struct store *s, const char *region, const char *id)
{
	struct sort_key at = {region, id, ""};
	bool found;
	size_t place = index_find(&s->keys, &at, &found);

	return (found ? s->keys.rows[place] : NULL);
}

struct key *
store_current_key(struct store *s, const char *region, const char *id)
{
	struct key *k;

	pthread_rwlock_rdlock(&s->memory);
	if ((k = find_key(s, region, id)) != NULL)
		key_ref(k);
	pthread_rwlock_unlock(&s->memory);
	return (k);
}

struct key *
store_key(struct store *s, const char *region, const char *id)
{
	struct key *k;

	pthread_rwlock_rdlock(&s->memory);
	k = find_key(s, region, id);
	if (k != NULL && is_recent(s, k->changed_ms))
		k = k->before;
	if (k != NULL)
		key_ref(k);
	pthread_rwlock_unlock(&s->memory);
	return (k);
}

size_t
store_keys(struct store *s, const char *region, const char *after,
    struct key **out, size_t most)
{
	struct sort_key at = {region, after, ""};
	struct key *k;
	size_t place, n = 0;
	bool found;

	pthread_rwlock_rdlock(&s->memory);
	place = index_find(&s->keys, &at, &found);
	for (place += found; n < most && place < s->keys.count; place++) {
		k = s->keys.rows[place];
		if (strcmp(k->region, region) != 0)
			break;
		out[n++] = key_ref(k);
	}
	pthread_rwlock_unlock(&s->memory);
	return (n);
}

size_t
store_key_count(struct store *s, const char *region)
{
	struct sort_key first = {region, "", ""}, last = {region, "\xff", ""};
	size_t n;
	bool found;

	pthread_rwlock_rdlock(&s->memory);
	n = index_find(&s->keys, &last, &found) -
	    index_find(&s->keys, &first, &found);
	pthread_rwlock_unlock(&s->memory);
	return (n);
}

size_t
store_related_keys(
    struct store *s, const char *id, struct key **out, size_t most)
{
	struct sort_key at = {"", id, ""};
	const struct key *k;
	size_t place = 0, n = 0;
	bool found;

	pthread_rwlock_rdlock(&s->memory);
	while (n < most && place < s->keys.count) {
		/* from the first key of a Region to the one of that id */
		k = s->keys.rows[place];
		at.region = k->region;
		at.first = id;
		place = index_find(&s->keys, &at, &found);
		if (found)
			out[n++] = key_ref(s->keys.rows[place]);
		at.first = "\xff";
		place = index_find(&s->keys, &at, &found);
	}
	pthread_rwlock_unlock(&s->memory);
	return (n);
}

/* The memory is locked for writing and has room. */
static void
put_in_memory(struct store *s, struct key *k)
{
	struct sort_key at = key_sort_key(k);
	struct key *old = NULL;
	size_t place;
	bool found;

	place = index_find(&s->keys, &at, &found);
	if (found)
		old = s->keys.rows[place];
	index_put(&s->keys, place, found, k);
	k->changed_ms = mono_ms();
	due_by(s, k);
	if (old != NULL) {
		pthread_mutex_lock(&s->uses);
		k->last_use = old->last_use;
		pthread_mutex_unlock(&s->uses);
	}
	/* what settles shows itself so, and is not hidden */
	if (k->settled_ms != 0)
		k->changed_ms = 0;
	if (old != NULL && s->delay_ms != 0) {
		key_unref(old->before);
		old->before = NULL;
		k->before = old;
	} else
		key_unref(old);
}

bool
store_put_keys(struct store *s, struct key **keys, size_t count)
{
	bool ok = disk_put_keys(s->disk, keys, count);

	pthread_rwlock_wrlock(&s->memory);
	for (size_t i = 0; ok && i < count; i++) {
		/* memory must not fall behind the disk: better no server */
		if (!index_reserve(&s->keys))
			abort();
		put_in_memory(s, keys[i]);
	}
	pthread_rwlock_unlock(&s->memory);
	for (size_t i = 0; !ok && i < count; i++)
		key_unref(keys[i]);
	return (ok);
}

bool
store_put_key(struct store *s, struct key *k)
{
	return (store_put_keys(s, &k, 1));
}

/* The memory is locked for writing. */
static void
remove_alias(struct store *s, const struct alias *a)
{
	struct sort_key at = alias_by_key_sort_key(a);
	struct alias *row = NULL;
	size_t place;
	bool found;

	place = index_find(&s->aliases_by_key, &at, &found);
	if (found)
		index_remove(&s->aliases_by_key, place);
	at = alias_sort_key(a);
	place = index_find(&s->aliases, &at, &found);
	if (found) {
		row = s->aliases.rows[place];
		index_remove(&s->aliases, place);
	}
	free(row);
}

/* With its aliases. Locked. */
static bool
store_remove_key(struct store *s, const struct key *k)
{
	struct sort_key at = key_sort_key(k), owned = {k->region, k->id, ""};
	struct key *row = NULL;
	struct alias copy;
	size_t place;
	bool found;

	if (!disk_remove_key(s->disk, k))
		return (false);
	pthread_rwlock_wrlock(&s->memory);
	place = index_find(&s->keys, &at, &found);
	if (found) {
		row = s->keys.rows[place];
		index_remove(&s->keys, place);
	}
	for (;;) {
		place = index_find(&s->aliases_by_key, &owned, &found);
		if (place == s->aliases_by_key.count)
			break;
		copy = *(const struct alias *)s->aliases_by_key.rows[place];
		if (strcmp(copy.region, owned.region) != 0 ||
		    strcmp(copy.key_id, owned.first) != 0)
			break;
		remove_alias(s, &copy);
	}
	pthread_rwlock_unlock(&s->memory);
	key_unref(row);
	return (true);
}

static bool
find_alias(const struct index *x, const char *region, const char *name,
    struct alias *out)
{
	struct sort_key at = {region, name, ""};

	return (index_copy(x, &at, out, sizeof(*out)));
}

static bool
find_seen_alias(
    struct store *s, const char *region, const char *name, struct alias *out)
{
	if (find_alias(&s->seen_aliases, region, name, out) &&
	    is_recent(s, out->changed_ms))
		return (out->key_id[0] != '\0');
	return (find_alias(&s->aliases, region, name, out));
}

bool
store_current_alias(
    struct store *s, const char *region, const char *name, struct alias *out)
{
	bool found;

	pthread_rwlock_rdlock(&s->memory);
	found = find_alias(&s->aliases, region, name, out);
	pthread_rwlock_unlock(&s->memory);
	return (found);
}

bool
store_alias(
    struct store *s, const char *region, const char *name, struct alias *out)
{
	bool found;

	pthread_rwlock_rdlock(&s->memory);
	found = find_seen_alias(s, region, name, out);
	pthread_rwlock_unlock(&s->memory);
	return (found);
}

/* What readers see of an alias that changes now, they see for a while. */
static void
keep_seen_alias(struct store *s, const struct alias *a)
{
	struct alias *row;
	struct sort_key at = alias_sort_key(a);
	size_t place;
	bool found;

	if (s->delay_ms == 0)
		return;
	if ((row = malloc(sizeof(*row))) == NULL ||
	    !index_reserve(&s->seen_aliases))
		abort(); /* as in store_put_keys() */
	*row = *a;
	if (!find_seen_alias(s, a->region, a->name, row))
		row->key_id[0] = '\0';
	row->changed_ms = mono_ms();
	place = index_find(&s->seen_aliases, &at, &found);
	if (found)
		free(s->seen_aliases.rows[place]);
	index_put(&s->seen_aliases, place, found, row);
}

size_t
store_aliases(struct store *s, const char *region, const char *key_id,
    const char *after, struct alias *out, size_t most)
{
	const struct index *x = key_id == NULL ? &s->aliases
					       : &s->aliases_by_key;
	struct sort_key at = {region, key_id == NULL ? after : key_id, after};
	const struct alias *a;
	size_t place, n = 0;
	bool found;

	pthread_rwlock_rdlock(&s->memory);
	place = index_find(x, &at, &found);
	for (place += found; n < most && place < x->count; place++) {
		a = x->rows[place];
		if (strcmp(a->region, region) != 0 ||
		    (key_id != NULL && strcmp(a->key_id, key_id) != 0))
			break;
		out[n++] = *a;
	}
	pthread_rwlock_unlock(&s->memory);
	return (n);
}

bool
store_put_alias(struct store *s, const struct alias *a)
{
	struct alias old;

	if (!disk_put_alias(s->disk, a))
		return (false);
	pthread_rwlock_wrlock(&s->memory);
	keep_seen_alias(s, a);
	if (find_alias(&s->aliases, a->region, a->name, &old))
		remove_alias(s, &old);
	if (!add_alias(s, a))
		abort(); /* as in store_put_keys() */
	pthread_rwlock_unlock(&s->memory);
	return (true);
}

bool
store_remove_alias(struct store *s, const struct alias *a)
{
	if (!disk_remove_alias(s->disk, a))
		return (false);
	pthread_rwlock_wrlock(&s->memory);
	keep_seen_alias(s, a);
	remove_alias(s, a);
	pthread_rwlock_unlock(&s->memory);
	return (true);
}

bool
store_put_import(struct store *s, const struct import_set *set, int64_t now_ms)
{
	return (disk_put_import(s->disk, set, now_ms - IMPORT_KEPT_MS));
}

bool
store_find_import(struct store *s, struct view token, struct import_set *set)
{
	return (disk_find_import(s->disk, token, set));
}

bool
store_secret(struct store *s, const char *name, uint8_t *out, size_t len)
{
	return (disk_secret(s->disk, name, out, len));
}

void
store_used(struct store *s, struct key *k, const char *operation,
    int64_t now_ms, const char *request_id)
{
	pthread_mutex_lock(&s->uses);
	k->last_use.operation = operation;
	k->last_use.at_ms = now_ms;
	memcpy(
	    k->last_use.request_id, request_id, sizeof(k->last_use.request_id));
	pthread_mutex_unlock(&s->uses);
}

struct last_use
store_last_use(struct store *s, const struct key *k, int64_t *since_ms)
{
	struct last_use u;

	pthread_mutex_lock(&s->uses);
	u = k->last_use;
	pthread_mutex_unlock(&s->uses);
	*since_ms = s->opened_ms;
	return (u);
}

/* A primary that waits for its replicas' end is to be deleted when the last
 * of them is gone; its waiting period begins then. */
static bool
release_primary(struct store *s, const struct key *gone)
{
	struct key *related[RELATED_KEYS_MAX], *copy = NULL;
	size_t n = store_related_keys(s, gone->id, related, RELATED_KEYS_MAX);
	bool due = n == 1 && related[0]->waits_for_replicas;

	if (due && (copy = key_copy(related[0])) != NULL) {
		copy->waits_for_replicas = false;
		copy->deletion_ms = gone->deletion_ms +
				    copy->window_days * DAY_MS;
	}
	for (size_t i = 0; i < n; i++)
		key_unref(related[i]);
	return (!due || (copy != NULL && store_put_key(s, copy)));
}

/* Applies what is due to one key; false: nothing is due any more. */
static bool
advance_one(struct store *s, int64_t now_ms)
{
	struct key *k = NULL, *copy;
	int64_t due = INT64_MAX, t;
	bool ok;

	for (size_t i = 0; i < s->keys.count; i++) {
		t = key_next_change_ms(s->keys.rows[i]);
		if (t <= now_ms && k == NULL)
			k = s->keys.rows[i];
		else if (t < due)
			due = t;
	}
	s->due = due;
	if (k == NULL || (copy = key_copy(k)) == NULL)
		return (false);
	if (key_advance(copy, now_ms) == KEY_GONE) {
		ok = store_remove_key(s, copy) &&
		     (copy->primary[0] == '\0' || release_primary(s, copy));
		key_unref(copy);
		return (ok);
	}
	return (store_put_key(s, copy));
}

void
store_advance(struct store *s, int64_t now_ms)
{
	if (now_ms < s->due)
		return;
	store_lock(s);
	/* only writers change the indexes, and this is the one */
	while (now_ms >= s->due && advance_one(s, now_ms))
		continue;
	store_unlock(s);
}
