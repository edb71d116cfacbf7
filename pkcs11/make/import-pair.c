#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "generate.h"
#include "kms/given-set.h"
#include "kms/import-params.h"
#include "kms/lookup.h"
#include "kms/provision.h"
#include "kms/renewal-pair.h"
#include "kms/wrapping-algorithm.h"
#include "material.h"
#include "public-half.h"
#include "object/attr.h"
#include "read-request.h"

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
	if ((rv = attr_check(c, private_t, target)) != CKR_OK)
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
read_material_kind(
    struct call *c, struct template private_t, struct key_request *r)
{
	struct template t = template_inner(private_t, CKA_UNWRAP_TEMPLATE);
	CK_RV rv = CKR_OK;

	r->spec = key_spec_find(c->token->config->import);
	if (t.count != 0)
		rv = read_unwrap_template(c, t, &r->spec);
	return (rv == CKR_OK ? choose_usage(c, r, read_usages(t)) : rv);
}

/* A wrapping algorithm that the private template allows. */
static CK_RV
read_algorithm(struct call *c, struct template private_t,
    const struct key_spec *spec, CK_ULONG bits, const char **algorithm)
{
	struct view allowed = template_view(private_t, CKA_ALLOWED_MECHANISMS);

	*algorithm = wrapping_algorithm_choose(c->token->config->wrapping, spec,
	    bits, allowed, client_region(c->token->client));
	if (*algorithm == NULL)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a %s key cannot be wrapped by these mechanisms with "
		    "%lu bits in %s",
		    spec->kms, bits, client_region(c->token->client)));
	return (CKR_OK);
}

/* What the pair is to be wrapped by, with the key that is to have it. */
struct pair {
	struct provision provision; /* the first member: choose() is given it */
	const char *algorithm;
	CK_ULONG bits;
};

/* A key that another machine has filled meanwhile is no pair. */
static CK_RV
choose(struct call *c, struct provision *p)
{
	const struct pair *pair = (const struct pair *)p;
	enum err e;

	if (!key_is_pending_import(p->key))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s has its material already", p->key->meta.id));
	e = import_params_choose(c, p->key, false, pair->algorithm, pair->bits);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
provision_pair(struct call *c, const struct key_request *r,
    const char *algorithm, CK_ULONG bits, struct template public_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct pair pair = {PROVISION_INIT(r), algorithm, bits};
	struct store *store = &c->token->store;
	struct key *k = NULL;
	CK_RV rv = provision_run(c, &pair.provision, choose, &k);

	if (rv != CKR_OK)
		return (rv);
	*private_key = store_handle(store, k->meta.id, CKO_PRIVATE_KEY);
	rv = public_half_make(
	    c, k, public_t, CKM_RSA_PKCS_KEY_PAIR_GEN, public_key);
	key_unref(k);
	return (rv);
}

/* The key that the names mean, as for a create, if it has its material. */
static CK_RV
find_living(struct call *c, const struct key_request *r, struct key **out)
{
	bool by_id = r->id.len != 0;
	struct view name = by_id ? r->id : r->label;
	CK_RV rv = CKR_OK;

	*out = NULL;
	if (name.len != 0)
		rv = find_named(c, by_id ? CKA_ID : CKA_LABEL, name, out);
	if (*out != NULL && !renewal_pair_may_be(*out)) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}

/* Its material is of the kind that it has. */
static CK_RV
renew(struct call *c, struct key *k, struct template private_t, CK_ULONG bits,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct template t = template_inner(private_t, CKA_UNWRAP_TEMPLATE);
	const struct key_spec *spec = k->spec;
	struct store *store = &c->token->store;
	const char *algorithm = NULL;
	CK_RV rv = CKR_OK;

	if (spec == NULL || spec->wrapping == NULL)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "material for key %s cannot be wrapped", k->meta.id));
	if (t.count != 0)
		rv = read_unwrap_template(c, t, &spec);
	if (rv == CKR_OK && spec != k->spec)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s takes %s material", k->meta.id, k->spec->kms);
	if (rv == CKR_OK &&
	    (rv = read_algorithm(c, private_t, spec, bits, &algorithm)) ==
		CKR_OK &&
	    (rv = renewal_pair_make(c, k, algorithm, bits)) == CKR_OK) {
		*public_key = store_renewal_handle(
		    store, k->meta.id, CKO_PUBLIC_KEY);
		*private_key = store_renewal_handle(
		    store, k->meta.id, CKO_PRIVATE_KEY);
	}
	return (rv);
}

/* A new key with its pair, or the pair of one that waits. */
static CK_RV
make_pair(struct call *c, struct key_request *r, struct template public_t,
    struct template private_t, CK_ULONG bits, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	const char *algorithm = NULL;
	CK_RV rv;

	if ((rv = read_material_kind(c, private_t, r)) == CKR_OK &&
	    (rv = read_new_key(c, private_t, r)) == CKR_OK &&
	    (rv = import_params_check_type(c, r->spec)) == CKR_OK &&
	    (rv = read_algorithm(c, private_t, r->spec, bits, &algorithm)) ==
		CKR_OK)
		rv = provision_pair(
		    c, r, algorithm, bits, public_t, public_key, private_key);
	return (rv);
}

/* What the private template says of the material is checked before KMS is
 * asked; without a word of it, the key that the names mean tells. */
static CK_RV
check_material(struct call *c, struct template private_t, CK_ULONG bits)
{
	struct template t = template_inner(private_t, CKA_UNWRAP_TEMPLATE);
	const struct key_spec *spec = NULL;
	const char *algorithm;
	CK_RV rv;

	if (t.count == 0)
		return (CKR_OK);
	rv = read_unwrap_template(c, t, &spec);
	return (rv == CKR_OK
		    ? read_algorithm(c, private_t, spec, bits, &algorithm)
		    : rv);
}

CK_RV
import_pair_make(struct call *c, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	struct key_request r = {.class = CKO_PRIVATE_KEY};
	struct key *living = NULL;
	CK_ULONG bits;
	CK_RV rv;

	if ((rv = check_pair(c, public_t, private_t)) == CKR_OK &&
	    (rv = check_bits(c, public_t, &bits)) == CKR_OK &&
	    (rv = read_names(c, public_t, private_t, &r)) == CKR_OK &&
	    (rv = check_material(c, private_t, bits)) == CKR_OK &&
	    (rv = find_living(c, &r, &living)) == CKR_OK)
		rv = living != NULL ? renew(c, living, private_t, bits,
					  public_key, private_key)
				    : make_pair(c, &r, public_t, private_t,
					  bits, public_key, private_key);
	key_unref(living);
	return (rv);
}

/* The set tells all else, its names too. */
static CK_RV
check_is_set(struct call *c, struct template t)
{
	static const CK_ATTRIBUTE_TYPE known[] = {CKA_CLASS, CKA_KEY_TYPE,
	    CKA_TOKEN, CKA_PRIVATE, CKA_KEYFERRY_IMPORT_SET};
	bool is_known = true;

	for (CK_ULONG i = 0; i < t.count && is_known; i++) {
		is_known = false;
		for (size_t j = 0; j < sizeof(known) / sizeof(*known); j++)
			is_known |= t.rows[i].type == known[j];
		if (!is_known)
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "%s beside CKA_KEYFERRY_IMPORT_SET: the set tells "
			    "what the pair is",
			    attribute_name(t.rows[i].type).text));
	}
	return (CKR_OK);
}

CK_RV
import_pair_take(struct call *c, struct template t, CK_OBJECT_HANDLE *private)
{
	const struct attr_target target = {
	    CKO_PRIVATE_KEY, CKK_RSA, ATTR_CREATE, true};
	CK_RV rv;

	if ((rv = attr_check(c, t, target)) != CKR_OK ||
	    (rv = read_place(c, t)) != CKR_OK ||
	    (rv = check_is_set(c, t)) != CKR_OK)
		return (rv);
	if (template_ulong(t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION) !=
	    CKK_RSA)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "CKA_KEY_TYPE is missing, or not CKK_RSA"));
	call_set_deadline(c, c->token->config->import_timeout);
	return (given_set_take(
	    c, template_view(t, CKA_KEYFERRY_IMPORT_SET), private));
}
