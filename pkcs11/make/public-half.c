#include "kms/listing.h"
#include "kms/lookup.h"
#include "object/attr.h"
#include "public-half.h"

/* clang-format off */
/* What makes two public keys the same. */
static const CK_ATTRIBUTE_TYPE public_parts[] = {
	CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT, CKA_VALUE };
/* clang-format on */
#define PUBLIC_PARTS (sizeof(public_parts) / sizeof(public_parts[0]))

static CK_RV
find_match(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct snapshot *s = store_snapshot(&c->token->store);
	CK_RV rv = CKR_ATTRIBUTE_VALUE_INVALID;

	for (size_t i = 0; i < s->count && rv != CKR_OK; i++) {
		const struct object *o = &s->objects[i];

		if (o->class != CKO_PUBLIC_KEY || o->is_pair ||
		    !store_shows(&c->token->store, o, false) ||
		    !attr_match(c, o, t))
			continue;
		*handle = o->handle;
		rv = CKR_OK;
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

CK_RV
public_half_find(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	CK_ATTRIBUTE rows[1 + PUBLIC_PARTS];
	struct template parts = {rows, 0};
	const CK_ATTRIBUTE *a = template_find(t, CKA_KEY_TYPE);
	CK_RV rv;

	rows[parts.count++] = *a;
	for (size_t i = 0; i < PUBLIC_PARTS; i++)
		if ((a = template_find(t, public_parts[i])) != NULL)
			rows[parts.count++] = *a;
	if (parts.count < 3)
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "the public key is not whole"));
	if ((rv = refresh(c, t)) == CKR_OK &&
	    find_match(c, parts, handle) != CKR_OK)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "no key in KMS has this public key: create the private "
		    "key first");
	return (rv);
}
