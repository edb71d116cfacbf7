#include <string.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include "cryptoki/der.h"
#include "pkcs8.h"

/* Whether the parts of a key belong together. */

/* The curves of keys that KMS imports. */
struct curve {
	struct view params;
	int nid;
	size_t len; /* of the order and of a coordinate */
};

/* clang-format off */
#define OID(s) { (const uint8_t *)(s), sizeof(s) - 1 }
static const struct curve curves[] = {
	{ OID("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
	    NID_X9_62_prime256v1, 32 },
	{ OID("\x06\x05\x2b\x81\x04\x00\x22"), NID_secp384r1, 48 },
	{ OID("\x06\x05\x2b\x81\x04\x00\x23"), NID_secp521r1, 66 },
	{ OID("\x06\x05\x2b\x81\x04\x00\x0a"), NID_secp256k1, 32 },
};
/* clang-format on */

static const struct curve *
curve_find(struct view params)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (view_equal(curves[i].params, params))
			return (&curves[i]);
	return (NULL);
}

size_t
ec_scalar_len(struct view params)
{
	const struct curve *c = curve_find(params);

	return (c == NULL ? 0 : c->len);
}

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
	if (buf_reserve(
		out, out->len + (room < EC_POINT_MAX ? room : EC_POINT_MAX)) !=
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
	const struct curve *c = curve_find(params);
	EC_GROUP *named = NULL, *g = NULL;
	BN_CTX *ctx = NULL;
	BIGNUM *d = NULL;
	enum err e = ERR_MEMORY;

	if (c == NULL)
		return (ERR_UNSUPPORTED);
	value = number_trim(value);
	if (value.len > c->len)
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

/* a < b, of numbers without leading zeros. */
static bool
less(struct view a, struct view b)
{
	if (a.len != b.len)
		return (a.len < b.len);
	return (memcmp(a.ptr, b.ptr, a.len) < 0);
}

/* p * q = n, one byte of the product after the other, from the last: so it
 * needs no memory to be wiped. */
static bool
product_is(struct view p, struct view q, struct view n)
{
	uint64_t sum = 0;
	size_t i, k;

	if (n.len > p.len + q.len)
		return (false);
	for (k = 0; k < p.len + q.len; k++) {
		for (i = k < q.len ? 0 : k - q.len + 1; i <= k && i < p.len;
		     i++)
			sum += (uint64_t)p.ptr[p.len - 1 - i] *
			       q.ptr[q.len - 1 - (k - i)];
		if ((uint8_t)sum != (k < n.len ? n.ptr[n.len - 1 - k] : 0))
			return (false);
		sum >>= 8;
	}
	return (sum == 0);
}

static bool
odd(struct view v)
{
	return ((v.ptr[v.len - 1] & 1) != 0);
}

static size_t
bit_count(struct view v)
{
	size_t bits = v.len * 8;

	for (int top = 0x80; (v.ptr[0] & top) == 0; top >>= 1)
		bits--;
	return (bits);
}

enum err
rsa_check(const struct rsa_private *k, size_t *bits)
{
	struct view v[RSA_PARTS];
	struct view p, q;

	if (rsa_missing(k) != RSA_PARTS)
		return (ERR_DATA);
	for (int i = 0; i < RSA_PARTS; i++)
		v[i] = number_trim(k->part[i]);
	*bits = bit_count(v[RSA_PART_MODULUS]);
	if (*bits != 2048 && *bits != 3072 && *bits != 4096)
		return (ERR_DATA);
	p = v[RSA_PART_PRIME_1];
	q = v[RSA_PART_PRIME_2];
	if (!odd(p) || !odd(q) || view_equal(p, q) ||
	    !odd(v[RSA_PART_PUBLIC_EXPONENT]) || bit_count(p) < 2 ||
	    bit_count(q) < 2 || bit_count(v[RSA_PART_PUBLIC_EXPONENT]) < 2 ||
	    !less(v[RSA_PART_PUBLIC_EXPONENT], v[RSA_PART_MODULUS]) ||
	    !less(v[RSA_PART_PRIVATE_EXPONENT], v[RSA_PART_MODULUS]) ||
	    !less(v[RSA_PART_EXPONENT_1], p) ||
	    !less(v[RSA_PART_EXPONENT_2], q) ||
	    !less(v[RSA_PART_COEFFICIENT], p) ||
	    !less(p, v[RSA_PART_MODULUS]) || !less(q, v[RSA_PART_MODULUS]) ||
	    !product_is(p, q, v[RSA_PART_MODULUS]))
		return (ERR_DATA);
	return (ERR_OK);
}
