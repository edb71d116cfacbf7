#ifndef LOCALKMS_STORE_H
#define LOCALKMS_STORE_H
#include "store/disk.h"
#include "key/key.h"

/*
 * The keys and aliases. Readers find all in memory and need no lock; a change
 * is on disk before anyone sees it. Whoever changes something reads, copies and
 * stores it between store_lock() and store_unlock(), as functions marked
 * "locked" require.
 */
struct store;

bool store_open(const char *dir, struct store **out, char *why, size_t size);
void store_close(struct store *);
void store_lock(struct store *);
void store_unlock(struct store *);

/*
 * Eventual consistency as with AWS: for so long after a change, readers see the
 * state before it. 0: at once.
 */
void store_set_delay(struct store *, int64_t ms);
/* Lets a key that is about to be stored be Creating or Updating for as long. */
void store_settle(struct store *, struct key *, enum key_state);

/* With a reference for the caller; NULL: none. */
struct key *store_key(struct store *, const char *region, const char *id);
/* As store_key(), without that delay. */
struct key *store_current_key(
    struct store *, const char *region, const char *id);
/* Up to most keys of the Region behind the id after ("" for the first), with
 * references; returns how many. */
size_t store_keys(struct store *, const char *region, const char *after,
    struct key **out, size_t most);
size_t store_key_count(struct store *, const char *region);
/* The keys of that id in all Regions, with references; returns how many. */
size_t store_related_keys(
    struct store *, const char *id, struct key **out, size_t most);
#define RELATED_KEYS_MAX 64
/* All or none of them. Takes the references, also when it fails. Locked. */
bool store_put_keys(struct store *, struct key **, size_t count);
bool store_put_key(struct store *, struct key *);

bool store_alias(
    struct store *, const char *region, const char *name, struct alias *out);
/* As store_alias(), without that delay. */
bool store_current_alias(
    struct store *, const char *region, const char *name, struct alias *out);
/* As store_keys(); key_id NULL: of all keys. */
size_t store_aliases(struct store *, const char *region, const char *key_id,
    const char *after, struct alias *out, size_t most);
/* Locked. */
bool store_put_alias(struct store *, const struct alias *);
bool store_remove_alias(struct store *, const struct alias *);

/* Locked. */
bool store_put_import(
    struct store *, const struct import_set *, int64_t now_ms);
bool store_find_import(struct store *, struct view token, struct import_set *);
bool store_secret(struct store *, const char *name, uint8_t *out, size_t len);

/* Notes that a key was used; operation lives for ever. */
void store_used(struct store *, struct key *, const char *operation,
    int64_t now_ms, const char *request_id);
/* What store_used() noted last. *since_ms: when the store was opened, in
 * milliseconds since 1970. */
struct last_use store_last_use(
    struct store *, const struct key *, int64_t *since_ms);
/* Applies what is due by now to all keys: deletion, expiry, rotation. */
void store_advance(struct store *, int64_t now_ms);
#endif
