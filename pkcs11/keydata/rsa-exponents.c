#include <string.h>
#include "number.h"
#include "rsa.h"

/*
 * Whether an RSA key's exponents and coefficient fit its primes. By hand, in
 * memory of an arena, and without a branch or an index that depends on the
 * key: OpenSSL's check leaves copies of it.
 */

#define ONE RSA_PARTS
#define NUMBERS 4 /* of one length: */

struct work {
	size_t len; /* one byte more than the modulus: no sum overflows */
	uint8_t *sum, *less, *factor, *modulus;
};

/* sum = sum + addend & mask, less the modulus if that is not above it. The
 * addend is not above the modulus, and the sum below it. */
static void
add_mod(struct work *w, const uint8_t *addend, uint8_t mask)
{
	unsigned carry = 0, borrow = 0;
	uint8_t keep;
	size_t i;

	for (i = w->len; i-- > 0;) {
		carry += w->sum[i] + (unsigned)(addend[i] & mask);
		w->sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
	for (i = w->len; i-- > 0;) {
		borrow = (unsigned)w->sum[i] - w->modulus[i] - borrow;
		w->less[i] = (uint8_t)borrow;
		borrow = borrow >> 8 & 1;
	}
	keep = (uint8_t)(0 - borrow);
	for (i = 0; i < w->len; i++)
		w->sum[i] = (uint8_t)((w->sum[i] & keep) |
				      (w->less[i] & (uint8_t)~keep));
}

/* sum = v * factor mod modulus */
static void
multiply_mod(struct work *w, struct view v)
{
	memset(w->sum, 0, w->len);
	for (size_t i = 0; i < v.len; i++)
		for (int bit = 7; bit >= 0; bit--) {
			add_mod(w, w->sum, 0xff);
			add_mod(
			    w, w->factor, (uint8_t)(0 - (v.ptr[i] >> bit & 1)));
		}
}

/* Right-aligned; false when it is longer. */
static bool
put(const struct work *w, uint8_t *to, struct view v)
{
	if (v.len > w->len)
		return (false);
	memset(to, 0, w->len - v.len);
	memcpy(to + w->len - v.len, v.ptr, v.len);
	return (true);
}

/* Whether a number of the work is v; in one time whatever they are. */
static bool
is(const struct work *w, const uint8_t *number, struct view v)
{
	uint8_t differs = 0;

	if (v.len > w->len)
		return (false);
	for (size_t i = 0; i < w->len; i++)
		differs |= number[i] ^
			   (i < w->len - v.len ? 0
					       : v.ptr[i - (w->len - v.len)]);
	return (differs == 0);
}

/* clang-format off */
/* v * factor = result, modulo a prime or one less (RFC 8017, section 3.2). */
static const struct relation {
	enum rsa_part v, factor, modulus, result;
	bool one_less;
} relations[] = {
	{ RSA_PART_PUBLIC_EXPONENT, RSA_PART_EXPONENT_1,
	    RSA_PART_PRIME_1, ONE, true },
	{ RSA_PART_PUBLIC_EXPONENT, RSA_PART_EXPONENT_2,
	    RSA_PART_PRIME_2, ONE, true },
	{ RSA_PART_PRIME_2, RSA_PART_COEFFICIENT,
	    RSA_PART_PRIME_1, ONE, false },
	{ RSA_PART_PRIVATE_EXPONENT, ONE,
	    RSA_PART_PRIME_1, RSA_PART_EXPONENT_1, true },
	{ RSA_PART_PRIVATE_EXPONENT, ONE,
	    RSA_PART_PRIME_2, RSA_PART_EXPONENT_2, true },
};
/* clang-format on */

static enum err
check(const struct relation *r, const struct view *v, struct buf *memory)
{
	struct work w = {.len = v[r->modulus].len + 1};
	enum err e;

	if ((e = buf_reserve(memory, NUMBERS * w.len)) != ERR_OK)
		return (e);
	w.sum = memory->ptr;
	w.less = w.sum + w.len;
	w.factor = w.less + w.len;
	w.modulus = w.factor + w.len;
	memory->len = NUMBERS * w.len;
	if (!put(&w, w.modulus, v[r->modulus]) ||
	    !put(&w, w.factor, v[r->factor]))
		return (ERR_DATA);
	/* a prime is odd: nothing is borrowed */
	w.modulus[w.len - 1] -= r->one_less;
	multiply_mod(&w, v[r->v]);
	return (is(&w, w.sum, v[r->result]) ? ERR_OK : ERR_DATA);
}

enum err
rsa_check_exponents(const struct rsa_private *k, struct arena *arena)
{
	static const uint8_t one[] = {1};
	struct view v[RSA_PARTS + 1];
	struct buf memory = BUF_SECRET(NUMBERS * (RSA_BYTES_MAX + 1), arena);
	enum err e = ERR_OK;

	for (int i = 0; i < RSA_PARTS; i++)
		v[i] = number_trim(k->part[i]);
	v[ONE] = VIEW(one, sizeof(one));
	for (size_t i = 0;
	     i < sizeof(relations) / sizeof(relations[0]) && e == ERR_OK; i++)
		e = check(&relations[i], v, &memory);
	buf_free(&memory);
	return (e);
}
