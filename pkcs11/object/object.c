#include <string.h>
#include "kms/delete-material.h"
#include "kms/destroy.h"
#include "kms/explain-import.h"
#include "kms/use-key.h"
#include "object.h"
#include "token/login.h"

bool
object_get(struct call *c, CK_OBJECT_HANDLE handle, struct object *o)
{
	struct attrset *b = object_table_get(&c->token->objects, handle, NULL);

	*o = (struct object){.handle = handle};
	if (b != NULL) {
		o->class = b->class;
		o->attrs = b;
	} else if (!store_get(&c->token->store, handle, o))
		return (false);
	if (!call_hides(c, o))
		return (true);
	object_put(o);
	return (false);
}

void
object_select_key(struct object *o, struct key *k)
{
	key_ref(k);
	key_unref(o->key);
	o->key = k;
}

CK_KEY_TYPE
object_type(const struct object *o)
{
	return (o->attrs != NULL ? o->attrs->type
		: o->is_pair	 ? CKK_RSA
		: o->key != NULL ? o->key->spec->type
				 : CK_UNAVAILABLE_INFORMATION);
}

bool
object_is_key(const struct object *o)
{
	return (object_type(o) != CK_UNAVAILABLE_INFORMATION &&
		o->class != CKO_DOMAIN_PARAMETERS);
}

bool
object_in_kms(const struct object *o)
{
	return (o->key != NULL && o->class != CKO_PUBLIC_KEY);
}

CK_RV
object_check_is_key(struct call *c, const struct object *o)
{
	if (!o->is_pair)
		return (CKR_OK);
	if (!o->is_renewal && explain_expired(c, o->key))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "key %s waits for its material", o->key->meta.id));
}

void
object_refresh_state(struct call *c, const struct object *o)
{
	if (o->key != NULL)
		use_key_failed(c, o->key);
}

/*
 * A key that waits has no material to delete, unless some of it is left. One
 * that never had any can go for good; one that had would take all its
 * ciphertexts with it, which only whoever configured that may want.
 */
const char *
object_why_not_destroyable(struct call *c, const struct key *k)
{
	if (key_is_pending_deletion(k))
		return ("it waits for its deletion already");
	if (key_is_made_by_kms(k))
		return (c->token->config->destroy_generated ==
				DESTROY_GENERATED_REFUSE
			    ? "KMS made its material, and keyferry.conf says "
			      "destroy-generated = refuse"
			    : NULL);
	if (c->token->config->destroy == DESTROY_SCHEDULE_DELETION)
		return (NULL);
	if (!key_is_imported(k))
		return ("its material was not imported: only destroy = "
			"schedule-deletion in "
			"keyferry.conf can destroy it");
	if (key_is_pending_import(k) && !destroy_may_be_of_empty(c, k) &&
	    !delete_material_is_left(c, k))
		return ("it may have had material that ciphertexts need: only "
			"destroy = schedule-deletion in keyferry.conf can "
			"destroy it");
	return (NULL);
}

bool
is_token_certificate(const struct object *o)
{
	return (o->attrs != NULL && o->class == CKO_CERTIFICATE &&
		attrset_bool(o->attrs, CKA_TOKEN, false));
}
