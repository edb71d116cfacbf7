#include <string.h>
#include "cryptoki/der.h"
#include "curve.h"
#include "number.h"
#include "pkcs8.h"

/* The next element's content; *in moves behind it. Strict: a length is written
 * in its shortest form, and no key here is longer than 64 kB. */
static bool
take(struct view *in, uint8_t tag, struct view *content)
{
	size_t head = 2, n;

	if (in->len < 2 || in->ptr[0] != tag)
		return (false);
	n = in->ptr[1];
	if (n >= 0x80) {
		if ((n != 0x81 && n != 0x82) || in->len < n - 0x7e)
			return (false);
		head = n - 0x7e;
		n = in->ptr[2];
		if (head == 4)
			n = n << 8 | in->ptr[3];
		if (n < (head == 4 ? 0x100U : 0x80U))
			return (false);
	}
	if (n > in->len - head)
		return (false);
	*content = VIEW(in->ptr + head, n);
	*in = VIEW(in->ptr + head + n, in->len - head - n);
	return (true);
}

/* An INTEGER that is not negative, in its shortest form. */
static bool
take_number(struct view *in, struct view *number)
{
	struct view v;

	if (!take(in, DER_INTEGER, &v) || v.len == 0 || v.ptr[0] >= 0x80 ||
	    (v.len > 1 && v.ptr[0] == 0 && v.ptr[1] < 0x80))
		return (false);
	*number = number_trim(v);
	return (true);
}

static bool
take_expected(struct view *in, struct view what)
{
	if (in->len < what.len || !view_equal(VIEW(in->ptr, what.len), what))
		return (false);
	*in = VIEW(in->ptr + what.len, in->len - what.len);
	return (true);
}

/* RSAPrivateKey, RFC 8017, appendix A.1.2 */
static enum err
read_rsa(struct view in, struct rsa_private *k)
{
	struct view body, version;

	if (!take(&in, DER_SEQUENCE, &body) || in.len != 0 ||
	    !take_number(&body, &version))
		return (ERR_DATA);
	if (view_equal(version, VIEW_STR("\x01")))
		return (ERR_UNSUPPORTED);
	if (version.len != 0)
		return (ERR_DATA);
	for (int i = 0; i < RSA_PARTS; i++)
		if (!take_number(&body, &k->part[i]))
			return (ERR_DATA);
	return (
	    body.len == 0 && rsa_missing(k) == RSA_PARTS ? ERR_OK : ERR_DATA);
}

/* The point of [1], where there is one as 04 X Y. */
static bool
read_point(struct view *body, const struct curve *curve, struct view *point)
{
	struct view tagged, bits, given;

	if (!take(body, DER_CONTEXT_1, &tagged))
		return (true);
	if (!take(&tagged, DER_BITS, &bits) || tagged.len != 0 ||
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

	if (!take(&in, DER_SEQUENCE, &body) || in.len != 0 ||
	    !take_expected(&body, VIEW_STR("\x02\x01\x01")) ||
	    !take(&body, DER_OCTETS, &k->value))
		return (ERR_DATA);
	if (take(&body, DER_CONTEXT_0, &params) &&
	    !view_equal(params, k->params))
		return (ERR_DATA);
	if (!read_point(&body, curve_find(CKK_EC, k->params), &k->point) ||
	    body.len != 0)
		return (ERR_DATA);
	return (number_trim(k->value).len != 0 ? ERR_OK : ERR_DATA);
}

enum err
pkcs8_read(struct view der, struct pkcs8 *out)
{
	struct view info, algorithm, key, ignored;

	memset(out, 0, sizeof(*out));
	if (!take(&der, DER_SEQUENCE, &info) || der.len != 0 ||
	    !take_expected(&info, VIEW_STR("\x02\x01\x00")) ||
	    !take(&info, DER_SEQUENCE, &algorithm) ||
	    !take(&info, DER_OCTETS, &key))
		return (ERR_DATA);
	/* attributes, which say nothing about the key */
	(void)take(&info, DER_CONTEXT_0, &ignored);
	if (info.len != 0)
		return (ERR_DATA);
	if (take_expected(&algorithm, DER_RSA)) {
		out->type = CKK_RSA;
		return (view_equal(algorithm, DER_NULL)
			    ? read_rsa(key, &out->rsa)
			    : ERR_DATA);
	}
	if (!take_expected(&algorithm, DER_EC))
		return (ERR_UNSUPPORTED);
	out->type = CKK_EC;
	out->ec.params = algorithm;
	if (algorithm.len != 0 && algorithm.ptr[0] == DER_SEQUENCE)
		return (ERR_UNSUPPORTED); /* a curve spelled out */
	if (!take(&algorithm, DER_OID, &ignored) || algorithm.len != 0)
		return (ERR_DATA);
	return (read_ec(key, &out->ec));
}
