#include <openssl/bn.h>
#include "number.h"
#include "rsa.h"

/*
 * The numbers that an RSA private key was given without. In OpenSSL's numbers,
 * which BN_CTX_free() wipes.
 */

#define MOST_SHARE 128

struct work {
	BN_CTX *ctx;
	BIGNUM *part[RSA_PARTS]; /* NULL: not given and not computed yet */
	BIGNUM *one;
};

/* ERR_DATA when one is 0 or not below the modulus: no time is spent on numbers
 * that are too long. */
static enum err
read_given(struct work *w, const struct rsa_private *k)
{
	size_t most = number_trim(k->part[RSA_PART_MODULUS]).len;

	if ((w->one = number_secret(w->ctx)) == NULL || BN_one(w->one) != 1)
		return (ERR_MEMORY);
	for (int i = 0; i < RSA_PARTS; i++) {
		struct view v = number_trim(k->part[i]);

		if (k->part[i].len == 0 && i > RSA_PART_PRIVATE_EXPONENT)
			continue;
		if (v.len == 0 || v.len > most)
			return (ERR_DATA);
		w->part[i] = number_secret(w->ctx);
		if (w->part[i] == NULL ||
		    BN_bin2bn(v.ptr, (int)v.len, w->part[i]) == NULL)
			return (ERR_MEMORY);
		if (i != RSA_PART_MODULUS &&
		    BN_cmp(w->part[i], w->part[RSA_PART_MODULUS]) >= 0)
			return (ERR_DATA);
	}
	return (BN_is_odd(w->part[RSA_PART_MODULUS]) ? ERR_OK : ERR_DATA);
}

/*
 * x = base^odd; the root of 1 that its squares come to, other than -1, has a
 * factor of the modulus (NIST SP 800-56B, appendix C). *factor stays 0 when
 * they come to -1. ERR_DATA: they do not come to 1, so e * d is wrong.
 */
static enum err
try_base(const struct work *w, const BIGNUM *odd, int twos, BIGNUM *x,
    BIGNUM *square, BIGNUM *factor)
{
	const BIGNUM *n = w->part[RSA_PART_MODULUS];

	if (BN_mod_exp(x, x, odd, n, w->ctx) != 1)
		return (ERR_MEMORY);
	for (int i = 0; i < twos; i++) {
		if (BN_mod_sqr(square, x, n, w->ctx) != 1)
			return (ERR_MEMORY);
		if (!BN_is_one(square)) {
			BIGNUM *same = x;

			x = square;
			square = same;
			continue;
		}
		if (BN_sub_word(x, 1) != 1 || BN_gcd(factor, x, n, w->ctx) != 1)
			return (ERR_MEMORY);
		/* x was 1 or -1 */
		if (BN_cmp(factor, n) == 0 || BN_is_one(factor))
			BN_zero(factor);
		return (ERR_OK);
	}
	return (ERR_DATA);
}

/* root = the square root of n, which is not 0, without its fraction: by
 * Newton's way, from above. */
static bool
square_root(const struct work *w, const BIGNUM *n, BIGNUM *root)
{
	BIGNUM *next = number_secret(w->ctx);

	if (next == NULL || BN_one(next) != 1 ||
	    BN_lshift(next, next, (BN_num_bits(n) + 1) / 2) != 1)
		return (false);
	do {
		if (BN_copy(root, next) == NULL ||
		    BN_div(next, NULL, n, root, w->ctx) != 1 ||
		    BN_add(next, next, root) != 1 ||
		    BN_rshift1(next, next) != 1)
			return (false);
	} while (BN_cmp(next, root) < 0);
	return (true);
}

/*
 * The larger prime, if (p - 1) * (q - 1) is phi: their sum is n - phi + 1, and
 * the square of their difference is that of the sum less 4n. *p is 0 if there
 * are no such numbers.
 */
static bool
prime_by_phi(const struct work *w, const BIGNUM *phi, BIGNUM *p)
{
	const BIGNUM *n = w->part[RSA_PART_MODULUS];
	BIGNUM *square = number_secret(w->ctx), *root = number_secret(w->ctx),
	       *x;

	BN_zero(p);
	if ((x = number_secret(w->ctx)) == NULL || BN_sub(x, n, phi) != 1 ||
	    BN_add_word(x, 1) != 1)
		return (false);
	if (BN_is_negative(x) || BN_cmp(x, n) > 0)
		return (true);
	if (BN_sqr(square, x, w->ctx) != 1 || BN_lshift(root, n, 2) != 1 ||
	    BN_sub(square, square, root) != 1)
		return (false);
	if (BN_is_negative(square) || BN_is_zero(square))
		return (true);
	if (!square_root(w, square, root) || BN_add(x, x, root) != 1 ||
	    BN_rshift1(x, x) != 1 || BN_mod(root, n, x, w->ctx) != 1)
		return (false);
	return (!BN_is_zero(root) || BN_copy(p, x) != NULL);
}

/*
 * multiple, e * d - 1, is times * phi / share, where share is what p - 1 and
 * q - 1 have in common, or 1: d is computed modulo either. With an exponent as
 * short as all are, times is the next number above share * multiple / n, for
 * phi is little less than n. *p is 0 where that does not tell.
 */
static enum err
solve(const struct work *w, const BIGNUM *multiple, BIGNUM *p)
{
	const BIGNUM *n = w->part[RSA_PART_MODULUS];
	BIGNUM *all = number_secret(w->ctx), *times = number_secret(w->ctx);
	BIGNUM *phi = number_secret(w->ctx), *rest = number_secret(w->ctx);

	if (rest == NULL || BN_copy(all, multiple) == NULL)
		return (ERR_MEMORY);
	BN_zero(p);
	for (int share = 1; share <= MOST_SHARE && BN_is_zero(p); share++) {
		if (BN_div(times, NULL, all, n, w->ctx) != 1 ||
		    BN_add_word(times, 1) != 1 ||
		    BN_div(phi, rest, all, times, w->ctx) != 1 ||
		    (BN_is_zero(rest) && !prime_by_phi(w, phi, p)) ||
		    BN_add(all, all, multiple) != 1)
			return (ERR_MEMORY);
	}
	return (ERR_OK);
}

static const uint8_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41,
    43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97};

/* Half of all bases find a factor. If the modulus is a power of a prime, and so
 * of no key, none does: some seconds are enough for that. */
static size_t
most_bases(const struct work *w)
{
	size_t k = (size_t)BN_num_bits(w->part[RSA_PART_MODULUS]) / 1024;
	size_t most = 4096 / (k * k * k + 1) + 7;

	return (most < sizeof(bases) ? most : sizeof(bases));
}

/* The slower way, whatever the exponents are. odd: e * d - 1 */
static enum err
find_by_bases(const struct work *w, BIGNUM *odd, BIGNUM *p)
{
	BIGNUM *x = number_secret(w->ctx), *square = number_secret(w->ctx);
	enum err e = ERR_OK;
	int twos = 0;

	if (square == NULL)
		return (ERR_MEMORY);
	while (!BN_is_bit_set(odd, twos))
		twos++;
	if (BN_rshift(odd, odd, twos) != 1)
		return (ERR_MEMORY);
	for (size_t i = 0; i < most_bases(w) && e == ERR_OK; i++) {
		if (BN_set_word(x, bases[i]) != 1)
			return (ERR_MEMORY);
		e = try_base(w, odd, twos, x, square, p);
		if (e == ERR_OK && !BN_is_zero(p))
			return (ERR_OK);
	}
	return (e == ERR_OK ? ERR_DATA : e);
}

/* A prime from the modulus and the two exponents. */
static enum err
factor(struct work *w)
{
	BIGNUM *multiple = number_secret(w->ctx), *p = number_secret(w->ctx);
	enum err e;

	if (p == NULL ||
	    BN_mul(multiple, w->part[RSA_PART_PUBLIC_EXPONENT],
		w->part[RSA_PART_PRIVATE_EXPONENT], w->ctx) != 1 ||
	    BN_sub_word(multiple, 1) != 1)
		return (ERR_MEMORY);
	if (BN_is_zero(multiple) || BN_is_odd(multiple))
		return (ERR_DATA);
	e = solve(w, multiple, p);
	if (e == ERR_OK && BN_is_zero(p))
		e = find_by_bases(w, multiple, p);
	if (e == ERR_OK)
		w->part[RSA_PART_PRIME_1] = p;
	return (e);
}

/* The prime that stands at to, from the other one. */
static enum err
other_prime(struct work *w, enum rsa_part from, enum rsa_part to)
{
	BIGNUM *rest = number_secret(w->ctx);

	if ((w->part[to] = number_secret(w->ctx)) == NULL || rest == NULL ||
	    BN_div(w->part[to], rest, w->part[RSA_PART_MODULUS], w->part[from],
		w->ctx) != 1)
		return (ERR_MEMORY);
	return (BN_is_zero(rest) ? ERR_OK : ERR_DATA);
}

static enum err
find_primes(struct work *w)
{
	BIGNUM **p = &w->part[RSA_PART_PRIME_1];
	BIGNUM **q = &w->part[RSA_PART_PRIME_2];
	enum err e = ERR_OK;

	if (*p == NULL && *q == NULL)
		e = factor(w);
	if (e == ERR_OK && *p == NULL)
		e = other_prime(w, RSA_PART_PRIME_2, RSA_PART_PRIME_1);
	else if (e == ERR_OK && *q == NULL)
		e = other_prime(w, RSA_PART_PRIME_1, RSA_PART_PRIME_2);
	if (e == ERR_OK && (BN_num_bits(*p) < 2 || BN_num_bits(*q) < 2))
		e = ERR_DATA;
	return (e);
}

/* Takes the number as the part, or finds that the one given is another. */
static enum err
take(struct work *w, enum rsa_part at, BIGNUM *n)
{
	if (w->part[at] != NULL)
		return (BN_cmp(w->part[at], n) == 0 ? ERR_OK : ERR_DATA);
	w->part[at] = n;
	return (ERR_OK);
}

/* The exponents and the coefficient. */
static enum err
find_rest(struct work *w)
{
	static const struct {
		enum rsa_part prime, exponent;
	} rows[] = {
	    {RSA_PART_PRIME_1, RSA_PART_EXPONENT_1},
	    {RSA_PART_PRIME_2, RSA_PART_EXPONENT_2},
	};
	BIGNUM *p = w->part[RSA_PART_PRIME_1], *less = number_secret(w->ctx),
	       *n;
	enum err e;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((n = number_secret(w->ctx)) == NULL ||
		    BN_sub(less, w->part[rows[i].prime], w->one) != 1 ||
		    BN_mod(n, w->part[RSA_PART_PRIVATE_EXPONENT], less,
			w->ctx) != 1)
			return (ERR_MEMORY);
		if ((e = take(w, rows[i].exponent, n)) != ERR_OK)
			return (e);
	}
	if ((n = number_secret(w->ctx)) == NULL ||
	    BN_gcd(less, p, w->part[RSA_PART_PRIME_2], w->ctx) != 1)
		return (ERR_MEMORY);
	if (!BN_is_one(less))
		return (ERR_DATA);
	if (BN_mod_inverse(n, w->part[RSA_PART_PRIME_2], p, w->ctx) == NULL)
		return (ERR_MEMORY);
	return (take(w, RSA_PART_COEFFICIENT, n));
}

/* When neither prime was given, an exponent or the coefficient may tell which
 * one is the first; else it is the larger one. */
static enum err
find_all(struct work *w)
{
	BIGNUM **part = w->part, *given[RSA_PARTS], *p;
	bool both = part[RSA_PART_PRIME_1] == NULL &&
		    part[RSA_PART_PRIME_2] == NULL;
	enum err e = find_primes(w);

	if (e != ERR_OK)
		return (e);
	if (both && BN_cmp(part[RSA_PART_PRIME_1], part[RSA_PART_PRIME_2]) < 0)
		BN_swap(part[RSA_PART_PRIME_1], part[RSA_PART_PRIME_2]);
	for (int i = 0; i < RSA_PARTS; i++)
		given[i] = part[i];
	if ((e = find_rest(w)) != ERR_DATA || !both)
		return (e);
	for (int i = 0; i < RSA_PARTS; i++)
		part[i] = given[i];
	p = part[RSA_PART_PRIME_1];
	part[RSA_PART_PRIME_1] = part[RSA_PART_PRIME_2];
	part[RSA_PART_PRIME_2] = p;
	return (find_rest(w));
}

static enum err
write_missing(const struct work *w, struct rsa_private *k, struct buf *bytes)
{
	size_t total = bytes->len;
	enum err e;

	for (int i = 0; i < RSA_PARTS; i++)
		total += (size_t)BN_num_bytes(w->part[i]);
	/* all at once: the views stay where they are */
	if ((e = buf_reserve(bytes, total)) != ERR_OK)
		return (e);
	for (int i = 0; i < RSA_PARTS; i++) {
		uint8_t *to = bytes->ptr + bytes->len;
		size_t len = (size_t)BN_num_bytes(w->part[i]);

		if (k->part[i].len != 0)
			continue;
		BN_bn2binpad(w->part[i], to, (int)len);
		bytes->len += len;
		k->part[i] = VIEW(to, len);
	}
	return (ERR_OK);
}

enum err
rsa_complete(
    const struct crypto *crypto, struct rsa_private *k, struct buf *bytes)
{
	struct work w = {.ctx = BN_CTX_secure_new_ex(crypto->lib)};
	enum err e;

	if (w.ctx == NULL)
		return (ERR_MEMORY);
	BN_CTX_start(w.ctx);
	if ((e = read_given(&w, k)) == ERR_OK && (e = find_all(&w)) == ERR_OK)
		e = write_missing(&w, k, bytes);
	BN_CTX_end(w.ctx);
	BN_CTX_free(w.ctx);
	return (e);
}
