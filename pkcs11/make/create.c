#include <string.h>
#include "create.h"
#include "object/certs.h"
#include "kms/lookup.h"
#include "kms/import.h"
#include "kms/listing.h"
#include "object/session-object.h"
#include "material.h"
#include "mech/mech.h"
#include "kms/import-params.h"
#include "kms/rename.h"
#include "key-request.h"
#include "kms/import-wrap.h"
#include "wrap-key.h"

/* C_CreateObject and C_UnwrapKey: from a template to a key in KMS. */

/* A key found by its id may be given another label with the new material. */
static CK_RV
rename_to(struct call *c, const struct provision *f)
{
	CK_RV rv = CKR_OK;

	if (f->label.len != 0)
		rv = rename_key(c, f->key, NAME_LABEL, f->label);
	if (rv == CKR_OK && f->id.len != 0 && f->lock == -1)
		rv = rename_key(c, f->key, NAME_ID, f->id);
	return (rv);
}

static CK_RV
read_target(struct call *c, struct template t, struct attr_target *target)
{
	target->class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	target->type = template_ulong(
	    t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	if (!template_has(t, CKA_CLASS))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_CLASS is missing"));
	if (target->class != CKO_SECRET_KEY &&
	    target->class != CKO_PRIVATE_KEY && target->class != CKO_PUBLIC_KEY)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "objects of class 0x%lx cannot be made in KMS",
		    target->class));
	if (!template_has(t, CKA_KEY_TYPE))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_KEY_TYPE is missing"));
	return (CKR_OK);
}

/*
 * Two usages are two keys of KMS, which material of one's own makes possible.
 * The second comes first: the object is there when the first has its material.
 * *made is the second, held, if this call made it.
 */
static CK_RV
import_companion(struct call *c, const struct provision *f,
    enum key_usage usage, struct view material, struct key **made)
{
	struct provision g = {.spec = f->spec,
	    .usage = usage,
	    .accepted_usages = usage,
	    .companion_of = f->key->meta.id,
	    .valid_to = f->valid_to,
	    .lock = -1};
	bool fresh;
	CK_RV rv;

	rv = provision_open(c, &g);
	fresh = g.made;
	if (rv == CKR_OK)
		rv = import_material(c, &g, material);
	if (rv == CKR_OK && fresh)
		*made = key_ref(g.key);
	return (provision_close(c, &g, rv));
}

/* The usage that is to be beside that of the key, or 0. */
static enum key_usage
second_use(struct call *c, const struct provision *f)
{
	unsigned usages = f->accepted_usages & f->spec->usages &
			  ~(unsigned)f->key->usage;

	if (f->key->companion != NULL)
		return (f->key->companion->usage);
	if (f->spec->class != CKO_PRIVATE_KEY ||
	    strcmp(c->token->config->two_usages, "both") != 0)
		return (0);
	return ((enum key_usage)(usages & (~usages + 1)));
}

/* The key as it is with the one beside it. */
static CK_RV
bring(struct call *c, struct provision *f, struct view material)
{
	struct key *companion = NULL;
	enum key_usage usage = second_use(c, f);
	bool made = f->made;
	CK_RV rv = CKR_OK;

	if (usage != 0)
		rv = import_companion(c, f, usage, material, &companion);
	if (rv == CKR_OK)
		rv = import_material(c, f, material);
	if (rv != CKR_OK && companion != NULL && made)
		provision_drop_also(c, companion, f->key->meta.id);
	key_unref(companion);
	return (rv);
}

static CK_RV
import_key(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct provision f = PROVISION_INIT;
	struct material m = MATERIAL_INIT;
	CK_RV rv;

	if ((rv = material_read(c, t, &m)) != CKR_OK)
		goto out;
	f.spec = m.spec;
	if ((rv = key_request_read(c, t, &f)) != CKR_OK)
		goto out;
	if ((rv = provision_open(c, &f)) == CKR_OK &&
	    (rv = bring(c, &f, m.bytes)) == CKR_OK &&
	    (rv = rename_to(c, &f)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, f.key->meta.id, f.spec->class);
	rv = provision_close(c, &f, rv);
out:
	material_free(&m);
	return (rv);
}

/* clang-format off */
/* What makes two public keys the same. */
static const CK_ATTRIBUTE_TYPE public_parts[] = {
	CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT, CKA_VALUE };
/* clang-format on */
#define PUBLIC_PARTS (sizeof(public_parts) / sizeof(public_parts[0]))

static CK_RV
match_public(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct snapshot *s = store_snapshot(&c->token->store);
	CK_RV rv = CKR_ATTRIBUTE_VALUE_INVALID;

	for (size_t i = 0; i < s->count && rv != CKR_OK; i++) {
		const struct object *o = &s->objects[i];

		if (o->class != CKO_PUBLIC_KEY ||
		    key_is_pending_import(o->key) || !attr_match(c, o, t))
			continue;
		*handle = o->handle;
		rv = CKR_OK;
	}
	snapshot_unref(s);
	return (rv);
}

/*
 * The public half of a key in KMS is there with its private half. One that a
 * program writes beside it is the object that is already there.
 */
static CK_RV
find_public(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	CK_ATTRIBUTE rows[1 + PUBLIC_PARTS];
	struct template parts = {rows, 0};
	const CK_ATTRIBUTE *a = template_find(t, CKA_KEY_TYPE);
	struct key *k = NULL;
	CK_RV rv;

	if ((rv = key_request_place(c, t)) != CKR_OK)
		return (rv);
	rows[parts.count++] = *a;
	for (size_t i = 0; i < PUBLIC_PARTS; i++)
		if ((a = template_find(t, public_parts[i])) != NULL)
			rows[parts.count++] = *a;
	if (parts.count < 3)
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "the public key is not whole"));
	/* by its name it costs one DescribeKey, else a listing */
	if (template_view(t, CKA_ID).len != 0)
		rv = find_named(c, CKA_ID, template_view(t, CKA_ID), &k);
	else if (template_view(t, CKA_LABEL).len != 0)
		rv = find_named(c, CKA_LABEL, template_view(t, CKA_LABEL), &k);
	if (rv == CKR_OK && k == NULL)
		rv = listing_refresh(c);
	key_unref(k);
	if (rv == CKR_OK && match_public(c, parts, handle) != CKR_OK)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "this public key is that of no key in KMS: the private "
		    "half comes first");
	return (rv);
}

static CK_RV
make_in_kms(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct attr_target target = {.purpose = ATTR_CREATE, .token = true};
	CK_RV rv;

	if ((rv = read_target(c, t, &target)) != CKR_OK ||
	    (rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	if (target.class == CKO_PUBLIC_KEY)
		return (find_public(c, t, handle));
	return (import_key(c, t, handle));
}

CK_RV
object_make(struct call *c, struct template t, const struct provenance *origin,
    CK_OBJECT_HANDLE *handle)
{
	if (!template_bool(t, CKA_TOKEN, false))
		return (session_object_make(c, t, origin, handle));
	return (make_in_kms(c, t, handle));
}

CK_RV
object_create(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	CK_ULONG class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);

	c->context = RV_CREATE;
	if (class == CKO_CERTIFICATE)
		return (certs_create(c, t, handle));
	if (class == CKO_PROFILE)
		return (call_error(c, CKR_ATTRIBUTE_READ_ONLY,
		    "profiles are the token's to tell"));
	return (object_make(c, t, NULL, handle));
}

static bool
length_fits(const struct spec *s, struct template t)
{
	CK_ULONG len = template_ulong(t, CKA_VALUE_LEN, 0);

	/* pkcs11-tool says 0 for a length that it was not told */
	return (len == 0 || (len >= s->least && len <= s->most));
}

static CK_RV
read_unwrap(struct call *c, struct template t, struct provision *f)
{
	struct attr_target target = {.purpose = ATTR_UNWRAP, .token = true};
	const struct spec *spec = f->key->spec;
	CK_KEY_TYPE type;
	CK_RV rv;

	if ((rv = read_target(c, t, &target)) != CKR_OK)
		return (rv);
	f->spec = spec;
	type = target.type;
	if (spec->type == CKK_GENERIC_SECRET && spec->digest != NULL &&
	    material_is_hmac(type, spec->bits))
		type = CKK_GENERIC_SECRET;
	if (target.class != spec->class || type != spec->type ||
	    !length_fits(spec, t))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "key %s takes %s material", f->key->meta.id, spec->kms));
	if ((rv = attr_check(c, t, target)) != CKR_OK ||
	    (rv = key_request_read(c, t, f)) != CKR_OK)
		return (rv);
	if (f->accepted_usages != 0 &&
	    (f->accepted_usages & f->key->usage) == 0)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "key %s was made for %s", f->key->meta.id,
		    f->key->meta.usage));
	if ((rv = rename_check(c, f->key, NAME_LABEL, f->label)) != CKR_OK)
		return (rv);
	return (rename_check(c, f->key, NAME_ID, f->id));
}

CK_RV
object_unwrap(struct call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    struct view wrapped, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct provision f = PROVISION_INIT;
	struct object o;
	CK_RV rv;

	c->context = RV_UNWRAP;
	if (mech_find(m->mechanism, CKF_UNWRAP) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, with, &o))
		return (CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	if (o.key == NULL || !key_is_pending_import(o.key)) {
		rv = unwrap_key(c, m, &o, wrapped, t, handle);
		object_put(&o);
		return (rv);
	}
	f.key = key_ref(o.key);
	rv = o.class == CKO_PRIVATE_KEY ? read_unwrap(c, t, &f)
					: CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	object_put(&o);
	if (rv == CKR_OK &&
	    (rv = import_wrapped(c, &f, m, wrapped)) == CKR_OK &&
	    (rv = rename_to(c, &f)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, f.key->meta.id, f.spec->class);
	return (provision_close(c, &f, rv));
}
