#ifndef LOOKUP_H
#define LOOKUP_H
#include "listing.h"

/*
 * The keys that a label, id or unique id stands for now, held for the caller.
 * Only a label can belong to several: the first is that of the plain alias, the
 * others follow by their numbers. None: there is none, or no key could have
 * such a name.
 *
 * A key id or key ARN given as label or id means that key, and the name or ARN
 * of an alias given as label the key to which it leads.
 */
struct found_keys {
	struct key *keys[LISTING_NAMES_MAX];
	size_t count;
};
CK_RV find_all_named(
    struct call *, CK_ATTRIBUTE_TYPE, struct view name, struct found_keys *);
void found_keys_free(struct found_keys *);

/* The first of them; *out is NULL when there is none. */
CK_RV find_named(
    struct call *, CK_ATTRIBUTE_TYPE, struct view name, struct key **out);
/* Whether the name is one of KMS's own: no key is ever made with such a text as
 * its label or id. */
bool is_kms_name(CK_ATTRIBUTE_TYPE, struct view name);
#endif
