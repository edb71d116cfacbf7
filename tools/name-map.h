#ifndef NAME_MAP_H
#define NAME_MAP_H
#include "key-options.h"
#include "record-file.h"

/* Names on the target of keys whose own are taken there: `keyferry move --map`.
 */
struct name_map_row;
struct name_map {
	struct record_file file;
	struct name_map_row *rows;
	size_t count, cap;
};
#define NAME_MAP_INIT                    \
	{                                \
		.file = RECORD_FILE_INIT \
	}

/*
 * Reads records with the fields label and id, which say which key of a
 * source is meant, and new-label and new-id. On failure, says why on standard
 * error. The caller frees it either way.
 */
bool name_map_read(struct name_map *, const char *path);
/* Finds the names of the key with that label and id; NULL where the map has
 * none. */
void name_map_find(struct name_map *, struct view label, struct view id,
    const char **new_label, const struct key_id **new_id);
/* Whether each row was found. Says on standard error which were not. */
bool name_map_is_used_up(const struct name_map *);
void name_map_free(struct name_map *);
#endif
