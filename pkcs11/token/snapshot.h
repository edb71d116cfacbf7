#ifndef SNAPSHOT_H
#define SNAPSHOT_H
#include "keydata/attrset.h"
#include "key.h"

/* Objects of keys, and what a reader sees of all of them at one moment. */
struct object {
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	/* one of the two: held by the snapshot; store_get() holds it anew */
	struct key *key; /* in KMS */
	struct attrset
	    *attrs; /* kept here: in object-table.c, never in a snapshot */
	/* half of the key's import pair, which is there while the key waits for
	 * its material; else the key itself, or its public half */
	bool is_pair;
	/* half of an import pair, too, but of the one beside the key that is
	 * there whatever the key's state: its renewal pair */
	bool is_renewal;
	/* the last listing named the key, and KMS did not describe it */
	bool is_left_out;
	/* a public half that was destroyed here: a view of the key, which stays
	 */
	bool is_taken_away;
	/* the question that the key is the answer to, or what was done then */
	uint64_t as_of;
};

/* Lets go of what it holds; an empty one is fine. */
void object_put(struct object *);

struct snapshot {
	unsigned refs; /* atomic */
	size_t count;
	struct object objects[]; /* by handle, ascending */
};

/* What an object of a key is. */
enum kind { KIND_KEY, KIND_PAIR, KIND_RENEWAL, KIND_COUNT };
enum kind object_kind_of(const struct object *);
/* Whether a key has objects of that kind now. The key is there to be found, or
 * in its place the import pair that it waits for. */
bool key_has_kind(const struct key *, enum kind);
/* Whether its handle is good. */
bool object_is_there(const struct object *);
/* Of one key: two, and two each of its import pair and its renewal pair. */
#define KEY_OBJECTS 6

/* For qsort() and bsearch() of objects: by handle, by key id. */
int object_by_handle(const void *, const void *);
int object_by_key(const void *, const void *);

/* With room for so many objects. NULL: no memory. */
struct snapshot *snapshot_new(size_t room);
void snapshot_unref(struct snapshot *);
/* Holds its key. */
void snapshot_add(struct snapshot *, const struct object *);
/* The object of that class of the key as it is now, or of its renewal pair;
 * NULL: there is none. */
struct object *snapshot_current(
    struct snapshot *, const char *key_id, CK_OBJECT_CLASS, bool renewal);
/* Any object of the key, or NULL. */
const struct object *snapshot_object_of(
    const struct snapshot *, const char *key_id);
/* Such an object among the n of before, or NULL. An import pair and the key
 * that it becomes are not the same object, whatever their class. */
const struct object *object_among(
    const struct object *before, size_t n, CK_OBJECT_CLASS, enum kind);
/* The objects of the key, out of *sorted, by key id; how many. */
size_t objects_of_key(const struct object *sorted, size_t n, struct key *,
    const struct object **first);
#endif
