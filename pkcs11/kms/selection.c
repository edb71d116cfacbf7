#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/key-list.h"
#include "selection.h"

#define PAGES_MAX 100

static const char *
selectors(const struct call *c)
{
	return (c->token->config->keys);
}

bool
selection_is_by_name(const struct call *c)
{
	unsigned kinds = key_list_kinds(selectors(c));

	return (kinds != 0 &&
		(kinds & ~(unsigned)(SELECTOR_KEY | SELECTOR_ALIAS)) == 0);
}

bool
selection_needs_metadata(const struct call *c)
{
	return ((key_list_kinds(selectors(c)) &
		    (SELECTOR_TAG | SELECTOR_ORIGIN | SELECTOR_SPEC)) != 0);
}

/* An alias's ARN selects the alias of that name. */
static bool
selects_alias(const struct selector *s, const char *alias)
{
	char meant[KMS_ALIAS_SIZE];

	if (s->kind == SELECTOR_GLOB)
		return (key_list_matches(s->text, alias));
	return (s->kind == SELECTOR_ALIAS &&
		name_meant_alias(view_str(s->text), meant) &&
		strcmp(meant, alias) == 0);
}

static bool
is_selected_alias(const struct call *c, const char *alias)
{
	const char *list = selectors(c);
	struct selector s;

	while (alias[0] != '\0' && key_list_next(&list, &s))
		if (selects_alias(&s, alias))
			return (true);
	return (false);
}

static const char *
id_of(const char *name)
{
	const char *slash = strrchr(name, '/');

	return (slash != NULL ? slash + 1 : name);
}

/* By its id, also out of an ARN. */
static bool
is_named(const struct call *c, const char *key_id)
{
	const char *list = selectors(c);
	struct selector s;

	while (key_list_next(&list, &s))
		if (s.kind == SELECTOR_KEY &&
		    strcmp(id_of(s.text), key_id) == 0)
			return (true);
	return (false);
}

static bool
has_selected_alias(const struct call *c, const char *key_id,
    const struct kms_alias_entry *a, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i].key_id, key_id) == 0 &&
		    is_selected_alias(c, a[i].name))
			return (true);
	return (is_named(c, key_id));
}

bool
selection_chooses(const struct call *c, const char *key_id,
    const struct kms_alias_entry *a, size_t count)
{
	const char *first;

	if (selectors(c) == NULL || has_selected_alias(c, key_id, a, count))
		return (true);
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i].key_id, key_id) == 0 &&
		    (first = name_companion_of(a[i].name)) != NULL &&
		    has_selected_alias(c, first, a, count))
			return (true);
	return (false);
}

static bool
has_tag(const struct kms_tag *tags, size_t count, const struct selector *s)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(tags[i].key, s->text) == 0 &&
		    (s->any_value || strcmp(tags[i].value, s->value) == 0))
			return (true);
	return (false);
}

static bool
has_selected_tag(const struct call *c, const struct json_rows *tags)
{
	const char *list = selectors(c);
	struct selector s;

	while (key_list_next(&list, &s))
		if (s.kind == SELECTOR_TAG &&
		    has_tag(tags->ptr, tags->count, &s))
			return (true);
	return (false);
}

static void
note_unseen_tags(struct call *c, const char *key_id, enum err e,
    const struct error_info *error)
{
	call_note(c,
	    "key %s is left out, for its tags are not seen: %s [%s]; allow "
	    "kms:ListResourceTags",
	    key_id, err_text(e), error->message);
}

/* A failure is not the call's: the key is then not selected. */
static bool
ask_tags(struct call *c, const struct key *k)
{
	struct kms aside = c->kms;
	struct kms_page page = {.marker = ""};
	bool yes = false;
	enum err e = ERR_OK;

	if ((key_list_kinds(selectors(c)) & SELECTOR_TAG) == 0)
		return (false);
	for (int n = 0; n < PAGES_MAX && e == ERR_OK && !yes; n++) {
		e = kms_list_resource_tags(&aside, k->meta.id, &page);
		yes = e == ERR_OK && has_selected_tag(c, &page.rows);
		json_rows_free(&page.rows);
		if (page.marker[0] == '\0')
			break;
	}
	if (e != ERR_OK)
		note_unseen_tags(c, k->meta.id, e, &aside.error);
	return (yes);
}

static bool
ask_aliases(struct call *c, const struct key *k)
{
	struct kms aside = c->kms;
	struct kms_page page = {.marker = ""};
	bool yes = false;
	enum err e = ERR_OK;

	for (int n = 0; n < PAGES_MAX && e == ERR_OK && !yes; n++) {
		e = kms_list_aliases(&aside, k->meta.id, &page);
		yes = e == ERR_OK && has_selected_alias(c, k->meta.id,
					 page.rows.ptr, page.rows.count);
		json_rows_free(&page.rows);
		if (page.marker[0] == '\0')
			break;
	}
	return (yes);
}

bool
selection_has_word(const struct call *c, const struct key *k)
{
	const char *list = selectors(c);
	struct selector s;

	while (key_list_next(&list, &s))
		if ((s.kind == SELECTOR_ORIGIN &&
			kms_origin_find(s.text) == k->meta.origin) ||
		    (s.kind == SELECTOR_SPEC &&
			key_list_matches(s.text, k->meta.spec)))
			return (true);
	return (false);
}

/* The keys that are asked for, and where each is among the caller's. */
struct asked_tags {
	struct call *c;
	struct kms_key_entry *ids;
	size_t *places;
	bool *selected;
};

static enum err
take_tags(void *arg, size_t i, enum err e, const struct json_rows *tags)
{
	const struct asked_tags *a = arg;

	if (e == ERR_DENIED || e == ERR_NOT_FOUND || e == ERR_INVALID ||
	    e == ERR_REPLY) {
		note_unseen_tags(a->c, a->ids[i].id, e, &a->c->kms.error);
		if (e != ERR_NOT_FOUND)
			listing_turn_leave_out(
			    &a->c->token->listing, a->ids[i].id);
		return (ERR_OK);
	}
	if (e == ERR_OK)
		a->selected[a->places[i]] = has_selected_tag(a->c, tags);
	return (e);
}

enum err
selection_add_tagged(
    struct call *c, struct key *const *keys, size_t count, bool *selected)
{
	struct asked_tags a = {.c = c, .selected = selected};
	enum err e = ERR_MEMORY;
	size_t n = 0;

	if ((key_list_kinds(selectors(c)) & SELECTOR_TAG) == 0)
		return (ERR_OK);
	a.ids = calloc(count + 1, sizeof(*a.ids));
	a.places = calloc(count + 1, sizeof(*a.places));
	if (a.ids == NULL || a.places == NULL)
		goto out;
	for (size_t i = 0; i < count; i++)
		if (!selected[i]) {
			snprintf(a.ids[n].id, sizeof(a.ids[n].id), "%s",
			    keys[i]->meta.id);
			a.places[n++] = i;
		}
	e = kms_list_tags_of_keys(&c->kms, a.ids, n, take_tags, &a);
out:
	free(a.ids);
	free(a.places);
	return (e);
}

bool
selection_has(struct call *c, const struct key *k, const char *name)
{
	char alias[KMS_ALIAS_SIZE] = "";

	if (selectors(c) == NULL || is_named(c, k->meta.id) ||
	    selection_has_word(c, k))
		return (true);
	(void)name_meant_alias(view_str(name), alias);
	if (is_selected_alias(c, alias) ||
	    is_selected_alias(c, k->names.label) ||
	    is_selected_alias(c, k->names.id))
		return (true);
	return (((key_list_kinds(selectors(c)) &
		     (SELECTOR_ALIAS | SELECTOR_GLOB)) != 0 &&
		    ask_aliases(c, k)) ||
		ask_tags(c, k));
}
