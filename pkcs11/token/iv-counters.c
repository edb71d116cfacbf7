#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "iv-counters.h"

#define ROWS_MAX (1U << 16)

struct iv_counter {
	uint8_t key[IV_KEY_HASH];
	uint8_t first[IV_COUNTER_BYTES_MAX];
	size_t len, fixed_bits;
	bool by_caller;
	bool parents; /* the process that forked this one goes on with it */
	uint64_t used;
};

void
iv_counters_init(struct iv_counters *cs)
{
	*cs = (struct iv_counters){.rows = NULL};
	pthread_mutex_init(&cs->lock, NULL);
}

void
iv_counters_free(struct iv_counters *cs)
{
	free(cs->rows);
	pthread_mutex_destroy(&cs->lock);
}

void
iv_counters_before_fork(struct iv_counters *cs)
{
	pthread_mutex_lock(&cs->lock);
}

void
iv_counters_after_fork(struct iv_counters *cs)
{
	pthread_mutex_unlock(&cs->lock);
}

void
iv_counters_in_child(struct iv_counters *cs)
{
	cs->parents = true;
	for (size_t i = 0; i < cs->count; i++)
		cs->rows[i].parents = true;
}

/* The number that leads from the first of a row to the vector; false: none. */
static bool
number_of(const struct iv_counter *row, const uint8_t *iv, uint64_t *n)
{
	uint8_t number[IV_COUNTER_BYTES_MAX];
	unsigned difference, borrow = 0;

	for (size_t i = row->len; i-- > 0;) {
		difference = (unsigned)iv[i] - row->first[i] - borrow;
		borrow = difference >> 8 & 1;
		number[i] = row->by_caller ? iv[i] ^ row->first[i]
					   : (uint8_t)difference;
	}
	*n = 0;
	for (size_t i = 0; i < row->len; i++) {
		if (i + sizeof(*n) < row->len && number[i] != 0)
			return (false);
		*n = *n << 8 | number[i];
	}
	return (true);
}

/* By the caller's vector, XOR; else a sum that leaves the fixed bits. */
static void
put_number(const struct iv_counter *row, uint64_t n, uint8_t *iv)
{
	size_t fixed = row->fixed_bits / 8;
	unsigned mask = 0xff00U >> row->fixed_bits % 8 & 0xffU, sum = 0;

	memcpy(iv, row->first, row->len);
	for (size_t i = row->len; i-- > fixed; n >>= 8) {
		sum += row->first[i] + (unsigned)(n & 0xff);
		iv[i] = row->by_caller ? iv[i] ^ (uint8_t)n : (uint8_t)sum;
		sum >>= 8;
	}
	if (fixed < row->len && !row->by_caller)
		iv[fixed] = (uint8_t)((row->first[fixed] & mask) |
				      (iv[fixed] & ~mask));
}

/* Whether so many leading bits are the same. */
static bool
begin_alike(const uint8_t *a, const uint8_t *b, size_t bits)
{
	size_t bytes = bits / 8;
	unsigned mask = 0xff00U >> bits % 8 & 0xffU;

	return (memcmp(a, b, bytes) == 0 &&
		(mask == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0));
}

static bool
is_row_of(const struct iv_counter *row, const struct iv_sequence *s)
{
	if (memcmp(row->key, s->key, IV_KEY_HASH) != 0 ||
	    row->len != s->first.len || row->fixed_bits != s->fixed_bits ||
	    row->by_caller != s->by_caller)
		return (false);
	return (begin_alike(row->first, s->first.ptr,
	    s->by_caller ? 8 * s->first.len : s->fixed_bits));
}

static enum err
find_or_add(struct iv_counters *cs, const struct iv_sequence *s,
    struct iv_counter **out)
{
	struct iv_counter *rows;

	for (size_t i = 0; i < cs->count; i++)
		if (is_row_of(&cs->rows[i], s) &&
		    (!s->at_random || !cs->rows[i].parents)) {
			*out = &cs->rows[i];
			return ((*out)->parents ? ERR_TOO_BIG : ERR_OK);
		}
	/* one from 0 the parent may begin, too; one of the caller's is another
	 * in each process, as far as he knows what he does */
	if (cs->count == ROWS_MAX ||
	    (cs->parents && !s->at_random && !s->by_caller))
		return (ERR_TOO_BIG);
	rows = array_grow(cs->rows, &cs->cap, cs->count + 1, sizeof(*rows));
	if (rows == NULL)
		return (ERR_MEMORY);
	cs->rows = rows;
	*out = &cs->rows[cs->count++];
	**out = (struct iv_counter){.len = s->first.len,
	    .fixed_bits = s->fixed_bits,
	    .by_caller = s->by_caller};
	memcpy((*out)->key, s->key, IV_KEY_HASH);
	memcpy((*out)->first, s->first.ptr, s->first.len);
	return (ERR_OK);
}

/* Sequences whose fixed bits are of different lengths may meet. */
static bool
is_used(const struct iv_counters *cs, const struct iv_counter *row,
    const uint8_t *iv)
{
	uint64_t n;

	for (size_t i = 0; i < cs->count; i++) {
		const struct iv_counter *other = &cs->rows[i];

		if (other->len == row->len &&
		    other->by_caller == row->by_caller &&
		    memcmp(other->key, row->key, IV_KEY_HASH) == 0 &&
		    number_of(other, iv, &n) && n < other->used)
			return (true);
	}
	return (false);
}

/* Under the lock. */
static enum err
next(struct iv_counters *cs, const struct iv_sequence *s, uint8_t *iv)
{
	size_t free_bits = 8 * s->first.len - s->fixed_bits;
	struct iv_counter *row = NULL;
	enum err e;

	if ((e = find_or_add(cs, s, &row)) != ERR_OK)
		return (e);
	for (bool found = false; !found; row->used++) {
		if (row->used == UINT64_MAX ||
		    (free_bits < 64 && row->used >> free_bits != 0))
			return (ERR_TOO_BIG);
		put_number(row, row->used, iv);
		found = !is_used(cs, row, iv);
	}
	return (ERR_OK);
}

enum err
iv_counters_next(
    struct iv_counters *cs, const struct iv_sequence *s, uint8_t *iv)
{
	enum err e;

	if (s->first.len == 0 || s->first.len > IV_COUNTER_BYTES_MAX ||
	    s->fixed_bits > 8 * s->first.len)
		return (ERR_TOO_BIG);
	pthread_mutex_lock(&cs->lock);
	e = next(cs, s, iv);
	pthread_mutex_unlock(&cs->lock);
	return (e);
}
