#include "number.h"

struct view
number_trim(struct view v)
{
	while (v.len != 0 && v.ptr[0] == 0)
		v = VIEW(v.ptr + 1, v.len - 1);
	return (v);
}

size_t
number_bits(struct view v)
{
	size_t bits;

	v = number_trim(v);
	if (v.len == 0)
		return (0);
	bits = 8 * (v.len - 1);
	for (unsigned top = v.ptr[0]; top != 0; top >>= 1)
		bits++;
	return (bits);
}

void
number_reverse(struct view v, uint8_t *to)
{
	for (size_t i = 0; i < v.len; i++)
		to[i] = v.ptr[v.len - 1 - i];
}

BIGNUM *
number_secret(BN_CTX *ctx)
{
	BIGNUM *n = BN_CTX_get(ctx);

	if (n != NULL)
		BN_set_flags(n, BN_FLG_CONSTTIME);
	return (n);
}
