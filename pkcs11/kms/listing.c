#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "companion.h"
#include "listing.h"
#include "settle.h"
#include "describe.h"
#include "key-names.h"
#include "key-trust.h"

#define PAGES_MAX 10000 /* a service that never ends must not hang the host */

/* All rows of a list, gathered page by page. */
struct rows {
	uint8_t *ptr;
	size_t count, cap, size;
};

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

/* In that order, each once: a page may have come twice. */
static void
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

static enum err
list_all_keys(struct kms *k, const char *unused, struct kms_page *page)
{
	(void)unused;
	return (kms_list_keys(k, page));
}

static enum err
gather(struct call *c, const char *key,
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
static int
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
static void
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

/* Names that were known before, and the one that just led to the key. */
static void
keep_names(const struct key *before, struct key *k, const char *alias)
{
	if (before != NULL && !before->names.withheld)
		k->names = before->names;
	if (name_is(NAME_ID, alias))
		strncpy(k->names.id, alias, KMS_ALIAS_SIZE - 1);
	else if (name_is(NAME_LABEL, alias))
		strncpy(k->names.label, alias, KMS_ALIAS_SIZE - 1);
}

/* A key that waits for material and may not be filled by any request has no
 * names but its own: whoever planted an alias on it must not be believed. */
static void
withhold_names(struct call *c, struct key *k)
{
	if (key_is_pending_import(k) && !key_trust_for_any_request(c, k))
		k->names = (struct key_names){.known = true, .withheld = true};
}

/* Makes what KMS said of a key known; *out is the key, held. */
static enum err
take_key(struct call *c, struct kms_key *meta, uint64_t asked, const char *name,
    struct key **out)
{
	struct key *before = store_key(&c->token->store, meta->id);
	struct key *k = key_new(meta);
	enum err e = ERR_MEMORY;

	if (k == NULL)
		goto out;
	keep_names(before, k, name);
	withhold_names(c, k);
	k->is_companion = before != NULL && before->is_companion;
	if ((e = companion_describe(c, k, asked)) == ERR_OK)
		e = store_take(&c->token->store, k, asked, out);
	if (e == ERR_OK &&
	    (name_is(NAME_LABEL, name) || name_is(NAME_ID, name)))
		e = store_take_alias(
		    &c->token->store, name, (*out)->meta.id, asked);
	if (e != ERR_OK) {
		key_unref(*out);
		*out = NULL;
	}
out:
	key_unref(k);
	key_unref(before);
	return (e);
}

CK_RV
listing_describe(struct call *c, const char *name, struct key **out)
{
	uint64_t asked = store_ask(&c->token->store);
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	*out = NULL;
	e = kms_describe_key(&c->kms, name, &meta);
	if (e == ERR_OK && !is_described(name, &meta))
		e = error_info_set(&c->kms.error, ERR_REPLY,
		    "asked for key %s, KMS describes %s", name, meta.id);
	if (e == ERR_OK)
		e = take_key(c, &meta, asked, name, out);
	store_answered(&c->token->store);
	kms_key_free(&meta);
	if (e == ERR_NOT_FOUND)
		return (CKR_OK);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

struct several {
	const struct kms_key_entry *names;
	size_t optional;
	struct kms_key metas[LISTING_NAMES_MAX];
	bool found[LISTING_NAMES_MAX];
};

static enum err
take_one_of_several(void *arg, size_t i, enum err e, struct kms_key *meta)
{
	static const struct kms_key empty = KMS_KEY_INIT;
	struct several *s = arg;

	if (e == ERR_NOT_FOUND ||
	    (i >= s->optional && (e == ERR_DENIED || e == ERR_INVALID)))
		return (ERR_OK);
	if (e == ERR_OK && !is_described(s->names[i].id, meta))
		e = ERR_REPLY;
	if (e != ERR_OK)
		return (e);
	s->found[i] = true;
	s->metas[i] = *meta;
	*meta = empty;
	return (ERR_OK);
}

CK_RV
listing_describe_several(struct call *c, const struct kms_key_entry *names,
    size_t count, size_t optional, struct key **keys)
{
	uint64_t asked = store_ask(&c->token->store);
	struct several s = {.names = names, .optional = optional};
	enum err e;

	for (size_t i = 0; i < count; i++) {
		keys[i] = NULL;
		s.metas[i] = (struct kms_key)KMS_KEY_INIT;
	}
	e = kms_describe_keys(&c->kms, names, count, take_one_of_several, &s);
	for (size_t i = 0; i < count && e == ERR_OK; i++)
		if (s.found[i])
			e = take_key(
			    c, &s.metas[i], asked, names[i].id, &keys[i]);
	store_answered(&c->token->store);
	for (size_t i = 0; i < count; i++) {
		kms_key_free(&s.metas[i]);
		if (e != ERR_OK) {
			key_unref(keys[i]);
			keys[i] = NULL;
		}
	}
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* A listing on its way: the keys as they come, each in its place. */
struct listed {
	struct call *c;
	const struct kms_key_entry *ids;
	const struct rows *aliases;
	struct key **keys; /* NULL: not come, or cannot be seen */
	size_t undescribed; /* listed, and not known to DescribeKey */
};

static enum err
take_listed(void *arg, size_t i, enum err e, struct kms_key *meta)
{
	struct listed *l = arg;
	char reply[ERROR_INFO_REPLY_SIZE];

	l->undescribed += e == ERR_NOT_FOUND;
	if (e == ERR_DENIED || e == ERR_NOT_FOUND || e == ERR_INVALID) {
		call_note(
		    l->c, "key %s is left out: %s", l->ids[i].id, err_text(e));
		return (ERR_OK);
	}
	if (meta->unreadable != NULL) {
		call_note(l->c,
		    "key %s is left out: %sthe member %s of the reply cannot "
		    "be read",
		    l->ids[i].id, error_info_reply(&l->c->kms.error, reply),
		    meta->unreadable);
		return (ERR_OK);
	}
	if (e != ERR_OK)
		return (e);
	if (!is_described(l->ids[i].id, meta)) {
		call_note(l->c, "key %s is left out: KMS describes %s instead",
		    l->ids[i].id, meta->id);
		return (ERR_OK);
	}
	if ((l->keys[i] = key_new(meta)) == NULL)
		return (ERR_MEMORY);
	take_names(l->keys[i], l->aliases);
	return (ERR_OK);
}

/* *count of the keys are there in the end, without gaps, also on failure. */
static enum err
describe_all(struct call *c, const struct rows *ids, const struct rows *aliases,
    struct key **keys, size_t *count)
{
	struct listed l = {c, (const void *)ids->ptr, aliases, keys, 0};
	enum err e;

	e = kms_describe_keys(&c->kms, l.ids, ids->count, take_listed, &l);
	for (size_t i = 0; i < ids->count; i++)
		if (keys[i] != NULL)
			keys[(*count)++] = keys[i];
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
	for (size_t i = 0; i < count; i++)
		withhold_names(c, keys[i]);
	for (size_t i = 0; i < aliases->count; i++)
		if ((id = name_companion_of(a[i].name)) != NULL &&
		    (k = find_key(keys, count, id)) != NULL &&
		    (companion = find_key(keys, count, a[i].key_id)) != NULL)
			companion_link(c, k, companion);
}

/* What a listing knows of keys that it does not describe. */
struct unlisted_context {
	const struct call *c;
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

/* One that KMS lists and does not describe is still there. KMS may not list a
 * key yet that was made a moment ago. */
static enum unlisted
unlisted(const void *arg, const struct key *k)
{
	const struct unlisted_context *context = arg;
	const struct rows *ids = context->ids;

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

static enum err
list_all(struct call *c)
{
	struct rows aliases = {.size = sizeof(struct kms_alias_entry)};
	struct rows ids = {.size = sizeof(struct kms_key_entry)};
	struct unlisted_context all = {c, &ids};
	struct store *store = &c->token->store;
	uint64_t asked = store_ask(store);
	struct key **keys = NULL;
	size_t count = 0;
	enum err e;

	if ((e = gather(c, NULL, kms_list_aliases, &aliases)) != ERR_OK ||
	    (e = gather(c, NULL, list_all_keys, &ids)) != ERR_OK)
		goto out;
	rows_sort(&aliases, alias_order);
	rows_sort(&ids, id_order);
	if ((keys = calloc(ids.count + 1, sizeof(struct key *))) == NULL) {
		e = ERR_MEMORY;
		goto out;
	}
	if ((e = describe_all(c, &ids, &aliases, keys, &count)) == ERR_OK) {
		link_keys(c, keys, count, &aliases);
		key_names_mend_markers(
		    c, (const void *)aliases.ptr, aliases.count);
		e = store_take_all(store, keys, count, asked, unlisted, &all);
	}
out:
	store_answered(store);
	for (size_t i = 0; i < count; i++)
		key_unref(keys[i]);
	free(keys);
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
		e = list_all(c);
		listing_turn_end(turn, clock, e, &c->kms.error);
	}
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* The key as known now, with those aliases; known to all unless it is newer. */
static enum err
take_aliases(struct call *c, const struct key *k, const struct rows *aliases,
    uint64_t asked, struct key **out)
{
	struct store *store = &c->token->store;
	struct key *now = store_key(store, k->meta.id), *known = NULL;
	enum err e = ERR_MEMORY;

	if ((*out = key_copy(now != NULL ? now : k)) != NULL) {
		take_names(*out, aliases);
		e = store_take(store, *out, asked, &known);
	}
	/* another call, which has renamed it */
	if (e == ERR_OK && known->names.known) {
		key_unref(*out);
		*out = key_ref(known);
	}
	key_unref(known);
	key_unref(now);
	return (e);
}

/* Asks KMS for the aliases of one key. */
static enum err
fetch_aliases(struct call *c, struct key *k, struct key **out)
{
	struct rows aliases = {.size = sizeof(struct kms_alias_entry)};
	uint64_t asked = store_ask(&c->token->store);
	int tries = 0;
	enum err e;

	do {
		aliases.count = 0;
		e = gather(c, k->meta.id, kms_list_aliases, &aliases);
	} while (settle_retry(c, &c->kms.deadline, k, e, &tries));
	if (e == ERR_DENIED) {
		/* whoever may use a key need not be allowed to list */
		call_note(c, "the aliases of key %s are not seen: %s",
		    k->meta.id, err_text(e));
		*out = key_ref(k);
		e = ERR_OK;
	} else if (e == ERR_OK) {
		rows_sort(&aliases, alias_order);
		e = take_aliases(c, k, &aliases, asked, out);
	}
	store_answered(&c->token->store);
	free(aliases.ptr);
	return (e);
}

static bool
has_all(const struct key *k)
{
	return (k->names.known);
}

static bool
has_label(const struct key *k)
{
	return (k->names.known || k->names.label[0] != '\0');
}

static bool
has_id(const struct key *k)
{
	return (k->names.known || k->names.id[0] != '\0');
}

static CK_RV
get_names(struct call *c, struct key *k, bool (*has)(const struct key *),
    struct key **out)
{
	struct key *latest = NULL;
	enum err e = ERR_OK;

	*out = NULL;
	if (has(k)) {
		*out = key_ref(k);
		return (CKR_OK);
	}
	/* k was got before another call learned its names */
	if ((latest = store_key(&c->token->store, k->meta.id)) == NULL)
		latest = key_ref(k);
	if (has(latest))
		*out = key_ref(latest);
	else
		e = fetch_aliases(c, latest, out);
	key_unref(latest);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
listing_name(
    struct call *c, struct key *k, enum name_kind kind, struct key **out)
{
	return (get_names(c, k, kind == NAME_ID ? has_id : has_label, out));
}

CK_RV
listing_all_names(struct call *c, struct key *k, struct key **out)
{
	return (get_names(c, k, has_all, out));
}
