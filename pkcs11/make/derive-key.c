#include "create.h"
#include "derive-key.h"
#include "kms/import.h"
#include "mech/derive.h"
#include "mech/families.h"

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
	bool public = row->family == FAMILY_DERIVE_PUBLIC;
	bool pair = row->key_type == CKK_EC || row->key_type == CKK_DH ||
		    public;
	CK_KEY_TYPE type = object_type(o);
	CK_RV rv;

	if (is_data_for_hkdf(row, o))
		return (CKR_OK);
	if (!object_is_key(o))
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = object_check_is_key(c, o)) != CKR_OK)
		return (rv);
	if (o->class != (pair ? CKO_PRIVATE_KEY : CKO_SECRET_KEY) ||
	    (pair && !public && !mech_agrees_by(row, type)) ||
	    (row->key_type == CKK_AES && type != CKK_AES))
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (!attr_is_true(c, o, CKA_DERIVE))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (!mech_is_allowed(row, o))
		return (CKR_MECHANISM_INVALID);
	return (CKR_OK);
}

struct made {
	CK_OBJECT_HANDLE handle; /* CK_INVALID_HANDLE: not made */
	struct key *key; /* the one in KMS that was not there before, held */
};

static CK_RV
make_one(struct call *c, struct derived *d, struct made *m)
{
	CK_RV rv;

	if ((rv = builder_finish(&d->builder)) == CKR_OK)
		rv = object_from_template(c, builder_template(&d->builder),
		    &d->provenance, &m->handle, &m->key);
	/* that one is wrong: PKCS#11 3.2, section 6.42.6 */
	if (rv != CKR_OK)
		*d->handle = CK_INVALID_HANDLE;
	return (rv);
}

static bool
is_for_token(const struct derived *d)
{
	return (template_bool(builder_template(&d->builder), CKA_TOKEN, false));
}

/* Those that are kept here are made before those in KMS, which is what fails
 * and what is hard to undo. */
static CK_RV
make_where(
    struct call *c, struct derivation *all, bool token, struct made *made)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < all->count && rv == CKR_OK; i++)
		if (is_for_token(&all->keys[i]) == token)
			rv = make_one(c, &all->keys[i], &made[i]);
	return (rv);
}

/* Nobody has seen them: they go whatever CKA_DESTROYABLE says, and `destroy` of
 * keyferry.conf. A key that KMS had before stays. */
static void
take_back(struct call *c, const struct made *made, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (made[i].key != NULL)
			import_take_back(c, made[i].key);
		else if (made[i].handle != CK_INVALID_HANDLE)
			(void)object_table_remove(
			    &c->token->objects, made[i].handle);
	}
}

/* All objects appear, or none. */
static CK_RV
make_all(struct call *c, struct derivation *all)
{
	struct made made[DERIVED_KEYS_MAX] = {{.key = NULL}};
	CK_RV rv;

	c->context = RV_CREATE;
	if ((rv = make_where(c, all, false, made)) == CKR_OK)
		rv = make_where(c, all, true, made);
	if (rv != CKR_OK)
		take_back(c, made, all->count);
	for (size_t i = 0; i < all->count; i++) {
		if (rv == CKR_OK)
			*all->keys[i].handle = made[i].handle;
		key_unref(made[i].key);
	}
	if (rv == CKR_OK)
		derivation_show(all);
	return (rv);
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

	if (row == NULL || mech_flags_here(c, row) == 0)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, base, &o))
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = check_base(c, row, &o)) == CKR_OK &&
	    (rv = derive(c, row, m, &o, t, handle)) != CKR_OK)
		object_refresh_state(c, &o);
	object_put(&o);
	return (rv);
}
