#include <stdlib.h>
#include <string.h>
#include "template.h"

const CK_ATTRIBUTE *
template_find(struct template t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.rows[i].type == type)
			return (&t.rows[i]);
	return (NULL);
}

bool
template_has(struct template t, CK_ATTRIBUTE_TYPE type)
{
	return (template_find(t, type) != NULL);
}

struct view
template_view(struct template t, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(t, type);

	return (a == NULL ? VIEW(NULL, 0) : VIEW(a->pValue, a->ulValueLen));
}

CK_ULONG
template_ulong(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG absent)
{
	struct view v = template_view(t, type);

	if (v.ptr != NULL && v.len == sizeof(absent))
		memcpy(&absent, v.ptr, sizeof(absent));
	return (absent);
}

bool
template_bool(struct template t, CK_ATTRIBUTE_TYPE type, bool absent)
{
	struct view v = template_view(t, type);

	return (v.ptr == NULL || v.len != sizeof(CK_BBOOL)
		    ? absent
		    : *v.ptr != CK_FALSE);
}

struct template template_inner(struct template t, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(t, type);

	if (a == NULL || a->pValue == NULL)
		return ((struct template){NULL, 0});
	return (
	    (struct template){a->pValue, a->ulValueLen / sizeof(CK_ATTRIBUTE)});
}

enum err
template_pack(struct template t, struct buf *out)
{
	enum err e = ERR_OK;

	for (CK_ULONG i = 0; i < t.count && e == ERR_OK; i++) {
		const CK_ATTRIBUTE *a = &t.rows[i];

		if (a->pValue == NULL && a->ulValueLen != 0)
			return (ERR_DATA);
		e = buf_append(out, VIEW(&a->type, sizeof(a->type)));
		if (e == ERR_OK)
			e = buf_append(
			    out, VIEW(&a->ulValueLen, sizeof(a->ulValueLen)));
		if (e == ERR_OK)
			e = buf_append(out, VIEW(a->pValue, a->ulValueLen));
	}
	return (e);
}

bool
template_unpack(
    struct view *packed, CK_ATTRIBUTE_TYPE *type, struct view *value)
{
	CK_ULONG len;
	size_t head = sizeof(*type) + sizeof(len);

	if (packed->len < head)
		return (false);
	memcpy(type, packed->ptr, sizeof(*type));
	memcpy(&len, packed->ptr + sizeof(*type), sizeof(len));
	if (len > packed->len - head)
		return (false);
	*value = VIEW(packed->ptr + head, len);
	*packed = VIEW(packed->ptr + head + len, packed->len - head - len);
	return (true);
}

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
draft_put_all(struct draft *d, struct template t)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		draft_put(d, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen));
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
