#ifndef RESTORE_COMPARE_H
#define RESTORE_COMPARE_H
#include "import-manifest.h"
#include "listed-key.h"

/* A key in KMS beside what a manifest says of it. */

/* The materials that the manifest has for a key: its lines. */
struct wanted_materials {
	const struct wanted_key *first;
	const struct wanted_key *all; /* the manifest's lines */
	size_t line_count; /* of the manifest */
	size_t count; /* of the key's materials */
};

/* Whether two lines are of one key: they have the same id, or label without
 * one. */
bool wanted_same_key(const struct wanted_key *, const struct wanted_key *);
/* Finds the key of the id or, without one, of the label: the list has one row,
 * or none. On failure, said is why. */
CK_RV restore_find(const struct token *, const struct wanted_key *,
    struct key_list *, char said[TOKEN_ERROR_SIZE]);
/* Writes what differs into an empty buf, with semicolons between. complete:
 * also materials that it does not have yet. False: the buf has no room for all.
 */
bool restore_compare(const struct token *, const struct wanted_materials *,
    const struct listed_key *there, bool complete, struct buf *out);
#endif
