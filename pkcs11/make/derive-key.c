#include "create.h"
#include "derive-key.h"
#include "mech/derive.h"
#include "mech/families.h"
#include "object/modify.h"

/* Only curves of CKK_EC have a cofactor of their own: section 6.3.21. */
static bool
agrees_by(const struct mech *row, CK_KEY_TYPE type)
{
	return (type == CKK_EC ||
		(type == CKK_EC_MONTGOMERY && row->type == CKM_ECDH1_DERIVE));
}

/* PKCS#11 3.2, section 6.62.3: what it derives from may be a data object. */
static bool
is_data_for_hkdf(const struct mech *row, const struct object *o)
{
	return (o->class == CKO_DATA &&
		(row->family == FAMILY_DERIVE_HKDF ||
		    row->family == FAMILY_DERIVE_HKDF_DATA));
}

/* In the order of the standard: handle, type, use. */
static CK_RV
check_base(struct call *c, const struct mech *row, const struct object *o)
{
	bool pair = row->key_type == CKK_EC;
	CK_KEY_TYPE type = object_type(o);
	CK_RV rv;

	if (is_data_for_hkdf(row, o))
		return (CKR_OK);
	if (type == CK_UNAVAILABLE_INFORMATION)
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = object_check_is_key(c, o)) != CKR_OK)
		return (rv);
	if (o->class != (pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY) ||
	    (pair && !agrees_by(row, type)) ||
	    (row->key_type == CKK_AES && type != CKK_AES))
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (!attr_is_true(c, o, CKA_DERIVE))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (!mech_is_allowed(row, o))
		return (CKR_MECHANISM_INVALID);
	return (CKR_OK);
}

/* Those kept here go whatever CKA_DESTROYABLE says: nobody has seen them. */
static void
take_back(struct call *c, const CK_OBJECT_HANDLE *made, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!object_table_remove(&c->token->objects, made[i]))
			(void)object_destroy(c, made[i]);
}

/* All objects appear, or none. */
static CK_RV
make_all(struct call *c, struct derivation *all)
{
	CK_OBJECT_HANDLE made[DERIVED_KEYS_MAX];
	size_t n = 0;
	CK_RV rv = CKR_OK;

	c->context = RV_CREATE;
	for (; n < all->count && rv == CKR_OK; n++) {
		struct derived *d = &all->keys[n];

		if ((rv = builder_finish(&d->builder)) == CKR_OK)
			rv = object_from_template(c,
			    builder_template(&d->builder), &d->provenance,
			    &made[n]);
	}
	if (rv != CKR_OK) {
		take_back(c, made, n - 1);
		/* that one is wrong: PKCS#11 3.2, section 6.42.6 */
		*all->keys[n - 1].handle = CK_INVALID_HANDLE;
		return (rv);
	}
	for (size_t i = 0; i < n; i++)
		*all->keys[i].handle = made[i];
	return (CKR_OK);
}

bool
derive_key_has_handle(CK_MECHANISM_TYPE type)
{
	return (type != CKM_TLS12_KEY_AND_MAC_DERIVE &&
		type != CKM_TLS12_KEY_SAFE_DERIVE);
}

static CK_RV
derive(struct call *c, const struct mech *row, const CK_MECHANISM *m,
    const struct object *base, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct derivation all = {.count = 0};
	CK_RV rv;

	if ((rv = mech_key_ops(row)->derive(c, m, base, t, &all)) == CKR_OK) {
		if (derive_key_has_handle(m->mechanism))
			all.keys[0].handle = handle;
		rv = make_all(c, &all);
	}
	derivation_free(&all);
	return (rv);
}

CK_RV
derive_key(struct call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE base,
    struct template t, CK_OBJECT_HANDLE *handle)
{
	const struct mech *row = mech_find(m->mechanism, CKF_DERIVE);
	struct object o;
	CK_RV rv;

	if (m->pParameter == NULL && m->ulParameterLen != 0)
		return (CKR_ARGUMENTS_BAD);
	if (row == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, base, &o))
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = check_base(c, row, &o)) == CKR_OK &&
	    (rv = derive(c, row, m, &o, t, handle)) != CKR_OK)
		object_refresh_state(c, &o);
	object_put(&o);
	return (rv);
}
