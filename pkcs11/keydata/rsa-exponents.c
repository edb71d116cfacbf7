#include <string.h>
#include "number.h"
#include "rsa.h"

/*
 * Whether an RSA key's exponents and coefficient fit its primes. By hand, in
 * memory of an arena, and without a branch or an index that depends on the
 * key: OpenSSL's check leaves copies of it.
 */

#define ONE RSA_PARTS
#define NUMBERS 5 /* of one length: */
#define WORD sizeof(uint64_t)

/* Numbers in words, the least first. */
struct work {
	size_t len; /* words: more than the modulus has, no sum overflows */
	uint64_t *sum, *less, *factor, *modulus, *result;
};

/* sum = sum + addend & mask, less the modulus if that is not above it. The
 * addend is not above the modulus, and the sum below it. */
static void
add_mod(struct work *w, const uint64_t *addend, uint64_t mask)
{
	uint64_t carry = 0, borrow = 0, a, keep;
	size_t i;

	for (i = 0; i < w->len; i++) {
		a = (addend[i] & mask) + carry;
		carry = a < carry;
		w->sum[i] += a;
		carry |= w->sum[i] < a;
		/* the difference, in the same pass */
		a = w->sum[i] - w->modulus[i];
		w->less[i] = a - borrow;
		borrow = (w->sum[i] < w->modulus[i]) | (a < borrow);
	}
	keep = 0 - borrow;
	for (i = 0; i < w->len; i++)
		w->sum[i] = (w->sum[i] & keep) | (w->less[i] & ~keep);
}

/* sum = v * factor mod modulus */
static void
multiply_mod(struct work *w, struct view v)
{
	memset(w->sum, 0, w->len * WORD);
	for (size_t i = 0; i < v.len; i++)
		for (int bit = 7; bit >= 0; bit--) {
			add_mod(w, w->sum, UINT64_MAX);
			add_mod(
			    w, w->factor, 0 - (uint64_t)(v.ptr[i] >> bit & 1));
		}
}

/* False when it is longer. */
static bool
put(const struct work *w, uint64_t *to, struct view v)
{
	if (v.len > w->len * WORD)
		return (false);
	memset(to, 0, w->len * WORD);
	for (size_t i = 0; i < v.len; i++)
		to[i / WORD] |= (uint64_t)v.ptr[v.len - 1 - i]
				<< 8 * (i % WORD);
	return (true);
}

/* Whether the sum is v; in one time whatever they are. */
static bool
is_sum(const struct work *w, struct view v)
{
	uint64_t differs = 0;

	if (!put(w, w->result, v))
		return (false);
	for (size_t i = 0; i < w->len; i++)
		differs |= w->sum[i] ^ w->result[i];
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
	struct work w = {.len = v[r->modulus].len / WORD + 1};
	enum err e;

	if ((e = buf_reserve(memory, NUMBERS * WORD * w.len)) != ERR_OK)
		return (e);
	w.sum = (uint64_t *)(void *)memory->ptr;
	w.less = w.sum + w.len;
	w.factor = w.less + w.len;
	w.modulus = w.factor + w.len;
	w.result = w.modulus + w.len;
	memory->len = NUMBERS * WORD * w.len;
	if (!put(&w, w.modulus, v[r->modulus]) ||
	    !put(&w, w.factor, v[r->factor]))
		return (ERR_DATA);
	/* a prime is odd: nothing is borrowed */
	w.modulus[0] -= r->one_less;
	multiply_mod(&w, v[r->v]);
	return (is_sum(&w, v[r->result]) ? ERR_OK : ERR_DATA);
}

enum err
rsa_check_exponents(const struct rsa_private *k, struct arena *arena)
{
	static const uint8_t one[] = {1};
	struct view v[RSA_PARTS + 1];
	struct buf memory = BUF_SECRET(NUMBERS * (RSA_BYTES_MAX + WORD), arena);
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
