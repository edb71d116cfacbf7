#include "destroy.h"
#include "key-deletion.h"
#include "keydata/names.h"
#include "listing.h"
#include "settle.h"
#include "take-back.h"
#include "unfinished.h"

static const struct alias_list none = {.names = NULL};

static CK_RV
refuse_filled(struct call *c, struct key *k)
{
	struct key *now = NULL;

	/* the object is what it has become */
	(void)listing_describe(c, k->meta.id, &now);
	key_unref(now);
	c->err = ERR_OK;
	return (call_error(c, CKR_ACTION_PROHIBITED,
	    "key %s has got its material meanwhile and is in use: nothing is "
	    "deleted",
	    k->meta.id));
}

static void
note_days(struct call *c, const struct key *k)
{
	call_note(c,
	    "key %s is deleted in %ld days; until then aws kms "
	    "cancel-key-deletion brings it back",
	    k->meta.id, c->token->config->deletion_days);
}

static void
set_deadline(struct call *c)
{
	/* names are looked at before and after */
	call_set_deadline(c, c->token->config->timeout +
				 SETTLED_LOOKS * c->token->config->settle);
}

static CK_RV
schedule(struct call *c, struct key *k)
{
	enum err e;

	set_deadline(c);
	if ((e = key_deletion_schedule(c, k, &none)) != ERR_OK)
		return (call_fail(c, e));
	note_days(c, k);
	return (CKR_OK);
}

/* A key that lost its material is bound to it, and KMS refuses any other, too:
 * where the whole key is to go, it goes. */
static CK_RV
take_back_pair(struct call *c, struct key *k)
{
	struct key *now = NULL;
	bool recorded, emptied;
	enum err e;
	CK_RV rv;

	set_deadline(c);
	e = take_back(c, k, &none, c->token->config->deletion_days, &recorded);
	if (e == ERR_OK)
		note_days(c, k);
	if (e != ERR_WRONG_MATERIAL)
		return (e == ERR_OK ? CKR_OK : call_fail(c, e));
	if (c->token->config->destroy != DESTROY_SCHEDULE_DELETION)
		return (refuse_filled(c, k));
	if ((rv = listing_describe(c, k->meta.id, &now)) != CKR_OK)
		return (rv);
	emptied = now != NULL && key_is_pending_import(now);
	key_unref(now);
	return (emptied ? schedule(c, k) : refuse_filled(c, k));
}

static CK_RV
delete_material(struct call *c, struct key *k)
{
	struct key *now = NULL;
	enum err e;
	CK_RV rv;

	e = kms_delete_imported_key_material(&c->kms, k->meta.id);
	if (e != ERR_OK)
		return (call_fail(c, e));
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

CK_RV
destroy_key(struct call *c, struct key *k)
{
	unfinished_removals(c);
	if (key_is_pending_import(k) && k->meta.material_id[0] == '\0')
		return (take_back_pair(c, k));
	if (c->token->config->destroy == DESTROY_SCHEDULE_DELETION ||
	    key_is_pending_import(k))
		return (schedule(c, k));
	return (delete_material(c, k));
}

CK_RV
destroy_companion(struct call *c, const struct key *k)
{
	const struct key *companion = k->companion;
	struct alias_list known = {.names = NULL};
	char alias[KMS_ALIAS_SIZE];
	enum err e;

	if (c->token->config->destroy != DESTROY_SCHEDULE_DELETION) {
		e = kms_delete_imported_key_material(
		    &c->kms, companion->meta.id);
		return (e == ERR_OK ? CKR_OK : call_fail(c, e));
	}
	set_deadline(c);
	name_companion_alias(k->meta.id, alias);
	if ((e = alias_list_add(&known, alias)) == ERR_OK)
		e = key_deletion_schedule(c, companion, &known);
	alias_list_free(&known);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
