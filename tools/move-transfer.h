#ifndef MOVE_TRANSFER_H
#define MOVE_TRANSFER_H
#include "move-plan.h"

/* plan->transfer: from a token. */
bool transfer_key(struct plan *, struct key *);

#define TEMPLATE_MAX (USAGE_TEMPLATE_MAX + 22)
struct attribute_list {
	CK_ATTRIBUTE rows[TEMPLATE_MAX];
	CK_ULONG count;
};
/* The list borrows the value. */
void add_attribute(
    struct attribute_list *, CK_ATTRIBUTE_TYPE, const void *, size_t len);
/* Adds what is to be unwrapped, for CKA_UNWRAP_TEMPLATE of an import pair:
 * Keyferry makes the KMS key for it. The list borrows *type and *size, which it
 * sets. */
void add_key_description(struct attribute_list *, const struct key *,
    CK_KEY_TYPE *type, CK_ULONG *size);
/* Adds what only a new key of Keyferry's gets. */
void transfer_describe_new(const struct key *, struct attribute_list *);
/* Adds what a key will be on the target. The list borrows *type, which it sets.
 */
void transfer_describe(const struct plan *, const struct key *,
    CK_KEY_TYPE *type, struct attribute_list *);
/* Records how it ended; as plan->transfer returns. */
bool transfer_end(struct plan *, struct key *, struct transfer *, bool done);
#endif
