#ifndef TEMPLATE_BUILDER_H
#define TEMPLATE_BUILDER_H
#include "attr.h"

/*
 * A template in the making. Values are borrowed. A failure is remembered:
 * ask builder_finish() at the end.
 */
struct template_builder {
	CK_ATTRIBUTE *rows;
	CK_ULONG count;
	size_t cap;
	bool failed;
};
/* Sets or replaces. */
void builder_set(struct template_builder *, CK_ATTRIBUTE_TYPE, struct view);
/* Only where there is none. */
void builder_set_default(
    struct template_builder *, CK_ATTRIBUTE_TYPE, struct view);
void builder_drop(struct template_builder *, CK_ATTRIBUTE_TYPE);
/* What it is now, for as long as it is not changed. */
struct template builder_template(const struct template_builder *);
/* CKR_OK, or CKR_HOST_MEMORY. */
CK_RV builder_finish(const struct template_builder *);
void builder_free(struct template_builder *);

/*
 * Begins with a caller's template, checked for the purpose. Its class and key
 * type, where there, must be those of the target; a target's key type of
 * CK_UNAVAILABLE_INFORMATION becomes the template's. The target, which both
 * are borrowed from, stays as it is for as long as the builder.
 */
CK_RV builder_begin(struct call *, struct template_builder *, struct template,
    struct attr_target *);
/*
 * What a key says (CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE
 * and their like) of those that are
 * made with it: added, and not to be contradicted.
 */
CK_RV builder_add_from_key(struct call *, struct template_builder *,
    const struct object *, CK_ATTRIBUTE_TYPE);
#endif
