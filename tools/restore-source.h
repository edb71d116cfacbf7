#ifndef RESTORE_SOURCE_H
#define RESTORE_SOURCE_H
#include "import-key.h"
#include "keyferry-token.h"
#include "move-plan.h"
#include "restore-compare.h"

/* `keyferry restore`: what it works with. */
struct restore {
	struct plan plan; /* first: the plan's functions find the rest by it */
	struct keyferry_token to;
	struct key_reader reader;
	struct wanted_keys wanted;
	char *manifest;
	P11KitUri *from; /* of keys without a file or source, or NULL */
	bool token_failed; /* one that has keys cannot be used */
};

/* Adds the key of a manifest's line, from its source, to the plan, or why it
 * cannot be had. False: the run ends, and standard error says why. */
bool restore_add_key(struct restore *, const struct wanted_key *);
/* The key's lines of the manifest. */
struct wanted_materials restore_materials(
    const struct restore *, const struct wanted_key *first);
#endif
