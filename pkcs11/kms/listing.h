#ifndef LISTING_H
#define LISTING_H
#include "token/call.h"
#include "keydata/names.h"

/* From KMS into the token's store: one key by name, or all of them. */

/*
 * The key that a key id, ARN or alias stands for now, held for the caller;
 * *out is NULL when there is none. One DescribeKey.
 */
CK_RV listing_describe(struct call *, const char *key, struct key **out);
#define LISTING_NAMES_MAX 9
/*
 * The same for several names at once: keys[i] is that of the i-th, held, or
 * NULL. Those from the optional-th on need not be there, nor may it be allowed
 * to ask for them.
 */
CK_RV listing_describe_several(struct call *, const struct kms_key_entry *names,
    size_t count, size_t optional, struct key **keys);
/* The same; tells: the log, and the listing under way, of each that is left
 * out. */
enum err listing_describe_telling(struct call *,
    const struct kms_key_entry *names, size_t count, size_t optional,
    bool tells, struct key **keys);
/*
 * The key with its name of that kind known, or with all its names, held for
 * the caller. Asks KMS for its aliases only when they were never seen; where
 * that is denied, the key with the names that are known.
 */
CK_RV listing_name(
    struct call *, struct key *, enum name_kind, struct key **out);
CK_RV listing_all_names(struct call *, struct key *, struct key **out);
/* Tells the log of a key that is not shown for its state, and what to do, or
 * for what this version does not know. */
void listing_tell_state(struct call *, const struct key *);
/* A key that waits for material and may not be filled by any request has no
 * names but its own: whoever planted an alias on it must not be believed. */
void listing_withhold_names(struct call *, struct key *);
/* Whether the state directory has a renewal pair for it. */
void listing_see_renewal_pair(struct call *, struct key *);
#endif
