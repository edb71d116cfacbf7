#ifndef LOCALKMS_JSON_TREE_H
#define LOCALKMS_JSON_TREE_H
#include <stdbool.h>
#include "buf.h"
#include "base/pool.h"

/*
 * A request's JSON as a tree. The server must tell an absent member from a
 * zero, and name the type that it found, so it cannot decode into a struct at
 * once as a client does.
 */
enum json_node_kind {
	NODE_NULL,
	NODE_TRUE,
	NODE_FALSE,
	NODE_NUMBER, /* text: as it was written */
	NODE_STRING, /* text: unescaped UTF-8, a NUL behind it */
	NODE_ARRAY,
	NODE_OBJECT,
};

struct json_node {
	enum json_node_kind kind;
	struct view key; /* its name, within an object */
	struct view text;
	struct json_node *first, *last; /* of what it holds */
	struct json_node *next; /* beside it */
	size_t count; /* of what it holds */
};

#define NODE_DEPTH_MAX 32

/* NULL when the text is not JSON, is nested deeper than NODE_DEPTH_MAX or does
 * not fit into pool, where the tree lives. */
struct json_node *json_tree_parse(struct view text, struct pool *);
/* The last member of that name, as in most parsers; NULL: none. */
const struct json_node *json_tree_member(
    const struct json_node *object, const char *name);
/*
 * Applies a JSON merge patch (RFC 7396): members of patch replace those of to,
 * objects are merged, null removes a member. to may be NULL. The result lives
 * in the pool and shares what does not change. NULL: out of memory.
 */
struct json_node *json_tree_merge(
    struct json_node *to, const struct json_node *patch, struct pool *);
/* Appends the text. False: out of memory, or out's ceiling is reached. */
bool json_tree_write(const struct json_node *, struct buf *out);
/* "STRING_VALUE", as AWS's errors call it. */
const char *json_node_kind_name(const struct json_node *);
#endif
