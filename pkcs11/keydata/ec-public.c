#include <openssl/bn.h>
#include <openssl/ec.h>
#include "curve.h"
#include "ec-public.h"
#include "number.h"

/*
 * The curve by its numbers, not by its name: OpenSSL's fast code for named
 * curves spreads the scalar over arrays that it does not wipe, the general one
 * (a Montgomery ladder in constant time) works in numbers that it does.
 */
static EC_GROUP *
group_plain(const EC_GROUP *named, BN_CTX *ctx)
{
	BIGNUM *p, *a, *b, *x, *y;
	EC_GROUP *g = NULL;
	EC_POINT *generator = NULL;
	bool ok = false;

	BN_CTX_start(ctx);
	p = BN_CTX_get(ctx);
	a = BN_CTX_get(ctx);
	b = BN_CTX_get(ctx);
	x = BN_CTX_get(ctx);
	y = BN_CTX_get(ctx);
	if (y == NULL || EC_GROUP_get_curve(named, p, a, b, ctx) != 1 ||
	    EC_POINT_get_affine_coordinates(
		named, EC_GROUP_get0_generator(named), x, y, ctx) != 1 ||
	    (g = EC_GROUP_new_curve_GFp(p, a, b, ctx)) == NULL ||
	    (generator = EC_POINT_new(g)) == NULL ||
	    EC_POINT_set_affine_coordinates(g, generator, x, y, ctx) != 1 ||
	    EC_GROUP_set_generator(g, generator, EC_GROUP_get0_order(named),
		EC_GROUP_get0_cofactor(named)) != 1)
		goto out;
	ok = true;
out:
	EC_POINT_free(generator);
	BN_CTX_end(ctx);
	if (!ok) {
		EC_GROUP_free(g);
		return (NULL);
	}
	return (g);
}

/* ERR_DATA unless 0 < d < the order. */
static enum err
multiply(const EC_GROUP *g, const BIGNUM *d, BN_CTX *ctx, struct buf *out)
{
	EC_POINT *point = NULL;
	size_t n = 0, room = out->max - out->len;
	enum err e = ERR_DATA;

	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(g)) >= 0)
		goto out;
	e = ERR_MEMORY;
	if (buf_reserve(out,
		out->len + (room < CURVE_POINT_MAX ? room : CURVE_POINT_MAX)) !=
		ERR_OK ||
	    (point = EC_POINT_new(g)) == NULL ||
	    EC_POINT_mul(g, point, d, NULL, NULL, ctx) != 1)
		goto out;
	n = EC_POINT_point2oct(g, point, POINT_CONVERSION_UNCOMPRESSED,
	    out->ptr + out->len, out->cap - out->len, ctx);
	e = n != 0 ? ERR_OK : ERR_TOO_BIG;
	out->len += n;
out:
	EC_POINT_free(point);
	return (e);
}

enum err
ec_public_point(const struct crypto *crypto, struct view params,
    struct view value, struct buf *out)
{
	const struct curve *c = curve_find(CKK_EC, params);
	EC_GROUP *named = NULL, *g = NULL;
	BN_CTX *ctx = NULL;
	BIGNUM *d = NULL;
	enum err e = ERR_MEMORY;

	if (c == NULL)
		return (ERR_UNSUPPORTED);
	value = number_trim(value);
	if (value.len > c->scalar)
		return (ERR_DATA);
	if ((ctx = BN_CTX_secure_new_ex(crypto->lib)) == NULL ||
	    (named = EC_GROUP_new_by_curve_name_ex(
		 crypto->lib, NULL, c->nid)) == NULL ||
	    (g = group_plain(named, ctx)) == NULL ||
	    (d = BN_secure_new()) == NULL ||
	    BN_bin2bn(value.ptr, (int)value.len, d) == NULL)
		goto out;
	BN_set_flags(d, BN_FLG_CONSTTIME);
	e = multiply(g, d, ctx, out);
out:
	BN_clear_free(d);
	EC_GROUP_free(g);
	EC_GROUP_free(named);
	BN_CTX_free(ctx);
	return (e);
}
