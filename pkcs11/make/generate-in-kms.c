#include "cryptoki/constants.h"
#include "keydata/curve.h"
#include "keydata/hash.h"
#include "keydata/number.h"
#include "object/attr.h"
#include "object/object-schema.h"
#include "kms/import-params.h"
#include "kms/provision.h"
#include "generate.h"
#include "cryptoki/keyferry.h"
#include "mech/mech.h"
#include "material.h"
#include "public-half.h"
#include "read-request.h"

/* Keys that KMS makes: CreateKey with Origin AWS_KMS. Which, the templates
 * say; what an attribute of them cannot be, is refused before any call. */

/* What KMS would not keep to, if it is more than an empty value. */
static CK_RV
check_promises(struct call *c, struct template t)
{
	static const CK_ATTRIBUTE_TYPE none[] = {CKA_END_DATE,
	    CKA_KEYFERRY_VALID_TO, CKA_KEYFERRY_WRAPPING_KEY,
	    CKA_KEYFERRY_CONTEXT};

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (template_view(t, none[i]).len != 0)
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "KMS cannot keep %s for a key that it makes",
			    attribute_name(none[i]).text));
	if (template_view(t, CKA_PUBLIC_KEY_INFO).len != 0)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_PUBLIC_KEY_INFO is that of another key: this one is "
		    "still to be made"));
	return (check_kept(c, t));
}

static CK_RV
refuse_kind(struct call *c)
{
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "the class or the key type is not what the mechanism makes"));
}

static bool
is_mac_key(CK_KEY_TYPE type)
{
	return (type == CKK_GENERIC_SECRET || digest_of_hmac_key(type) != NULL);
}

/* The template by itself, with the class and type that it may name beside the
 * mechanism; which of the MAC keys it is, its size tells. */
static CK_RV
check_template(struct call *c, const struct mech *m, CK_OBJECT_CLASS class,
    struct template t)
{
	struct attr_target target = {class, m->key_type, ATTR_GENERATE, true};
	CK_KEY_TYPE type = template_ulong(t, CKA_KEY_TYPE, m->key_type);
	CK_RV rv;

	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	return (template_ulong(t, CKA_CLASS, class) == class &&
			(type == m->key_type ||
			    (is_mac_key(type) && is_mac_key(m->key_type)))
		    ? CKR_OK
		    : refuse_kind(c));
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
	case CKK_DSA: /* which KMS has not */
	case CKK_DH:
		return (CKA_PRIME);
	}
	return (CKA_VALUE_LEN);
}

/* KMS makes HMAC keys as long as their hash. */
static const struct key_spec *
secret_spec_of_type(CK_KEY_TYPE type, CK_ULONG len)
{
	bool hmac = digest_of_hmac_key(type) != NULL;
	const struct key_spec *spec = len > KMS_DATA_KEY_MAX
					  ? NULL
					  : key_spec_of_secret(
						hmac ? CKK_GENERIC_SECRET
						     : type,
						len, 8 * len);

	return (spec != NULL && key_spec_has_type(spec, type) ? spec : NULL);
}

/* The KeySpec that the template means. */
static CK_RV
read_spec(struct call *c, CK_KEY_TYPE type, struct template t,
    const struct key_spec **spec)
{
	CK_ATTRIBUTE_TYPE size = size_attribute(type);
	/* some types have one length, which nobody need say */
	CK_ULONG only = size == CKA_VALUE_LEN ? schema_key_length(type) : 0;
	CK_ULONG n = template_ulong(t, size, only);
	CK_RV bad = size == CKA_PARAMETER_SET ? CKR_PARAMETER_SET_NOT_SUPPORTED
					      : CKR_ATTRIBUTE_VALUE_INVALID;

	if (!template_has(t, size) && only == 0)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE, "%s is missing",
		    attribute_name(size).text));
	if (size == CKA_VALUE_LEN) {
		*spec = secret_spec_of_type(type, n);
	} else {
		*spec = key_spec_of_pair(type, n, template_view(t, size));
		if (size == CKA_EC_PARAMS)
			bad = curve_refusal(template_view(t, size));
	}
	if (*spec == NULL)
		return (call_error(
		    c, bad, "KMS makes no key of that type and size"));
	return (CKR_OK);
}

/* KMS's RSA keys have the exponent 65537: PKCS#11 3.2, section 6.1.4, has the
 * code for another. */
static CK_RV
check_exponent(struct call *c, struct template t)
{
	struct view v = template_view(t, CKA_PUBLIC_EXPONENT);

	if (v.ptr == NULL || view_equal(number_trim(v), VIEW("\1\0\1", 3)))
		return (CKR_OK);
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "KMS's RSA keys have the exponent 65537"));
}

/* An HMAC key's type may name another hash than the length means. */
static CK_RV
check_type(struct call *c, const struct key_spec *s, struct template t)
{
	return (key_spec_has_type(s, template_ulong(t, CKA_KEY_TYPE, s->type))
		    ? CKR_OK
		    : refuse_kind(c));
}

/* Who connects must not leave keys behind: programs that generate keys by the
 * way (for each TLS connection) give them no label. */
static CK_RV
check_generate(struct call *c, const struct key_request *r)
{
	enum config_generate generate = c->token->config->generate;

	if (generate == GENERATE_NO)
		return (call_error(c, CKR_ACTION_PROHIBITED,
		    "KMS is not to generate keys: generate = no"));
	if (generate == GENERATE_NAMED && r->label.len == 0)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "a key that KMS generates needs a label: give CKA_LABEL, "
		    "or set generate = yes"));
	return (CKR_OK);
}

/* Makes it, held for the caller; what is half-made when that fails is taken
 * back. */
static CK_RV
provision_key(struct call *c, const struct key_request *r,
    CK_OBJECT_HANDLE *handle, struct key **out)
{
	struct provision p = PROVISION_INIT(r);
	CK_RV rv = provision_run(c, &p, NULL, out);

	if (rv == CKR_OK)
		*handle = store_handle(
		    &c->token->store, (*out)->meta.id, r->spec->class);
	return (rv);
}

CK_RV
generate_key_in_kms(struct call *c, const struct mech *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	static const struct template none = {NULL, 0};
	struct key_request r = {
	    .class = CKO_SECRET_KEY, .generated_by_kms = true};
	struct key *k = NULL;
	CK_RV rv;

	if ((rv = check_template(c, m, CKO_SECRET_KEY, t)) == CKR_OK &&
	    (rv = read_spec(c, m->key_type, t, &r.spec)) == CKR_OK &&
	    (rv = check_type(c, r.spec, t)) == CKR_OK &&
	    (rv = check_promises(c, t)) == CKR_OK &&
	    (rv = import_params_check_type(c, r.spec)) == CKR_OK &&
	    (rv = choose_usage(c, &r, read_usages(t))) == CKR_OK &&
	    (rv = check_allowed(c, t, &r)) == CKR_OK &&
	    (rv = read_names(c, none, t, &r)) == CKR_OK &&
	    (rv = read_new_key(c, t, &r)) == CKR_OK &&
	    (rv = check_generate(c, &r)) == CKR_OK)
		rv = provision_key(c, &r, handle, &k);
	key_unref(k);
	return (rv);
}

/* What the halves say, and which key of KMS that is. */
static CK_RV
read_halves(struct call *c, const struct mech *m, struct template public_t,
    struct template private_t, const struct key_spec **spec)
{
	CK_RV rv;

	if ((rv = check_template(c, m, CKO_PUBLIC_KEY, public_t)) == CKR_OK &&
	    (rv = check_template(c, m, CKO_PRIVATE_KEY, private_t)) == CKR_OK &&
	    (rv = read_spec(c, m->key_type, public_t, spec)) == CKR_OK &&
	    (rv = check_promises(c, public_t)) == CKR_OK &&
	    (rv = check_promises(c, private_t)) == CKR_OK)
		rv = check_exponent(c, public_t);
	return (rv);
}

/* KMS imports such keys, and the private half asks for more than one usage. */
static bool
gets_two_usages(
    struct call *c, const struct key_spec *s, struct template private_t)
{
	unsigned fit = read_usages(private_t) & s->usages;

	return (c->token->config->two_usages == TWO_USAGES_BOTH &&
		s->wrapping != NULL && (fit & (fit - 1)) != 0);
}

CK_RV
generate_pair_in_kms(struct call *c, const struct mech *m,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct key_request r = {
	    .class = CKO_PRIVATE_KEY, .generated_by_kms = true};
	struct key *k = NULL;
	CK_RV rv;

	if ((rv = read_halves(c, m, public_t, private_t, &r.spec)) == CKR_OK &&
	    (rv = choose_usage(c, &r,
		 read_usages(public_t) | read_usages(private_t))) == CKR_OK &&
	    (rv = check_allowed(c, public_t, &r)) == CKR_OK &&
	    (rv = check_allowed(c, private_t, &r)) == CKR_OK &&
	    (rv = read_names(c, public_t, private_t, &r)) == CKR_OK &&
	    (rv = read_new_key(c, private_t, &r)) == CKR_OK &&
	    (rv = check_generate(c, &r)) == CKR_OK) {
		if (gets_two_usages(c, r.spec, private_t))
			return (generate_pair_of_two_usages(c, m, &r, public_t,
			    private_t, public_key, private_key));
		rv = provision_key(c, &r, private_key, &k);
	}
	if (rv == CKR_OK)
		rv = public_half_make(
		    c, k, public_t, key_spec_generator(k->spec), public_key);
	key_unref(k);
	return (rv);
}
