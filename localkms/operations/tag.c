#include <string.h>
#include "call/tags.h"
#include "operations/handlers.h"

const struct json_field reply_list_tags[] = {
    JSON_ROW_FIELD(
	struct output, rows, "Tags", struct output_tag, output_tag_row),
    OUT(next_marker, "NextMarker", STRING), OUT(truncated, "Truncated", BOOL),
    JSON_END};

bool
op_tag_resource(struct call *c)
{
	struct key *k = key_copy(c->key);

	if (k == NULL)
		return (call_out_of_memory(c));
	if (!tags_add(c, k)) {
		key_unref(k);
		return (false);
	}
	return (call_store_key(c, k));
}

bool
op_untag_resource(struct call *c)
{
	struct key *k = key_copy(c->key);
	const struct json_node *n;

	if (k == NULL)
		return (call_out_of_memory(c));
	for (n = c->in[IN_TAG_KEYS].node->first; n != NULL; n = n->next)
		if (!tag_remove(c, k, (const char *)n->text.ptr)) {
			key_unref(k);
			return (false);
		}
	return (call_store_key(c, k));
}

bool
op_list_resource_tags(struct call *c)
{
	struct output_tag *rows = pool_alloc(
	    &c->pool, TAGS_MAX * sizeof(*rows));
	const char *after;
	size_t limit, first = 0, given, n;

	if (!call_page(c, TAGS_MAX, TAGS_MAX, &limit, &after))
		return (false);
	if (rows == NULL)
		return (call_out_of_memory(c));
	n = tags_list(c->key, rows);
	if (after[0] != '\0')
		while (first < n && strcmp(rows[first++].key, after) != 0)
			continue;
	given = n - first < limit ? n - first : limit;
	c->out.rows = (struct json_rows){rows + first, given};
	call_page_end(c, first + given < n,
	    given == 0 ? "" : rows[first + given - 1].key);
	return (true);
}
