#include <string.h>
#include "base/text.h"
#include "call/tags.h"

/* The tag at s, in a list of key NUL value NUL; returns where the next is. */
static const char *
tag_read(const char *s, struct output_tag *t)
{
	t->key = s;
	t->value = s + strlen(s) + 1;
	return (t->value + strlen(t->value) + 1);
}

/* Where a key's tags begin and end. */
static void
tags_span(const struct buf *tags, const char **s, const char **end)
{
	*s = tags->len == 0 ? "" : (const char *)tags->ptr;
	*end = *s + tags->len;
}

/* Copies all tags but the one of that key; *count is of the copies. */
static bool
copy_without(
    const struct buf *from, const char *key, struct buf *to, size_t *count)
{
	const char *s, *end, *next;
	struct output_tag t;

	tags_span(from, &s, &end);
	*count = 0;
	for (; s < end; s = next) {
		next = tag_read(s, &t);
		if (strcmp(t.key, key) == 0)
			continue;
		if (buf_append(to, VIEW(s, (size_t)(next - s))) != ERR_OK)
			return (false);
		++*count;
	}
	return (true);
}

static bool
tag_set(struct call *c, struct key *k, struct view key, struct view value)
{
	struct buf tags = BUF_INIT(KEY_TAGS_MAX);
	size_t count;

	if (!copy_without(&k->tags, (const char *)key.ptr, &tags, &count) ||
	    buf_append(&tags, VIEW(key.ptr, key.len + 1)) != ERR_OK ||
	    buf_append(&tags, VIEW(value.ptr, value.len + 1)) != ERR_OK) {
		buf_free(&tags);
		return (call_out_of_memory(c));
	}
	buf_free(&k->tags);
	k->tags = tags;
	if (count + 1 > TAGS_MAX)
		return (REFUSE(c, LIMIT_EXCEEDED, "Too many tags"));
	return (true);
}

/* Letters and digits of any script, and these; AWS's message names them. */
static bool
tag_chars(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (v.ptr[i] < 0x80 &&
		    (v.ptr[i] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz"
						"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
						"0123456789 _.:/=+-@",
					     v.ptr[i]) == NULL))
			return (false);
	return (true);
}

/* The key or the value of the n-th tag, within the limits of AWS's API. */
static bool
check_text(struct call *c, const struct json_node *d, size_t n,
    const char *member, size_t least, size_t most)
{
	size_t len;

	if (d == NULL)
		return (REFUSE(c, VALIDATION,
		    "1 validation error detected: Value null at "
		    "'tags.%zu.member.%s' failed to satisfy constraint: "
		    "Member must not be null",
		    n, member));
	len = text_length(d->text);
	if (len >= least && len <= most)
		return (true);
	return (REFUSE(c, VALIDATION,
	    "1 validation error detected: Value '%.*s' at 'tags.%zu.member.%s' "
	    "failed to satisfy constraint: Member must have length %s than or "
	    "equal to %zu",
	    (int)d->text.len, (const char *)d->text.ptr, n, member,
	    len < least ? "greater" : "less", len < least ? least : most));
}

static bool
tag_check(struct call *c, const struct json_node *key,
    const struct json_node *value, size_t n)
{
	if (!check_text(c, key, n, "tagKey", 1, 128) ||
	    !check_text(c, value, n, "tagValue", 0, 256))
		return (false);
	if (strncmp((const char *)key->text.ptr, "aws:", 4) == 0)
		return (
		    REFUSE(c, TAG, "Tags beginning with aws: are reserved"));
	if (!tag_chars(key->text) || !tag_chars(value->text))
		return (REFUSE(c, TAG,
		    "Tag keys and values may hold letters, digits, spaces "
		    "and _ . : / = + - @"));
	return (true);
}

bool
tags_add(struct call *c, struct key *k)
{
	const struct json_node *d, *key, *value, *other;
	size_t n = 1;

	for (d = c->in[IN_TAGS].node->first; d != NULL; d = d->next, n++) {
		key = json_tree_member(d, "TagKey");
		value = json_tree_member(d, "TagValue");
		if (!tag_check(c, key, value, n))
			return (false);
		for (other = d->next; other != NULL; other = other->next)
			if (json_tree_member(other, "TagKey") != NULL &&
			    view_equal(key->text,
				json_tree_member(other, "TagKey")->text))
				return (REFUSE(c, TAG, "Duplicate tag keys"));
		if (!tag_set(c, k, key->text, value->text))
			return (false);
	}
	return (true);
}

size_t
tags_list(const struct key *k, struct output_tag rows[TAGS_MAX])
{
	const char *s, *end;
	size_t n = 0;

	tags_span(&k->tags, &s, &end);
	while (s < end && n < TAGS_MAX)
		s = tag_read(s, &rows[n++]);
	return (n);
}

bool
tag_remove(struct call *c, struct key *k, const char *key)
{
	struct buf tags = BUF_INIT(KEY_TAGS_MAX);
	size_t count;

	if (!copy_without(&k->tags, key, &tags, &count)) {
		buf_free(&tags);
		return (call_out_of_memory(c));
	}
	buf_free(&k->tags);
	k->tags = tags;
	return (true);
}
