#include "keydata/curve.h"
#include "keydata/number.h"
#include "kms/list-keys.h"
#include "kms/listing.h"
#include "kms/lookup.h"
#include "cryptoki/constants.h"
#include "object/attr.h"
#include "object/ffc-attrs.h"
#include "object/session-object.h"
#include "object/template-builder.h"
#include "public-half.h"

/* clang-format off */
/* What makes two public keys the same. */
static const CK_ATTRIBUTE_TYPE public_parts[] = {
	CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT, CKA_VALUE,
	CKA_PARAMETER_SET };
/* clang-format on */
#define PART_MAX 2592 /* bytes of one of them: ML-DSA-87's CKA_VALUE */
#define PUBLIC_PARTS (sizeof(public_parts) / sizeof(public_parts[0]))

static CK_RV
give_back(struct call *c, const struct key *k, CK_OBJECT_HANDLE *handle)
{
	enum err e = store_give_view_back(&c->token->store, k->meta.id, handle);

	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Programs write numbers that begin with zeros, and points in all forms. */
static bool
is_same_part(
    const struct curve *curve, const CK_ATTRIBUTE *given, struct view v)
{
	struct view g = VIEW(given->pValue, given->ulValueLen);

	switch (given->type) {
	case CKA_MODULUS:
	case CKA_PUBLIC_EXPONENT:
		return (view_equal(number_trim(g), number_trim(v)));
	case CKA_EC_PARAMS:
		return (curve != NULL && curve_find(curve->type, v) == curve);
	case CKA_EC_POINT:
		return (curve != NULL &&
			curve_read_point(curve, g, POINT_ANY, &g) &&
			curve_read_point(curve, v, POINT_ANY, &v) &&
			curve_same_point(curve, v, g));
	}
	return (view_equal(g, v));
}

static bool
is_half(struct call *c, const struct object *o, struct template t)
{
	CK_KEY_TYPE type = template_ulong(
	    t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	const struct curve *curve = curve_find(
	    type, template_view(t, CKA_EC_PARAMS));
	CK_BYTE part[PART_MAX];
	CK_ATTRIBUTE a;

	if (o->class != CKO_PUBLIC_KEY || o->is_pair || object_type(o) != type)
		return (false);
	for (CK_ULONG i = 0; i < t.count; i++) {
		a = (CK_ATTRIBUTE){t.rows[i].type, part, sizeof(part)};
		if (attr_fill(c, o, &a, 1) != CKR_OK ||
		    !is_same_part(curve, &t.rows[i], VIEW(part, a.ulValueLen)))
			return (false);
	}
	return (true);
}

static CK_RV
find_match(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct snapshot *s = store_snapshot(&c->token->store);
	CK_RV rv = CKR_ATTRIBUTE_VALUE_INVALID;

	for (size_t i = 0; i < s->count && rv != CKR_OK; i++) {
		struct object o = s->objects[i];

		o.is_taken_away = false; /* or it comes back now */
		if (store_shows(&c->token->store, &o, false) &&
		    is_half(c, &o, t))
			rv = give_back(c, o.key, handle);
	}
	snapshot_unref(s);
	return (rv);
}

/* Makes the key known that the template names: by its name that costs one
 * DescribeKey, else a listing. */
static CK_RV
refresh(struct call *c, struct template t)
{
	CK_ATTRIBUTE_TYPE name = template_view(t, CKA_ID).len != 0 ? CKA_ID
								   : CKA_LABEL;
	struct key *k = NULL;
	CK_RV rv = CKR_OK;

	if (template_view(t, name).len != 0)
		rv = find_named(c, name, template_view(t, name), &k);
	if (rv == CKR_OK && k == NULL)
		rv = listing_refresh(c);
	key_unref(k);
	return (rv);
}

/* CKA_PUBLIC_KEY_INFO, if it is given, must be the key's own. */
static CK_RV
check_info(struct call *c, struct template t, CK_OBJECT_HANDLE handle)
{
	const CK_ATTRIBUTE *a = template_find(t, CKA_PUBLIC_KEY_INFO);
	struct object o;
	CK_RV rv = CKR_OK;

	if (a == NULL || a->ulValueLen == 0 || !object_get(c, handle, &o))
		return (CKR_OK);
	if (!attr_match(c, &o, (struct template){a, 1}))
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_PUBLIC_KEY_INFO is that of another key");
	object_put(&o);
	return (rv);
}

CK_RV
public_half_find(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	CK_ATTRIBUTE rows[1 + PUBLIC_PARTS];
	struct template parts = {rows, 0};
	const CK_ATTRIBUTE *a = template_find(t, CKA_KEY_TYPE);
	CK_KEY_TYPE type;
	CK_RV rv;

	type = template_ulong(t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	if (ffc_is_type(type))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS has no %s keys", key_type_name(type).text));
	rows[parts.count++] = *a;
	for (size_t i = 0; i < PUBLIC_PARTS; i++)
		if ((a = template_find(t, public_parts[i])) != NULL)
			rows[parts.count++] = *a;
	if (parts.count < 3)
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "the public key is not whole"));
	if ((rv = refresh(c, t)) == CKR_OK &&
	    (rv = find_match(c, parts, handle)) == CKR_ATTRIBUTE_VALUE_INVALID)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "no key in KMS has this public key: create the private "
		    "key first");
	return (rv == CKR_OK ? check_info(c, t, *handle) : rv);
}

/* The public values of the token's object, into *d, which borrows from *out. */
static CK_RV
read_parts(struct call *c, const struct object *o, struct template_builder *d,
    CK_BYTE out[PUBLIC_PARTS][PART_MAX])
{
	CK_ATTRIBUTE a;

	for (size_t i = 0; i < PUBLIC_PARTS; i++) {
		a = (CK_ATTRIBUTE){public_parts[i], out[i], PART_MAX};
		switch (attr_fill(c, o, &a, 1)) {
		case CKR_OK:
			builder_set(d, a.type, VIEW(a.pValue, a.ulValueLen));
			break;
		case CKR_ATTRIBUTE_TYPE_INVALID:
			break; /* of another type of key */
		default:
			return (CKR_FUNCTION_FAILED);
		}
	}
	return (builder_finish(d));
}

static CK_RV
copy_to_session(struct call *c, const struct object *view, struct template t,
    CK_MECHANISM_TYPE generator, CK_OBJECT_HANDLE *handle)
{
	struct attr_target target = {
	    CKO_PUBLIC_KEY, object_type(view), ATTR_GENERATE, false};
	struct provenance origin = {generator, false, false};
	struct template_builder d = {.rows = NULL};
	CK_BYTE parts[PUBLIC_PARTS][PART_MAX];
	CK_RV rv = builder_begin(c, &d, t, &target);

	builder_drop(&d, CKA_MODULUS_BITS);
	if (rv == CKR_OK && (rv = read_parts(c, view, &d, parts)) == CKR_OK)
		rv = session_object_make(
		    c, builder_template(&d), &origin, handle);
	builder_free(&d);
	return (rv);
}

CK_RV
public_half_make(struct call *c, const struct key *k, struct template t,
    CK_MECHANISM_TYPE generator, CK_OBJECT_HANDLE *handle)
{
	CK_OBJECT_HANDLE session = CK_INVALID_HANDLE;
	struct object view;
	CK_RV rv = give_back(c, k, handle);

	if (rv != CKR_OK || template_bool(t, CKA_TOKEN, true) ||
	    !object_get(c, *handle, &view))
		return (rv);
	rv = copy_to_session(c, &view, t, generator, &session);
	if (rv == CKR_OK)
		*handle = session;
	else
		call_note(c,
		    "no session object can be made of the public half of key "
		    "%s: its handle is that of the token's object",
		    k->meta.id);
	c->err = ERR_OK;
	object_put(&view);
	return (CKR_OK);
}
