#include <stdlib.h>
#include "array.h"
#include "cryptoki/constants.h"
#include "template-builder.h"

static CK_ATTRIBUTE *
find_or_add_row(struct template_builder *d, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE *rows;

	for (CK_ULONG i = 0; i < d->count; i++)
		if (d->rows[i].type == type)
			return (&d->rows[i]);
	rows = array_grow(d->rows, &d->cap, d->count + 1, sizeof(*rows));
	if (rows == NULL)
		return (NULL);
	d->rows = rows;
	d->rows[d->count] = (CK_ATTRIBUTE){type, NULL, 0};
	return (&d->rows[d->count++]);
}

void
builder_set(struct template_builder *d, CK_ATTRIBUTE_TYPE type, struct view v)
{
	CK_ATTRIBUTE *a = find_or_add_row(d, type);

	if (a == NULL) {
		d->failed = true;
		return;
	}
	/* nothing is written there: the standard's member is not const */
	*a = (CK_ATTRIBUTE){type, (void *)(uintptr_t)v.ptr, v.len};
}

void
builder_set_default(
    struct template_builder *d, CK_ATTRIBUTE_TYPE type, struct view v)
{
	if (!template_has(builder_template(d), type))
		builder_set(d, type, v);
}

void
builder_drop(struct template_builder *d, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < d->count; i++)
		if (d->rows[i].type == type) {
			d->rows[i] = d->rows[--d->count];
			return;
		}
}

struct template builder_template(const struct template_builder *d)
{
	return ((struct template){d->rows, d->count});
}

CK_RV
builder_finish(const struct template_builder *d)
{
	return (d->failed ? CKR_HOST_MEMORY : CKR_OK);
}

void
builder_free(struct template_builder *d)
{
	free(d->rows);
	*d = (struct template_builder){.rows = NULL};
}

CK_RV
builder_begin(struct call *c, struct template_builder *d, struct template t,
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
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "an object of %s with %s cannot be made this way",
		    class_name(class).text, key_type_name(type).text));
	for (CK_ULONG i = 0; i < t.count; i++)
		builder_set(d, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen));
	builder_set(d, CKA_CLASS, VIEW(&target->class, sizeof(target->class)));
	if (target->type != CK_UNAVAILABLE_INFORMATION)
		builder_set(
		    d, CKA_KEY_TYPE, VIEW(&target->type, sizeof(target->type)));
	return (builder_finish(d));
}

CK_RV
builder_add_from_key(struct call *c, struct template_builder *d,
    const struct object *o, CK_ATTRIBUTE_TYPE which)
{
	struct view packed = VIEW(NULL, 0), v, given;
	CK_ATTRIBUTE_TYPE type;

	if (o->attrs != NULL)
		packed = attrset_view(o->attrs, which);
	while (template_unpack(&packed, &type, &v)) {
		given = template_view(builder_template(d), type);
		if (template_has(builder_template(d), type) &&
		    !view_equal(given, v))
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "%s differs from the value in the key's template",
			    attribute_name(type).text));
		builder_set(d, type, v);
	}
	return (builder_finish(d));
}
