#include "create.h"
#include "cryptoki/keyferry.h"
#include "generate.h"
#include "kms/import.h"
#include "object/certs.h"
#include "object/session-object.h"
#include "public-half.h"
#include "read-request.h"

static CK_RV
import_key(struct call *c, const struct key_request *r,
    CK_OBJECT_HANDLE *handle, struct key **made)
{
	struct key *k = NULL;
	bool is_new;
	CK_RV rv = import_by_value(c, r, &k, &is_new);

	if (rv == CKR_OK)
		*handle = store_handle(
		    &c->token->store, k->meta.id, r->spec->class);
	if (rv == CKR_OK && is_new && made != NULL)
		*made = key_ref(k);
	key_unref(k);
	return (rv);
}

static CK_RV
make_in_kms(struct call *c, struct template t, CK_OBJECT_HANDLE *handle,
    struct key **made)
{
	struct key_request r;
	CK_RV rv = read_create(c, t, &r);

	if (rv == CKR_OK)
		rv = r.class == CKO_PUBLIC_KEY
			 ? public_half_find(c, t, handle)
			 : import_key(c, &r, handle, made);
	key_request_free(&r);
	return (rv);
}

CK_RV
object_from_template(struct call *c, struct template t,
    const struct provenance *provenance, CK_OBJECT_HANDLE *handle,
    struct key **made)
{
	if (made != NULL)
		*made = NULL;
	if (template_bool(t, CKA_TOKEN, false))
		return (make_in_kms(c, t, handle, made));
	return (session_object_make(c, t, provenance, handle));
}

CK_RV
object_create(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	CK_ULONG class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);

	c->context = RV_CREATE;
	if (class == CK_UNAVAILABLE_INFORMATION && template_has(t, CKA_CLASS))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_CLASS has a value of the wrong size"));
	if (class == CKO_CERTIFICATE)
		return (certs_create(c, t, handle));
	if (class == CKO_PROFILE)
		return (call_error(
		    c, CKR_ATTRIBUTE_READ_ONLY, "profiles cannot be created"));
	if (class == CKO_PRIVATE_KEY &&
	    template_has(t, CKA_KEYFERRY_IMPORT_SET))
		return (import_pair_take(c, t, handle));
	return (object_from_template(c, t, NULL, handle, NULL));
}
