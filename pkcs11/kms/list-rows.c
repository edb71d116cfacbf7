#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "keydata/names.h"
#include "list-rows.h"

#define PAGES_MAX 10000 /* a service that never ends must not hang the host */

static enum err
rows_add(struct rows *r, const struct json_rows *page)
{
	size_t need = r->count + page->count;
	uint8_t *p;

	if (page->count == 0)
		return (ERR_OK);
	if ((p = array_grow(r->ptr, &r->cap, need, r->size)) == NULL)
		return (ERR_MEMORY);
	r->ptr = p;
	memcpy(r->ptr + r->count * r->size, page->ptr, page->count * r->size);
	r->count = need;
	return (ERR_OK);
}

enum err
rows_add_one(struct rows *r, const void *row)
{
	uint8_t *p = array_grow(r->ptr, &r->cap, r->count + 1, r->size);

	if (p == NULL)
		return (ERR_MEMORY);
	r->ptr = p;
	memcpy(r->ptr + r->count++ * r->size, row, r->size);
	return (ERR_OK);
}

void
rows_sort(struct rows *r, int (*order)(const void *, const void *))
{
	size_t kept = 1;

	if (r->count == 0)
		return;
	qsort(r->ptr, r->count, r->size, order);
	for (size_t i = 1; i < r->count; i++) {
		uint8_t *row = r->ptr + i * r->size;

		if (order(r->ptr + (kept - 1) * r->size, row) == 0)
			continue;
		if (kept != i)
			memcpy(r->ptr + kept * r->size, row, r->size);
		kept++;
	}
	r->count = kept;
}

enum err
list_all_keys(struct kms *k, const char *unused, struct kms_page *page)
{
	(void)unused;
	return (kms_list_keys(k, page));
}

enum err
rows_gather(struct call *c, const char *key,
    enum err (*list)(struct kms *, const char *, struct kms_page *),
    struct rows *r)
{
	struct kms_page page = {.marker = ""};
	enum err e;

	for (int n = 0; n < PAGES_MAX; n++) {
		if ((e = list(&c->kms, key, &page)) == ERR_OK)
			e = rows_add(r, &page.rows);
		if (e == ERR_OK && c->kms.error.message[0] != '\0')
			call_note(c, "a list may lack entries: %s",
			    c->kms.error.message);
		json_rows_free(&page.rows);
		if (e != ERR_OK || page.marker[0] == '\0')
			return (e);
	}
	return (ERR_REPLY);
}

/* An alias becomes a name of the key; the oldest of its kind is shown. */
static void
take_alias(struct key *k, const struct kms_alias_entry *a)
{
	char *to = k->names.label;

	if (name_is(NAME_ID, a->name)) {
		if (k->names.id[0] == '\0')
			memcpy(k->names.id, a->name, sizeof(k->names.id));
		return;
	}
	if (!name_is(NAME_LABEL, a->name))
		return;
	if (k->names.labels++ == 0)
		memcpy(to, a->name, KMS_ALIAS_SIZE);
}

/* By key, then oldest first, then by name. */
int
alias_order(const void *va, const void *vb)
{
	const struct kms_alias_entry *a = va, *b = vb;
	int order = strcmp(a->key_id, b->key_id);

	if (order != 0)
		return (order);
	if (a->created < b->created || a->created > b->created)
		return (a->created < b->created ? -1 : 1);
	return (strcmp(a->name, b->name));
}

static int
alias_of_key(const void *key_id, const void *alias)
{
	return (
	    strcmp(key_id, ((const struct kms_alias_entry *)alias)->key_id));
}

/* Gives the key its names, out of aliases in alias_order(). */
void
take_names(struct key *k, const struct rows *aliases)
{
	struct kms_alias_entry *first = (void *)aliases->ptr, *a;
	const struct kms_alias_entry *end;

	k->names.known = true;
	k->names.labels = 0;
	k->names.label[0] = k->names.id[0] = '\0';
	if (aliases->count == 0)
		return;
	end = first + aliases->count;
	a = bsearch(
	    k->meta.id, first, aliases->count, sizeof(*a), alias_of_key);
	if (a == NULL)
		return;
	while (a > first && strcmp(a[-1].key_id, k->meta.id) == 0)
		a--;
	for (; a < end && strcmp(a->key_id, k->meta.id) == 0; a++)
		take_alias(k, a);
}
