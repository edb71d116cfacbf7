#ifndef LOCALKMS_DISK_H
#define LOCALKMS_DISK_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "key/key.h"

/*
 * The store's file: SQLite with a write-ahead log, synced at every commit,
 * so that what was answered survives kill -9 and loss of power. Not
 * thread-safe: the store calls it under its writer's lock.
 */
struct disk;

struct alias {
	char region[KEY_REGION_SIZE];
	char name[KEY_ALIAS_SIZE]; /* with "alias/" */
	char key_id[KEY_ID_SIZE];
	int64_t created_ms, updated_ms;
	int64_t changed_ms; /* of what readers still see; not stored */
};

/* What GetParametersForImport handed out: one set. */
struct import_set {
	uint8_t token[64];
	char region[KEY_REGION_SIZE];
	char key_id[KEY_ID_SIZE];
	char algorithm[32]; /* AlgorithmSpec */
	int64_t expires_ms;
	struct buf pair; /* the private wrapping key, DER */
};
#define IMPORT_SET_INIT                            \
	{                                          \
		.pair = BUF_INIT(KEY_MATERIAL_MAX) \
	}

/* dir is made if need be. False: why (of size bytes) says what is wrong: no
 * access, another server on it, a store of a newer version. */
bool disk_open(const char *dir, struct disk **out, char *why, size_t size);
void disk_close(struct disk *);

/* Each is one transaction: false, nothing of it was done. */
bool disk_put_keys(struct disk *, struct key *const *, size_t count);
bool disk_remove_key(struct disk *, const struct key *); /* and its aliases */
bool disk_put_alias(struct disk *, const struct alias *);
bool disk_remove_alias(struct disk *, const struct alias *);
bool disk_put_import(
    struct disk *, const struct import_set *, int64_t purge_before_ms);
/* False: no such token, or the file cannot be read. */
bool disk_find_import(struct disk *, struct view token, struct import_set *);
/* A secret of the store's own: read, or made of len random bytes. */
bool disk_secret(struct disk *, const char *name, uint8_t *out, size_t len);

/* One after the other, in the order of (Region, id) and of (Region, name);
 * behind the last, *out is NULL or its name is "". False: the store cannot be
 * read. */
bool disk_next_key(struct disk *, struct key **out);
bool disk_next_alias(struct disk *, struct alias *out);
#endif
