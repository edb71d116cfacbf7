#include <string.h>
#include "curve.h"
#include "der-write.h"
#include "ec-public.h"
#include "number.h"
#include "pkcs8.h"

/* PrivateKeyInfo as far as the key's own bytes, of which there are n. */
static void
put_info(struct der_writer *w, struct view oid, struct view params, size_t n)
{
	size_t algorithm = oid.len + params.len;
	size_t all = 3 + der_element_len(algorithm) + der_element_len(n);

	w->err = buf_reserve(w->out, w->out->len + der_element_len(all));
	der_put_head(w, DER_SEQUENCE, all);
	der_put(w, VIEW_STR("\x02\x01\x00")); /* version 0 */
	der_put_head(w, DER_SEQUENCE, algorithm);
	der_put(w, oid);
	der_put(w, params);
	der_put_head(w, DER_OCTETS, n);
}

enum err
pkcs8_write_rsa(const struct rsa_private *k, struct buf *out)
{
	struct der_writer w = {out, ERR_OK};
	size_t before = out->len, n = 3;

	if (rsa_missing(k) != RSA_PARTS)
		return (ERR_DATA);
	for (int i = 0; i < RSA_PARTS; i++)
		n += der_element_len(der_number_len(k->part[i]));
	put_info(&w, DER_RSA, DER_NULL, der_element_len(n));
	der_put_head(&w, DER_SEQUENCE, n);
	der_put(&w, VIEW_STR("\x02\x01\x00")); /* version 0: two primes */
	for (int i = 0; i < RSA_PARTS; i++)
		der_put_number(&w, k->part[i]);
	if (w.err != ERR_OK)
		out->len = before;
	return (w.err);
}

enum err
pkcs8_write_of_set(const struct private_of_set *k, struct buf *out)
{
	struct der_writer w = {out, ERR_OK};
	size_t before = out->len;
	size_t seed = der_element_len(k->seed.len);
	size_t value = der_element_len(k->value.len);
	uint8_t oid[PARAMETER_SET_OID_LEN];

	parameter_set_put_oid(k->set, oid);
	if (k->seed.len == 0 && k->value.len == 0)
		return (ERR_DATA);
	if (k->seed.len == 0) {
		put_info(&w, VIEW(oid, sizeof(oid)), VIEW(NULL, 0), value);
	} else if (k->value.len == 0) {
		put_info(&w, VIEW(oid, sizeof(oid)), VIEW(NULL, 0), seed);
		der_put_head(&w, DER_CONTEXT_0_PRIMITIVE, k->seed.len);
		der_put(&w, k->seed);
	} else {
		put_info(&w, VIEW(oid, sizeof(oid)), VIEW(NULL, 0),
		    der_element_len(seed + value));
		der_put_head(&w, DER_SEQUENCE, seed + value);
		der_put_head(&w, DER_OCTETS, k->seed.len);
		der_put(&w, k->seed);
	}
	if (k->value.len != 0) {
		der_put_head(&w, DER_OCTETS, k->value.len);
		der_put(&w, k->value);
	}
	if (w.err != ERR_OK)
		out->len = before;
	return (w.err);
}

/* RFC 5915: the scalar is as long as the curve's order. */
enum err
pkcs8_write_ec(
    const struct crypto *crypto, const struct ec_private *k, struct buf *out)
{
	static const uint8_t zeros[CURVE_SCALAR_MAX];
	struct der_writer w = {out, ERR_OK};
	struct buf point = BUF_INIT(CURVE_POINT_MAX);
	struct view d = number_trim(k->value);
	const struct curve *curve = curve_find(CKK_EC, k->params);
	size_t before = out->len, len = curve == NULL ? 0 : curve->scalar;
	size_t public_len, n;

	w.err = ec_public_point(crypto, k->params, k->value, &point);
	if (w.err == ERR_OK && k->point.len != 0 &&
	    !curve_same_point(curve, buf_view(&point), k->point))
		w.err = ERR_DATA;
	if (w.err != ERR_OK)
		goto out;
	public_len = der_element_len(point.len + 1);
	n = 3 + der_element_len(len) + der_element_len(public_len);
	put_info(&w, DER_EC, curve->params, der_element_len(n));
	der_put_head(&w, DER_SEQUENCE, n);
	der_put(&w, VIEW_STR("\x02\x01\x01")); /* version 1 */
	der_put_head(&w, DER_OCTETS, len);
	der_put(&w, VIEW(zeros, len - d.len));
	der_put(&w, d);
	der_put_head(&w, DER_CONTEXT_1, public_len);
	der_put_head(&w, DER_BITS, point.len + 1);
	der_put(&w, VIEW("", 1)); /* no unused bits */
	der_put(&w, buf_view(&point));
out:
	if (w.err != ERR_OK)
		out->len = before;
	buf_free(&point);
	return (w.err);
}

enum err
pkcs8_write_ffc(CK_KEY_TYPE type, const struct ffc_private *k, struct buf *out)
{
	struct der_writer w = {out, ERR_OK};
	struct buf algorithm = BUF_INIT(FFC_DER_MAX);
	size_t before = out->len;

	w.err = ffc_put_algorithm(type, &k->group, &algorithm);
	if (w.err == ERR_OK) {
		put_info(&w, buf_view(&algorithm), VIEW(NULL, 0),
		    der_element_len(der_number_len(k->value)));
		der_put_number(&w, k->value);
	}
	if (w.err != ERR_OK)
		out->len = before;
	buf_free(&algorithm);
	return (w.err);
}
