#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <openssl/evp.h>
#include "find.h"
#include "import.h"
#include "listing.h"
#include "pair.h"
#include "state.h"
#include "wrap.h"

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
 * Who comes next with the same names goes on where it stopped.
 */

#define DESCRIPTION "Keyferry import " /* and the nonce */
#define CLEAN_UP_SECONDS 10
#define DELETION_DAYS 7 /* the shortest that KMS allows */
#define SETTLE_TRIES 8 /* KMS may take a moment to know what it just did */
#define SETTLE_MS 50 /* doubled each time: 12 s in all */
#define WRAPPED_MAX KMS_BLOB_MAX

/* Whether to try a step on a fresh key again: KMS is eventually consistent. */
static bool
settling(struct call *c, const struct import *im, enum err e, int *tries)
{
	if (!im->made || (e != ERR_NOT_FOUND && e != ERR_KEY_STATE) ||
	    ++*tries > SETTLE_TRIES)
		return (false);
	return (deadline_sleep(&c->kms.deadline, SETTLE_MS << *tries));
}

static CK_RV
taken(struct call *c, const char *what, const struct key *k)
{
	return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "the %s belongs to another key, %s (%s, %s, %s)", what, k->meta.id,
	    k->meta.spec, k->meta.origin, k->meta.state));
}

/* Whether material of that kind can go into a key that is there already. */
static bool
is_fit(const struct import *im, const struct key *k)
{
	return (k->spec == im->spec && k->use == im->use &&
		key_is_imported(k) &&
		(key_is_pending(k) || strcmp(k->meta.state, "Enabled") == 0));
}

/* The key that has one of the names, if it fits. */
static CK_RV
find_existing(struct call *c, struct import *im)
{
	bool by_id = im->id.ptr != NULL;
	struct view name = by_id ? im->id : im->label;
	CK_RV rv;

	if (name.len == 0)
		return (CKR_OK);
	rv = find_named(c, by_id ? CKA_ID : CKA_LABEL, name, &im->key);
	if (rv != CKR_OK || im->key == NULL || is_fit(im, im->key))
		return (rv);
	return (taken(c, by_id ? "id" : "label", im->key));
}

/* The label, where an id says which key is meant: no other key may have it. */
static CK_RV
check_label(struct call *c, const struct import *im)
{
	struct key *k = NULL;
	CK_RV rv;

	if (im->id.ptr == NULL || im->label.len == 0)
		return (CKR_OK);
	rv = find_named(c, CKA_LABEL, im->label, &k);
	if (rv == CKR_OK && k != NULL &&
	    (im->key == NULL || strcmp(k->meta.id, im->key->meta.id) != 0))
		rv = taken(c, "label", k);
	key_unref(k);
	return (rv);
}

/* The journal's name says what is being made, so that the next try at the
 * same thing finds it. */
static enum err
name_journal(struct call *c, struct import *im)
{
	unsigned char hash[32];
	struct buf text = BUF_INIT(64 * 1024);
	size_t n = 0, at;
	enum err e;

	if ((e = buf_puts(&text, im->spec->kms)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, im->id)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, im->label)) == ERR_OK &&
	    EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, text.ptr,
		text.len, hash, &n) != 1)
		e = ERR_INTERNAL;
	buf_free(&text);
	if (e != ERR_OK)
		return (e);
	at = (size_t)snprintf(im->journal, sizeof(im->journal), "create-");
	for (size_t i = 0; i < sizeof(hash); i++)
		at += (size_t)snprintf(im->journal + at,
		    sizeof(im->journal) - at, "%02x", hash[i]);
	return (ERR_OK);
}

/* Notes a new nonce before there is anything to find by it. */
static enum err
write_nonce(struct call *c, struct import *im)
{
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return (ERR_INTERNAL);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(im->nonce + 2 * i, 3, "%02x", random[i]);
	return (state_write(c, im->journal, view_str(im->nonce)));
}

/* Whether *k is a key that the nonce was given to and that still waits. */
static bool
has_nonce(const struct import *im, const struct key *k)
{
	char text[sizeof(DESCRIPTION) + sizeof(im->nonce)];

	snprintf(text, sizeof(text), DESCRIPTION "%s", im->nonce);
	return (k->spec == im->spec && k->use == im->use && key_is_pending(k) &&
		view_equal(buf_view(&k->meta.description), view_str(text)));
}

/* Looks for the key among all keys: only after a crash or a lost reply. */
static enum err
find_by_nonce(struct call *c, struct import *im)
{
	struct snapshot *s = NULL;
	CK_RV rv;

	listing_spoil(c);
	if ((rv = listing_refresh(c)) != CKR_OK)
		return (c->err);
	s = store_snapshot(&c->token->store);
	for (size_t i = 0; i < s->count && im->key == NULL; i++)
		if (has_nonce(im, s->objects[i].key))
			im->key = key_copy(s->objects[i].key);
	snapshot_unref(s);
	return (ERR_OK);
}

/* What a killed call of the same names left: the nonce in its journal. */
static enum err
find_unfinished(struct call *c, struct import *im)
{
	struct buf text = BUF_INIT(sizeof(im->nonce));
	enum err e = state_read(c, im->journal, &text);

	if (e == ERR_OK && text.len == sizeof(im->nonce) - 1) {
		memcpy(im->nonce, text.ptr, text.len);
		im->nonce[text.len] = '\0';
		e = find_by_nonce(c, im);
	}
	buf_free(&text);
	/* a journal that is not there or not whole leads nowhere */
	if (e == ERR_NOT_FOUND || e == ERR_TOO_BIG)
		e = ERR_OK;
	if (im->key != NULL) {
		im->made = true;
		call_note(c, "going on with key %s, which an earlier call left",
		    im->key->meta.id);
	}
	return (e);
}

static enum err
create_key(struct call *c, struct import *im)
{
	char text[sizeof(DESCRIPTION) + sizeof(im->nonce)];
	struct kms_create_key_in in = {
	    .spec = im->spec->kms,
	    .usage = use_name(im->use),
	    .origin = "EXTERNAL",
	    .description = text,
	};
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	if ((e = write_nonce(c, im)) != ERR_OK)
		return (e);
	snprintf(text, sizeof(text), DESCRIPTION "%s", im->nonce);
	e = kms_create_key(&c->kms, &in, &meta);
	if (e == ERR_OK && (im->key = key_new(&meta)) == NULL)
		e = ERR_MEMORY;
	kms_key_free(&meta);
	/* the reply was lost: the key may be there all the same */
	if ((e == ERR_UNKNOWN || e == ERR_REPLY) &&
	    find_by_nonce(c, im) == ERR_OK && im->key != NULL)
		e = ERR_OK;
	im->made = im->key != NULL;
	return (e);
}

/* Whether the alias leads to the key; *sure: KMS said so, or said no. */
static bool
leads_to_key(
    struct call *c, const struct import *im, const char *alias, bool *sure)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&c->kms, alias, &meta);
	bool yes = e == ERR_OK && strcmp(meta.id, im->key->meta.id) == 0;

	*sure = e == ERR_OK || e == ERR_NOT_FOUND;
	kms_key_free(&meta);
	c->kms.fault = fault;
	return (yes);
}

/* An alias that was there before, or of which KMS's answer was lost, is as
 * good as a new one. *there: it may be there in spite of a failure. */
static enum err
create_alias(struct call *c, struct import *im, const char *alias, bool *there)
{
	bool sure = true;
	int tries = 0;
	enum err e;

	do {
		e = kms_create_alias(&c->kms, alias, im->key->meta.id);
	} while (settling(c, im, e, &tries));
	if (e != ERR_OK && leads_to_key(c, im, alias, &sure))
		e = ERR_OK;
	*there = e == ERR_OK || !sure;
	return (e);
}

/* Names a key that was just made; the store learns them with it. */
static enum err
name_key(struct call *c, struct import *im)
{
	const struct {
		enum name_kind kind;
		struct view name;
		char *alias;
	} names[] = {
	    {NAME_ID, im->id, im->key->names.id},
	    {NAME_LABEL, im->label, im->key->names.label},
	};
	enum err e = ERR_OK;
	bool there;

	for (size_t i = 0; i < 2 && e == ERR_OK; i++) {
		if (names[i].name.len == 0)
			continue;
		there = false;
		e = name_to_alias(names[i].kind, names[i].name, names[i].alias);
		if (e == ERR_OK)
			e = create_alias(c, im, names[i].alias, &there);
		if (!there)
			names[i].alias[0] = '\0';
	}
	im->key->names.labels = im->key->names.label[0] != '\0';
	im->key->names.known = true;
	return (e);
}

/* A name that no alias can hold must be refused before anything is made. */
static CK_RV
check_names(struct call *c, const struct import *im)
{
	char alias[KMS_ALIAS_SIZE];

	if ((im->label.len != 0 &&
		name_to_alias(NAME_LABEL, im->label, alias) != ERR_OK) ||
	    (im->id.len != 0 &&
		name_to_alias(NAME_ID, im->id, alias) != ERR_OK))
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the label or id is too long for a KMS alias"));
	return (CKR_OK);
}

/* The aliases go before the key: one that stayed would keep its name taken for
 * as long as the key waits for its deletion. */
static enum err
delete_aliases(struct call *c, const struct import *im)
{
	const char *aliases[] = {im->key->names.label, im->key->names.id};
	enum err e = ERR_OK;
	bool sure;

	for (size_t i = 0; i < 2 && e == ERR_OK; i++) {
		if (aliases[i][0] == '\0')
			continue;
		if (leads_to_key(c, im, aliases[i], &sure))
			e = kms_delete_alias(&c->kms, aliases[i]);
		else if (!sure)
			e = ERR_UNKNOWN;
	}
	return (e);
}

/*
 * Takes back a key that this call made and that nobody gave material to. Its
 * own short time: the call's may be what ran out. Where KMS cannot be reached
 * the key stays, with its name or its journal: the next try goes on with it.
 */
static void
take_back(struct call *c, struct import *im)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	call_allow(c, CLEAN_UP_SECONDS);
	e = kms_describe_key(&c->kms, im->key->meta.id, &meta);
	if (e == ERR_OK && strcmp(meta.state, "PendingImport") != 0)
		goto out;
	if (e == ERR_OK)
		e = delete_aliases(c, im);
	if (e == ERR_OK)
		e = kms_schedule_key_deletion(
		    &c->kms, im->key->meta.id, DELETION_DAYS);
	if (e == ERR_OK)
		e = store_drop(&c->token->store, im->key->meta.id);
	if (e == ERR_OK)
		e = state_remove(c, im->journal);
	call_note(c,
	    e == ERR_OK ? "key %s, made by this call, is scheduled "
			  "for deletion"
			: "key %s, made by this call, stays without "
			  "material: try again and it is used",
	    im->key->meta.id);
out:
	kms_key_free(&meta);
	c->kms.fault = fault;
}

static CK_RV
make_key(struct call *c, struct import *im)
{
	enum err e;

	if ((e = find_unfinished(c, im)) != ERR_OK ||
	    (im->key == NULL && (e = create_key(c, im)) != ERR_OK) ||
	    (e = name_key(c, im)) != ERR_OK ||
	    (e = store_put(&c->token->store, im->key)) != ERR_OK)
		return (call_fail(c, e));
	return (CKR_OK);
}

static CK_RV
find_or_make(struct call *c, struct import *im)
{
	CK_RV rv;

	if ((rv = find_existing(c, im)) != CKR_OK ||
	    (rv = check_label(c, im)) != CKR_OK || im->key != NULL)
		return (rv);
	return (make_key(c, im));
}

CK_RV
import_open(struct call *c, struct import *im)
{
	enum err e;
	CK_RV rv;

	call_allow(c, c->token->config->import_timeout);
	if ((rv = check_names(c, im)) != CKR_OK)
		return (rv);
	if ((e = name_journal(c, im)) != ERR_OK ||
	    (e = state_lock(c, im->journal, &im->lock)) != ERR_OK)
		return (call_fail(c, e));
	rv = find_or_make(c, im);
	/* somebody elsewhere took the name in between: theirs is the key */
	if (rv != CKR_OK && c->err == ERR_EXISTS && im->made) {
		take_back(c, im);
		key_unref(im->key);
		im->key = NULL;
		im->made = false;
		c->err = ERR_OK;
		rv = find_or_make(c, im);
	}
	return (rv);
}

CK_RV
import_close(struct call *c, struct import *im, CK_RV rv)
{
	if (rv != CKR_OK && im->made)
		take_back(c, im);
	else if (rv == CKR_OK && im->journal[0] != '\0' &&
		 state_remove(c, im->journal) != ERR_OK)
		call_note(c, "%s: the journal of a finished import stays",
		    c->kms.fault.message);
	state_unlock(c, im->journal, im->lock);
	im->lock = -1;
	key_unref(im->key);
	im->key = NULL;
	return (rv);
}

/* Waits until KMS shows the key as usable; im->key is then as KMS shows it. */
static CK_RV
confirm(struct call *c, struct import *im)
{
	struct key *k = NULL;
	CK_RV rv;

	for (int tries = 0;; tries++) {
		if ((rv = listing_describe(c, im->key->meta.id, &k)) != CKR_OK)
			return (rv);
		if (k != NULL && !key_is_pending(k))
			break;
		key_unref(k);
		if (tries == SETTLE_TRIES ||
		    !deadline_sleep(&c->kms.deadline, SETTLE_MS << tries))
			return (call_fail(c, ERR_KEY_STATE));
	}
	key_unref(im->key);
	im->key = k;
	return (CKR_OK);
}

/* Whether the material is there although the reply to its import never came. */
static bool
arrived(struct call *c, struct import *im, enum err e)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	bool yes;

	if (!im->made ||
	    (e != ERR_NETWORK && e != ERR_DEADLINE && e != ERR_UNKNOWN &&
		e != ERR_REPLY && e != ERR_SERVICE))
		return (false);
	call_allow(c, CLEAN_UP_SECONDS);
	yes = kms_describe_key(&c->kms, im->key->meta.id, &meta) == ERR_OK &&
	      strcmp(meta.state, "Enabled") == 0;
	kms_key_free(&meta);
	c->kms.fault = fault;
	return (yes);
}

static CK_RV
import_blob(
    struct call *c, struct import *im, const struct pair *p, struct view blob)
{
	struct kms_import_in in = {
	    .key = im->key->meta.id,
	    .token = buf_view(&p->parameters.token),
	    .material = blob,
	    .valid_to = im->valid_to,
	};
	int tries = 0;
	enum err e;

	do {
		e = kms_import_key_material(&c->kms, &in);
	} while (settling(c, im, e, &tries));
	if (e != ERR_OK && !arrived(c, im, e))
		return (call_fail(c, e));
	/* from here on there is material: nothing is taken back any more */
	im->made = false;
	if (pair_forget(c, im->key) != ERR_OK)
		call_note(
		    c, "%s: used import parameters stay", c->kms.fault.message);
	return (confirm(c, im));
}

CK_RV
import_material(struct call *c, struct import *im, struct view material)
{
	struct pair p = PAIR_INIT;
	struct buf blob = BUF_INIT(WRAPPED_MAX);
	int tries = 0;
	enum err e;
	CK_RV rv;

	pair_for_material(c, im->key, &p);
	do {
		e = kms_get_parameters_for_import(&c->kms, im->key->meta.id,
		    p.algorithm, p.spec, &p.parameters);
	} while (settling(c, im, e, &tries));
	if (e == ERR_OK)
		e = wrap_material(c->module->crypto, &p, material, &blob);
	rv = e == ERR_OK ? import_blob(c, im, &p, buf_view(&blob))
			 : call_fail(c, e);
	buf_free(&blob);
	pair_free(&p);
	return (rv);
}

CK_RV
import_wrapped(struct call *c, struct import *im, const CK_MECHANISM *m,
    struct view wrapped)
{
	struct pair p = PAIR_INIT;
	enum err e;
	CK_RV rv;

	call_allow(c, c->token->config->import_timeout);
	if ((e = pair_load(c, im->key, &p)) != ERR_OK) {
		rv = call_fail(c, e);
		goto out;
	}
	if ((rv = wrap_check_mechanism(&p, m)) != CKR_OK)
		goto out;
	if (p.parameters.token.len == 0) {
		rv = call_refuse(c, CKR_WRAPPED_KEY_INVALID,
		    "no import token is kept for key %s, or it is older than "
		    "24 hours; read the public half and wrap with it",
		    im->key->meta.id);
		goto out;
	}
	if (!wrap_fits(&p, wrapped)) {
		rv = call_refuse(c, CKR_WRAPPED_KEY_LEN_RANGE,
		    "a key wrapped with %s of %lu bits has another length "
		    "than %zu bytes",
		    p.algorithm, pair_bits(&p), wrapped.len);
		goto out;
	}
	rv = import_blob(c, im, &p, wrapped);
	if (c->err == ERR_TOKEN_EXPIRED || c->err == ERR_TOKEN_INVALID)
		(void)pair_forget(c, im->key);
out:
	pair_free(&p);
	return (rv);
}
