#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "make-iv.h"

#define RANDOM_BITS_MIN 64 /* fewer would come again too soon */

bool
iv_is_valid(const struct iv *iv)
{
	if (iv->generator != CKG_NO_GENERATE &&
	    (iv->ptr == NULL || iv->len == 0 || iv->len > IV_MAX))
		return (false);
	return (iv->fixed_bits <= 8 * iv->len &&
		iv->generator <= CKG_GENERATE_COUNTER_XOR);
}

/* The bits that are not fixed become those of the vector given. */
static void
set_free_bits(const struct iv *iv, const uint8_t *from)
{
	size_t at = iv->fixed_bits / 8;
	uint8_t mask = (uint8_t)(0xffU >> iv->fixed_bits % 8);

	if (at == iv->len)
		return;
	iv->ptr[at] = (uint8_t)((iv->ptr[at] & ~mask) | (from[at] & mask));
	memcpy(iv->ptr + at + 1, from + at + 1, iv->len - at - 1);
}

static size_t
free_bits(const struct iv *iv)
{
	return (8 * iv->len - iv->fixed_bits);
}

static CK_RV
put_random(struct call *c, const struct iv *iv)
{
	uint8_t random[IV_MAX];

	if (free_bits(iv) < RANDOM_BITS_MIN)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "fewer than %d bits are left for a random vector",
		    RANDOM_BITS_MIN));
	if (RAND_bytes_ex(c->module->crypto->lib, random, iv->len, 0) != 1)
		return (call_fail(c, ERR_INTERNAL));
	set_free_bits(iv, random);
	return (CKR_OK);
}

/*
 * SP 800-38D, section 8.2.1: the fixed bits, which the caller chooses for each
 * place that has the key, and a counter behind them. Whether he did, nobody
 * knows: so it begins at random where two that count will not meet, and at 0
 * only where there is no room for that. By CKG_GENERATE_COUNTER_XOR the caller
 * chooses all of the vector, as TLS 1.3 does.
 */
static CK_RV
put_counter(
    struct call *c, struct view key, struct view base, const struct iv *iv)
{
	bool by_caller = iv->generator == CKG_GENERATE_COUNTER_XOR;
	struct iv_sequence s = {
	    .fixed_bits = iv->fixed_bits, .by_caller = by_caller};
	uint8_t first[IV_MAX] = {0};
	CK_RV rv = CKR_OK;

	s.at_random = !by_caller && free_bits(iv) >= RANDOM_BITS_MIN;
	if (by_caller)
		memcpy(first, base.ptr, iv->len);
	else if (s.at_random)
		rv = put_random(c, iv);
	else
		set_free_bits(iv, first);
	if (rv != CKR_OK)
		return (rv);
	if (!by_caller)
		memcpy(first, iv->ptr, iv->len);
	s.first = VIEW(first, iv->len);
	if (EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, key.ptr,
		key.len, s.key, NULL) != 1)
		return (call_fail(c, ERR_INTERNAL));
	switch (iv_counters_next(&c->module->iv_counters, &s, iv->ptr)) {
	case ERR_OK:
		return (CKR_OK);
	case ERR_TOO_BIG:
		return (call_error(c, CKR_TOKEN_RESOURCE_EXCEEDED,
		    "every vector of %zu bits was used with this key, or "
		    "the process that forked this one counts through them",
		    free_bits(iv)));
	default:
		return (CKR_HOST_MEMORY);
	}
}

CK_RV
iv_make(struct call *c, struct view key, struct view base, const struct iv *iv)
{
	switch (iv->generator) {
	case CKG_NO_GENERATE:
		return (CKR_OK);
	case CKG_GENERATE_COUNTER_XOR:
	case CKG_GENERATE_COUNTER:
		return (put_counter(c, key, base, iv));
	default:
		return (put_random(c, iv));
	}
}
