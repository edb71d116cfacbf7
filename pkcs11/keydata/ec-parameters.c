#include <openssl/bn.h>
#include <openssl/ec.h>
#include "cryptoki/der.h"
#include "der-read.h"
#include "ec-parameters.h"
#include "number.h"

#define NUMBER_MAX 66 /* bytes, of P-521 */
#define PRIME_FIELD VIEW_STR("\x06\x07\x2a\x86\x48\xce\x3d\x01\x01")

/* The numbers of y^2 = x^3 + ax + b mod p, and a point of prime order. */
struct explicit_curve {
	struct view p, a, b, point, order;
};

/* What may follow: a cofactor, which all curves here have as 1, and a seed. */
static bool
ends_well(struct view all, struct view curve)
{
	struct view seed;

	return ((all.len == 0 || view_equal(all, VIEW_STR("\x02\x01\x01"))) &&
		(curve.len == 0 ||
		    (der_take(&curve, DER_BITS, &seed) && curve.len == 0)));
}

static bool
read_explicit(struct view der, struct explicit_curve *e)
{
	struct view all, field, curve;

	return (der_take(&der, DER_SEQUENCE, &all) && der.len == 0 &&
		der_take_bytes(&all, VIEW_STR("\x02\x01\x01")) &&
		der_take(&all, DER_SEQUENCE, &field) &&
		der_take_bytes(&field, PRIME_FIELD) &&
		der_take_number(&field, &e->p) && field.len == 0 &&
		der_take(&all, DER_SEQUENCE, &curve) &&
		der_take(&curve, DER_OCTETS, &e->a) &&
		der_take(&curve, DER_OCTETS, &e->b) &&
		der_take(&all, DER_OCTETS, &e->point) &&
		der_take_number(&all, &e->order) && ends_well(all, curve));
}

static bool
is_number(struct view v, const BIGNUM *n)
{
	uint8_t bytes[NUMBER_MAX];
	int len = BN_num_bytes(n);

	v = number_trim(v);
	return (len <= (int)sizeof(bytes) && v.len == (size_t)len &&
		BN_bn2bin(n, bytes) == len &&
		view_equal(v, VIEW(bytes, (size_t)len)));
}

static bool
is_generator(struct view v, const EC_GROUP *g, BN_CTX *ctx)
{
	uint8_t bytes[1 + 2 * NUMBER_MAX];
	bool compressed = v.len != 0 && (v.ptr[0] == 2 || v.ptr[0] == 3);
	size_t len = EC_POINT_point2oct(g, EC_GROUP_get0_generator(g),
	    compressed ? POINT_CONVERSION_COMPRESSED
		       : POINT_CONVERSION_UNCOMPRESSED,
	    bytes, sizeof(bytes), ctx);

	return (len != 0 && view_equal(v, VIEW(bytes, len)));
}

bool
ec_parameters_are(struct view der, int nid)
{
	struct explicit_curve e;
	BIGNUM *p, *a, *b;
	EC_GROUP *g = NULL;
	BN_CTX *ctx;
	bool same = false;

	if (!read_explicit(der, &e) || (ctx = BN_CTX_new()) == NULL)
		return (false);
	BN_CTX_start(ctx);
	p = BN_CTX_get(ctx);
	a = BN_CTX_get(ctx);
	b = BN_CTX_get(ctx);
	if (b != NULL && (g = EC_GROUP_new_by_curve_name(nid)) != NULL &&
	    EC_GROUP_get_curve(g, p, a, b, ctx) == 1)
		same = is_number(e.p, p) && is_number(e.a, a) &&
		       is_number(e.b, b) &&
		       is_number(e.order, EC_GROUP_get0_order(g)) &&
		       is_generator(e.point, g, ctx);
	EC_GROUP_free(g);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	return (same);
}
