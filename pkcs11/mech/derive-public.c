#include <openssl/evp.h>
#include "derive.h"
#include "object/ffc-attrs.h"
#include "object/pkey.h"

/* CKM_PUB_KEY_FROM_PRIV_KEY: the public half of a private key that is kept here
 * (PKCS#11 3.2, section 6.43.8). That of a key in KMS is there already. */

static const CK_BBOOL truth[] = {CK_FALSE, CK_TRUE};

/* clang-format off */
static const CK_ATTRIBUTE_TYPE parts[] = {
	CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_EC_PARAMS, CKA_EC_POINT,
	CKA_PARAMETER_SET, CKA_PRIME, CKA_SUBPRIME, CKA_BASE };
/* What a template that does not say so takes over. */
static const CK_ATTRIBUTE_TYPE copied[] = {
	CKA_ID, CKA_START_DATE, CKA_END_DATE, CKA_SUBJECT,
	CKA_ALLOWED_MECHANISMS };
static const struct {
	CK_ATTRIBUTE_TYPE public, private;
} usages[] = {
	{ CKA_ENCRYPT, CKA_DECRYPT }, { CKA_VERIFY, CKA_SIGN },
	{ CKA_VERIFY_RECOVER, CKA_SIGN_RECOVER }, { CKA_WRAP, CKA_UNWRAP },
	{ CKA_DERIVE, CKA_DERIVE }, { CKA_ENCAPSULATE, CKA_DECAPSULATE } };
/* clang-format on */
#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static void
put_defaults(
    struct call *c, const struct object *base, struct template_builder *b)
{
	struct view v;

	for (size_t i = 0; i < ELEMS(copied); i++)
		if (attrset_get(base->attrs, copied[i], &v) && v.len != 0)
			builder_set_default(b, copied[i], v);
	for (size_t i = 0; i < ELEMS(usages); i++) {
		bool has = attr_is_true(c, base, usages[i].private);

		builder_set_default(
		    b, usages[i].public, VIEW(&truth[has], sizeof(truth[has])));
	}
	builder_set_default(b, CKA_DESTROYABLE, VIEW(truth, sizeof(truth[0])));
}

static CK_RV
read_of_set(struct call *c, const struct object *base,
    const struct parameter_set *set, struct buf *out)
{
	EVP_PKEY *pkey = NULL;
	size_t len = set->public;
	CK_RV rv;

	if ((rv = pkey_from_object(c, base, &pkey)) != CKR_OK)
		return (rv);
	if (buf_reserve(out, len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (EVP_PKEY_get_raw_public_key(pkey, out->ptr, &len) != 1)
		rv = CKR_FUNCTION_FAILED;
	else
		out->len = len;
	EVP_PKEY_free(pkey);
	return (rv);
}

/* Public values that the private key does not have as an attribute. */
static CK_RV
put_value(struct call *c, const struct object *base, struct derived *d)
{
	const struct parameter_set *set = pkey_parameter_set(base);
	struct ffc_group g;
	CK_RV rv = CKR_OK;
	enum err e;

	d->value = (struct buf)BUF_INIT(PARAMETER_SET_PUBLIC_MAX);
	if (ffc_is_type(object_type(base))) {
		g = ffc_of_attrs(base->attrs);
		e = ffc_public(c->module->crypto, &g,
		    attrset_view(base->attrs, CKA_VALUE), &d->value);
		rv = e == ERR_OK ? CKR_OK : call_fail(c, e);
	} else if (set != NULL)
		rv = read_of_set(c, base, set, &d->value);
	if (rv == CKR_OK && d->value.len != 0)
		builder_set(&d->builder, CKA_VALUE, buf_view(&d->value));
	return (rv);
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct derived *d;
	struct view v;
	CK_RV rv;

	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (base->attrs == NULL)
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "the public half of a key in KMS is an object already"));
	rv = derived_begin(c, all, t, CKO_PUBLIC_KEY, base, &d);
	if (rv != CKR_OK)
		return (rv);
	for (size_t i = 0; i < ELEMS(parts); i++)
		if (attrset_get(base->attrs, parts[i], &v))
			builder_set(&d->builder, parts[i], v);
	put_defaults(c, base, &d->builder);
	return (put_value(c, base, d));
}

const struct key_ops derive_public = {.derive = derive};
