#include <stdlib.h>
#include <string.h>
#include "bag.h"

struct bag_row {
	CK_ATTRIBUTE_TYPE type;
	struct buf value;
};

struct bag *
bag_new(struct arena *arena, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	struct bag *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return (NULL);
	b->refs = 1;
	b->class = class;
	b->type = type;
	b->arena = arena;
	return (b);
}

struct bag *
bag_copy(const struct bag *from)
{
	struct bag *b = bag_new(from->arena, from->class, from->type);
	enum err e = b == NULL ? ERR_MEMORY : ERR_OK;

	for (size_t i = 0; i < from->count && e == ERR_OK; i++)
		e = bag_set(b, from->rows[i].type,
		    buf_view(&from->rows[i].value),
		    from->rows[i].value.arena != NULL);
	if (e == ERR_OK)
		return (b);
	bag_unref(b);
	return (NULL);
}

struct bag *
bag_ref(struct bag *b)
{
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	return (b);
}

void
bag_unref(struct bag *b)
{
	if (b == NULL || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < b->count; i++)
		buf_free(&b->rows[i].value);
	free(b->rows);
	free(b);
}

static struct bag_row *
row_find(const struct bag *b, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->rows[i].type == type)
			return (&b->rows[i]);
	return (NULL);
}

static enum err
make_room(struct bag *b)
{
	size_t cap = b->cap == 0 ? 16 : 2 * b->cap;
	struct bag_row *rows;

	if (b->count < b->cap)
		return (ERR_OK);
	/* the rows move, the values that they point to stay where they are */
	if ((rows = realloc(b->rows, cap * sizeof(*rows))) == NULL)
		return (ERR_MEMORY);
	b->rows = rows;
	b->cap = cap;
	return (ERR_OK);
}

enum err
bag_set(struct bag *b, CK_ATTRIBUTE_TYPE type, struct view value, bool secret)
{
	struct buf copy = BUF_SECRET(BAG_VALUE_MAX, secret ? b->arena : NULL);
	struct bag_row *row;
	enum err e;

	if ((e = buf_append(&copy, value)) != ERR_OK ||
	    (e = make_room(b)) != ERR_OK) {
		buf_free(&copy);
		return (e);
	}
	if ((row = row_find(b, type)) == NULL)
		row = &b->rows[b->count++];
	else
		buf_free(&row->value);
	*row = (struct bag_row){type, copy};
	return (ERR_OK);
}

enum err
bag_set_ulong(struct bag *b, CK_ATTRIBUTE_TYPE type, CK_ULONG v)
{
	return (bag_set(b, type, VIEW(&v, sizeof(v)), false));
}

enum err
bag_set_bool(struct bag *b, CK_ATTRIBUTE_TYPE type, bool v)
{
	CK_BBOOL truth = v ? CK_TRUE : CK_FALSE;

	return (bag_set(b, type, VIEW(&truth, sizeof(truth)), false));
}

bool
bag_get(const struct bag *b, CK_ATTRIBUTE_TYPE type, struct view *value)
{
	const struct bag_row *row = row_find(b, type);

	if (row == NULL)
		return (false);
	*value = buf_view(&row->value);
	return (true);
}

struct view
bag_view(const struct bag *b, CK_ATTRIBUTE_TYPE type)
{
	struct view v = VIEW(NULL, 0);

	(void)bag_get(b, type, &v);
	return (v);
}

bool
bag_bool(const struct bag *b, CK_ATTRIBUTE_TYPE type, bool absent)
{
	struct view v = bag_view(b, type);

	return (v.len == sizeof(CK_BBOOL) ? *v.ptr != CK_FALSE : absent);
}

CK_ULONG
bag_ulong(const struct bag *b, CK_ATTRIBUTE_TYPE type, CK_ULONG absent)
{
	struct view v = bag_view(b, type);

	if (v.len == sizeof(absent))
		memcpy(&absent, v.ptr, sizeof(absent));
	return (absent);
}

bool
bag_at(
    const struct bag *b, size_t i, CK_ATTRIBUTE_TYPE *type, struct view *value)
{
	if (i >= b->count)
		return (false);
	*type = b->rows[i].type;
	*value = buf_view(&b->rows[i].value);
	return (true);
}

size_t
bag_size(const struct bag *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += b->rows[i].value.len;
	return (n);
}
