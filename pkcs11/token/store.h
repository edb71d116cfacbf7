#ifndef STORE_H
#define STORE_H
#include <pthread.h>
#include "handle-set.h"
#include "snapshot.h"

struct token;

/*
 * A token's keys as objects with handles. What readers see is a snapshot that
 * never changes; a change makes the next one and swaps it in. Handles are
 * counters: never reused, and stable for as long as the key exists, whatever
 * its state: a search may leave out an object that a handle still reaches.
 *
 * What KMS says is as old as the question: store_ask() numbers it, and an
 * answer never replaces what was asked later, or what this process has done
 * since.
 */
struct store {
	pthread_mutex_t
	    lock; /* of the pointer and of changes; never held long */
	struct snapshot *snapshot;
	CK_OBJECT_HANDLE *next; /* the module's counter, atomic */
	bool all; /* keys that can do nothing are shown */
	uint64_t now; /* counts questions, and what this process did */
	unsigned asking; /* questions that are not answered yet */
	/* the keys that went while any of those was asked */
	struct dropped *dropped;
	size_t dropped_count, dropped_cap;
	/* keys that the last listing named and DescribeKey did not know yet */
	size_t undescribed;
	/* public halves of keys that this process destroyed: programs destroy
	 * both halves of a pair */
	struct handle_set orphans;
};

/* all: keys that can do nothing are objects, too. */
enum err store_init(struct store *, CK_OBJECT_HANDLE *counter, bool all);
void store_free(struct store *);

/* The snapshot as it is now; give it back with snapshot_unref(). */
struct snapshot *store_snapshot(struct store *);

/* Whether a search may find the object of a snapshot. all: whatever the state
 * of its key is. */
bool store_shows(const struct store *, const struct object *, bool all);
/* False: no such object. The key is held for the caller: key_unref() it. */
bool store_get(struct store *, CK_OBJECT_HANDLE, struct object *);
/* The key with that id as last seen, held for the caller, or NULL. */
struct key *store_key(struct store *, const char *key_id);

/* Before a question to KMS: its number. And when its answer has been taken, or
 * there is none. */
uint64_t store_ask(struct store *);
void store_answered(struct store *);

/* This process has destroyed the key's renewal pair: its handles go. */
enum err store_drop_renewal(struct store *, const struct key *);

/* What this process has made of one key: its objects appear or change. */
enum err store_put(struct store *, struct key *);
/* What KMS says of one key when asked. *known is what is known of it now, held
 * for the caller: the same key, or what is newer. */
enum err store_take(
    struct store *, struct key *, uint64_t asked, struct key **known);
/* When asked, the alias led to the key of that id: no other has that name. */
enum err store_take_alias(
    struct store *, const char *alias, const char *key_id, uint64_t asked);
/* The objects that the function names get other handles: those from before are
 * never good again. */
enum err store_renew_handles(
    struct store *, bool (*renew)(const struct object *));
/* This process has destroyed that key: its handles go with it. */
enum err store_drop(struct store *, const char *key_id);
/*
 * A public half is a view of its key. Takes it away from this process, or gives
 * it back if it was taken away, with another handle; *handle is what
 * store_handle() says of it then.
 */
enum err store_take_view_away(struct store *, CK_OBJECT_HANDLE);
enum err store_give_view_back(
    struct store *, const char *key_id, CK_OBJECT_HANDLE *handle);
/* The public half of a key that this process destroyed goes, too. False: it was
 * none. */
bool store_drop_orphan(struct store *, CK_OBJECT_HANDLE);
/* KMS, when asked, did not have that key any more. */
enum err store_lose(struct store *, const char *key_id, uint64_t asked);
/* What becomes of a key that a listing of all has not described. */
enum unlisted {
	UNLISTED_GONE, /* KMS has it no more */
	UNLISTED_HIDDEN, /* KMS has it: it is not found, but can be used */
	UNLISTED_KEPT
};
/* What KMS says of all keys, in key_order(), when asked. The function says what
 * becomes of any other. */
enum err store_take_all(struct store *, struct key *const *keys, size_t count,
    uint64_t asked,
    enum unlisted (*unlisted)(const void *arg, const struct key *),
    const void *arg);

/* The handle of the key's object of that class, of its import pair while it
 * waits for material; or CK_INVALID_HANDLE. */
CK_OBJECT_HANDLE store_handle(
    struct store *, const char *key_id, CK_OBJECT_CLASS);
/* The same of its renewal pair. */
CK_OBJECT_HANDLE store_renewal_handle(
    struct store *, const char *key_id, CK_OBJECT_CLASS);
#endif
