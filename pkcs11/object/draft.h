#ifndef DRAFT_H
#define DRAFT_H
#include "attr.h"

/*
 * A template in the making. Values are borrowed. A failure is remembered:
 * ask draft_done() at the end.
 */
struct draft {
	CK_ATTRIBUTE *rows;
	CK_ULONG count, cap;
	bool failed;
};
/* Sets or replaces. */
void draft_put(struct draft *, CK_ATTRIBUTE_TYPE, struct view);
/* Only where there is none. */
void draft_default(struct draft *, CK_ATTRIBUTE_TYPE, struct view);
void draft_drop(struct draft *, CK_ATTRIBUTE_TYPE);
/* What it is now, for as long as it is not changed. */
struct template draft_template(const struct draft *);
/* CKR_OK, or CKR_HOST_MEMORY. */
CK_RV draft_done(const struct draft *);
void draft_free(struct draft *);

/*
 * Begins with a caller's template, checked for the purpose. Its class and key
 * type, where there, must be those of the target; a target's key type of
 * CK_UNAVAILABLE_INFORMATION becomes the template's. The target, which both
 * are borrowed from, stays as it is for as long as the draft.
 */
CK_RV draft_begin(
    struct call *, struct draft *, struct template, struct attr_target *);
/*
 * What a key says (CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE) of those that are
 * made with it: added, and not to be contradicted.
 */
CK_RV draft_follow(
    struct call *, struct draft *, const struct object *, CK_ATTRIBUTE_TYPE);
#endif
