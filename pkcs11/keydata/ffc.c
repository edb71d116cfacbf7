#include <openssl/bn.h>
#include "ffc.h"
#include "number.h"

/* In OpenSSL's numbers, which BN_CTX_free() wipes. Of what these functions of
 * OpenSSL fail for, memory alone is left. */

struct work {
	BN_CTX *ctx;
	BIGNUM *p, *q, *g; /* q: NULL where the group has none */
	BIGNUM *most; /* p - 2 */
};

/* One of at most so many bits. */
static enum err
take(struct work *w, struct view v, size_t bits, BIGNUM **out)
{
	v = number_trim(v);
	if (number_bits(v) > bits)
		return (ERR_DATA);
	*out = number_secret(w->ctx);
	return (*out != NULL && BN_bin2bn(v.ptr, (int)v.len, *out) != NULL
		    ? ERR_OK
		    : ERR_MEMORY);
}

/* Takes the group; what is too long for one is not calculated with. */
static enum err
begin(struct work *w, const struct crypto *crypto, const struct ffc_group *g)
{
	size_t bits = number_bits(g->prime);
	enum err e;

	*w = (struct work){.ctx = NULL};
	if (bits < FFC_BITS_MIN || bits > FFC_BITS_MAX ||
	    (g->prime.ptr[g->prime.len - 1] & 1) == 0)
		return (ERR_DATA);
	if ((w->ctx = BN_CTX_secure_new_ex(crypto->lib)) == NULL)
		return (ERR_MEMORY);
	BN_CTX_start(w->ctx);
	if ((e = take(w, g->prime, bits, &w->p)) != ERR_OK ||
	    (e = take(w, g->base, bits, &w->g)) != ERR_OK ||
	    (g->subprime.len != 0 &&
		(e = take(w, g->subprime, bits, &w->q)) != ERR_OK))
		return (e);
	w->most = number_secret(w->ctx);
	return (w->most != NULL && BN_copy(w->most, w->p) != NULL &&
			BN_sub_word(w->most, 2) == 1
		    ? ERR_OK
		    : ERR_MEMORY);
}

static void
end(struct work *w)
{
	if (w->ctx != NULL)
		BN_CTX_end(w->ctx);
	BN_CTX_free(w->ctx);
}

static bool
is_within(const BIGNUM *n, BN_ULONG least, const BIGNUM *most)
{
	return ((BN_num_bits(n) > 8 || BN_get_word(n) >= least) &&
		BN_cmp(n, most) <= 0);
}

/* One of the group that q says. */
static enum err
check_member(struct work *w, const BIGNUM *n)
{
	BIGNUM *one = number_secret(w->ctx);

	if (!is_within(n, 2, w->most))
		return (ERR_DATA);
	if (w->q == NULL)
		return (ERR_OK);
	if (one == NULL || BN_mod_exp(one, n, w->q, w->p, w->ctx) != 1)
		return (ERR_MEMORY);
	return (BN_is_one(one) ? ERR_OK : ERR_DATA);
}

/* FIPS 186-4, section 4.2, has three lengths of q; it divides p - 1. It is a
 * prime: with another there are keys whose signatures all have an s of 0, for
 * which OpenSSL tries again, in some versions without end. */
static enum err
check_subprime(struct work *w)
{
	int bits = BN_num_bits(w->q);
	BIGNUM *rest = number_secret(w->ctx);

	if (bits != 160 && bits != 224 && bits != 256)
		return (ERR_DATA);
	if (rest == NULL || BN_mod(rest, w->p, w->q, w->ctx) != 1)
		return (ERR_MEMORY);
	if (!BN_is_one(rest))
		return (ERR_DATA);
	switch (BN_check_prime(w->q, w->ctx, NULL)) {
	case 1:
		return (ERR_OK);
	case 0:
		return (ERR_DATA);
	default:
		return (ERR_MEMORY);
	}
}

enum err
ffc_check_group(const struct crypto *crypto, const struct ffc_group *g)
{
	struct work w;
	enum err e = begin(&w, crypto, g);

	if (e == ERR_OK && w.q != NULL)
		e = check_subprime(&w);
	if (e == ERR_OK)
		e = check_member(&w, w.g);
	end(&w);
	return (e);
}

enum err
ffc_check_public(
    const struct crypto *crypto, const struct ffc_group *g, struct view public)
{
	struct work w;
	BIGNUM *y;
	enum err e = begin(&w, crypto, g);

	if (e == ERR_OK && (e = take(&w, public, FFC_BITS_MAX, &y)) == ERR_OK)
		e = check_member(&w, y);
	end(&w);
	return (e);
}

/* base^private; both are below p. */
static enum err
power(struct work *w, const BIGNUM *base, struct view private, BIGNUM **out)
{
	const BIGNUM *most = w->most;
	BIGNUM *x, *less;
	enum err e = take(w, private, FFC_BITS_MAX, &x);

	if (e != ERR_OK)
		return (e);
	if (w->q != NULL) {
		less = number_secret(w->ctx);
		if (less == NULL || BN_sub(less, w->q, BN_value_one()) != 1)
			return (ERR_MEMORY);
		most = less;
	}
	if (!is_within(x, 1, most))
		return (ERR_DATA);
	*out = number_secret(w->ctx);
	return (*out != NULL && BN_mod_exp(*out, base, x, w->p, w->ctx) == 1
		    ? ERR_OK
		    : ERR_MEMORY);
}

static enum err
put(const BIGNUM *n, size_t len, struct buf *out)
{
	enum err e = buf_reserve(out, out->len + len);

	if (e == ERR_OK) {
		(void)BN_bn2binpad(n, out->ptr + out->len, (int)len);
		out->len += len;
	}
	return (e);
}

enum err
ffc_public(const struct crypto *crypto, const struct ffc_group *g,
    struct view private, struct buf *out)
{
	struct work w;
	BIGNUM *y;
	enum err e = begin(&w, crypto, g);

	if (e == ERR_OK && (e = power(&w, w.g, private, &y)) == ERR_OK)
		e = put(y, (size_t)BN_num_bytes(w.p), out);
	end(&w);
	return (e);
}

enum err
ffc_agree(const struct crypto *crypto, const struct ffc_group *g,
    struct view private, struct view public, struct buf *out)
{
	struct work w;
	BIGNUM *y, *z;
	enum err e = begin(&w, crypto, g);

	if (e == ERR_OK && (e = take(&w, public, FFC_BITS_MAX, &y)) == ERR_OK &&
	    (e = check_member(&w, y)) == ERR_OK &&
	    (e = power(&w, y, private, &z)) == ERR_OK)
		/* what a peer can make it, whatever our key: SP 800-56A,
		 * section 5.7.1.1 */
		e = is_within(z, 2, w.most)
			? put(z, (size_t)BN_num_bytes(w.p), out)
			: ERR_DATA;
	end(&w);
	return (e);
}

/* PKCS#3, section 7.1: the first bit of as many as were asked for is 1. As many
 * as the prime has would often be more than it: they are one less. SunPKCS11
 * asks for 512 bits with a prime of 512. */
static enum err
draw(struct work *w, size_t bits, BIGNUM *x)
{
	int most = BN_num_bits(w->p) - 1;
	BIGNUM *less = number_secret(w->ctx);
	bool done;

	if (w->q == NULL) {
		if (bits > (size_t)most + 1)
			return (ERR_DATA);
		if (bits != 0 && bits < (size_t)most)
			most = (int)bits;
		done = BN_priv_rand_ex(x, most, BN_RAND_TOP_ONE,
			   BN_RAND_BOTTOM_ANY, 0, w->ctx) == 1;
	} else {
		done = less != NULL &&
		       BN_sub(less, w->q, BN_value_one()) == 1 &&
		       BN_priv_rand_range_ex(x, less, 0, w->ctx) == 1 &&
		       BN_add_word(x, 1) == 1;
	}
	return (done ? ERR_OK : ERR_MEMORY);
}

enum err
ffc_new_private(const struct crypto *crypto, const struct ffc_group *g,
    size_t bits, struct buf *out)
{
	struct work w;
	BIGNUM *x = NULL;
	enum err e = begin(&w, crypto, g);

	if (e == ERR_OK && (x = number_secret(w.ctx)) == NULL)
		e = ERR_MEMORY;
	if (e == ERR_OK && (e = draw(&w, bits, x)) == ERR_OK)
		e = put(x, (size_t)BN_num_bytes(w.q != NULL ? w.q : x), out);
	end(&w);
	return (e);
}
