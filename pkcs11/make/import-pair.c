#include "kms/lookup.h"
#include "kms/import.h"
#include "material.h"
#include "mech/mech.h"
#include "kms/import-params.h"
#include "key-request.h"
#include "kms/import-wrap.h"

/* C_GenerateKeyPair of an import pair: a key in KMS that waits for material. */

static CK_RV
check_pair(struct call *c, struct template public_t, struct template private_t)
{
	struct attr_target target = {
	    CKO_PUBLIC_KEY, CKK_RSA, ATTR_GENERATE, true};
	CK_RV rv;

	if ((rv = attr_check(c, public_t, target)) != CKR_OK)
		return (rv);
	target.class = CKO_PRIVATE_KEY;
	if ((rv = attr_check(c, private_t, target)) != CKR_OK ||
	    (rv = key_request_place(c, private_t)) != CKR_OK)
		return (rv);
	if (template_ulong(private_t, CKA_KEY_TYPE, CKK_RSA) != CKK_RSA ||
	    template_ulong(public_t, CKA_KEY_TYPE, CKK_RSA) != CKK_RSA)
		return (CKR_TEMPLATE_INCONSISTENT);
	return (CKR_OK);
}

static CK_RV
check_bits(struct call *c, struct template public_t, CK_ULONG *bits)
{
	*bits = template_ulong(public_t, CKA_MODULUS_BITS, 0);
	if (!template_has(public_t, CKA_MODULUS_BITS))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_MODULUS_BITS is missing"));
	if (*bits != 2048 && *bits != 3072 && *bits != 4096)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS's wrapping keys have 2048, 3072 or 4096 bits"));
	return (CKR_OK);
}

/* What will be imported: CKA_UNWRAP_TEMPLATE says it, else the configuration
 * does. */
static CK_RV
read_coming(struct call *c, struct template private_t, struct provision *f)
{
	struct template t = template_inner(private_t, CKA_UNWRAP_TEMPLATE);
	CK_RV rv;

	f->spec = spec_find(c->token->config->import);
	if (t.count != 0 && (rv = material_spec(c, t, &f->spec)) != CKR_OK)
		return (rv);
	f->accepted_usages = key_request_uses(t);
	return (key_request_use(c, f->spec, f->accepted_usages, &f->usage));
}

/* A wrapping algorithm that the private template allows. */
static CK_RV
read_algorithm(struct call *c, struct template private_t,
    const struct spec *spec, CK_ULONG bits, const char **algorithm)
{
	struct view allowed = template_view(private_t, CKA_ALLOWED_MECHANISMS);

	*algorithm = import_wrap_choose(
	    c->token->config->wrapping, spec, bits, allowed);
	if (*algorithm == NULL)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a %s key cannot be wrapped by these mechanisms with "
		    "%lu bits",
		    spec->kms, bits));
	return (CKR_OK);
}

CK_RV
import_pair_make(struct call *c, const CK_MECHANISM *m,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct provision f = PROVISION_INIT;
	const char *algorithm = NULL;
	CK_ULONG bits;
	CK_RV rv;
	enum err e;

	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	if ((rv = check_pair(c, public_t, private_t)) != CKR_OK ||
	    (rv = check_bits(c, public_t, &bits)) != CKR_OK ||
	    (rv = key_request_name(
		 c, public_t, private_t, CKA_LABEL, &f.label)) != CKR_OK ||
	    (rv = key_request_name(c, public_t, private_t, CKA_ID, &f.id)) !=
		CKR_OK ||
	    (rv = read_coming(c, private_t, &f)) != CKR_OK ||
	    (rv = read_algorithm(c, private_t, f.spec, bits, &algorithm)) !=
		CKR_OK)
		return (rv);
	if ((rv = provision_open(c, &f)) != CKR_OK)
		return (provision_close(c, &f, rv));
	if (!key_is_pending_import(f.key))
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s has its material already", f.key->meta.id);
	else if ((e = import_params_choose(c, f.key, algorithm, bits)) !=
		 ERR_OK)
		rv = call_fail(c, e);
	if (rv == CKR_OK) {
		*public_key = store_handle(
		    &c->token->store, f.key->meta.id, CKO_PUBLIC_KEY);
		*private_key = store_handle(
		    &c->token->store, f.key->meta.id, CKO_PRIVATE_KEY);
	}
	return (provision_close(c, &f, rv));
}
