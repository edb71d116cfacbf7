#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "crypto-key.h"
#include "ffc.h"

/* New groups. Looking for primes takes as long as it takes: the deadline ends
 * it. */

#define DH_GENERATED_MAX 1024 /* bits; a longer safe prime takes minutes */

/* RFC 2409 and RFC 3526: safe primes, of which 2 is a square. */
static const struct known {
	size_t bits;
	BIGNUM *(*get)(BIGNUM *);
} known[] = {
    {1024, BN_get_rfc2409_prime_1024},
    {1536, BN_get_rfc3526_prime_1536},
    {2048, BN_get_rfc3526_prime_2048},
    {3072, BN_get_rfc3526_prime_3072},
    {4096, BN_get_rfc3526_prime_4096},
    {6144, BN_get_rfc3526_prime_6144},
    {8192, BN_get_rfc3526_prime_8192},
};

static enum err
take(const BIGNUM *n, struct buf *out)
{
	size_t len = (size_t)BN_num_bytes(n);
	enum err e = buf_reserve(out, len);

	if (e == ERR_OK) {
		(void)BN_bn2bin(n, out->ptr);
		out->len = len;
	}
	return (e);
}

static int
may_go_on(int event, int count, BN_GENCB *cb)
{
	(void)event, (void)count;
	return (deadline_left(BN_GENCB_get_arg(cb)) != 0);
}

/* Of a prime that is 23 modulo 24, 2 is a square: nothing is told of whether a
 * private value is even. */
static enum err
find_safe_prime(const struct crypto *crypto, size_t bits,
    const struct deadline *deadline, BIGNUM *p)
{
	BN_CTX *ctx = BN_CTX_new_ex(crypto->lib);
	BIGNUM *add = BN_new(), *rest = BN_new();
	BN_GENCB *cb = BN_GENCB_new();
	struct deadline until = *deadline;
	enum err e = ERR_MEMORY;

	if (ctx != NULL && rest != NULL && cb != NULL &&
	    BN_set_word(add, 24) == 1 && BN_set_word(rest, 23) == 1) {
		BN_GENCB_set(cb, may_go_on, &until);
		if (BN_generate_prime_ex2(
			p, (int)bits, 1, add, rest, cb, ctx) == 1)
			e = ERR_OK;
		else if (deadline_left(deadline) == 0)
			e = ERR_DEADLINE;
	}
	BN_GENCB_free(cb);
	BN_free(add);
	BN_free(rest);
	BN_CTX_free(ctx);
	return (e);
}

enum err
ffc_generate_dh(const struct crypto *crypto, size_t bits,
    const struct deadline *deadline, struct buf *prime)
{
	const struct known *k = known;
	const struct known *end = known + sizeof(known) / sizeof(known[0]);
	BIGNUM *p = NULL;
	enum err e = ERR_OK;

	while (k < end && k->bits != bits)
		k++;
	if (k == end && (bits < FFC_BITS_MIN || bits > DH_GENERATED_MAX))
		return (ERR_DATA);
	p = k < end ? k->get(NULL) : BN_new();
	if (p == NULL)
		e = ERR_MEMORY;
	else if (k == end)
		e = find_safe_prime(crypto, bits, deadline, p);
	if (e == ERR_OK)
		e = take(p, prime);
	BN_free(p);
	return (e);
}

/* FIPS 186-4, section 4.2; and what came before it. */
static bool
are_dsa_lengths(size_t p, size_t q)
{
	if (p <= 1024)
		return (p >= FFC_BITS_MIN && p % 64 == 0 && q == 160);
	return (
	    (p == 2048 && (q == 224 || q == 256)) || (p == 3072 && q == 256));
}

static int
may_look_on(EVP_PKEY_CTX *ctx)
{
	return (deadline_left(EVP_PKEY_CTX_get_app_data(ctx)) != 0);
}

enum err
ffc_generate_dsa(const struct crypto *crypto, size_t p, size_t q,
    const struct deadline *deadline, struct buf numbers[3])
{
	static const char *const names[] = {OSSL_PKEY_PARAM_FFC_P,
	    OSSL_PKEY_PARAM_FFC_Q, OSSL_PKEY_PARAM_FFC_G};
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_PBITS, &p),
	    OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_FFC_QBITS, &q),
	    OSSL_PARAM_construct_end()};
	struct deadline until = *deadline;
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *group = NULL;
	BIGNUM *n = NULL;
	enum err e = ERR_MEMORY;

	if (!are_dsa_lengths(p, q))
		return (ERR_DATA);
	ctx = EVP_PKEY_CTX_new_from_name(crypto->lib, CRYPTO_TYPE_DSA, NULL);
	if (ctx != NULL) {
		EVP_PKEY_CTX_set_app_data(ctx, &until);
		EVP_PKEY_CTX_set_cb(ctx, may_look_on);
	}
	if (ctx != NULL && EVP_PKEY_paramgen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
	    EVP_PKEY_generate(ctx, &group) == 1)
		e = ERR_OK;
	else if (deadline_left(deadline) == 0)
		e = ERR_DEADLINE;
	for (size_t i = 0; i < 3 && e == ERR_OK; i++) {
		e = EVP_PKEY_get_bn_param(group, names[i], &n) == 1
			? take(n, &numbers[i])
			: ERR_MEMORY;
		BN_free(n);
		n = NULL;
	}
	EVP_PKEY_free(group);
	EVP_PKEY_CTX_free(ctx);
	return (e);
}
