#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "alias.h"
#include "array.h"
#include "keydata/names.h"
#include "settle.h"

#define DELETE_TRIES 4 /* for a DeleteAlias without a reply */
#define PAGES_MAX 100 /* of a key's aliases; KMS allows a key 50 */

/* Where the alias leads, settled. promised: see struct settled_alias. ERR_OK:
 * to the key; ERR_EXISTS: to another; ERR_NOT_FOUND: to none; else KMS does not
 * say. */
static enum err
alias_look(struct call *c, struct kms *kms, const char *alias,
    const char *key_id, bool promised)
{
	struct settled_alias a = {
	    .name = alias, .promised = promised ? key_id : NULL};
	enum err e = settle_aliases(c, kms, &a, 1);

	if (e == ERR_OK && a.key_id[0] == '\0')
		return (ERR_NOT_FOUND);
	return (e == ERR_OK && strcmp(a.key_id, key_id) != 0 ? ERR_EXISTS : e);
}

/* Whether an error leaves open that the alias was created. */
static bool
may_be_there(enum err e)
{
	return (e == ERR_EXISTS || e == ERR_UNKNOWN || e == ERR_NETWORK ||
		e == ERR_REPLY || e == ERR_SERVICE || e == ERR_DEADLINE);
}

enum err
alias_create_new(
    struct call *c, struct kms *kms, const char *alias, const struct key *k)
{
	int tries = 0;
	enum err e;

	do {
		e = kms_create_alias(kms, alias, k->meta.id);
	} while (settle_retry_living(c, kms, k, e, &tries));
	return (e);
}

enum err
alias_create_noting(struct call *c, struct kms *kms, const char *alias,
    const struct key *k, bool *made)
{
	struct error_info error;
	int tries = 0;
	enum err e, look;

	do {
		e = kms_create_alias(kms, alias, k->meta.id);
		error = kms->error;
		/* that it exists is a promise, which a look may not show yet */
		look = may_be_there(e)
			   ? alias_look(c, kms, alias, k->meta.id, true)
			   : e;
	} while ((e == ERR_EXISTS && look == ERR_NOT_FOUND &&
		     settle_pause(&kms->deadline, &tries, SETTLE_TRIES)) ||
		 settle_retry_living(c, kms, k, e, &tries));
	*made = e == ERR_OK;
	if (e != ERR_OK && look == ERR_OK)
		return (ERR_OK);
	/* nobody knows whose it is: not that it is another's */
	if (e == ERR_EXISTS && look != ERR_EXISTS && look != ERR_NOT_FOUND &&
	    look != ERR_DENIED)
		return (look);
	kms->error = error;
	return (e);
}

enum err
alias_create(
    struct call *c, struct kms *kms, const char *alias, const struct key *k)
{
	bool made;

	return (alias_create_noting(c, kms, alias, k, &made));
}

/* Whether it is not the key's, which the log is told where it is another's. */
static bool
leads_elsewhere(
    struct call *c, const struct settled_alias *a, const char *key_id)
{
	if (strcmp(a->key_id, key_id) == 0)
		return (false);
	if (a->key_id[0] != '\0')
		call_note(c, "%s stays: it leads to key %s, and not to %s",
		    a->name, a->key_id, key_id);
	return (true);
}

/* DeleteAlias has no condition: what changes between the look and the deletion
 * is lost, so the line says how to mend that. */
enum err
alias_delete_settled(struct call *c, struct kms *kms,
    const struct settled_alias *a, const char *key_id)
{
	struct settled_alias again = {.name = a->name};
	enum err e = ERR_NOT_FOUND;

	if (!leads_elsewhere(c, a, key_id))
		e = kms_delete_alias(kms, a->name);
	/* without a reply it may be gone, and another's by now */
	for (int i = 1; i < DELETE_TRIES && e == ERR_UNKNOWN; i++)
		if ((e = settle_aliases(c, kms, &again, 1)) == ERR_OK)
			e = strcmp(again.key_id, key_id) == 0
				? kms_delete_alias(kms, a->name)
				: ERR_NOT_FOUND;
	if (e == ERR_OK)
		call_note(c,
		    "deleted %s, which led to key %s; if it was moved to "
		    "another key in this very moment, put it back with: aws "
		    "kms create-alias --alias-name %s --target-key-id KEY",
		    a->name, key_id, a->name);
	/* or another call was quicker */
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}

enum err
alias_delete(
    struct call *c, struct kms *kms, const char *alias, const char *key_id)
{
	struct settled_alias a = {.name = alias};
	enum err e = settle_aliases(c, kms, &a, 1);

	return (e == ERR_OK ? alias_delete_settled(c, kms, &a, key_id) : e);
}

const struct alias_list alias_list_none = {.names = NULL};

enum err
alias_list_add(struct alias_list *l, const char *alias)
{
	char(*names)[KMS_ALIAS_SIZE];

	/* a marker is nobody's name */
	if (alias[0] == '\0' || name_is(NAME_MARKER, alias))
		return (ERR_OK);
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->names[i], alias) == 0)
			return (ERR_OK);
	names = array_grow(l->names, &l->cap, l->count + 1, sizeof(*names));
	if (names == NULL)
		return (ERR_MEMORY);
	l->names = names;
	snprintf(names[l->count++], KMS_ALIAS_SIZE, "%s", alias);
	return (ERR_OK);
}

enum err
alias_list_read(
    struct call *c, struct kms *kms, const struct key *k, struct alias_list *l)
{
	struct kms_page page = {.marker = ""};
	const struct kms_alias_entry *rows;
	enum err e;

	if ((e = alias_list_add(l, k->names.label)) == ERR_OK)
		e = alias_list_add(l, k->names.id);
	for (int n = 0; e == ERR_OK && n < PAGES_MAX; n++) {
		e = kms_list_aliases(kms, k->meta.id, &page);
		rows = page.rows.ptr;
		for (size_t i = 0; e == ERR_OK && i < page.rows.count; i++)
			e = alias_list_add(l, rows[i].name);
		json_rows_free(&page.rows);
		if (page.marker[0] == '\0')
			break;
	}
	/* whoever may use a key need not be allowed to list */
	if (e == ERR_DENIED)
		call_note(c, "the aliases of key %s are not listed: %s",
		    k->meta.id, err_text(e));
	return (e == ERR_DENIED || e == ERR_NOT_FOUND ? ERR_OK : e);
}

void
alias_list_free(struct alias_list *l)
{
	free(l->names);
	*l = (struct alias_list){.names = NULL};
}

enum err
alias_list_settle(
    struct call *c, struct kms *kms, struct alias_list *l, const char *key_id)
{
	struct settled_alias *a = NULL;
	size_t count = 0;
	enum err e = ERR_OK;

	if (l->count == 0)
		return (ERR_OK);
	if ((a = calloc(l->count, sizeof(*a))) == NULL)
		return (ERR_MEMORY);
	for (size_t i = 0; i < l->count; i++) {
		a[i].name = l->names[i];
		a[i].promised = l->promised ? key_id : NULL;
	}
	e = settle_aliases(c, kms, a, l->count);
	for (size_t i = 0; i < l->count && e == ERR_OK; i++) {
		if (leads_elsewhere(c, &a[i], key_id))
			continue;
		if (count != i)
			memcpy(l->names[count], l->names[i], KMS_ALIAS_SIZE);
		count++;
	}
	if (e == ERR_OK)
		l->count = count;
	free(a);
	return (e);
}

enum err
alias_list_delete(struct call *c, struct kms *kms, const struct alias_list *l,
    const char *key_id)
{
	struct settled_alias a;
	enum err e = ERR_OK;

	for (size_t i = 0; i < l->count && e == ERR_OK; i++) {
		a = (struct settled_alias){.name = l->names[i]};
		snprintf(a.key_id, sizeof(a.key_id), "%s", key_id);
		e = alias_delete_settled(c, kms, &a, key_id);
	}
	return (e);
}
