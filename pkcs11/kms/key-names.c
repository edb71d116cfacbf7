#include <stdlib.h>
#include <string.h>
#include "describe.h"
#include "keydata/names.h"
#include "key-names.h"

/* The aliases that a label can be: the plain one, then its numbers. */
#define LABEL_ALIASES (1 + NAME_LAST_NUMBER - NAME_FIRST_NUMBER + 1)
#define MENDED_MAX 10 /* markers, by one listing */
#define PICKS_MAX 4 /* keys that the marker is led to, one after another */

static enum err
label_aliases(struct view label, char aliases[LABEL_ALIASES][KMS_ALIAS_SIZE])
{
	enum err e = name_to_alias(NAME_LABEL, label, aliases[0]);

	for (unsigned i = 1; i < LABEL_ALIASES && e == ERR_OK; i++)
		e = name_to_numbered_alias(
		    label, NAME_FIRST_NUMBER + i - 1, aliases[i]);
	return (e);
}

/* Whether one look at the label's aliases shows the key; alias gets which. */
static bool
has_label(struct kms *kms, char aliases[LABEL_ALIASES][KMS_ALIAS_SIZE],
    const char *key_id, char alias[KMS_ALIAS_SIZE])
{
	struct kms_key meta = KMS_KEY_INIT;
	bool found = false;

	for (size_t i = 0; i < LABEL_ALIASES && !found; i++) {
		meta = (struct kms_key)KMS_KEY_INIT;
		found = describe_keeping_error(kms, aliases[i], &meta) ==
			    ERR_OK &&
			strcmp(meta.id, key_id) == 0;
		kms_key_free(&meta);
		if (found)
			memcpy(alias, aliases[i], KMS_ALIAS_SIZE);
	}
	return (found);
}

/* Whom the marker leads to does not matter. */
static enum err
set_marker(
    struct call *c, struct kms *kms, struct view label, const struct key *k)
{
	char marker[KMS_ALIAS_SIZE];
	enum err e = name_to_alias(NAME_MARKER, label, marker);

	if (e == ERR_OK)
		e = alias_create_new(c, kms, marker, k);
	return (e == ERR_EXISTS ? ERR_OK : e);
}

enum err
key_names_claim_label(struct call *c, struct kms *kms, const struct key *k,
    struct view label, bool shared, char alias[KMS_ALIAS_SIZE], bool *made)
{
	char aliases[LABEL_ALIASES][KMS_ALIAS_SIZE];
	enum err e = name_to_alias(NAME_LABEL, label, alias);

	*made = false;
	if (e != ERR_OK)
		return (e);
	/* the longest labels have no room for a number */
	if (!shared || label_aliases(label, aliases) != ERR_OK)
		return (alias_create_noting(c, kms, alias, k, made));
	e = alias_create_new(c, kms, alias, k);
	*made = e == ERR_OK;
	if (e != ERR_EXISTS)
		return (e);
	/* a late look may not show it: then it has the label twice */
	if (has_label(kms, aliases, k->meta.id, alias))
		return (name_is_numbered(alias) ? set_marker(c, kms, label, k)
						: ERR_OK);
	for (size_t i = 1; i < LABEL_ALIASES && e == ERR_EXISTS; i++) {
		memcpy(alias, aliases[i], KMS_ALIAS_SIZE);
		e = alias_create_new(c, kms, alias, k);
	}
	*made = e == ERR_OK;
	return (e == ERR_OK ? set_marker(c, kms, label, k) : e);
}

/* Leads the marker to the key of that alias: true if that still has its name
 * then, or if no policy lets the marker be led, which then stays as it is.
 * UpdateAlias refuses a key of another kind. */
static bool
lead_marker(struct call *c, struct kms *kms, const char *marker,
    const char *key_id, const struct settled_alias *to)
{
	struct settled_alias again = {.name = to->name};
	enum err e = kms_update_alias(kms, marker, to->key_id);

	if (e == ERR_INVALID && alias_delete(c, kms, marker, key_id) == ERR_OK)
		e = ERR_NOT_FOUND;
	if (e == ERR_NOT_FOUND)
		e = kms_create_alias(kms, marker, to->key_id);
	if (e == ERR_DENIED)
		return (true);
	return ((e == ERR_OK || e == ERR_EXISTS) &&
		settle_aliases(c, kms, &again, 1) == ERR_OK &&
		strcmp(again.key_id, to->key_id) == 0);
}

/* Settled looks at the label's aliases; *found is the first that leads to
 * another key than that, numbers before the plain one; NULL: none. */
static enum err
find_other(struct call *c, struct kms *kms, struct settled_alias *looks,
    const char *key_id, const struct settled_alias **found)
{
	const struct settled_alias *a;
	enum err e = settle_aliases(c, kms, looks, LABEL_ALIASES);

	*found = NULL;
	for (size_t i = 1; e == ERR_OK && i <= LABEL_ALIASES; i++) {
		a = &looks[i % LABEL_ALIASES];
		if (*found == NULL && a->key_id[0] != '\0' &&
		    strcmp(a->key_id, key_id) != 0)
			*found = a;
	}
	return (e);
}

/* The marker leads to the key, which has lost the label: it goes on to another
 * that has it, or goes. Who takes the label meanwhile is looked for once more,
 * since he may have found the marker there. */
enum err
key_names_leave_marker(struct call *c, struct kms *kms,
    const struct settled_alias *look, const char *key_id)
{
	char aliases[LABEL_ALIASES][KMS_ALIAS_SIZE];
	struct settled_alias looks[LABEL_ALIASES] = {{.name = NULL}};
	const struct settled_alias *other = NULL;
	struct buf label = BUF_INIT(KMS_ALIAS_SIZE);
	const char *marker = look->name;
	enum err e = ERR_DATA;

	if (strcmp(look->key_id, key_id) != 0)
		return (ERR_OK);
	for (size_t i = 0; i < LABEL_ALIASES; i++)
		looks[i].name = aliases[i];
	if (name_from_alias(NAME_MARKER, marker, &label))
		e = label_aliases(buf_view(&label), aliases);
	buf_free(&label);
	for (int i = 0; i < PICKS_MAX && e == ERR_OK; i++) {
		e = find_other(c, kms, looks, key_id, &other);
		if (e != ERR_OK || other == NULL ||
		    lead_marker(c, kms, marker, key_id, other))
			break;
	}
	if (e != ERR_OK || other != NULL)
		return (e);
	if ((e = alias_delete(c, kms, marker, key_id)) == ERR_OK)
		e = find_other(c, kms, looks, key_id, &other);
	if (e == ERR_OK && other != NULL && other != looks)
		e = kms_create_alias(kms, marker, other->key_id);
	return (e == ERR_EXISTS ? ERR_OK : e);
}

enum err
key_names_leave_markers(struct call *c, struct kms *kms,
    const struct alias_list *l, const char *key_id)
{
	struct settled_alias *looks = NULL;
	char(*markers)[KMS_ALIAS_SIZE] = NULL;
	enum err e = ERR_MEMORY;
	size_t n = 0;

	if (l->count == 0)
		return (ERR_OK);
	if ((looks = calloc(l->count, sizeof(*looks))) == NULL ||
	    (markers = calloc(l->count, sizeof(*markers))) == NULL)
		goto out;
	for (size_t i = 0; i < l->count; i++)
		if (name_marker(l->names[i], markers[n])) {
			looks[n].name = markers[n];
			n++;
		}
	e = n == 0 ? ERR_OK : settle_aliases(c, kms, looks, n);
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = key_names_leave_marker(c, kms, &looks[i], key_id);
out:
	free(markers);
	free(looks);
	return (e);
}

static int
name_order(const void *a, const void *b)
{
	return (strcmp(*(const char *const *)a, *(const char *const *)b));
}

void
key_names_mend_markers(
    struct call *c, const struct kms_alias_entry *aliases, size_t count)
{
	struct kms before = c->kms;
	char alias[KMS_ALIAS_SIZE];
	const char **markers = NULL, *marker = alias;
	size_t n = 0;
	int mended = 0;

	if (count == 0 || (markers = calloc(count, sizeof(*markers))) == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		if (name_is(NAME_MARKER, aliases[i].name))
			markers[n++] = aliases[i].name;
	qsort(markers, n, sizeof(*markers), name_order);
	for (size_t i = 0; i < count && mended < MENDED_MAX; i++) {
		if (!name_is_numbered(aliases[i].name) ||
		    aliases[i].key_id[0] == '\0' ||
		    !name_marker(aliases[i].name, alias) ||
		    bsearch(&marker, markers, n, sizeof(*markers),
			name_order) != NULL)
			continue;
		(void)kms_create_alias(&c->kms, marker, aliases[i].key_id);
		mended++;
	}
	c->kms.error = before.error;
	free(markers);
}
