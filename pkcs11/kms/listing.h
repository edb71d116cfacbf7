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
/* All keys of the token, unless they were listed a moment ago. A key that
 * KMS refuses to describe is left out, and the log says so. */
CK_RV listing_refresh(struct call *);
/*
 * The key with its name of that kind known, or with all its names, held for
 * the caller. Asks KMS for its aliases only when they were never seen; where
 * that is denied, the key with the names that are known.
 */
CK_RV listing_name(
    struct call *, struct key *, enum name_kind, struct key **out);
CK_RV listing_all_names(struct call *, struct key *, struct key **out);
/* What was listed is no longer to be relied on. */
void listing_invalidate(struct call *);
#endif
