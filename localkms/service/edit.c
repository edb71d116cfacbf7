#include <string.h>
#include "message/json-tree.h"
#include "service/edit.h"

#define MEMORY_MAX (64 * 1024 * 1024)

/* Whether an object names the key: by its id, or by an ARN that ends in it. */
static bool
names_key(const struct json_node *object, const char *key)
{
	static const char *const members[] = {"KeyId", "TargetKeyId"};
	size_t len = strlen(key);
	const struct json_node *n;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		n = json_tree_member(object, members[i]);
		if (n != NULL && n->kind == NODE_STRING && n->text.len >= len &&
		    memcmp(n->text.ptr + n->text.len - len, key, len) == 0)
			return (true);
	}
	return (false);
}

/* Merges into the rows of a list that name the key; *found: there are some. */
static bool
merge_rows(struct json_node *list, const struct json_node *patch,
    const char *key, struct pool *pool, bool *found)
{
	struct json_node **at, *merged;

	for (at = &list->first; *at != NULL; at = &(*at)->next) {
		if ((*at)->kind != NODE_OBJECT || !names_key(*at, key))
			continue;
		if ((merged = json_tree_merge(*at, patch, pool)) == NULL)
			return (false);
		merged->next = (*at)->next;
		*at = merged;
		*found = true;
	}
	return (true);
}

static bool
merge(struct pool *pool, const struct reply_edit *e, struct buf *body)
{
	const struct json_node *patch = json_tree_parse(
	    buf_view(&e->text), pool);
	struct json_node *root = body->len == 0
				     ? NULL
				     : json_tree_parse(buf_view(body), pool);
	bool found = false;

	if (patch == NULL)
		return (false);
	for (struct json_node *n =
		 root == NULL || e->key[0] == '\0' ? NULL : root->first;
	     n != NULL; n = n->next)
		if (n->kind == NODE_ARRAY &&
		    !merge_rows(n, patch, e->key, pool, &found))
			return (false);
	if (!found && (root = json_tree_merge(root, patch, pool)) == NULL)
		return (false);
	buf_reset(body);
	return (json_tree_write(root, body));
}

bool
edit_reply(struct controls *c, const char *operation, struct web_reply *r)
{
	struct reply_edit e;
	size_t next = 0;
	bool ok = true;

	while (ok && controls_next_edit(
			 c, operation, buf_view(&r->body), &next, &e)) {
		struct pool pool = POOL_INIT(MEMORY_MAX);

		r->status = e.status;
		r->delay_ms += e.delay_ms;
		if (e.whole) {
			buf_reset(&r->body);
			ok = buf_append(&r->body, buf_view(&e.text)) == ERR_OK;
		} else
			ok = merge(&pool, &e, &r->body);
		pool_free(&pool);
		buf_free(&e.text);
	}
	return (ok);
}
