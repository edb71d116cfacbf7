#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "attrset.h"

struct attrset_row {
	CK_ATTRIBUTE_TYPE type;
	struct buf value;
};

struct attrset *
attrset_new(struct arena *arena, CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	struct attrset *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return (NULL);
	b->refs = 1;
	b->class = class;
	b->type = type;
	b->arena = arena;
	return (b);
}

struct attrset *
attrset_copy(const struct attrset *from)
{
	struct attrset *b = attrset_new(from->arena, from->class, from->type);
	enum err e = b == NULL ? ERR_MEMORY : ERR_OK;

	for (size_t i = 0; i < from->count && e == ERR_OK; i++)
		e = attrset_set(b, from->rows[i].type,
		    buf_view(&from->rows[i].value),
		    from->rows[i].value.arena != NULL);
	if (e == ERR_OK)
		return (b);
	attrset_unref(b);
	return (NULL);
}

struct attrset *
attrset_ref(struct attrset *b)
{
	__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
	return (b);
}

void
attrset_unref(struct attrset *b)
{
	if (b == NULL || __atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	for (size_t i = 0; i < b->count; i++)
		buf_free(&b->rows[i].value);
	free(b->rows);
	free(b);
}

static struct attrset_row *
row_find(const struct attrset *b, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->rows[i].type == type)
			return (&b->rows[i]);
	return (NULL);
}

static enum err
make_room(struct attrset *b)
{
	/* the rows move, the values that they point to stay where they are */
	struct attrset_row *rows = array_grow(
	    b->rows, &b->cap, b->count + 1, sizeof(*rows));

	if (rows == NULL)
		return (ERR_MEMORY);
	b->rows = rows;
	return (ERR_OK);
}

enum err
attrset_set(
    struct attrset *b, CK_ATTRIBUTE_TYPE type, struct view value, bool secret)
{
	struct buf copy = BUF_SECRET(
	    ATTRSET_VALUE_MAX, secret ? b->arena : NULL);
	struct attrset_row *row;
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
	*row = (struct attrset_row){type, copy};
	return (ERR_OK);
}

enum err
attrset_set_ulong(struct attrset *b, CK_ATTRIBUTE_TYPE type, CK_ULONG v)
{
	return (attrset_set(b, type, VIEW(&v, sizeof(v)), false));
}

enum err
attrset_set_bool(struct attrset *b, CK_ATTRIBUTE_TYPE type, bool v)
{
	CK_BBOOL truth = v ? CK_TRUE : CK_FALSE;

	return (attrset_set(b, type, VIEW(&truth, sizeof(truth)), false));
}

bool
attrset_get(const struct attrset *b, CK_ATTRIBUTE_TYPE type, struct view *value)
{
	const struct attrset_row *row = row_find(b, type);

	if (row == NULL)
		return (false);
	*value = buf_view(&row->value);
	return (true);
}

struct view
attrset_view(const struct attrset *b, CK_ATTRIBUTE_TYPE type)
{
	struct view v = VIEW(NULL, 0);

	(void)attrset_get(b, type, &v);
	return (v);
}

bool
attrset_bool(const struct attrset *b, CK_ATTRIBUTE_TYPE type, bool absent)
{
	struct view v = attrset_view(b, type);

	return (v.len == sizeof(CK_BBOOL) ? *v.ptr != CK_FALSE : absent);
}

bool
attrset_at(const struct attrset *b, size_t i, CK_ATTRIBUTE_TYPE *type,
    struct view *value)
{
	if (i >= b->count)
		return (false);
	*type = b->rows[i].type;
	*value = buf_view(&b->rows[i].value);
	return (true);
}

size_t
attrset_size(const struct attrset *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->count; i++)
		n += b->rows[i].value.len;
	return (n);
}
