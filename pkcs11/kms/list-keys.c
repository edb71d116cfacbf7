#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "companion.h"
#include "config/key-list.h"
#include "describe.h"
#include "import-set.h"
#include "key-names.h"
#include "list-keys.h"
#include "list-rows.h"
#include "listing.h"
#include "selection.h"
#include "settle.h"

/* A listing on its way: the keys as they come, each in its place. */
struct listed {
	struct call *c;
	const struct kms_key_entry *ids;
	const struct rows *aliases;
	struct key **keys; /* NULL: not come, or cannot be seen */
	size_t undescribed; /* listed, and not known to DescribeKey */
};

/* One that is gone meanwhile is not missed. */
static enum err
take_listed(void *arg, size_t i, enum err e, struct kms_key *meta)
{
	struct listed *l = arg;
	struct listing_turn *turn = &l->c->token->listing;
	char reply[ERROR_INFO_REPLY_SIZE];

	l->undescribed += e == ERR_NOT_FOUND;
	if (e == ERR_DENIED || e == ERR_NOT_FOUND || e == ERR_INVALID) {
		call_note(
		    l->c, "key %s is left out: %s", l->ids[i].id, err_text(e));
		if (e != ERR_NOT_FOUND)
			listing_turn_leave_out(turn, l->ids[i].id);
		return (ERR_OK);
	}
	if (meta->unreadable != NULL) {
		call_note(l->c,
		    "key %s is left out: %sthe member %s of the reply cannot "
		    "be read",
		    l->ids[i].id, error_info_reply(&l->c->kms.error, reply),
		    meta->unreadable);
		listing_turn_leave_out(turn, l->ids[i].id);
		return (ERR_OK);
	}
	if (e != ERR_OK)
		return (e);
	if (!is_described(l->ids[i].id, meta)) {
		call_note(l->c, "key %s is left out: KMS describes %s instead",
		    l->ids[i].id, meta->id);
		listing_turn_leave_out(turn, l->ids[i].id);
		return (ERR_OK);
	}
	if ((l->keys[i] = key_new(meta)) == NULL)
		return (ERR_MEMORY);
	take_names(l->keys[i], l->aliases);
	listing_tell_state(l->c, l->keys[i]);
	return (ERR_OK);
}

static enum err
describe_listed(struct call *c, const struct rows *ids,
    const struct rows *aliases, struct rows *keys)
{
	struct listed l = {c, (const void *)ids->ptr, aliases, NULL, 0};
	enum err e = ERR_MEMORY;

	if ((l.keys = calloc(ids->count + 1, sizeof(struct key *))) == NULL)
		return (e);
	e = kms_describe_keys(&c->kms, l.ids, ids->count, take_listed, &l);
	for (size_t i = 0; i < ids->count; i++)
		if (l.keys[i] != NULL &&
		    (e != ERR_OK ||
			(e = rows_add_one(keys, &l.keys[i])) != ERR_OK))
			key_unref(l.keys[i]);
	free(l.keys);
	__atomic_store_n(
	    &c->token->store.undescribed, l.undescribed, __ATOMIC_RELAXED);
	return (e);
}

static int
key_of_id(const void *id, const void *key)
{
	return (strcmp(id, (*(const struct key *const *)key)->meta.id));
}

static struct key *
find_key(struct key **keys, size_t count, const char *id)
{
	struct key **k = count == 0 ? NULL
				    : bsearch(id, keys, count,
					  sizeof(struct key *), key_of_id);

	return (k == NULL ? NULL : *k);
}

/* What the aliases of all keys say of them together. */
static void
link_keys(
    struct call *c, struct key **keys, size_t count, const struct rows *aliases)
{
	const struct kms_alias_entry *a = (const void *)aliases->ptr;
	const char *id;
	struct key *k, *companion;

	if (count != 0)
		qsort(keys, count, sizeof(struct key *), key_order);
	for (size_t i = 0; i < count; i++) {
		listing_withhold_names(c, keys[i]);
		listing_see_renewal_pair(c, keys[i]);
	}
	for (size_t i = 0; i < aliases->count; i++)
		if ((id = name_companion_of(a[i].name)) != NULL &&
		    (k = find_key(keys, count, id)) != NULL &&
		    (companion = find_key(keys, count, a[i].key_id)) != NULL)
			companion_link(c, k, companion);
}

/* What a listing knows of keys that it does not describe. */
struct unlisted_context {
	struct call *c;
	const struct rows *ids; /* in id_order() */
};

static int
id_order(const void *a, const void *b)
{
	const struct kms_key_entry *x = a, *y = b;

	return (strcmp(x->id, y->id));
}

static int
key_of_entry(const void *id, const void *entry)
{
	return (strcmp(id, ((const struct kms_key_entry *)entry)->id));
}

/* Whether an import set alone tells of the key, and it is still there. */
static bool
has_set(struct call *c, const struct key *k)
{
	struct import_set s = IMPORT_SET_INIT;
	bool yes = k->by_set && import_set_read(c, k->meta.id,
				    k->has_renewal_pair, &s) == ERR_OK;

	import_set_free(&s);
	return (yes);
}

/* One that KMS lists and does not describe is still there. KMS may not list a
 * key yet that was made a moment ago. */
static enum unlisted
unlisted(const void *arg, const struct key *k)
{
	const struct unlisted_context *context = arg;
	const struct rows *ids = context->ids;

	if (has_set(context->c, k))
		return (UNLISTED_KEPT);
	if (ids->count != 0 && bsearch(k->meta.id, ids->ptr, ids->count,
				   ids->size, key_of_entry) != NULL)
		return (UNLISTED_HIDDEN);
	return (settle_is_young(context->c, k) ? UNLISTED_KEPT : UNLISTED_GONE);
}

void
listing_invalidate(struct call *c)
{
	listing_turn_invalidate(&c->token->listing);
}

/* Whatever is not named can still be used by its handle. */
static enum unlisted
unlisted_by_name(const void *arg, const struct key *k)
{
	const struct unlisted_context *context = arg;

	return (has_set(context->c, k) ? UNLISTED_KEPT : UNLISTED_HIDDEN);
}

/* The names of the selection, as many as are asked for at once. */
static size_t
next_names(const char **list, struct kms_key_entry names[LISTING_NAMES_MAX])
{
	struct selector s;
	size_t n = 0;

	while (n < LISTING_NAMES_MAX && key_list_next(list, &s))
		if (s.kind == SELECTOR_KEY || s.kind == SELECTOR_ALIAS)
			snprintf(
			    names[n++].id, sizeof(names[0].id), "%s", s.text);
	return (n);
}

/* The keys that the selection names, each described by itself, are among *keys
 * then; others' keys are, too. */
static enum err
describe_named(struct call *c, struct rows *keys)
{
	struct kms_key_entry names[LISTING_NAMES_MAX];
	struct key *some[LISTING_NAMES_MAX];
	const char *list = c->token->config->keys;
	enum err e = ERR_OK;
	size_t n;

	while (e == ERR_OK && (n = next_names(&list, names)) != 0) {
		e = listing_describe_telling(c, names, n, 0, true, some);
		for (size_t i = 0; i < n; i++)
			if (some[i] != NULL &&
			    (e != ERR_OK ||
				(e = rows_add_one(keys, &some[i])) != ERR_OK))
				key_unref(some[i]);
	}
	return (e);
}

/* In key_order(), each once: the one of which more is known. */
static void
sort_keys(struct rows *keys)
{
	struct key **k = (void *)keys->ptr;
	size_t kept = 0;

	if (keys->count == 0)
		return;
	qsort(k, keys->count, sizeof(*k), key_order);
	for (size_t i = 0; i < keys->count; i++)
		if (kept == 0 || key_order(&k[kept - 1], &k[i]) != 0) {
			k[kept++] = k[i];
		} else if (k[i]->names.known) {
			key_unref(k[kept - 1]);
			k[kept - 1] = k[i];
		} else {
			key_unref(k[i]);
		}
	keys->count = kept;
}

static void
let_go(struct rows *keys)
{
	struct key **k = (void *)keys->ptr;

	for (size_t i = 0; i < keys->count; i++)
		key_unref(k[i]);
	free(keys->ptr);
}

static enum err
list_named(struct call *c)
{
	struct rows keys = {.size = sizeof(struct key *)};
	struct unlisted_context all = {c, NULL};
	struct store *store = &c->token->store;
	uint64_t asked = store_ask(store);
	struct key **k;
	enum err e = describe_named(c, &keys);

	sort_keys(&keys);
	k = (void *)keys.ptr;
	if (e == ERR_OK)
		e = store_take_all(
		    store, k, keys.count, asked, unlisted_by_name, &all);
	store_answered(store);
	let_go(&keys);
	return (e);
}

/* Whoever may use keys need not be allowed to see their names. */
static enum err
gather_aliases(struct call *c, struct rows *aliases)
{
	enum err e = rows_gather(c, NULL, kms_list_aliases, aliases);

	if (e == ERR_DENIED) {
		call_note(c,
		    "keys have no labels: %s [%s]; allow kms:ListAliases",
		    err_text(e), c->kms.error.message);
		listing_turn_leave_out(&c->token->listing, "alias/*");
		e = ERR_OK;
	}
	rows_sort(aliases, alias_order);
	return (e);
}

/* Of *ids those that the selection may have, as far as names and aliases
 * tell. */
static enum err
choose(struct call *c, const struct rows *ids, const struct rows *aliases,
    struct rows *chosen)
{
	const struct kms_key_entry *id = (const void *)ids->ptr;
	enum err e = ERR_OK;

	for (size_t i = 0; i < ids->count && e == ERR_OK; i++)
		if (selection_needs_metadata(c) ||
		    selection_chooses(c, id[i].id, (const void *)aliases->ptr,
			aliases->count))
			e = rows_add_one(chosen, &id[i]);
	return (e);
}

static void
keep_selected(struct rows *keys, const bool *selected)
{
	struct key **k = (void *)keys->ptr;
	size_t kept = 0;

	for (size_t i = 0; i < keys->count; i++)
		if (selected[i])
			k[kept++] = k[i];
		else
			key_unref(k[i]);
	keys->count = kept;
}

/* Lets go of keys that neither names nor aliases nor what they are selects. */
static enum err
leave_outside(struct call *c, struct rows *keys, const struct rows *aliases)
{
	struct key **k = (void *)keys->ptr;
	bool *selected;
	enum err e;

	if (!selection_needs_metadata(c))
		return (ERR_OK);
	if ((selected = calloc(keys->count + 1, sizeof(*selected))) == NULL)
		return (ERR_MEMORY);
	for (size_t i = 0; i < keys->count; i++)
		selected[i] = selection_chooses(c, k[i]->meta.id,
				  (const void *)aliases->ptr, aliases->count) ||
			      selection_has_word(c, k[i]);
	if ((e = selection_add_tagged(c, k, keys->count, selected)) == ERR_OK)
		keep_selected(keys, selected);
	free(selected);
	return (e);
}

/* The keys of the account that are selected, and what else is named. */
static enum err
describe_all(struct call *c, const struct rows *ids, const struct rows *aliases,
    struct rows *keys)
{
	struct rows chosen = {.size = sizeof(struct kms_key_entry)};
	enum err e = choose(c, ids, aliases, &chosen);

	if (e == ERR_OK)
		e = describe_listed(c, &chosen, aliases, keys);
	free(chosen.ptr);
	if (e == ERR_OK)
		e = leave_outside(c, keys, aliases);
	if (e == ERR_OK && c->token->config->keys != NULL)
		e = describe_named(c, keys);
	sort_keys(keys);
	return (e);
}

static enum err
list_all(struct call *c)
{
	struct rows aliases = {.size = sizeof(struct kms_alias_entry)};
	struct rows ids = {.size = sizeof(struct kms_key_entry)};
	struct rows keys = {.size = sizeof(struct key *)};
	struct unlisted_context all = {c, &ids};
	struct store *store = &c->token->store;
	uint64_t asked = store_ask(store);
	struct key **k;
	enum err e;

	if ((e = gather_aliases(c, &aliases)) != ERR_OK ||
	    (e = rows_gather(c, NULL, list_all_keys, &ids)) != ERR_OK)
		goto out;
	rows_sort(&ids, id_order);
	e = describe_all(c, &ids, &aliases, &keys);
	k = (void *)keys.ptr;
	if (e == ERR_OK) {
		link_keys(c, k, keys.count, &aliases);
		key_names_mend_markers(
		    c, (const void *)aliases.ptr, aliases.count);
		e = store_take_all(store, k, keys.count, asked, unlisted, &all);
	}
out:
	store_answered(store);
	let_go(&keys);
	free(ids.ptr);
	free(aliases.ptr);
	return (e);
}

CK_RV
listing_refresh(struct call *c)
{
	struct listing_turn *turn = &c->token->listing;
	const struct clock *clock = c->module->clock;
	int64_t fresh_ms = c->token->config->refresh * 1000;
	bool ours;
	enum err e;

	if (listing_turn_is_fresh(turn, clock, fresh_ms))
		return (CKR_OK);
	/* a DescribeKey a key: thousands of them take their time */
	call_set_deadline(c, c->token->config->list_timeout);
	crypto_pause(c->module->crypto);
	e = listing_turn_begin(
	    turn, &c->kms.deadline, fresh_ms, &ours, &c->kms.error);
	crypto_resume(c->module->crypto);
	if (ours) {
		e = selection_is_by_name(c) ? list_named(c) : list_all(c);
		listing_turn_end(turn, clock, e, &c->kms.error);
	}
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
