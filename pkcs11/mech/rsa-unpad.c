#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "rsa-unpad.h"

#define HASH_LEN 32
#define PADDING_MIN 8 /* RFC 8017, section 7.2.2 */
#define LENGTHS 128 /* to choose the length of a message from */
#define LABEL_MAX 8

/* All bits for true, none for false, and never a branch. */
typedef uint32_t mask;

static mask
is_zero(uint32_t x)
{
	return (0 - ((~x & (x - 1)) >> 31));
}

static mask
is_less(uint32_t a, uint32_t b)
{
	/* both are far below 2^31 */
	return (0 - ((a - b) >> 31));
}

static uint32_t
choose(mask m, uint32_t yes, uint32_t no)
{
	return ((yes & m) | (no & ~m));
}

static bool
hmac(const struct crypto *crypto, const uint8_t key[HASH_LEN], struct view in,
    uint8_t out[HASH_LEN])
{
	return (EVP_Q_mac(crypto->lib, "HMAC", NULL, "SHA256", NULL, key,
		    HASH_LEN, in.ptr, in.len, out, HASH_LEN, NULL) != NULL);
}

/* The key of all that is random here: it depends on key and ciphertext. */
static bool
derivation_key(const struct crypto *crypto, struct view exponent,
    struct view ciphertext, uint8_t out[HASH_LEN])
{
	uint8_t padded[RSA_BLOCK_MAX] = {0}, hash[HASH_LEN];
	size_t n = ciphertext.len;
	bool good;

	while (exponent.len > n && *exponent.ptr == 0)
		exponent = VIEW(exponent.ptr + 1, exponent.len - 1);
	if (exponent.len > n)
		return (false);
	if (exponent.len != 0)
		memcpy(padded + n - exponent.len, exponent.ptr, exponent.len);
	good = EVP_Q_digest(
		   crypto->lib, "SHA256", NULL, padded, n, hash, NULL) == 1 &&
	       hmac(crypto, hash, ciphertext, out);
	OPENSSL_cleanse(padded, sizeof(padded));
	OPENSSL_cleanse(hash, sizeof(hash));
	return (good);
}

static bool
expand(const struct crypto *crypto, const uint8_t key[HASH_LEN],
    const char *label, uint8_t *out, size_t len)
{
	uint8_t in[2 + LABEL_MAX + 2], block[HASH_LEN];
	size_t n = strlen(label), bits = 8 * len;

	memcpy(in + 2, label, n);
	in[2 + n] = (uint8_t)(bits >> 8);
	in[2 + n + 1] = (uint8_t)bits;
	for (size_t at = 0; at < len; at += HASH_LEN) {
		size_t piece = len - at < HASH_LEN ? len - at : HASH_LEN;

		in[0] = (uint8_t)(at / HASH_LEN >> 8);
		in[1] = (uint8_t)(at / HASH_LEN);
		if (!hmac(crypto, key, VIEW(in, n + 4), block))
			return (false);
		memcpy(out + at, block, piece);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return (true);
}

/* The last of the candidates that fits. */
static uint32_t
choose_length(const uint8_t candidates[2 * LENGTHS], uint32_t most)
{
	uint32_t bits = most, len = 0;

	for (unsigned i = 1; i < 16; i *= 2)
		bits |= bits >> i;
	for (size_t i = 0; i < LENGTHS; i++) {
		uint32_t one = ((uint32_t)candidates[2 * i] << 8 |
				   candidates[2 * i + 1]) &
			       bits;

		len = choose(is_less(one, most), one, len);
	}
	return (len);
}

/* Where the message begins; *good: whether the padding is right. */
static uint32_t
find_message(struct view block, mask *good)
{
	uint32_t zero = 0;
	mask found = 0, here;

	*good = is_zero(block.ptr[0]) & is_zero(block.ptr[1] ^ 2U);
	for (uint32_t i = 2; i < block.len; i++) {
		here = is_zero(block.ptr[i]);
		zero = choose(~found & here, i, zero);
		found |= here;
	}
	*good &= ~is_less(zero, 2 + PADDING_MIN);
	return (zero + 1);
}

enum err
rsa_unpad_pkcs1(const struct crypto *crypto, struct view block,
    struct view exponent, struct view ciphertext, struct buf *out)
{
	uint8_t key[HASH_LEN], candidates[2 * LENGTHS], other[RSA_BLOCK_MAX];
	uint32_t from, n = (uint32_t)block.len;
	enum err e = ERR_INTERNAL;
	mask good;

	if (n > RSA_BLOCK_MAX || n < 2 + PADDING_MIN + 1 ||
	    ciphertext.len != n || (e = buf_reserve(out, n)) != ERR_OK)
		return (e);
	e = ERR_INTERNAL;
	if (!derivation_key(crypto, exponent, ciphertext, key) ||
	    !expand(crypto, key, "length", candidates, sizeof(candidates)) ||
	    !expand(crypto, key, "message", other, n))
		goto out;
	from = find_message(block, &good);
	from = choose(
	    good, from, n - choose_length(candidates, n - 2 - PADDING_MIN));
	out->len = n - from;
	for (uint32_t i = from; i < n; i++)
		out->ptr[i - from] = (uint8_t)choose(
		    good, block.ptr[i], other[i]);
	e = ERR_OK;
out:
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(candidates, sizeof(candidates));
	OPENSSL_cleanse(other, sizeof(other));
	return (e);
}
