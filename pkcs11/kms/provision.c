#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <openssl/evp.h>
#include "lookup.h"
#include "provision.h"
#include "listing.h"
#include "token/state.h"

/*
 * The steps, and what is there if the process dies after each:
 *
 *   1 lock     nothing
 *   2 journal  a file with a nonce
 *   3 CreateKey, the nonce in its description: a key in PendingImport that
 *     the journal leads to
 *   4 CreateAlias, id then label: that key, found by its name
 *   5 GetParametersForImport, ImportKeyMaterial: the key, or the key in use
 *   6 journal removed
 *
 * Who comes next with the same names goes on where it stopped. A key that KMS
 * makes is in use after step 4, and 5 is not there.
 */

#define DESCRIPTION "Keyferry %s %s" /* import or key, and the nonce */
#define DESCRIPTION_SIZE 128
#define CLEAN_UP_SECONDS 10
#define YOUNG_SECONDS 60
#define DELETION_DAYS 7 /* the shortest that KMS allows */

/* By the service's clock, which is about ours. */
static bool
is_young(const struct call *c, const struct key *k)
{
	const struct clock *clock = c->module->clock;
	double now = (double)clock->wall_ms(clock->ctx) / 1000;

	return (k->meta.created > now - YOUNG_SECONDS);
}

bool
provision_settle(struct call *c, const struct key *k, enum err e, int *tries)
{
	if ((e != ERR_NOT_FOUND && e != ERR_KEY_STATE) || !is_young(c, k) ||
	    ++*tries > PROVISION_TRIES)
		return (false);
	return (deadline_sleep(&c->kms.deadline, PROVISION_MS << *tries));
}

static CK_RV
taken(struct call *c, const char *what, const struct key *k)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "the %s belongs to another key, %s (%s, %s, %s)", what, k->meta.id,
	    k->meta.spec, k->meta.origin, k->meta.state));
}

/* Whether material of that kind can go into a key that is there already. */
static bool
is_fit(const struct provision *f, const struct key *k)
{
	return (
	    k->spec == f->spec &&
	    (f->accepted_usages == 0 || (k->usage & f->accepted_usages) != 0) &&
	    key_is_imported(k) &&
	    (key_is_pending_import(k) ||
		strcmp(k->meta.state, "Enabled") == 0));
}

static CK_RV
find_also(struct call *c, struct provision *f)
{
	char alias[KMS_ALIAS_SIZE];
	CK_RV rv;

	name_companion_alias(f->companion_of, alias);
	rv = listing_describe(c, alias, &f->key);
	if (rv != CKR_OK || f->key == NULL || is_fit(f, f->key))
		return (rv);
	return (taken(c, "alias of the second usage", f->key));
}

/* The key that has one of the names, if it fits. */
static CK_RV
find_existing(struct call *c, struct provision *f)
{
	bool by_id = f->id.ptr != NULL;
	struct view name = by_id ? f->id : f->label;
	CK_RV rv;

	if (f->companion_of != NULL)
		return (find_also(c, f));
	if (name.len == 0)
		return (CKR_OK);
	rv = find_named(c, by_id ? CKA_ID : CKA_LABEL, name, &f->key);
	if (rv != CKR_OK || f->key == NULL || is_fit(f, f->key))
		return (rv);
	return (taken(c, by_id ? "id" : "label", f->key));
}

/* The label, where an id says which key is meant: no other key may have it. */
static CK_RV
check_label(struct call *c, const struct provision *f)
{
	struct key *k = NULL;
	CK_RV rv;

	if (f->id.ptr == NULL || f->label.len == 0)
		return (CKR_OK);
	rv = find_named(c, CKA_LABEL, f->label, &k);
	if (rv == CKR_OK && k != NULL &&
	    (f->key == NULL || strcmp(k->meta.id, f->key->meta.id) != 0))
		rv = taken(c, "label", k);
	key_unref(k);
	return (rv);
}

/* The journal's name says what is being made, so that the next try at the
 * same thing finds it. */
static enum err
name_journal(struct call *c, struct provision *f)
{
	unsigned char hash[32];
	struct buf text = BUF_INIT(64 * 1024);
	size_t n = 0, at;
	enum err e;

	if ((e = buf_puts(&text, f->spec->kms)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, f->id)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, f->label)) == ERR_OK &&
	    (e = buf_puts(&text,
		 f->companion_of != NULL ? f->companion_of : "")) == ERR_OK &&
	    EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, text.ptr,
		text.len, hash, &n) != 1)
		e = ERR_INTERNAL;
	buf_free(&text);
	if (e != ERR_OK)
		return (e);
	at = (size_t)snprintf(f->journal, sizeof(f->journal),
	    f->generated_by_kms ? "generate-" : "create-");
	for (size_t i = 0; i < sizeof(hash); i++)
		at += (size_t)snprintf(
		    f->journal + at, sizeof(f->journal) - at, "%02x", hash[i]);
	return (ERR_OK);
}

/* Notes a new nonce before there is anything to find by it. */
static enum err
write_nonce(struct call *c, struct provision *f)
{
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return (ERR_INTERNAL);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(f->nonce + 2 * i, 3, "%02x", random[i]);
	return (state_write(c, f->journal, view_str(f->nonce)));
}

static void
describe(const struct provision *f, char text[DESCRIPTION_SIZE])
{
	if (f->companion_of != NULL)
		snprintf(text, DESCRIPTION_SIZE, KEY_COMPANION "%.64s %s",
		    f->companion_of, f->nonce);
	else
		snprintf(text, DESCRIPTION_SIZE, DESCRIPTION,
		    f->generated_by_kms ? "key" : "import", f->nonce);
}

/* Whether *k is a key that the nonce was given to and that nobody has used. */
static bool
has_nonce(const struct provision *f, const struct key *k)
{
	char text[DESCRIPTION_SIZE];

	describe(f, text);
	return (f->nonce[0] != '\0' && k->spec == f->spec &&
		k->usage == f->usage &&
		(f->generated_by_kms ? strcmp(k->meta.origin, "AWS_KMS") == 0 &&
					   strcmp(k->meta.state, "Enabled") == 0
				     : key_is_pending_import(k)) &&
		view_equal(buf_view(&k->meta.description), view_str(text)));
}

/* Looks for the key among all keys: only after a crash or a lost reply. */
static enum err
find_by_nonce(struct call *c, struct provision *f)
{
	struct snapshot *s = NULL;
	CK_RV rv;

	listing_invalidate(c);
	if ((rv = listing_refresh(c)) != CKR_OK)
		return (c->err);
	s = store_snapshot(&c->token->store);
	for (size_t i = 0; i < s->count && f->key == NULL; i++)
		if (has_nonce(f, s->objects[i].key))
			f->key = key_copy(s->objects[i].key);
	snapshot_unref(s);
	return (ERR_OK);
}

/* The nonce that a killed call of the same names left in its journal. One that
 * is not there or not whole leads nowhere. */
static enum err
read_nonce(struct call *c, struct provision *f)
{
	struct buf text = BUF_INIT(sizeof(f->nonce));
	enum err e = state_read(c, f->journal, &text);

	f->nonce[0] = '\0';
	if (e == ERR_OK && text.len == sizeof(f->nonce) - 1) {
		memcpy(f->nonce, text.ptr, text.len);
		f->nonce[text.len] = '\0';
	}
	buf_free(&text);
	return (e == ERR_NOT_FOUND || e == ERR_TOO_BIG ? ERR_OK : e);
}

static enum err
find_unfinished(struct call *c, struct provision *f)
{
	enum err e = ERR_OK;

	if (f->nonce[0] != '\0')
		e = find_by_nonce(c, f);
	if (f->key != NULL) {
		/* one that KMS made may be in use by now */
		f->made = !f->generated_by_kms;
		call_note(c, "going on with key %s, which an earlier call left",
		    f->key->meta.id);
	}
	return (e);
}

static enum err
create_key(struct call *c, struct provision *f)
{
	char text[DESCRIPTION_SIZE];
	struct kms_create_key_in in = {
	    .spec = f->spec->kms,
	    .usage = key_usage_name(f->usage),
	    .origin = f->generated_by_kms ? "AWS_KMS" : "EXTERNAL",
	    .description = text,
	    .multi_region = c->token->config->multi_region ||
				    c->token->config->replicas != NULL
				? JSON_TRUE
				: JSON_UNSET,
	};
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	if ((e = write_nonce(c, f)) != ERR_OK)
		return (e);
	describe(f, text);
	e = kms_create_key(&c->kms, &in, &meta);
	if (e == ERR_OK && (f->key = key_new(&meta)) == NULL)
		e = ERR_MEMORY;
	kms_key_free(&meta);
	/* the reply was lost: the key may be there all the same */
	if ((e == ERR_UNKNOWN || e == ERR_REPLY) &&
	    find_by_nonce(c, f) == ERR_OK && f->key != NULL)
		e = ERR_OK;
	f->made = f->key != NULL;
	return (e);
}

/* Whether the alias leads to the key; *sure: KMS said so, or said no. */
static bool
leads_to_key(
    struct call *c, const struct provision *f, const char *alias, bool *sure)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&c->kms, alias, &meta);
	bool yes = e == ERR_OK && strcmp(meta.id, f->key->meta.id) == 0;

	*sure = e == ERR_OK || e == ERR_NOT_FOUND;
	kms_key_free(&meta);
	c->kms.fault = fault;
	return (yes);
}

/* An alias that was there before, or of which KMS's answer was lost, is as
 * good as a new one. *there: it may be there in spite of a failure. */
static enum err
create_alias(
    struct call *c, struct provision *f, const char *alias, bool *there)
{
	bool sure = true;
	int tries = 0;
	enum err e;

	do {
		e = kms_create_alias(&c->kms, alias, f->key->meta.id);
	} while (provision_settle(c, f->key, e, &tries));
	if (e != ERR_OK && leads_to_key(c, f, alias, &sure))
		e = ERR_OK;
	*there = e == ERR_OK || !sure;
	return (e);
}

/* Names a key that was just made; the store learns them with it. */
static enum err
name_key(struct call *c, struct provision *f)
{
	const struct {
		enum name_kind kind;
		struct view name;
		char *alias;
	} names[] = {
	    {NAME_ID, f->id, f->key->names.id},
	    {NAME_LABEL, f->label, f->key->names.label},
	};
	char companion[KMS_ALIAS_SIZE];
	enum err e = ERR_OK;
	bool there;

	if (f->companion_of != NULL) {
		name_companion_alias(f->companion_of, companion);
		e = create_alias(c, f, companion, &there);
	}
	for (size_t i = 0; i < 2 && e == ERR_OK; i++) {
		if (names[i].name.len == 0)
			continue;
		there = false;
		e = name_to_alias(names[i].kind, names[i].name, names[i].alias);
		if (e == ERR_OK)
			e = create_alias(c, f, names[i].alias, &there);
		if (!there)
			names[i].alias[0] = '\0';
	}
	f->key->names.labels = f->key->names.label[0] != '\0';
	f->key->names.known = true;
	return (e);
}

/* A name that no alias can hold must be refused before anything is made. */
static CK_RV
check_names(struct call *c, const struct provision *f)
{
	char alias[KMS_ALIAS_SIZE];

	if ((f->label.len != 0 &&
		name_to_alias(NAME_LABEL, f->label, alias) != ERR_OK) ||
	    (f->id.len != 0 && name_to_alias(NAME_ID, f->id, alias) != ERR_OK))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the label or id is too long for a KMS alias"));
	return (CKR_OK);
}

/* The aliases go before the key: one that stayed would keep its name taken for
 * as long as the key waits for its deletion. */
static enum err
delete_aliases(struct call *c, const struct provision *f)
{
	char companion[KMS_ALIAS_SIZE] = "";
	const char *aliases[] = {
	    f->key->names.label, f->key->names.id, companion};
	enum err e = ERR_OK;
	bool sure;

	if (f->companion_of != NULL)
		name_companion_alias(f->companion_of, companion);
	for (size_t i = 0; i < 3 && e == ERR_OK; i++) {
		if (aliases[i][0] == '\0')
			continue;
		if (leads_to_key(c, f, aliases[i], &sure))
			e = kms_delete_alias(&c->kms, aliases[i]);
		else if (!sure)
			e = ERR_UNKNOWN;
	}
	return (e);
}

/*
 * Takes back a key that this call made and that nobody gave material to or has
 * the handle of. Its own short time: the call's may be what ran out. Where KMS
 * cannot be reached the key stays, with its name or its journal: the next try
 * goes on with it.
 */
static void
take_back(struct call *c, struct provision *f)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	call_set_deadline(c, CLEAN_UP_SECONDS);
	e = kms_describe_key(&c->kms, f->key->meta.id, &meta);
	if (e == ERR_OK && !f->generated_by_kms &&
	    strcmp(meta.state, "PendingImport") != 0)
		goto out;
	if (e == ERR_OK)
		e = delete_aliases(c, f);
	if (e == ERR_OK)
		e = kms_schedule_key_deletion(
		    &c->kms, f->key->meta.id, DELETION_DAYS);
	if (e == ERR_OK)
		e = store_drop(&c->token->store, f->key->meta.id);
	if (e == ERR_OK)
		e = state_remove(c, f->journal);
	call_note(c,
	    e == ERR_OK ? "key %s, made by this call, is scheduled "
			  "for deletion"
			: "key %s, made by this call, stays: "
			  "try again and it is gone on with",
	    f->key->meta.id);
out:
	kms_key_free(&meta);
	c->kms.fault = fault;
}

static CK_RV
make_key(struct call *c, struct provision *f)
{
	enum err e;

	if ((e = find_unfinished(c, f)) != ERR_OK ||
	    (f->key == NULL && (e = create_key(c, f)) != ERR_OK) ||
	    (e = name_key(c, f)) != ERR_OK ||
	    (e = store_put(&c->token->store, f->key)) != ERR_OK)
		return (call_fail(c, e));
	return (CKR_OK);
}

/* A new key's name must be free: of all keys, only the one that a killed call
 * left may have it. */
static CK_RV
check_free(struct call *c, const struct provision *f, CK_ATTRIBUTE_TYPE type,
    struct view name)
{
	struct key *k = NULL;
	CK_RV rv;

	if (name.len == 0)
		return (CKR_OK);
	rv = find_named(c, type, name, &k);
	if (rv == CKR_OK && k != NULL && !has_nonce(f, k))
		rv = taken(c, type == CKA_ID ? "id" : "label", k);
	key_unref(k);
	return (rv);
}

static CK_RV
find_or_make(struct call *c, struct provision *f)
{
	CK_RV rv;
	enum err e;

	if ((e = read_nonce(c, f)) != ERR_OK)
		return (call_fail(c, e));
	if (f->generated_by_kms) {
		if ((rv = check_free(c, f, CKA_ID, f->id)) != CKR_OK ||
		    (rv = check_free(c, f, CKA_LABEL, f->label)) != CKR_OK)
			return (rv);
		return (make_key(c, f));
	}
	if ((rv = find_existing(c, f)) != CKR_OK ||
	    (rv = check_label(c, f)) != CKR_OK || f->key != NULL)
		return (rv);
	return (make_key(c, f));
}

CK_RV
provision_open(struct call *c, struct provision *f)
{
	enum err e;
	CK_RV rv;

	call_set_deadline(c, c->token->config->import_timeout);
	if ((rv = check_names(c, f)) != CKR_OK)
		return (rv);
	if ((e = name_journal(c, f)) != ERR_OK ||
	    (e = state_lock(c, f->journal, &f->lock)) != ERR_OK)
		return (call_fail(c, e));
	rv = find_or_make(c, f);
	/* somebody elsewhere took the name in between: theirs is the key */
	if (rv != CKR_OK && c->err == ERR_EXISTS && f->made) {
		take_back(c, f);
		key_unref(f->key);
		f->key = NULL;
		f->made = false;
		c->err = ERR_OK;
		rv = find_or_make(c, f);
	}
	return (rv);
}

CK_RV
provision_close(struct call *c, struct provision *f, CK_RV rv)
{
	enum err e;

	if (rv == CKR_OK && f->journal[0] != '\0' &&
	    (e = state_remove(c, f->journal)) != ERR_OK) {
		/* the next to make such a key would be given this one */
		if (f->generated_by_kms)
			rv = call_fail(c, e);
		else
			call_note(c,
			    "%s: the journal of a finished import stays",
			    c->kms.fault.message);
	}
	if (rv != CKR_OK && f->made)
		take_back(c, f);
	state_unlock(c, f->journal, f->lock);
	f->lock = -1;
	key_unref(f->key);
	f->key = NULL;
	return (rv);
}

void
provision_drop_also(struct call *c, const struct key *companion, const char *of)
{
	struct fault fault = c->kms.fault;
	char alias[KMS_ALIAS_SIZE];
	enum err e;

	name_companion_alias(of, alias);
	call_set_deadline(c, CLEAN_UP_SECONDS);
	e = kms_delete_alias(&c->kms, alias);
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = kms_schedule_key_deletion(
		    &c->kms, companion->meta.id, DELETION_DAYS);
	if (e == ERR_OK)
		e = store_drop(&c->token->store, companion->meta.id);
	call_note(c,
	    e == ERR_OK ? "key %s, made by this call, is scheduled for "
			  "deletion"
			: "key %s, made by this call, stays: try again and it "
			  "is used",
	    companion->meta.id);
	c->kms.fault = fault;
}
