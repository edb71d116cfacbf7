#include <stdlib.h>
#include <string.h>
#include "config/tag-list.h"
#include "key-tags.h"
#include "token/attr-value.h"

#define LIST_MAX 65536 /* bytes: more than 50 tags of their longest have */
#define PAGES_MAX 3 /* one has all that a key can have */

/* With a NUL behind it. */
static enum err
copy_list(struct view list, struct buf *out)
{
	enum err e = buf_append(out, list);

	return (e == ERR_OK ? buf_append(out, VIEW("", 1)) : e);
}

bool
key_tags_are_valid(struct view list)
{
	struct buf copy = BUF_INIT(LIST_MAX);
	bool valid = list.len == 0 ||
		     (memchr(list.ptr, '\0', list.len) == NULL &&
			 copy_list(list, &copy) == ERR_OK &&
			 tag_list_is_valid((const char *)copy.ptr));

	buf_free(&copy);
	return (valid);
}

/* The row of that key, or a new one behind the others. */
static struct kms_tag *
row_of(struct json_rows *tags, struct view key)
{
	struct kms_tag *rows = tags->ptr;
	size_t i = 0;

	while (i < tags->count && !view_equal(view_str(rows[i].key), key))
		i++;
	tags->count += i == tags->count;
	return (&rows[i]);
}

/* There is room for all rows. */
static enum err
add_list(const char *list, struct json_rows *tags)
{
	struct view key, value;
	struct kms_tag *row;

	while (list != NULL && tag_list_next(&list, &key, &value)) {
		if (key.len >= sizeof(row->key) ||
		    value.len >= sizeof(row->value))
			return (ERR_CONFIG);
		row = row_of(tags, key);
		memset(row, 0, sizeof(*row));
		memcpy(row->key, key.ptr, key.len);
		memcpy(row->value, value.ptr, value.len);
	}
	return (ERR_OK);
}

static size_t
count_tags(const char *list)
{
	struct view key, value;
	size_t n = 0;

	while (list != NULL && tag_list_next(&list, &key, &value))
		n++;
	return (n);
}

enum err
key_tags_choose(
    const char *configured, struct view list, struct json_rows *tags)
{
	struct buf copy = BUF_INIT(LIST_MAX);
	enum err e = copy_list(list, &copy);
	size_t count;

	*tags = (struct json_rows){NULL, 0};
	if (e != ERR_OK)
		goto out;
	count = count_tags(configured) + count_tags((const char *)copy.ptr);
	if (count == 0)
		goto out;
	if ((tags->ptr = calloc(count, sizeof(struct kms_tag))) == NULL)
		e = ERR_MEMORY;
	if (e == ERR_OK && (e = add_list(configured, tags)) == ERR_OK)
		e = add_list((const char *)copy.ptr, tags);
	if (e != ERR_OK)
		json_rows_free(tags);
out:
	buf_free(&copy);
	return (e);
}

static enum err
put_tags(const struct json_rows *rows, struct buf *out)
{
	const struct kms_tag *tags = rows->ptr;
	enum err e = ERR_OK;

	for (size_t i = 0; i < rows->count && e == ERR_OK; i++)
		if ((e = buf_puts(out, out->len == 0 ? "" : ",")) == ERR_OK &&
		    (e = buf_puts(out, tags[i].key)) == ERR_OK &&
		    (e = buf_puts(out, "=")) == ERR_OK)
			e = buf_puts(out, tags[i].value);
	return (e);
}

CK_RV
key_tags_read(struct call *c, const struct object *o, struct buf *out)
{
	struct kms_page page = {.marker = ""};
	enum err e;
	int n = 0;

	do {
		e = kms_list_resource_tags(&c->kms, o->key->meta.id, &page);
		if (e == ERR_OK)
			e = put_tags(&page.rows, out);
		json_rows_free(&page.rows);
	} while (e == ERR_OK && page.marker[0] != '\0' && ++n < PAGES_MAX);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
