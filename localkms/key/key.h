#ifndef LOCALKMS_KEY_H
#define LOCALKMS_KEY_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "key/material.h"

#define KEY_REGION_SIZE 33
#define KEY_ID_SIZE 37 /* a UUID, or "mrk-" and 32 digits */
#define KEY_TAGS_MAX (50 * (129 + 257) * 4)
#define KEY_ALIAS_SIZE 257
#define DAY_MS (INT64_C(24) * 3600 * 1000)

enum key_state {
	STATE_ENABLED,
	STATE_DISABLED,
	STATE_PENDING_DELETION,
	STATE_PENDING_REPLICA_DELETION,
	STATE_PENDING_IMPORT,
	STATE_CREATING,
	STATE_UPDATING,
	STATE_COUNT,
};

/* What a key was last used for. */
struct last_use {
	const char *operation; /* NULL: nothing since the server started */
	int64_t at_ms;
	char request_id[KEY_ID_SIZE];
};

/*
 * A KMS key in one Region. Never changed once the store has it: a writer
 * copies it, changes the copy and puts that in its place, so that a reader
 * needs no lock while it uses one.
 */
struct key {
	atomic_int refs;
	char region[KEY_REGION_SIZE];
	char id[KEY_ID_SIZE];
	const struct spec *spec;
	enum usage usage;
	bool external; /* Origin EXTERNAL, else AWS_KMS */
	bool enabled; /* unless something else keeps it from being so */
	bool waits_for_replicas; /* deleted when the last of them is */
	char primary[KEY_REGION_SIZE]; /* of a multi-Region key, else "" */
	int64_t created_ms;
	int64_t deletion_ms; /* 0: not scheduled */
	int window_days; /* of that schedule */
	int rotation_days; /* automatic rotation; 0: off */
	int64_t rotation_next_ms;
	char *description, *policy; /* policy NULL: the default one */
	struct buf tags; /* key NUL value NUL ... */
	struct material *materials; /* the oldest first */
	size_t material_count, material_cap;

	/* not stored: for the imitation of eventual consistency, by the
	 * monotonic clock */
	int64_t changed_ms; /* 0: long ago */
	struct key *before; /* as it was until then */
	enum key_state settling; /* Creating or Updating ... */
	int64_t settled_ms; /* ... until then; 0: not at all */

	struct last_use last_use; /* not stored; the store guards it */
};

/* With one reference; NULL: out of memory. */
struct key *key_new(void);
/* A copy to be changed, without what the store keeps for itself. */
struct key *key_copy(const struct key *);
struct key *key_ref(struct key *);
void key_unref(struct key *); /* NULL is fine */

enum key_state key_state(const struct key *);
const char *key_state_name(enum key_state);

/* The material that encrypts; NULL: nothing was imported yet. */
const struct material *key_current(const struct key *);
/* By id, whether its bytes are there or not; NULL: no such material. */
struct material *key_material(const struct key *, const char *id);
/* Adds one; NULL: out of memory. */
struct material *key_material_add(struct key *);
/* Removes one that the key has, with all that is known of it. */
void key_material_remove(struct key *, struct material *);
/*
 * Deletes the bytes of one of the key's materials. Material that waits for
 * rotation is not associated with the key for good, so nothing of it stays; a
 * replica still shows what its primary key waits for.
 */
void key_material_delete(struct key *, struct material *);
/* Whether it waits to be rotated to: then the key does not need it yet. */
bool material_is_pending(const struct material *);
bool key_is_replica(const struct key *);

/*
 * Rotates: makes new material current, which has been imported before if the
 * key is EXTERNAL and is generated here otherwise. False: none was imported, or
 * out of memory.
 */
bool key_rotate(struct key *, int64_t now_ms, bool on_demand);

/* The time at which key_advance() will change something; INT64_MAX: never. */
int64_t key_next_change_ms(const struct key *);
enum key_change { KEY_UNCHANGED, KEY_CHANGED, KEY_GONE };
/* Applies to a copy what is due by now: deletion, expiry, automatic
 * rotation. One that is missed while the key cannot be used comes when it is
 * enabled, by key_enable(). */
enum key_change key_advance(struct key *, int64_t now_ms);
/* Enables it. False: out of memory. */
bool key_enable(struct key *, int64_t now_ms);
#endif
