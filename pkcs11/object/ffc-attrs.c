#include "cryptoki/constants.h"
#include "ffc-attrs.h"
#include "keydata/number.h"

bool
ffc_is_type(CK_KEY_TYPE type)
{
	return (type == CKK_DSA || type == CKK_DH);
}

struct ffc_group
ffc_of_attrs(const struct attrset *b)
{
	return ((struct ffc_group){.prime = attrset_view(b, CKA_PRIME),
	    .base = attrset_view(b, CKA_BASE),
	    .subprime = attrset_view(b, CKA_SUBPRIME)});
}

CK_RV
ffc_of_template(
    struct call *c, CK_KEY_TYPE type, struct template t, struct ffc_group *g)
{
	static const CK_ATTRIBUTE_TYPE needs[] = {
	    CKA_PRIME, CKA_BASE, CKA_SUBPRIME};
	size_t count = type == CKK_DSA ? 3 : 2;

	for (size_t i = 0; i < count; i++)
		if (!template_has(t, needs[i]))
			return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
			    "%s is missing", attribute_name(needs[i]).text));
	*g = (struct ffc_group){.prime = template_view(t, CKA_PRIME),
	    .base = template_view(t, CKA_BASE),
	    .subprime = template_view(t, CKA_SUBPRIME)};
	return (CKR_OK);
}

static CK_RV
check_group(struct call *c, const struct attrset *b, struct ffc_group *g)
{
	enum err e = ERR_DATA;

	*g = ffc_of_attrs(b);
	if (b->type == CKK_DH || g->subprime.len != 0)
		e = ffc_check_group(c->module->crypto, g);
	if (e == ERR_DATA)
		return (call_error(c, CKR_DOMAIN_PARAMS_INVALID,
		    b->type == CKK_DSA
			? "CKA_PRIME has 512 to 8192 bits, CKA_SUBPRIME 160, "
			  "224 or 256, and CKA_BASE is of that order"
			: "CKA_PRIME has 512 to 8192 bits, and CKA_BASE is "
			  "between 1 and CKA_PRIME - 1"));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* CKA_PUBLIC_KEY_INFO, which must be that of the key if it was given. */
static CK_RV
put_info(struct call *c, struct attrset *b, const struct ffc_group *g,
    struct view public)
{
	struct view given = attrset_view(b, CKA_PUBLIC_KEY_INFO);
	struct buf der = BUF_INIT(FFC_DER_MAX);
	enum err e = ffc_put_public(b->type, g, public, &der);
	bool other = e == ERR_OK && given.len != 0 &&
		     !view_equal(given, buf_view(&der));

	if (e == ERR_OK && !other)
		e = attrset_set(b, CKA_PUBLIC_KEY_INFO, buf_view(&der), false);
	buf_free(&der);
	if (other)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_PUBLIC_KEY_INFO does not match this key"));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
ffc_complete_public(struct call *c, struct attrset *b)
{
	struct view value = attrset_view(b, CKA_VALUE);
	struct ffc_group g;
	CK_RV rv = check_group(c, b, &g);
	enum err e;

	if (rv != CKR_OK)
		return (rv);
	e = ffc_check_public(c->module->crypto, &g, value);
	if (e == ERR_DATA)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_VALUE is no public key of those numbers"));
	return (e == ERR_OK ? put_info(c, b, &g, value) : call_fail(c, e));
}

CK_RV
ffc_complete_private(struct call *c, struct attrset *b)
{
	struct view value = attrset_view(b, CKA_VALUE);
	struct buf public = BUF_INIT(FFC_BYTES_MAX);
	struct ffc_group g;
	CK_RV rv = check_group(c, b, &g);
	enum err e;

	if (rv != CKR_OK)
		return (rv);
	e = ffc_public(c->module->crypto, &g, value, &public);
	if (e == ERR_OK && b->type == CKK_DH)
		e = attrset_set_ulong(b, CKA_VALUE_BITS, number_bits(value));
	if (e == ERR_DATA)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_VALUE is no private key of those numbers");
	else
		rv = e == ERR_OK ? put_info(c, b, &g, buf_view(&public))
				 : call_fail(c, e);
	buf_free(&public);
	return (rv);
}

CK_RV
ffc_complete_parameters(struct call *c, struct attrset *b)
{
	struct ffc_group g;
	CK_RV rv = check_group(c, b, &g);
	enum err e = ERR_OK;

	if (rv != CKR_OK)
		return (rv);
	e = attrset_set_ulong(b, CKA_PRIME_BITS, number_bits(g.prime));
	if (e == ERR_OK && b->type == CKK_DSA)
		e = attrset_set_ulong(
		    b, CKA_SUBPRIME_BITS, number_bits(g.subprime));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
