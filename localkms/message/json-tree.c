#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>
#include "message/json-tree.h"

struct reader {
	struct pool *pool;
	struct json_node *open[NODE_DEPTH_MAX];
	size_t depth;
	struct view key; /* of the member whose value comes */
	struct json_node *root;
};

static struct json_node *
add(struct reader *r, enum json_node_kind kind)
{
	struct json_node *d = pool_alloc(r->pool, sizeof(*d)), *in;

	if (d == NULL)
		return (NULL);
	d->kind = kind;
	if (r->depth == 0) {
		r->root = d;
		return (d);
	}
	in = r->open[r->depth - 1];
	d->key = r->key;
	r->key = VIEW(NULL, 0);
	if (in->last != NULL)
		in->last->next = d;
	else
		in->first = d;
	in->last = d;
	in->count++;
	return (d);
}

static int
add_text(struct reader *r, enum json_node_kind kind, const void *s, size_t len)
{
	struct json_node *d = add(r, kind);
	char *copy;

	if (d == NULL || (copy = pool_copy(r->pool, VIEW(s, len))) == NULL)
		return (0);
	d->text = VIEW(copy, len);
	return (1);
}

static int
open_one(struct reader *r, enum json_node_kind kind)
{
	struct json_node *d;

	if (r->depth == NODE_DEPTH_MAX || (d = add(r, kind)) == NULL)
		return (0);
	r->open[r->depth++] = d;
	return (1);
}

static int
on_null(void *ctx)
{
	return (add(ctx, NODE_NULL) != NULL);
}

static int
on_bool(void *ctx, int truth)
{
	return (add(ctx, truth ? NODE_TRUE : NODE_FALSE) != NULL);
}

static int
on_number(void *ctx, const char *s, size_t len)
{
	return (add_text(ctx, NODE_NUMBER, s, len));
}

static int
on_string(void *ctx, const unsigned char *s, size_t len)
{
	return (add_text(ctx, NODE_STRING, s, len));
}

static int
on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct reader *r = ctx;
	char *copy = pool_copy(r->pool, VIEW(s, len));

	r->key = VIEW(copy, len);
	return (copy != NULL);
}

static int
on_map(void *ctx)
{
	return (open_one(ctx, NODE_OBJECT));
}

static int
on_array(void *ctx)
{
	return (open_one(ctx, NODE_ARRAY));
}

static int
on_close(void *ctx)
{
	struct reader *r = ctx;

	r->depth--;
	return (1);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_array,
    .yajl_end_array = on_close,
};

struct json_node *
json_tree_parse(struct view text, struct pool *pool)
{
	struct reader r = {.pool = pool};
	yajl_handle h;
	bool ok;

	if ((h = yajl_alloc(&callbacks, NULL, &r)) == NULL)
		return (NULL);
	ok = yajl_parse(h, text.ptr, text.len) == yajl_status_ok &&
	     yajl_complete_parse(h) == yajl_status_ok;
	yajl_free(h);
	return (ok ? r.root : NULL);
}

/* Puts value where the member of that name is, or behind the last; NULL
 * removes it. */
static void
set_member(struct json_node *object, struct view key, struct json_node *value)
{
	struct json_node **at = &object->first, *old;

	while (*at != NULL && !view_equal((*at)->key, key))
		at = &(*at)->next;
	old = *at;
	if (value != NULL) {
		value->key = key;
		value->next = old == NULL ? NULL : old->next;
		*at = value;
	} else if (old != NULL)
		*at = old->next;
}

static struct json_node *
copy_node(const struct json_node *n, struct pool *pool)
{
	struct json_node *copy = pool_alloc(pool, sizeof(*copy));

	if (copy != NULL && n != NULL)
		*copy = *n;
	return (copy);
}

struct json_node *
json_tree_merge(
    struct json_node *to, const struct json_node *patch, struct pool *pool)
{
	static const struct json_node empty = {.kind = NODE_OBJECT};
	struct json_node *merged, *value;

	if (patch->kind != NODE_OBJECT)
		return (copy_node(patch, pool));
	if (to == NULL || to->kind != NODE_OBJECT)
		to = copy_node(&empty, pool);
	if ((merged = copy_node(to, pool)) == NULL)
		return (NULL);
	for (const struct json_node *p = patch->first; p != NULL; p = p->next) {
		for (value = merged->first; value != NULL; value = value->next)
			if (view_equal(value->key, p->key))
				break;
		if (p->kind == NODE_NULL)
			value = NULL;
		else if ((value = json_tree_merge(value, p, pool)) == NULL)
			return (NULL);
		set_member(merged, p->key, value);
	}
	return (merged);
}

static bool
write_node(yajl_gen g, const struct json_node *n)
{
	bool object = n->kind == NODE_OBJECT, ok;

	switch (n->kind) {
	case NODE_NULL:
		return (yajl_gen_null(g) == yajl_gen_status_ok);
	case NODE_TRUE:
	case NODE_FALSE:
		return (yajl_gen_bool(g, n->kind == NODE_TRUE) ==
			yajl_gen_status_ok);
	case NODE_NUMBER:
		return (yajl_gen_number(g, (const char *)n->text.ptr,
			    n->text.len) == yajl_gen_status_ok);
	case NODE_STRING:
		return (yajl_gen_string(g, n->text.ptr, n->text.len) ==
			yajl_gen_status_ok);
	case NODE_ARRAY:
	case NODE_OBJECT:
		break;
	}
	ok = (object ? yajl_gen_map_open(g) : yajl_gen_array_open(g)) ==
	     yajl_gen_status_ok;
	for (const struct json_node *m = n->first; ok && m != NULL; m = m->next)
		ok = (!object || yajl_gen_string(g, m->key.ptr, m->key.len) ==
				     yajl_gen_status_ok) &&
		     write_node(g, m);
	return (ok && (object ? yajl_gen_map_close(g)
			      : yajl_gen_array_close(g)) == yajl_gen_status_ok);
}

bool
json_tree_write(const struct json_node *n, struct buf *out)
{
	yajl_gen g = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t len;
	bool ok;

	ok = g != NULL && write_node(g, n) &&
	     yajl_gen_get_buf(g, &text, &len) == yajl_gen_status_ok &&
	     buf_append(out, VIEW(text, len)) == ERR_OK;
	if (g != NULL)
		yajl_gen_free(g);
	return (ok);
}

const struct json_node *
json_tree_member(const struct json_node *object, const char *name)
{
	const struct json_node *d, *found = NULL;

	for (d = object->first; d != NULL; d = d->next)
		if (view_equal(d->key, view_str(name)))
			found = d;
	return (found);
}

const char *
json_node_kind_name(const struct json_node *d)
{
	static const char *const names[] = {
	    [NODE_NULL] = "NULL_VALUE",
	    [NODE_TRUE] = "TRUE_VALUE",
	    [NODE_FALSE] = "FALSE_VALUE",
	    [NODE_NUMBER] = "NUMBER_VALUE",
	    [NODE_STRING] = "STRING_VALUE",
	    [NODE_ARRAY] = "START_ARRAY",
	    [NODE_OBJECT] = "START_OBJECT",
	};

	return (names[d->kind]);
}
