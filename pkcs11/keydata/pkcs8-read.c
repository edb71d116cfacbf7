#include <string.h>
#include "cryptoki/der.h"
#include "curve.h"
#include "der-read.h"
#include "number.h"
#include "pkcs8.h"

/* RSAPrivateKey, RFC 8017, appendix A.1.2; some write zeros for what follows
 * from the modulus and the exponents. */
static enum err
read_rsa(struct view in, struct rsa_private *k)
{
	struct view body, version;

	if (!der_take(&in, DER_SEQUENCE, &body) || in.len != 0 ||
	    !der_take_number(&body, &version))
		return (ERR_DATA);
	if (view_equal(version, VIEW_STR("\x01")))
		return (ERR_UNSUPPORTED);
	if (version.len != 0)
		return (ERR_DATA);
	for (int i = 0; i < RSA_PARTS; i++)
		if (!der_take_number(&body, &k->part[i]))
			return (ERR_DATA);
	return (body.len == 0 && rsa_missing(k) > RSA_PART_PRIVATE_EXPONENT
		    ? ERR_OK
		    : ERR_DATA);
}

/* The point of [1], where there is one as 04 X Y. */
static bool
read_point(struct view *body, const struct curve *curve, struct view *point)
{
	struct view tagged, bits, given;

	if (!der_take(body, DER_CONTEXT_1, &tagged))
		return (true);
	if (!der_take(&tagged, DER_BITS, &bits) || tagged.len != 0 ||
	    bits.len < 2 || bits.ptr[0] != 0)
		return (false);
	given = VIEW(bits.ptr + 1, bits.len - 1);
	return (curve == NULL || given.ptr[0] != 0x04 ||
		curve_read_point(curve, given, POINT_PLAIN, point));
}

/* ECPrivateKey, RFC 5915, section 3 */
static enum err
read_ec(struct view in, struct ec_private *k)
{
	struct view body, params;

	if (!der_take(&in, DER_SEQUENCE, &body) || in.len != 0 ||
	    !der_take_bytes(&body, VIEW_STR("\x02\x01\x01")) ||
	    !der_take(&body, DER_OCTETS, &k->value))
		return (ERR_DATA);
	if (der_take(&body, DER_CONTEXT_0, &params) &&
	    !view_equal(params, k->params))
		return (ERR_DATA);
	if (!read_point(&body, curve_find(CKK_EC, k->params), &k->point) ||
	    body.len != 0)
		return (ERR_DATA);
	return (number_trim(k->value).len != 0 ? ERR_OK : ERR_DATA);
}

/* ML-DSA-PrivateKey and ML-KEM-PrivateKey: RFC 9881, RFC 9935, section 6 */
static enum err
read_of_set(struct view in, struct private_of_set *k)
{
	struct view both;

	if (der_take(&in, DER_SEQUENCE, &both)) {
		if (!der_take(&both, DER_OCTETS, &k->seed) ||
		    !der_take(&both, DER_OCTETS, &k->value) || both.len != 0)
			return (ERR_DATA);
	} else if (!der_take(&in, DER_CONTEXT_0_PRIMITIVE, &k->seed) &&
		   !der_take(&in, DER_OCTETS, &k->value)) {
		return (ERR_DATA);
	}
	if (in.len != 0 ||
	    (k->seed.ptr != NULL && k->seed.len != k->set->seed) ||
	    (k->value.ptr != NULL && k->value.len != k->set->private))
		return (ERR_DATA);
	return (ERR_OK);
}

enum err
pkcs8_read(struct view der, struct pkcs8 *out)
{
	struct view info, algorithm, key, ignored;

	memset(out, 0, sizeof(*out));
	if (!der_take(&der, DER_SEQUENCE, &info) || der.len != 0 ||
	    !der_take_bytes(&info, VIEW_STR("\x02\x01\x00")) ||
	    !der_take(&info, DER_SEQUENCE, &algorithm) ||
	    !der_take(&info, DER_OCTETS, &key))
		return (ERR_DATA);
	/* attributes, which say nothing about the key */
	(void)der_take(&info, DER_CONTEXT_0, &ignored);
	if (info.len != 0)
		return (ERR_DATA);
	if (der_take_bytes(&algorithm, DER_RSA)) {
		out->type = CKK_RSA;
		return (view_equal(algorithm, DER_NULL)
			    ? read_rsa(key, &out->rsa)
			    : ERR_DATA);
	}
	out->of_set.set = parameter_set_of_oid(algorithm);
	if (out->of_set.set != NULL) {
		out->type = out->of_set.set->type;
		return (read_of_set(key, &out->of_set));
	}
	if (ffc_read_algorithm(algorithm, &out->type, &out->ffc.group))
		return (der_take_number(&key, &out->ffc.value) && key.len == 0
			    ? ERR_OK
			    : ERR_DATA);
	if (!der_take_bytes(&algorithm, DER_EC))
		return (ERR_UNSUPPORTED);
	out->type = CKK_EC;
	out->ec.params = algorithm;
	if (algorithm.len != 0 && algorithm.ptr[0] == DER_SEQUENCE)
		return (ERR_UNSUPPORTED); /* a curve spelled out */
	if (!der_take(&algorithm, DER_OID, &ignored) || algorithm.len != 0)
		return (ERR_DATA);
	return (read_ec(key, &out->ec));
}
