#include <string.h>
#include "cryptoki/der.h"
#include "curve.h"
#include "ec-public.h"
#include "number.h"
#include "pkcs8.h"

/* Writing. Sizes are known before: memory is taken once, and what is appended
 * cannot fail; if it does all the same, the first failure is kept. */

struct writer {
	struct buf *out;
	enum err err;
};

static void
put(struct writer *w, struct view v)
{
	if (w->err == ERR_OK)
		w->err = buf_append(w->out, v);
}

/* The length of a whole element whose content has n bytes. */
static size_t
element_len(size_t n)
{
	return (n + (n < 0x80 ? 2 : n < 0x100 ? 3 : 4));
}

static void
put_head(struct writer *w, uint8_t tag, size_t n)
{
	uint8_t head[4] = {tag, (uint8_t)n}, *p = head + 1;

	if (n > UINT16_MAX && w->err == ERR_OK)
		w->err = ERR_TOO_BIG;
	if (n >= 0x80) {
		*p++ = n < 0x100 ? 0x81 : 0x82;
		if (n >= 0x100)
			*p++ = (uint8_t)(n >> 8);
		*p = (uint8_t)n;
	}
	put(w, VIEW(head, (size_t)(p + 1 - head)));
}

/* The length of an INTEGER's content: the first bit is the sign. */
static size_t
number_len(struct view v)
{
	v = number_trim(v);
	return (v.len == 0 ? 1 : v.len + (v.ptr[0] >> 7));
}

static void
put_number(struct writer *w, struct view v)
{
	size_t n = number_len(v);

	v = number_trim(v);
	put_head(w, DER_INTEGER, n);
	if (n != v.len)
		put(w, VIEW("", 1));
	put(w, v);
}

/* PrivateKeyInfo as far as the key's own bytes, of which there are n. */
static void
put_info(struct writer *w, struct view oid, struct view params, size_t n)
{
	size_t algorithm = oid.len + params.len;
	size_t all = 3 + element_len(algorithm) + element_len(n);

	w->err = buf_reserve(w->out, w->out->len + element_len(all));
	put_head(w, DER_SEQUENCE, all);
	put(w, VIEW_STR("\x02\x01\x00")); /* version 0 */
	put_head(w, DER_SEQUENCE, algorithm);
	put(w, oid);
	put(w, params);
	put_head(w, DER_OCTETS, n);
}

enum err
pkcs8_write_rsa(const struct rsa_private *k, struct buf *out)
{
	struct writer w = {out, ERR_OK};
	size_t before = out->len, n = 3;

	if (rsa_missing(k) != RSA_PARTS)
		return (ERR_DATA);
	for (int i = 0; i < RSA_PARTS; i++)
		n += element_len(number_len(k->part[i]));
	put_info(&w, DER_RSA, DER_NULL, element_len(n));
	put_head(&w, DER_SEQUENCE, n);
	put(&w, VIEW_STR("\x02\x01\x00")); /* version 0: two primes */
	for (int i = 0; i < RSA_PARTS; i++)
		put_number(&w, k->part[i]);
	if (w.err != ERR_OK)
		out->len = before;
	return (w.err);
}

enum err
pkcs8_write_of_set(const struct private_of_set *k, struct buf *out)
{
	struct writer w = {out, ERR_OK};
	size_t before = out->len;
	size_t seed = element_len(k->seed.len);
	size_t value = element_len(k->value.len);
	uint8_t oid[PARAMETER_SET_OID_LEN];

	parameter_set_put_oid(k->set, oid);
	if (k->seed.len == 0 && k->value.len == 0)
		return (ERR_DATA);
	if (k->seed.len == 0) {
		put_info(&w, VIEW(oid, sizeof(oid)), VIEW(NULL, 0), value);
	} else if (k->value.len == 0) {
		put_info(&w, VIEW(oid, sizeof(oid)), VIEW(NULL, 0), seed);
		put_head(&w, DER_CONTEXT_0_PRIMITIVE, k->seed.len);
		put(&w, k->seed);
	} else {
		put_info(&w, VIEW(oid, sizeof(oid)), VIEW(NULL, 0),
		    element_len(seed + value));
		put_head(&w, DER_SEQUENCE, seed + value);
		put_head(&w, DER_OCTETS, k->seed.len);
		put(&w, k->seed);
	}
	if (k->value.len != 0) {
		put_head(&w, DER_OCTETS, k->value.len);
		put(&w, k->value);
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
	struct writer w = {out, ERR_OK};
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
	public_len = element_len(point.len + 1);
	n = 3 + element_len(len) + element_len(public_len);
	put_info(&w, DER_EC, curve->params, element_len(n));
	put_head(&w, DER_SEQUENCE, n);
	put(&w, VIEW_STR("\x02\x01\x01")); /* version 1 */
	put_head(&w, DER_OCTETS, len);
	put(&w, VIEW(zeros, len - d.len));
	put(&w, d);
	put_head(&w, DER_CONTEXT_1, public_len);
	put_head(&w, DER_BITS, point.len + 1);
	put(&w, VIEW("", 1)); /* no unused bits */
	put(&w, buf_view(&point));
out:
	if (w.err != ERR_OK)
		out->len = before;
	buf_free(&point);
	return (w.err);
}
