#include "object/attr.h"
#include "kms/provision.h"
#include "generate.h"
#include "cryptoki/keyferry.h"
#include "mech/mech.h"
#include "key-request.h"

/* Keys that KMS makes: CreateKey with Origin AWS_KMS. Which, the templates
 * say; what an attribute of them cannot be, is refused before any call. */

/* What KMS would not keep to, if it is more than an empty value. */
static CK_RV
check_promises(struct call *c, struct template t)
{
	static const CK_ATTRIBUTE_TYPE none[] = {CKA_START_DATE, CKA_END_DATE,
	    CKA_KEYFERRY_VALID_TO, CKA_KEYFERRY_WRAPPING_KEY,
	    CKA_KEYFERRY_CONTEXT, CKA_ALLOWED_MECHANISMS, CKA_WRAP_TEMPLATE,
	    CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (template_view(t, none[i]).len != 0)
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "KMS keeps no attribute 0x%lx for a key that it "
			    "makes",
			    none[i]));
	return (CKR_OK);
}

/* HMAC keys go by the name of their hash too. */
static bool
is_type(const struct spec *s, CK_KEY_TYPE type)
{
	static const struct {
		CK_KEY_TYPE type;
		CK_ULONG bits;
	} rows[] = {{CKK_SHA224_HMAC, 224}, {CKK_SHA256_HMAC, 256},
	    {CKK_SHA384_HMAC, 384}, {CKK_SHA512_HMAC, 512}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return (s->type == CKK_GENERIC_SECRET &&
				s->bits == rows[i].bits);
	return (type == s->type);
}

/* The class and type that a template may name beside the mechanism. */
static CK_RV
check_kind(struct call *c, const struct spec *s, CK_OBJECT_CLASS class,
    struct template t)
{
	if (template_ulong(t, CKA_CLASS, class) == class &&
	    is_type(s, template_ulong(t, CKA_KEY_TYPE, s->type)))
		return (CKR_OK);
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "the class or the key type is not what the mechanism makes"));
}

/* The attribute that says how large a key of that type is, or which. */
static CK_ATTRIBUTE_TYPE
size_attribute(CK_KEY_TYPE type)
{
	switch (type) {
	case CKK_RSA:
		return (CKA_MODULUS_BITS);
	case CKK_EC:
	case CKK_EC_EDWARDS:
	case CKK_EC_MONTGOMERY:
		return (CKA_EC_PARAMS);
	case CKK_ML_DSA:
	case CKK_ML_KEM:
		return (CKA_PARAMETER_SET);
	}
	return (CKA_VALUE_LEN);
}

/* The KeySpec that the template means. */
static CK_RV
read_spec(struct call *c, CK_KEY_TYPE type, struct template t,
    const struct spec **spec)
{
	CK_ATTRIBUTE_TYPE size = size_attribute(type);
	CK_ULONG n = template_ulong(t, size, 0);
	CK_RV bad = CKR_ATTRIBUTE_VALUE_INVALID;

	if (!template_has(t, size))
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "attribute 0x%lx is missing", size));
	if (size == CKA_VALUE_LEN) {
		*spec = n > KMS_DATA_KEY_MAX ? NULL
					     : spec_of_secret(type, n, 8 * n);
	} else {
		*spec = spec_of_pair(type, n, template_view(t, size));
		if (size == CKA_EC_PARAMS)
			bad = CKR_CURVE_NOT_SUPPORTED;
	}
	if (*spec == NULL)
		return (call_error(
		    c, bad, "KMS makes no key of that type and size"));
	return (CKR_OK);
}

/* KMS's RSA keys have the exponent 65537. */
static CK_RV
check_exponent(struct call *c, struct template t)
{
	struct view v = template_view(t, CKA_PUBLIC_EXPONENT);

	while (v.len > 1 && *v.ptr == 0)
		v = VIEW(v.ptr + 1, v.len - 1);
	if (v.ptr == NULL || view_equal(v, VIEW("\1\0\1", 3)))
		return (CKR_OK);
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "KMS's RSA keys have the exponent 65537"));
}

static CK_RV
check_template(struct call *c, const struct spec *s, CK_OBJECT_CLASS class,
    struct template t)
{
	struct attr_target target = {class, s->type, ATTR_GENERATE, true};
	CK_RV rv;

	if ((rv = attr_check(c, t, target)) != CKR_OK ||
	    (rv = check_kind(c, s, class, t)) != CKR_OK)
		return (rv);
	return (check_promises(c, t));
}

/* Makes it; what is half-made when that fails is taken back. */
static CK_RV
make(struct call *c, struct provision *f, CK_OBJECT_HANDLE *handle,
    CK_OBJECT_HANDLE *public_key)
{
	CK_RV rv;

	f->generated_by_kms = true;
	if ((rv = provision_open(c, f)) != CKR_OK)
		return (provision_close(c, f, rv));
	*handle = store_handle(
	    &c->token->store, f->key->meta.id, f->spec->class);
	if (public_key != NULL)
		*public_key = store_handle(
		    &c->token->store, f->key->meta.id, CKO_PUBLIC_KEY);
	return (provision_close(c, f, CKR_OK));
}

CK_RV
generate_key_in_kms(struct call *c, const struct mech *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	struct template none = {NULL, 0};
	struct provision f = PROVISION_INIT;
	CK_OBJECT_HANDLE made;
	CK_RV rv;

	if ((rv = read_spec(c, m->key_type, t, &f.spec)) != CKR_OK ||
	    (rv = check_template(c, f.spec, CKO_SECRET_KEY, t)) != CKR_OK ||
	    (rv = key_request_place(c, t)) != CKR_OK ||
	    (rv = key_request_use(c, f.spec, key_request_uses(t), &f.usage)) !=
		CKR_OK ||
	    (rv = key_request_name(c, none, t, CKA_LABEL, &f.label)) !=
		CKR_OK ||
	    (rv = key_request_name(c, none, t, CKA_ID, &f.id)) != CKR_OK)
		return (rv);
	if ((rv = make(c, &f, &made, NULL)) == CKR_OK)
		*handle = made;
	return (rv);
}

/* What the halves say together. */
static CK_RV
check_halves(struct call *c, struct provision *f, struct template public_t,
    struct template private_t)
{
	struct view a = template_view(public_t, CKA_EC_PARAMS);
	struct view b = template_view(private_t, CKA_EC_PARAMS);
	CK_RV rv;

	if ((rv = check_template(c, f->spec, CKO_PUBLIC_KEY, public_t)) !=
		CKR_OK ||
	    (rv = check_template(c, f->spec, CKO_PRIVATE_KEY, private_t)) !=
		CKR_OK ||
	    (rv = check_exponent(c, public_t)) != CKR_OK ||
	    (rv = check_exponent(c, private_t)) != CKR_OK)
		return (rv);
	if (b.ptr != NULL && !view_equal(a, b))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "the halves of a pair have one curve"));
	return (key_request_use(c, f->spec,
	    key_request_uses(public_t) | key_request_uses(private_t),
	    &f->usage));
}

CK_RV
generate_pair_in_kms(struct call *c, const struct mech *m,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct provision f = PROVISION_INIT;
	CK_OBJECT_HANDLE public_made, private_made;
	CK_RV rv;

	if ((rv = read_spec(c, m->key_type, public_t, &f.spec)) != CKR_OK ||
	    (rv = check_halves(c, &f, public_t, private_t)) != CKR_OK ||
	    (rv = key_request_place(c, private_t)) != CKR_OK ||
	    (rv = key_request_name(
		 c, public_t, private_t, CKA_LABEL, &f.label)) != CKR_OK ||
	    (rv = key_request_name(c, public_t, private_t, CKA_ID, &f.id)) !=
		CKR_OK)
		return (rv);
	if ((rv = make(c, &f, &private_made, &public_made)) == CKR_OK) {
		*private_key = private_made;
		*public_key = public_made;
	}
	return (rv);
}
