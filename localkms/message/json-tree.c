#include <string.h>
#include <yajl/yajl_parse.h>
#include "message/json-tree.h"

struct reader {
	struct arena *arena;
	struct json_node *open[NODE_DEPTH_MAX];
	size_t depth;
	struct view key; /* of the member whose value comes */
	struct json_node *root;
};

static struct json_node *
add(struct reader *r, enum json_node_kind kind)
{
	struct json_node *d = arena_alloc(r->arena, sizeof(*d)), *in;

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

	if (d == NULL || (copy = arena_copy(r->arena, VIEW(s, len))) == NULL)
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
	char *copy = arena_copy(r->arena, VIEW(s, len));

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

const struct json_node *
json_tree_parse(struct view text, struct arena *arena)
{
	struct reader r = {.arena = arena};
	yajl_handle h;
	bool ok;

	if ((h = yajl_alloc(&callbacks, NULL, &r)) == NULL)
		return (NULL);
	ok = yajl_parse(h, text.ptr, text.len) == yajl_status_ok &&
	     yajl_complete_parse(h) == yajl_status_ok;
	yajl_free(h);
	return (ok ? r.root : NULL);
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
