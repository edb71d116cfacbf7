#include <stdio.h>
#include <string.h>
#include "alias.h"
#include "listing.h"
#include "lookup.h"
#include "provision.h"
#include "settle.h"
#include "key-trust.h"

/*
 * The steps, and what is there if the process dies after each:
 *
 *   1 lock     nothing
 *   2 journal  a file with a nonce
 *   3 CreateKey, the nonce in its description: a key in PendingImport that
 *     nothing but its description leads to
 *   4 made-KEYID and the key id in the journal, out of the reply to step 3
 *   5 CreateAlias, id then label: that key, found by its name
 *   6 GetParametersForImport, ImportKeyMaterial: the key, or the key in use
 *   7 journal removed
 *
 * The next call for the same key goes on where this one stopped. A key that
 * only a description leads to (step 3, or a reply that never came) is never
 * filled, for descriptions can be copied: it is deleted, and another made. A
 * key that KMS generates is in use after step 5, and has no step 6.
 */

#define DESCRIPTION "Keyferry %s %s" /* import or key, and the nonce */
#define COMPANION "Keyferry also " /* the other key's id, and the nonce */
#define DESCRIPTION_SIZE 128
#define CLEAN_UP_SECONDS 10
#define CREATE_TRIES 2 /* for a CreateKey whose reply is lost */
/* CreateKey to ListKeys and DescribeKey: what is not seen by then is not */
#define UNSEEN_SECONDS 900
#define DELETION_DAYS 7 /* the shortest that KMS allows */
#define WAIT_TRIES 30 /* for a key that another machine is just making */

static CK_RV
refuse_taken(struct call *c, const char *what, const struct key *k)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "the %s belongs to another key, %s (%s, %s, %s)", what, k->meta.id,
	    k->meta.spec, k->meta.words.origin, k->meta.words.state));
}

/* Whether material of that kind can go into a key that exists. */
static bool
can_take_material(const struct key_request *r, const struct key *k)
{
	return (k->spec == r->spec &&
		(r->accepted_usages == 0 ||
		    (k->meta.usage & r->accepted_usages) != 0) &&
		key_is_imported(k) &&
		(key_is_pending_import(k) || key_is_usable(k)));
}

/* The key that one of the names leads to. */
static CK_RV
find_named_key(struct call *c, struct provision *p, const char **what)
{
	const struct key_request *r = p->request;
	struct view name = r->id.ptr != NULL ? r->id : r->label;
	char alias[KMS_ALIAS_SIZE];
	CK_RV rv = CKR_OK;

	*what = r->id.ptr != NULL ? "id" : "label";
	if (p->companion_of != NULL) {
		*what = "alias of the second usage";
		name_companion_alias(p->companion_of, alias);
		rv = listing_describe(c, alias, &p->key);
	} else if (name.len != 0) {
		rv = find_named(
		    c, r->id.ptr != NULL ? CKA_ID : CKA_LABEL, name, &p->key);
	}
	if (rv == CKR_OK && p->key == NULL && is_key_arn(name))
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "there is no key %.*s", (int)name.len,
		    (const char *)name.ptr);
	return (rv);
}

/*
 * The key that the names lead to, if it can take the material and may. One that
 * another machine is just making is waited for until it has its material, or is
 * gone.
 */
static CK_RV
find_existing(struct call *c, struct provision *p)
{
	const char *what;
	int tries = 0;
	CK_RV rv;

	for (;;) {
		rv = find_named_key(c, p, &what);
		if (rv != CKR_OK || p->key == NULL)
			return (rv);
		if (!can_take_material(p->request, p->key))
			return (refuse_taken(c, what, p->key));
		if (key_trust_for_request(c, p->request, p->key))
			return (CKR_OK);
		if (!key_is_pending_import(p->key) ||
		    !settle_is_young(c, p->key) ||
		    !settle_pause(&c->kms.deadline, &tries, WAIT_TRIES))
			return (key_trust_refuse(
			    c, p->key, CKR_ATTRIBUTE_VALUE_INVALID));
		key_unref(p->key);
		p->key = NULL;
	}
}

/* Where an id says which key is meant, no other key may have the label. */
static CK_RV
check_label(struct call *c, const struct provision *p)
{
	const struct key_request *r = p->request;
	struct key *k = NULL;
	CK_RV rv;

	if (r->id.ptr == NULL || r->label.len == 0)
		return (CKR_OK);
	rv = find_named(c, CKA_LABEL, r->label, &k);
	if (rv == CKR_OK && k != NULL &&
	    (p->key == NULL || strcmp(k->meta.id, p->key->meta.id) != 0))
		rv = refuse_taken(c, "label", k);
	key_unref(k);
	return (rv);
}

static void
describe(const struct provision *p, char text[DESCRIPTION_SIZE])
{
	if (p->companion_of != NULL)
		snprintf(text, DESCRIPTION_SIZE, COMPANION "%.64s %s",
		    p->companion_of, p->journal.nonce);
	else
		snprintf(text, DESCRIPTION_SIZE, DESCRIPTION,
		    p->request->generated_by_kms ? "key" : "import",
		    p->journal.nonce);
}

/* Whether the key can be one that a CreateKey of ours made without a reply:
 * with the nonce, without a name, and not used. */
static bool
is_orphan(struct call *c, const struct provision *p, const struct key *k)
{
	char text[DESCRIPTION_SIZE];

	describe(p, text);
	return (
	    view_equal(buf_view(&k->meta.description), view_str(text)) &&
	    (p->request->generated_by_kms
		    ? k->meta.origin == KMS_ORIGIN_AWS_KMS && key_is_usable(k)
		    : key_is_pending_import(k)) &&
	    k->names.label[0] == '\0' && k->names.id[0] == '\0' &&
	    !key_trust_is_recorded(c, k));
}

/* The key that an earlier call made and did not finish. One that is gone, or
 * was finished after all, leaves the journal. */
static enum err
find_unfinished(struct call *c, struct provision *p)
{
	const struct key_request *r = p->request;
	struct key *k = NULL;
	int tries = 0;
	CK_RV rv;

	if (p->journal.key_id[0] == '\0')
		return (ERR_OK);
	do {
		rv = listing_describe(c, p->journal.key_id, &k);
	} while (rv == CKR_OK && k == NULL &&
		 settle_pause(&c->kms.deadline, &tries, SETTLE_TRIES));
	if (rv != CKR_OK)
		return (c->err);
	if (k != NULL && k->spec == r->spec && k->meta.usage == r->usage &&
	    (r->generated_by_kms
		    ? k->meta.origin == KMS_ORIGIN_AWS_KMS && key_is_usable(k)
		    : key_is_pending_import(k) &&
			  key_trust_is_recorded(c, k))) {
		p->key = k;
		/* one that KMS generated may be in use by now */
		p->made = !r->generated_by_kms;
		call_note(c, "finishing key %s, which an earlier call left",
		    k->meta.id);
		return (ERR_OK);
	}
	key_unref(k);
	return (journal_finish(c, &p->journal));
}

/* One CreateKey. Of its reply, and of nothing else, comes the record that the
 * key was made here. ERR_UNKNOWN, ERR_REPLY: it may have made a key. */
static enum err
create_once(struct call *c, struct provision *p)
{
	const struct config_token *config = c->token->config;
	char text[DESCRIPTION_SIZE];
	struct kms_create_key_in in = {
	    .spec = p->request->spec->kms,
	    .usage = key_usage_name(p->request->usage),
	    .origin = kms_origin_name(p->request->generated_by_kms
					  ? KMS_ORIGIN_AWS_KMS
					  : KMS_ORIGIN_EXTERNAL),
	    .description = text,
	    .multi_region = config->multi_region || config->replicas != NULL
				? JSON_TRUE
				: JSON_UNSET,
	};
	struct kms_key meta = KMS_KEY_INIT;
	struct kms failed;
	enum err e;

	if ((e = journal_ask(c, &p->journal)) != ERR_OK)
		return (e);
	describe(p, text);
	e = kms_create_key(&c->kms, &in, &meta);
	failed = c->kms;
	/* a reply to another request tells nothing of this one */
	if (e == ERR_OK &&
	    (!view_equal(buf_view(&meta.description), view_str(text)) ||
		strcmp(meta.spec, in.spec) != 0))
		e = error_info_set(&c->kms.error, ERR_REPLY,
		    "KMS's reply to CreateKey describes a different key, %s",
		    meta.id);
	if (e == ERR_OK && (p->key = key_new(&meta)) == NULL)
		e = ERR_MEMORY;
	kms_key_free(&meta);
	p->made = p->key != NULL;
	p->reply_lost |= e == ERR_UNKNOWN || e == ERR_REPLY;
	if (e == ERR_OK && (e = key_trust_record(c, p->key)) == ERR_OK)
		return (journal_answer(c, &p->journal, p->key->meta.id));
	if (e != ERR_UNKNOWN && e != ERR_REPLY && p->key == NULL) {
		(void)journal_answer(c, &p->journal, NULL);
		c->kms = failed;
	}
	return (e);
}

static enum err
create_key(struct call *c, struct provision *p)
{
	enum err e = create_once(c, p);

	for (int i = 1;
	     i < CREATE_TRIES && (e == ERR_UNKNOWN || e == ERR_REPLY); i++)
		e = create_once(c, p);
	return (e);
}

/* The aliases of the new key: *count of them. */
static enum err
list_aliases(
    struct provision *p, char aliases[3][KMS_ALIAS_SIZE], size_t *count)
{
	const struct key_request *r = p->request;
	enum err e = ERR_OK;

	*count = 0;
	if (p->companion_of != NULL)
		name_companion_alias(p->companion_of, aliases[(*count)++]);
	if (r->id.len != 0)
		e = name_to_alias(NAME_ID, r->id, aliases[(*count)++]);
	if (e == ERR_OK && r->label.len != 0)
		e = name_to_alias(NAME_LABEL, r->label, aliases[(*count)++]);
	return (e);
}

/* Names a key that was just made; the store learns them with it. */
static enum err
name_key(struct call *c, struct provision *p)
{
	char aliases[3][KMS_ALIAS_SIZE];
	struct key_names *names = &p->key->names;
	size_t count;
	enum err e = list_aliases(p, aliases, &count);

	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		e = alias_create(c, &c->kms, aliases[i], p->key);
		if (name_is(NAME_ID, aliases[i]))
			memcpy(names->id, aliases[i], KMS_ALIAS_SIZE);
		else if (name_is(NAME_LABEL, aliases[i]))
			memcpy(names->label, aliases[i], KMS_ALIAS_SIZE);
	}
	names->labels = names->label[0] != '\0';
	names->known = true;
	return (e);
}

/* The aliases go before the key: one that stayed would keep its name taken for
 * as long as the key waits for its deletion. */
static enum err
delete_key(struct call *c, const struct key *k, char aliases[3][KMS_ALIAS_SIZE],
    size_t count)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < count && e == ERR_OK; i++)
		e = alias_delete(c, &c->kms, aliases[i], k->meta.id);
	if (e == ERR_OK)
		e = kms_schedule_key_deletion(
		    &c->kms, k->meta.id, DELETION_DAYS);
	if (e == ERR_OK)
		e = store_drop(&c->token->store, k->meta.id);
	return (e);
}

static void
note_deletion(struct call *c, const struct key *k, enum err e)
{
	call_note(c,
	    e == ERR_OK
		? "key %s, made by this call, is scheduled for deletion"
		: "key %s, made by this call, could not be deleted: the same "
		  "call again will finish it",
	    k->meta.id);
}

static double
delete_orphans_among(
    struct call *c, struct provision *p, const struct snapshot *s)
{
	double found = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct key *k = s->objects[i].key;

		/* a pair's halves are two objects of one key */
		if ((i == 0 || s->objects[i - 1].key != k) &&
		    is_orphan(c, p, k) && delete_key(c, k, NULL, 0) == ERR_OK) {
			note_deletion(c, k, ERR_OK);
			found++;
		}
	}
	return (found);
}

/*
 * Deletes the keys that CreateKeys without a reply have made, as far as KMS
 * shows them. What a listing names and DescribeKey does not know is not known
 * yet: then, and for a while after the request, the journal stays.
 */
static void
delete_orphans(struct call *c, struct provision *p)
{
	struct kms before = c->kms;
	struct journal *j = &p->journal;
	const struct clock *clock = c->module->clock;
	double now = (double)(clock->wall_ms(clock->ctx) / 1000);
	struct snapshot *s = NULL;
	double found = 0;
	enum err err = c->err;

	call_set_deadline(c, c->token->config->list_timeout);
	listing_invalidate(c);
	if (listing_refresh(c) == CKR_OK) {
		s = store_snapshot(&c->token->store);
		found = delete_orphans_among(c, p, s);
		if (c->token->store.undescribed == 0 &&
		    now - j->asked > UNSEEN_SECONDS)
			found = j->unanswered;
		snapshot_unref(s);
	}
	if (found > 0)
		(void)journal_found(c, j, found);
	c->kms = before;
	c->err = err;
}

/*
 * Takes back a key that this call made and that nobody gave material to or has
 * the handle of. Its own short time: the call's may be what ran out. Where KMS
 * cannot be reached the key stays, with its name or its journal: the next try
 * goes on with it.
 */
static void
take_back(struct call *c, struct provision *p)
{
	struct kms before = c->kms;
	struct kms_key meta = KMS_KEY_INIT;
	char aliases[3][KMS_ALIAS_SIZE];
	size_t count;
	enum err e;

	call_set_deadline(c, CLEAN_UP_SECONDS);
	e = kms_describe_key(&c->kms, p->key->meta.id, &meta);
	if (e == ERR_OK && !p->request->generated_by_kms &&
	    meta.state != KMS_STATE_PENDING_IMPORT)
		goto out;
	if (e == ERR_OK && (e = list_aliases(p, aliases, &count)) == ERR_OK)
		e = delete_key(c, p->key, aliases, count);
	if (e == ERR_OK && (e = key_trust_forget(c, p->key->meta.id)) == ERR_OK)
		e = journal_finish(c, &p->journal);
	note_deletion(c, p->key, e);
out:
	kms_key_free(&meta);
	c->kms = before;
}

void
provision_drop_companion(
    struct call *c, const struct key *companion, const char *key_id)
{
	struct kms before = c->kms;
	char aliases[3][KMS_ALIAS_SIZE];

	name_companion_alias(key_id, aliases[0]);
	call_set_deadline(c, CLEAN_UP_SECONDS);
	note_deletion(c, companion, delete_key(c, companion, aliases, 1));
	c->kms = before;
}

static CK_RV
make_key(struct call *c, struct provision *p)
{
	enum err e = find_unfinished(c, p);

	if (e == ERR_OK && p->key == NULL)
		e = create_key(c, p);
	if (e == ERR_OK && (e = name_key(c, p)) == ERR_OK)
		e = store_put(&c->token->store, p->key);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* The name of a key that KMS generates must be free: only the key that a killed
 * call left may have it. */
static CK_RV
check_free(struct call *c, const struct provision *p, CK_ATTRIBUTE_TYPE type,
    struct view name)
{
	struct key *k = NULL;
	CK_RV rv = CKR_OK;

	if (name.len != 0)
		rv = find_named(c, type, name, &k);
	if (rv == CKR_OK && k != NULL &&
	    strcmp(k->meta.id, p->journal.key_id) != 0)
		rv = refuse_taken(c, type == CKA_ID ? "id" : "label", k);
	key_unref(k);
	return (rv);
}

static CK_RV
find_or_make(struct call *c, struct provision *p)
{
	const struct key_request *r = p->request;
	CK_RV rv;

	if (r->generated_by_kms) {
		if ((rv = check_free(c, p, CKA_ID, r->id)) == CKR_OK)
			rv = check_free(c, p, CKA_LABEL, r->label);
	} else if ((rv = find_existing(c, p)) == CKR_OK) {
		rv = check_label(c, p);
	}
	if (rv == CKR_OK && p->key == NULL)
		rv = make_key(c, p);
	return (rv);
}

CK_RV
provision_open(struct call *c, struct provision *p)
{
	enum err e;
	CK_RV rv;

	call_set_deadline(c, c->token->config->import_timeout);
	e = journal_open(c, &p->journal, p->request, p->companion_of);
	if (e != ERR_OK)
		return (call_fail(c, e));
	if (p->journal.unanswered > 0)
		delete_orphans(c, p);
	rv = find_or_make(c, p);
	/* somebody elsewhere took the name in between: theirs is the key */
	if (rv != CKR_OK && c->err == ERR_EXISTS && p->made) {
		take_back(c, p);
		key_unref(p->key);
		p->key = NULL;
		p->made = false;
		c->err = ERR_OK;
		rv = find_or_make(c, p);
	}
	return (rv);
}

CK_RV
provision_close(struct call *c, struct provision *p, CK_RV rv)
{
	enum err e = ERR_OK;

	if (rv == CKR_OK && p->journal.key_id[0] != '\0')
		e = journal_finish(c, &p->journal);
	/* a later call that makes such a key would be given this one */
	if (e != ERR_OK && p->request->generated_by_kms)
		rv = call_fail(c, e);
	else if (e != ERR_OK)
		call_note(c, "%s: the journal of a finished import stays",
		    c->kms.error.message);
	if (rv != CKR_OK && p->made)
		take_back(c, p);
	if (p->reply_lost)
		delete_orphans(c, p);
	journal_close(c, &p->journal);
	key_unref(p->key);
	p->key = NULL;
	return (rv);
}
