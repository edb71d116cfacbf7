#include <string.h>
#include "attr.h"
#include "certs.h"
#include "kms/destroy.h"
#include "cryptoki/keyferry.h"
#include "kms/key-lock.h"
#include "kms/key-state.h"
#include "kms/import-params.h"
#include "kms/rename.h"
#include "kms/renewal-pair.h"
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

/* NSS sets it, and looks for the certificate by other means. */
static CK_RV
set_names_or_subject(struct call *c, struct key *k, struct template t)
{
	if (template_has(t, CKA_SUBJECT))
		call_note(c,
		    "key %s: KMS has no place for CKA_SUBJECT, which stays "
		    "empty",
		    k->meta.id);
	return (template_has(t, CKA_LABEL) || template_has(t, CKA_ID)
		    ? set_names(c, k, t)
		    : CKR_OK);
}

static CK_RV
set_state(struct call *c, struct key *k, struct template t)
{
	/* what is done of both could not be undone */
	if (t.count != 1)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_KEYFERRY_KEY_STATE is set alone"));
	return (key_state_set(c, k, template_view(t, CKA_KEYFERRY_KEY_STATE)));
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
	if (o.is_renewal) {
		rv = call_error(c, CKR_ACTION_PROHIBITED,
		    "a renewal pair is as key %s is: nothing of it can be set",
		    o.key->meta.id);
		goto out;
	}
	if ((rv = attr_check(c, t, target)) == CKR_OK)
		rv = attr_check_change(c, &o, t);
	if (rv == CKR_OK && template_has(t, CKA_KEYFERRY_KEY_STATE))
		rv = set_state(c, o.key, t);
	else if (key_is_pending_deletion(o.key))
		rv = call_error(c, CKR_ACTION_PROHIBITED,
		    "key %s is pending deletion", o.key->meta.id);
	else if (rv == CKR_OK)
		rv = set_names_or_subject(c, o.key, t);
out:
	object_put(&o);
	return (rv);
}

static CK_RV
destroy(struct call *c, struct key *k)
{
	const char *why = object_why_not_destroyable(c, k);

	/* what an earlier destruction could not delete */
	if (why != NULL && destroy_may_be_unfinished(c, k))
		return (destroy_both(c, k));
	if (why != NULL)
		return (call_error(
		    c, CKR_ACTION_PROHIBITED, "key %s: %s", k->meta.id, why));
	return (destroy_both(c, k));
}

/* The key stays as it is. */
static CK_RV
take_view_away(struct call *c, const struct object *o)
{
	enum err e = store_take_view_away(&c->token->store, o->handle);

	if (e != ERR_OK)
		return (call_fail(c, e));
	call_note(c,
	    o->is_renewal
		? "this process no longer shows the public half of the renewal "
		  "pair of key %s: the pair is as it was, and others still see "
		  "it"
		: "this process no longer shows the public half of key %s: it "
		  "is a view of the key, which is as it was, and others still "
		  "see it",
	    o->key->meta.id);
	return (CKR_OK);
}

/* Programs destroy both halves, in either order. */
static CK_RV
destroy_orphan(struct call *c, CK_OBJECT_HANDLE handle)
{
	return (session_is_rw(c->session) &&
			store_drop_orphan(&c->token->store, handle)
		    ? CKR_OK
		    : CKR_OBJECT_HANDLE_INVALID);
}

CK_RV
object_destroy(struct call *c, CK_OBJECT_HANDLE handle)
{
	struct object o;
	CK_RV rv = CKR_OK;

	c->context = RV_DESTROY;
	if (!object_get(c, handle, &o))
		return (destroy_orphan(c, handle));
	if (is_token_certificate(&o))
		rv = certs_destroy(c, &o);
	else if (o.attrs != NULL)
		rv = session_object_destroy(c, &o);
	else if (!session_is_rw(c->session))
		rv = CKR_SESSION_READ_ONLY;
	else if (o.class == CKO_PUBLIC_KEY)
		rv = take_view_away(c, &o);
	else if (o.is_renewal)
		rv = renewal_pair_remove(c, o.key);
	else if ((rv = destroy(c, o.key)) == CKR_OK) {
		(void)import_params_forget(c, o.key, false);
		(void)import_params_forget(c, o.key, true);
	}
	object_put(&o);
	return (rv);
}
