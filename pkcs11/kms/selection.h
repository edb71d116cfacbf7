#ifndef SELECTION_H
#define SELECTION_H
#include "token/call.h"
#include "keydata/names.h"

/*
 * Which keys the token shows: those that the option `keys` selects, or all
 * without it. What is decided here is what a search finds. A key outside can be
 * used by a handle that there is, and a create by its name means it all the
 * same.
 */

/* Whether only names of keys and aliases select: nothing is to be listed. */
bool selection_is_by_name(const struct call *);

/* Whether the aliases, or the key's id or ARN, select the key. chosen() says it
 * of a key id: it has an alias that is selected, is named itself, or is beside
 * such a key for a second usage. */
bool selection_chooses(const struct call *, const char *key_id,
    const struct kms_alias_entry *aliases, size_t count);
/* Whether the origin or the KeySpec selects the key. */
bool selection_has_word(const struct call *, const struct key *);
/* Sets selected[i] where one of the i-th key's tags selects it. KMS is asked
 * for those that are not selected yet, many at once. A key whose tags are not
 * seen is not selected: the log says so, and the listing under way leaves it
 * out. */
enum err selection_add_tagged(
    struct call *, struct key *const *keys, size_t count, bool *selected);
/* Whether more than names and aliases is to be known of each key. */
bool selection_needs_metadata(const struct call *);

/* The same of one key, which the name led to; KMS is asked for what is not
 * known of it. */
bool selection_has(struct call *, const struct key *, const char *name);
#endif
