#include <string.h>
#include "cryptoki/constants.h"
#include "material.h"
#include "keydata/check-value.h"
#include "keydata/curve.h"
#include "keydata/ec-public.h"
#include "keydata/hash.h"
#include "keydata/number.h"
#include "keydata/pkcs8.h"
#include "keydata/public-key.h"
#include "kms/key-kinds.h"

/* An HMAC key is generic, unless its type names a hash. */
bool
key_spec_has_type(const struct key_spec *s, CK_KEY_TYPE type)
{
	const struct digest *digest = digest_of_hmac_key(type);

	return (
	    digest != NULL ? key_spec_of_hmac(digest) == s : type == s->type);
}

/* CKA_CHECK_VALUE catches the wrong file before KMS sees it. */
static CK_RV
compare_check_value(
    struct call *c, struct template t, CK_KEY_TYPE type, struct view value)
{
	struct view given = template_view(t, CKA_CHECK_VALUE);
	uint8_t own[CHECK_VALUE_LEN];
	enum err e = ERR_OK;

	if (given.len == 0)
		return (CKR_OK);
	e = check_value_of_secret(c->module->crypto, type, value, own);
	if (e == ERR_OK && view_equal(given, VIEW(own, sizeof(own))))
		return (CKR_OK);
	return (e == ERR_OK || e == ERR_DATA
		    ? call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
			  "CKA_CHECK_VALUE is that of another key: is this the "
			  "right file?")
		    : call_fail(c, e));
}

static CK_RV
read_secret(
    struct call *c, struct template t, CK_KEY_TYPE type, struct key_request *r)
{
	struct view value = template_view(t, CKA_VALUE);
	CK_RV rv;

	if (!template_has(t, CKA_VALUE))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE is missing"));
	if ((rv = compare_check_value(c, t, type, value)) != CKR_OK)
		return (rv);
	r->material = value;
	if ((r->spec = key_kind_of_secret(t, type, true, value.len)) == NULL)
		return (key_kind_refuse(c, type, WHY_SECRETS));
	return (CKR_OK);
}

static enum err
check_rsa(struct call *c, const struct rsa_private *key)
{
	size_t bits;
	enum err e = rsa_check(key, &bits);

	return (e == ERR_OK ? rsa_check_exponents(key, c->module->arena) : e);
}

/* Of the parts the modulus and both exponents are needed; KMS imports keys with
 * all of them. */
static CK_RV
read_rsa(struct call *c, struct template t, struct key_request *r)
{
	struct buf bytes = BUF_SECRET(
	    RSA_PARTS * RSA_BYTES_MAX, c->module->arena);
	struct rsa_private key;
	enum rsa_part missing;
	enum err e;

	for (size_t i = 0; i < RSA_PARTS; i++)
		key.part[i] = template_view(t, rsa_part_names[i].type);
	if ((missing = rsa_missing(&key)) <= RSA_PART_PRIVATE_EXPONENT)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE, "%s is missing",
		    attribute_name(rsa_part_names[missing].type).text));
	r->spec = key_spec_of_pair(
	    CKK_RSA, number_bits(key.part[RSA_PART_MODULUS]), VIEW(NULL, 0));
	e = r->spec == NULL ? ERR_DATA : ERR_OK;
	if (e == ERR_OK && missing != RSA_PARTS)
		e = rsa_complete(c->module->crypto, &key, &bytes);
	if (e == ERR_OK && (e = check_rsa(c, &key)) == ERR_OK)
		e = pkcs8_write_rsa(&key, &r->encoded);
	buf_free(&bytes);
	if (e == ERR_DATA)
		return (key_kind_refuse(c, CKK_RSA,
		    "2048, 3072 or 4096 bits, and parts that belong "
		    "together"));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* CKA_EC_POINT is an OCTET STRING around the point, or the point as it is. What
 * is neither stays as given: no key has it. */
static struct view read_point(struct template t)
{
	const struct curve *curve = curve_find(
	    CKK_EC, template_view(t, CKA_EC_PARAMS));
	struct view point = template_view(t, CKA_EC_POINT);

	if (curve != NULL)
		(void)curve_read_point(curve, point, POINT_ANY, &point);
	return (point);
}

static CK_RV
read_ec(struct call *c, struct template t, struct key_request *r)
{
	struct ec_private key = {
	    .params = template_view(t, CKA_EC_PARAMS),
	    .value = template_view(t, CKA_VALUE),
	    .point = read_point(t),
	};
	enum err e;

	if (key.params.len == 0 || key.value.len == 0)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "an EC key needs CKA_EC_PARAMS and CKA_VALUE"));
	r->spec = key_spec_of_pair(CKK_EC, 0, key.params);
	if (r->spec == NULL || r->spec->wrapping == NULL)
		return (call_error(c, curve_refusal(key.params),
		    "KMS does not import this CKK_EC key: the curves are "
		    "P-256, P-384, P-521 and secp256k1, by name"));
	e = pkcs8_write_ec(c->module->crypto, &key, &r->encoded);
	if (e == ERR_DATA)
		return (key_kind_refuse(c, CKK_EC,
		    "the value is not a private key of that curve, or does not "
		    "match the point"));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static bool
is_rsa(const struct public_key *p, struct template t)
{
	struct view n = template_view(t, CKA_MODULUS);
	struct view e = template_view(t, CKA_PUBLIC_EXPONENT);

	return (view_equal(p->modulus, number_trim(n)) &&
		view_equal(p->exponent, number_trim(e)));
}

static enum err
compare_ec(struct call *c, const struct public_key *p, struct template t)
{
	struct buf point = BUF_INIT(CURVE_POINT_MAX);
	struct view params = template_view(t, CKA_EC_PARAMS);
	enum err e;

	e = ec_public_point(
	    c->module->crypto, params, template_view(t, CKA_VALUE), &point);
	if (e == ERR_OK &&
	    (p->curve != curve_find(CKK_EC, params) ||
		!curve_same_point(p->curve, buf_view(&point), p->value)))
		e = ERR_DATA;
	buf_free(&point);
	return (e);
}

/* CKA_PUBLIC_KEY_INFO beside the private key must be its own. */
static CK_RV
check_info(struct call *c, struct template t, CK_KEY_TYPE type)
{
	struct view info = template_view(t, CKA_PUBLIC_KEY_INFO);
	struct public_key p;
	enum err e;

	if (info.len == 0)
		return (CKR_OK);
	e = public_key_read(info, &p);
	if (e == ERR_OK && p.type != type)
		e = ERR_DATA;
	if (e == ERR_OK && type == CKK_RSA)
		e = is_rsa(&p, t) ? ERR_OK : ERR_DATA;
	else if (e == ERR_OK)
		e = compare_ec(c, &p, t);
	if (e == ERR_DATA)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_PUBLIC_KEY_INFO is that of another key"));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
read_material(
    struct call *c, struct template t, CK_KEY_TYPE type, struct key_request *r)
{
	CK_RV rv;

	if (r->class == CKO_SECRET_KEY)
		return (read_secret(c, t, type, r));
	if (type == CKK_RSA)
		rv = read_rsa(c, t, r);
	else if (type == CKK_EC)
		rv = read_ec(c, t, r);
	else
		rv = key_kind_refuse(c, type, WHY_PAIRS);
	if (rv == CKR_OK)
		rv = check_info(c, t, type);
	r->material = buf_view(&r->encoded);
	return (rv);
}

CK_RV
read_unwrap_template(
    struct call *c, struct template t, const struct key_spec **spec)
{
	CK_KEY_TYPE type = template_ulong(t, CKA_KEY_TYPE, CKK_AES);
	CK_OBJECT_CLASS class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_ULONG len = template_ulong(t, CKA_VALUE_LEN, 0);

	*spec = key_spec_of_pair(type, template_ulong(t, CKA_MODULUS_BITS, 0),
	    template_view(t, CKA_EC_PARAMS));
	if (*spec == NULL)
		*spec = key_kind_of_secret(t, type, len != 0, len);
	if (*spec == NULL || (*spec)->wrapping == NULL ||
	    (class != CK_UNAVAILABLE_INFORMATION && class != (*spec)->class))
		return (key_kind_refuse(
		    c, type, "say its length, its curve or its modulus bits"));
	return (CKR_OK);
}
