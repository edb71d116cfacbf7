#include "kms/import.h"
#include "kms/rename.h"
#include "mech/mech.h"
#include "wrap-key.h"
#include "read-request.h"
#include "unwrap.h"

/* Names that are taken are refused before the key has its material. */
static CK_RV
check_request(struct call *c, const struct key *k, const struct key_request *r)
{
	CK_RV rv = rename_check(c, k, NAME_LABEL, r->label);

	return (rv == CKR_OK ? rename_check(c, k, NAME_ID, r->id) : rv);
}

static CK_RV
unwrap_into_kms(struct call *c, const CK_MECHANISM *m,
    const struct object *pair, struct view wrapped, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	struct key_request r;
	struct key *k = NULL;
	CK_RV rv;

	if (pair->class != CKO_PRIVATE_KEY)
		return (CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	if ((rv = read_unwrap(c, t, pair->key, &r)) == CKR_OK &&
	    (rv = check_request(c, pair->key, &r)) == CKR_OK &&
	    (rv = import_wrapped(c, &r, pair, m, wrapped, &k)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, k->meta.id, r.spec->class);
	key_unref(k);
	key_request_free(&r);
	return (rv);
}

CK_RV
unwrap_key(struct call *c, const CK_MECHANISM *m, const struct view *associated,
    CK_OBJECT_HANDLE unwrapping_key, struct view wrapped, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	struct object o;
	CK_RV rv;

	c->context = RV_UNWRAP;
	if (mech_find(m->mechanism, CKF_UNWRAP) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, unwrapping_key, &o))
		return (CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	rv = o.is_pair && associated == NULL
		 ? unwrap_into_kms(c, m, &o, wrapped, t, handle)
		 : unwrap_key_locally(c, m, associated, &o, wrapped, t, handle);
	object_put(&o);
	return (rv);
}
