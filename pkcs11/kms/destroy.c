#include "destroy.h"
#include "delete-material.h"
#include "key-deletion.h"
#include "key-trust.h"
#include "known-ends.h"
#include "keydata/names.h"
#include "last-use.h"
#include "listing.h"
#include "replica-deletion.h"
#include "settle.h"
#include "take-back.h"
#include "unfinished.h"

static CK_RV
refuse_filled(struct call *c, struct key *k)
{
	struct key *now = NULL;

	/* the object is what it has become */
	(void)listing_describe(c, k->meta.id, &now);
	key_unref(now);
	c->err = ERR_OK;
	return (call_error(c, CKR_ACTION_PROHIBITED,
	    "key %s has got its material meanwhile and is in use, or had "
	    "material: nothing is deleted",
	    k->meta.id));
}

static void
note_days(struct call *c, const struct key *k)
{
	call_note(c,
	    "key %s is deleted in %ld days%s; until then aws kms "
	    "cancel-key-deletion brings it back",
	    k->meta.id, c->token->config->deletion_days,
	    replicas_may_exist(c, k) ? " from the end of its last replica"
				     : "");
}

static void
set_deadline(struct call *c)
{
	/* names are looked at before and after */
	call_set_deadline(
	    c, c->token->config->timeout +
		   (SETTLED_LOOKS + (long)c->token->regions.count) *
		       c->token->config->settle);
}

/* Nobody knows whether KMS did it; what else there is to do is noted. */
static void
log_left(struct call *c, const struct key *k)
{
	if (key_deletion_is_left(c, k->meta.id))
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s may remain in use in %s, without its names: "
		    "destroy it again, or the next call that makes, imports or "
		    "destroys a key does so",
		    c->name, k->meta.id, client_region(c->token->client));
}

static CK_RV
schedule(struct call *c, struct key *k)
{
	enum err e;

	set_deadline(c);
	last_use_note(c, &c->kms, client_region(c->token->client), k->meta.id);
	if ((e = key_deletion_schedule(c, k, &alias_list_none)) != ERR_OK) {
		log_left(c, k);
		return (call_fail(c, e));
	}
	note_days(c, k);
	return (CKR_OK);
}

static CK_RV
take_back_pair(struct call *c, struct key *k)
{
	const struct config_token *config = c->token->config;
	bool recorded;
	enum err e;

	set_deadline(c);
	e = take_back(c, k, &alias_list_none, config->deletion_days,
	    config->destroy == DESTROY_SCHEDULE_DELETION, &recorded);
	if (e == ERR_OK)
		note_days(c, k);
	if (e == ERR_WRONG_MATERIAL)
		return (refuse_filled(c, k));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

bool
destroy_may_be_unfinished(const struct call *c, const struct key *k)
{
	return (c->token->config->destroy != DESTROY_SCHEDULE_DELETION &&
		key_is_imported(k) && key_is_pending_import(k) &&
		(k->meta.material_id[0] != '\0' || replicas_may_exist(c, k)));
}

bool
destroy_may_be_of_empty(struct call *c, const struct key *k)
{
	double end;

	return (k->meta.material_id[0] == '\0' &&
		(k->spec->type == CKK_AES ||
		    (key_trust_is_recorded(c, k) &&
			!known_end_read(c, k->meta.id, "", &end))));
}

/* What failed half-way leaves a key that waits: what remains of it goes. */
static CK_RV
destroy_material(struct call *c, struct key *k)
{
	struct key *now = NULL;
	struct material_deletion done;
	enum err e;
	CK_RV rv;

	e = delete_material(c, k, &done);
	if (e != ERR_OK)
		return (call_fail(c, e));
	if (!done.any && key_is_pending_import(k) &&
	    destroy_may_be_of_empty(c, k))
		return (take_back_pair(c, k));
	if (!done.any && key_is_pending_import(k))
		return (call_error(c, CKR_ACTION_PROHIBITED,
		    "no material of key %s is left to delete: only destroy = "
		    "schedule-deletion in keyferry.conf can destroy it",
		    k->meta.id));
	if (!done.more_may_remain)
		call_note(c,
		    "the material of key %s is deleted; importing the same "
		    "again brings the key back",
		    k->meta.id);
	/* the object is gone for good: the same material makes another */
	if ((e = store_drop(&c->token->store, k->meta.id)) != ERR_OK)
		return (call_fail(c, e));
	rv = listing_describe(c, k->meta.id, &now);
	key_unref(now);
	return (rv);
}

static CK_RV
destroy_key(struct call *c, struct key *k)
{
	if (destroy_may_be_unfinished(c, k))
		return (destroy_material(c, k));
	if (key_is_pending_import(k))
		return (take_back_pair(c, k));
	/* what KMS made cannot be deleted alone, nor brought back by anybody */
	if (key_is_made_by_kms(k) ||
	    c->token->config->destroy == DESTROY_SCHEDULE_DELETION)
		return (schedule(c, k));
	return (destroy_material(c, k));
}

static CK_RV
destroy_companion(struct call *c, const struct key *k)
{
	const struct key *companion = k->companion;
	struct alias_list known = {.names = NULL};
	char alias[KMS_ALIAS_SIZE];
	struct material_deletion done;
	enum err e;

	if (c->token->config->destroy != DESTROY_SCHEDULE_DELETION) {
		e = delete_material(c, companion, &done);
		return (e == ERR_OK ? CKR_OK : call_fail(c, e));
	}
	set_deadline(c);
	name_companion_alias(k->meta.id, alias);
	if ((e = alias_list_add(&known, alias)) == ERR_OK)
		e = key_deletion_schedule(c, companion, &known);
	alias_list_free(&known);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Brings it back. recorded: it was made here. The error that the caller reports
 * stays. */
static void
restore_companion(struct call *c, const struct key *k, bool recorded)
{
	const struct key *companion = k->companion;
	struct error_info error = c->kms.error;
	char alias[KMS_ALIAS_SIZE];
	enum err e;

	call_set_deadline(c, REMOVAL_SECONDS);
	name_companion_alias(k->meta.id, alias);
	e = key_deletion_cancel(c, companion, key_is_usable(companion));
	if (e == ERR_OK)
		e = replica_deletion_cancel(
		    c, companion, key_is_usable(companion));
	if (e == ERR_OK && recorded)
		e = key_trust_record(c, companion, k->meta.id);
	if (e == ERR_OK)
		e = alias_create(c, &c->kms, alias, companion);
	log_line(c->module->log, LOG_ERROR,
	    "%s: key %s stays, and so does key %s beside it%s%s", c->name,
	    k->meta.id, companion->meta.id,
	    e == ERR_OK ? ""
			: ": bring it back with aws kms cancel-key-deletion, "
			  "enable-key and create-alias, alias name ",
	    e == ERR_OK ? "" : alias);
	c->kms.error = error;
}

CK_RV
destroy_both(struct call *c, struct key *k)
{
	bool recorded = k->companion != NULL &&
			key_trust_is_recorded(c, k->companion);
	CK_RV rv;

	unfinished_removals(c);
	call_set_deadline(c, c->token->config->timeout);
	/* the key beside it first: alone, nobody would see it */
	if (k->companion != NULL && (rv = destroy_companion(c, k)) != CKR_OK)
		return (rv);
	rv = destroy_key(c, k);
	if (rv != CKR_OK && k->companion != NULL &&
	    c->token->config->destroy == DESTROY_SCHEDULE_DELETION &&
	    !(key_deletion_may_pass(c->err) &&
		key_deletion_is_left(c, k->meta.id)))
		restore_companion(c, k, recorded);
	return (rv);
}
