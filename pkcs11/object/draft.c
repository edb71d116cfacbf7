#include <stdlib.h>
#include "draft.h"

static CK_ATTRIBUTE *
draft_row(struct draft *d, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG cap = d->cap == 0 ? 32 : 2 * d->cap;
	CK_ATTRIBUTE *rows;

	for (CK_ULONG i = 0; i < d->count; i++)
		if (d->rows[i].type == type)
			return (&d->rows[i]);
	if (d->count == d->cap) {
		rows = realloc(d->rows, cap * sizeof(*rows));
		if (rows == NULL)
			return (NULL);
		d->rows = rows;
		d->cap = cap;
	}
	d->rows[d->count] = (CK_ATTRIBUTE){type, NULL, 0};
	return (&d->rows[d->count++]);
}

void
draft_put(struct draft *d, CK_ATTRIBUTE_TYPE type, struct view v)
{
	CK_ATTRIBUTE *a = draft_row(d, type);

	if (a == NULL) {
		d->failed = true;
		return;
	}
	/* nothing is written there: the standard's member is not const */
	*a = (CK_ATTRIBUTE){type, (void *)(uintptr_t)v.ptr, v.len};
}

void
draft_default(struct draft *d, CK_ATTRIBUTE_TYPE type, struct view v)
{
	if (!template_has(draft_template(d), type))
		draft_put(d, type, v);
}

void
draft_drop(struct draft *d, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < d->count; i++)
		if (d->rows[i].type == type) {
			d->rows[i] = d->rows[--d->count];
			return;
		}
}

struct template draft_template(const struct draft *d)
{
	return ((struct template){d->rows, d->count});
}

CK_RV
draft_done(const struct draft *d)
{
	return (d->failed ? CKR_HOST_MEMORY : CKR_OK);
}

void
draft_free(struct draft *d)
{
	free(d->rows);
	*d = (struct draft){.rows = NULL};
}

CK_RV
draft_begin(struct call *c, struct draft *d, struct template t,
    struct attr_target *target)
{
	CK_OBJECT_CLASS class = template_ulong(t, CKA_CLASS, target->class);
	CK_KEY_TYPE type = template_ulong(t, CKA_KEY_TYPE, target->type);
	CK_RV rv;

	if (target->type == CK_UNAVAILABLE_INFORMATION)
		target->type = type;
	if ((rv = attr_check(c, t, *target)) != CKR_OK)
		return (rv);
	if (class != target->class || type != target->type)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "no object of class 0x%lx and key type 0x%lx comes of that",
		    class, type));
	for (CK_ULONG i = 0; i < t.count; i++)
		draft_put(d, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen));
	draft_put(d, CKA_CLASS, VIEW(&target->class, sizeof(target->class)));
	if (target->type != CK_UNAVAILABLE_INFORMATION)
		draft_put(
		    d, CKA_KEY_TYPE, VIEW(&target->type, sizeof(target->type)));
	return (draft_done(d));
}

CK_RV
draft_follow(struct call *c, struct draft *d, const struct object *o,
    CK_ATTRIBUTE_TYPE which)
{
	struct view packed = VIEW(NULL, 0), v, given;
	CK_ATTRIBUTE_TYPE type;

	if (o->bag != NULL)
		packed = bag_view(o->bag, which);
	while (template_unpack(&packed, &type, &v)) {
		given = template_view(draft_template(d), type);
		if (template_has(draft_template(d), type) &&
		    !view_equal(given, v))
			return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
			    "attribute 0x%lx is not what the key's template "
			    "has",
			    type));
		draft_put(d, type, v);
	}
	return (draft_done(d));
}
