#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "companion.h"
#include "config/key-list.h"
#include "listing.h"
#include "settle.h"
#include "describe.h"
#include "import-params.h"
#include "key-names.h"
#include "key-trust.h"
#include "list-rows.h"
#include "selection.h"

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

void
listing_withhold_names(struct call *c, struct key *k)
{
	if (key_is_pending_import(k) && !key_trust_for_any_request(c, k))
		k->names = (struct key_names){.known = true, .withheld = true};
}

void
listing_see_renewal_pair(struct call *c, struct key *k)
{
	k->has_renewal_pair = key_is_imported(k) &&
			      strchr(k->meta.id, '/') == NULL &&
			      import_params_has_renewal(c, k->meta.id);
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
	listing_withhold_names(c, k);
	listing_see_renewal_pair(c, k);
	k->is_companion = before != NULL && before->is_companion;
	k->is_outside = (before == NULL || before->is_outside) &&
			!selection_has(c, k, name);
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

/* Of a pair GetPublicKey tells enough to use it. The error of DescribeKey stays
 * where that does not help. */
static enum err
describe_denied(struct call *c, const char *name, struct kms_key *meta)
{
	struct kms aside = c->kms;

	kms_key_free(meta);
	*meta = (struct kms_key)KMS_KEY_INIT;
	if (kms_describe_pair(&aside, name, meta) != ERR_OK)
		return (ERR_DENIED);
	memset(&c->kms.error, 0, sizeof(c->kms.error));
	return (ERR_OK);
}

CK_RV
listing_describe(struct call *c, const char *name, struct key **out)
{
	uint64_t asked = store_ask(&c->token->store);
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	*out = NULL;
	e = kms_describe_key(&c->kms, name, &meta);
	if (e == ERR_DENIED)
		e = describe_denied(c, name, &meta);
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
	bool tells; /* of each that is left out */
	struct kms_key metas[LISTING_NAMES_MAX];
	bool found[LISTING_NAMES_MAX];
	enum err refused[LISTING_NAMES_MAX]; /* what KMS said of others */
};

static enum err
take_one_of_several(void *arg, size_t i, enum err e, struct kms_key *meta)
{
	static const struct kms_key empty = KMS_KEY_INIT;
	struct several *s = arg;

	if (e == ERR_NOT_FOUND || e == ERR_DENIED ||
	    (i >= s->optional && e == ERR_INVALID)) {
		s->refused[i] = e;
		return (ERR_OK);
	}
	if (e == ERR_OK && !is_described(s->names[i].id, meta))
		e = ERR_REPLY;
	if (e != ERR_OK)
		return (e);
	s->found[i] = true;
	s->metas[i] = *meta;
	*meta = empty;
	return (ERR_OK);
}

void
listing_tell_state(struct call *c, const struct key *k)
{
	bool all = c->token->config->show == SHOW_ALL;

	if (k->spec == NULL || k->meta.usage == 0)
		call_note(c,
		    "key %s is left out, for this version does not know what "
		    "%s, %s is",
		    k->meta.id, k->meta.spec, k->meta.words.usage);
	else if (!all && k->meta.state == KMS_STATE_DISABLED)
		call_note(c,
		    "key %s is left out, for it is disabled: enable it with "
		    "aws kms enable-key, or set show = all",
		    k->meta.id);
	else if (!all && key_is_pending_deletion(k))
		call_note(c,
		    "key %s is left out, for it is pending deletion: bring it "
		    "back with aws kms cancel-key-deletion and enable-key",
		    k->meta.id);
	else if (!all && !key_is_usable(k) && !key_is_pending_import(k))
		call_note(c,
		    "key %s is left out, for its state is %s: wait until it "
		    "is Enabled, or set show = all",
		    k->meta.id, k->meta.words.state);
}

/* One that may not be described: an optional one is then none. */
static enum err
describe_refused(struct call *c, struct several *s, size_t i)
{
	const char *name = s->names[i].id;

	if (s->refused[i] == ERR_DENIED &&
	    describe_denied(c, name, &s->metas[i]) == ERR_OK) {
		s->found[i] = true;
		return (ERR_OK);
	}
	if (s->tells && s->refused[i] != ERR_OK)
		call_note(
		    c, "key %s is left out: %s", name, err_text(s->refused[i]));
	if (s->tells && s->refused[i] != ERR_OK &&
	    s->refused[i] != ERR_NOT_FOUND)
		listing_turn_leave_out(&c->token->listing, name);
	return (s->refused[i] == ERR_DENIED && i < s->optional ? ERR_DENIED
							       : ERR_OK);
}

enum err
listing_describe_telling(struct call *c, const struct kms_key_entry *names,
    size_t count, size_t optional, bool tells, struct key **keys)
{
	uint64_t asked = store_ask(&c->token->store);
	struct several s = {
	    .names = names, .optional = optional, .tells = tells};
	enum err e;

	for (size_t i = 0; i < count; i++) {
		keys[i] = NULL;
		s.metas[i] = (struct kms_key)KMS_KEY_INIT;
	}
	e = kms_describe_keys(&c->kms, names, count, take_one_of_several, &s);
	for (size_t i = 0; i < count && e == ERR_OK; i++)
		e = describe_refused(c, &s, i);
	for (size_t i = 0; i < count && e == ERR_OK; i++)
		if (s.found[i])
			e = take_key(
			    c, &s.metas[i], asked, names[i].id, &keys[i]);
	for (size_t i = 0; i < count && e == ERR_OK && tells; i++)
		if (keys[i] != NULL)
			listing_tell_state(c, keys[i]);
	store_answered(&c->token->store);
	for (size_t i = 0; i < count; i++) {
		kms_key_free(&s.metas[i]);
		if (e != ERR_OK) {
			key_unref(keys[i]);
			keys[i] = NULL;
		}
	}
	return (e);
}

CK_RV
listing_describe_several(struct call *c, const struct kms_key_entry *names,
    size_t count, size_t optional, struct key **keys)
{
	enum err e = listing_describe_telling(
	    c, names, count, optional, false, keys);

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
		e = rows_gather(c, k->meta.id, kms_list_aliases, &aliases);
	} while (settle_retry(c, &c->kms.deadline, k, e, &tries));
	if (e == ERR_DENIED || e == ERR_NOT_FOUND || e == ERR_INVALID) {
		/* another account's; or to use a key is allowed, and not to
		 * list */
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
