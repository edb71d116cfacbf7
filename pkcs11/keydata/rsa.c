#include <string.h>
#include <openssl/core_names.h>
#include "number.h"
#include "rsa.h"

#define MOST_EXPONENT_BITS 256

/* clang-format off */
const struct rsa_part_name rsa_part_names[RSA_PARTS] = {
	[RSA_PART_MODULUS] = { CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N },
	[RSA_PART_PUBLIC_EXPONENT] =
	    { CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E },
	[RSA_PART_PRIVATE_EXPONENT] =
	    { CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D },
	[RSA_PART_PRIME_1] = { CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1 },
	[RSA_PART_PRIME_2] = { CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2 },
	[RSA_PART_EXPONENT_1] =
	    { CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	[RSA_PART_EXPONENT_2] =
	    { CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	[RSA_PART_COEFFICIENT] =
	    { CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};
/* clang-format on */

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
is_odd(struct view v)
{
	return ((v.ptr[v.len - 1] & 1) != 0);
}

enum rsa_part
rsa_missing(const struct rsa_private *k)
{
	int i;

	for (i = 0; i < RSA_PARTS; i++)
		if (number_trim(k->part[i]).len == 0)
			break;
	return ((enum rsa_part)i);
}

enum err
rsa_check_primes(const struct rsa_private *k, size_t *bits)
{
	struct view v[RSA_PARTS];
	struct view p, q;

	if (rsa_missing(k) != RSA_PARTS)
		return (ERR_DATA);
	for (int i = 0; i < RSA_PARTS; i++)
		v[i] = number_trim(k->part[i]);
	*bits = number_bits(v[RSA_PART_MODULUS]);
	p = v[RSA_PART_PRIME_1];
	q = v[RSA_PART_PRIME_2];
	if (!is_odd(p) || !is_odd(q) || view_equal(p, q) ||
	    !is_odd(v[RSA_PART_PUBLIC_EXPONENT]) || number_bits(p) < 2 ||
	    number_bits(q) < 2 ||
	    number_bits(v[RSA_PART_PUBLIC_EXPONENT]) < 2 ||
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

enum err
rsa_check(const struct rsa_private *k, size_t *bits)
{
	enum err e = rsa_check_primes(k, bits);

	if (e == ERR_OK && *bits != 2048 && *bits != 3072 && *bits != 4096)
		e = ERR_DATA;
	return (e);
}

bool
rsa_is_public(
    struct view modulus, struct view exponent, size_t bits, size_t least)
{
	struct view n = number_trim(modulus), e = number_trim(exponent);

	return (number_bits(n) == bits && n.len != 0 && is_odd(n) &&
		e.len != 0 && is_odd(e) && number_bits(e) >= least &&
		number_bits(e) <= MOST_EXPONENT_BITS);
}
