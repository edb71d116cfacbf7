#include <string.h>
#include "attr.h"
#include "certs.h"
#include "kms/alias.h"
#include "kms/key-lock.h"
#include "kms/key-names.h"
#include "kms/listing.h"
#include "kms/import-params.h"
#include "kms/rename.h"
#include "modify.h"
#include "session-object.h"

/* A template is done as a whole or not at all. */
static CK_RV
set_names(struct call *c, struct key *k, struct template t)
{
	struct view label = template_view(t, CKA_LABEL);
	struct view id = template_view(t, CKA_ID);
	struct rename r = RENAME_INIT;
	int lock = -1;
	enum err e;
	CK_RV rv;

	call_set_deadline(
	    c, c->token->config->timeout + c->token->config->settle);
	if ((e = key_lock(c, k->meta.id, &lock)) != ERR_OK)
		return (call_fail(c, e));
	rv = rename_begin(c, &r, k, template_has(t, CKA_LABEL) ? &label : NULL,
	    template_has(t, CKA_ID) ? &id : NULL);
	if (rv == CKR_OK)
		rv = rename_end(c, &r, CKR_OK);
	key_unlock(c, k->meta.id, lock);
	return (rv);
}

CK_RV
object_set(struct call *c, CK_OBJECT_HANDLE handle, struct template t)
{
	struct attr_target target = {.purpose = ATTR_SET};
	struct object o;
	CK_RV rv;

	c->context = RV_CREATE;
	if (!object_get(c, handle, &o))
		return (CKR_OBJECT_HANDLE_INVALID);
	target.class = o.class;
	target.type = object_type(&o);
	target.token = o.key != NULL;
	if (o.attrs != NULL) {
		rv = is_token_certificate(&o) ? certs_set(c, &o, t)
					      : session_object_set(c, &o, t);
		goto out;
	}
	if (!session_is_rw(c->session)) {
		rv = CKR_SESSION_READ_ONLY;
		goto out;
	}
	if (key_is_pending_deletion(o.key))
		rv = call_error(c, CKR_ACTION_PROHIBITED,
		    "key %s is pending deletion", o.key->meta.id);
	else if ((rv = attr_check(c, t, target)) == CKR_OK)
		rv = set_names(c, o.key, t);
out:
	object_put(&o);
	return (rv);
}

/* The names of a key that goes are free for the next. */
static CK_RV
schedule_deletion(struct call *c, struct key *k)
{
	struct alias_list names = {.names = NULL};
	enum err e;

	call_set_deadline(
	    c, c->token->config->timeout + c->token->config->settle);
	if ((e = alias_list_read(c, &c->kms, k, &names)) == ERR_OK)
		e = kms_schedule_key_deletion(
		    &c->kms, k->meta.id, (int)c->token->config->deletion_days);
	if (e == ERR_OK)
		e = alias_delete_all(c, &c->kms, &names, k->meta.id);
	if (e == ERR_OK)
		e = key_names_leave_markers(c, &c->kms, &names, k->meta.id);
	if (e == ERR_OK) {
		call_note(c,
		    "key %s is deleted in %ld days; until then "
		    "aws kms cancel-key-deletion brings it back",
		    k->meta.id, c->token->config->deletion_days);
		e = store_drop(&c->token->store, k->meta.id);
	}
	alias_list_free(&names);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
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

static CK_RV
destroy(struct call *c, struct key *k)
{
	const char *why = object_why_not_destroyable(c, k);

	if (why != NULL)
		return (call_error(
		    c, CKR_ACTION_PROHIBITED, "key %s: %s", k->meta.id, why));
	if (c->token->config->destroy == DESTROY_SCHEDULE_DELETION ||
	    key_is_pending_import(k))
		return (schedule_deletion(c, k));
	return (delete_material(c, k));
}

/* The key beside it first: alone, nobody would see it. */
static CK_RV
destroy_companion(struct call *c, const struct key *k)
{
	const char *id = k->companion->meta.id;
	char alias[KMS_ALIAS_SIZE];
	enum err e;

	if (c->token->config->destroy != DESTROY_SCHEDULE_DELETION) {
		e = kms_delete_imported_key_material(&c->kms, id);
		return (e == ERR_OK ? CKR_OK : call_fail(c, e));
	}
	name_companion_alias(k->meta.id, alias);
	call_set_deadline(
	    c, c->token->config->timeout + c->token->config->settle);
	e = kms_schedule_key_deletion(
	    &c->kms, id, (int)c->token->config->deletion_days);
	if (e == ERR_OK)
		e = alias_delete(c, &c->kms, alias, id);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
object_destroy(struct call *c, CK_OBJECT_HANDLE handle)
{
	struct object o;
	CK_RV rv = CKR_OK;

	c->context = RV_CREATE;
	if (!object_get(c, handle, &o))
		return (CKR_OBJECT_HANDLE_INVALID);
	if (is_token_certificate(&o))
		rv = certs_destroy(c, &o);
	else if (o.attrs != NULL)
		rv = session_object_destroy(c, &o);
	else if (!session_is_rw(c->session))
		rv = CKR_SESSION_READ_ONLY;
	else if ((o.key->companion == NULL ||
		     (rv = destroy_companion(c, o.key)) == CKR_OK) &&
		 (rv = destroy(c, o.key)) == CKR_OK)
		(void)import_params_forget(c, o.key);
	object_put(&o);
	return (rv);
}
