#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include "base64.h"
#include "dpop.h"
#include "hex.h"

#define NUMBER 32 /* bytes of a coordinate, and of half a signature */
#define NUMBER_TEXT 64
#define DER_MAX 128
#define ID_BYTES 16
#define PART_MAX 2048

/* base64url of RFC 4648, section 5, without padding */
static enum err
part_put(struct buf *out, struct view bytes)
{
	size_t from = out->len;
	enum err e;

	if ((e = base64_write(bytes, out)) != ERR_OK)
		return (e);
	while (out->len > from && out->ptr[out->len - 1] == '=')
		buf_cut(out, out->len - 1);
	for (size_t i = from; i < out->len; i++)
		if (out->ptr[i] == '+')
			out->ptr[i] = '-';
		else if (out->ptr[i] == '/')
			out->ptr[i] = '_';
	return (ERR_OK);
}

static EVP_PKEY *
key_read(const struct crypto *c, const char *pem)
{
	BIO *text = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = NULL;
	char group[32];

	if (text != NULL)
		key = PEM_read_bio_PrivateKey_ex(
		    text, NULL, crypto_no_passphrase, NULL, c->lib, NULL);
	BIO_free(text);
	if (key != NULL &&
	    (EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1 ||
		strcmp(group, SN_X9_62_prime256v1) != 0)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return (key);
}

static enum err
number_text(const BIGNUM *n, char text[NUMBER_TEXT])
{
	struct buf b = BUF_INIT(NUMBER_TEXT - 1);
	uint8_t bytes[NUMBER];
	enum err e;

	if (BN_bn2binpad(n, bytes, NUMBER) != NUMBER)
		return (ERR_INTERNAL);
	if ((e = part_put(&b, VIEW(bytes, NUMBER))) == ERR_OK) {
		memcpy(text, b.ptr, b.len);
		text[b.len] = '\0';
	}
	buf_free(&b);
	return (e);
}

static enum err
coordinate(const EVP_PKEY *key, const char *name, char text[NUMBER_TEXT])
{
	BIGNUM *n = NULL;
	enum err e = ERR_INTERNAL;

	if (EVP_PKEY_get_bn_param(key, name, &n) == 1)
		e = number_text(n, text);
	BN_free(n);
	return (e);
}

static enum err
header_put(const EVP_PKEY *key, struct buf *out)
{
	char x[NUMBER_TEXT], y[NUMBER_TEXT], text[PART_MAX];
	enum err e;

	if ((e = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x)) != ERR_OK ||
	    (e = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y)) != ERR_OK)
		return (e);
	(void)snprintf(text, sizeof(text),
	    "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\","
	    "\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}}",
	    x, y);
	return (part_put(out, view_str(text)));
}

static enum err
claims_put(
    const struct crypto *c, const char *url, int64_t seconds, struct buf *out)
{
	char id[2 * ID_BYTES + 1], text[PART_MAX];
	uint8_t bytes[ID_BYTES];
	int n;

	if (RAND_bytes_ex(c->lib, bytes, sizeof(bytes), 0) != 1)
		return (ERR_INTERNAL);
	hex_write(bytes, sizeof(bytes), id);
	n = snprintf(text, sizeof(text),
	    "{\"htm\":\"POST\",\"htu\":\"%s\",\"iat\":%" PRId64
	    ",\"jti\":\"%s\"}",
	    url, seconds, id);
	if (n < 0 || (size_t)n >= sizeof(text))
		return (ERR_TOO_BIG);
	return (part_put(out, view_str(text)));
}

/* ECDSA as JSON Web Tokens have it: two numbers of 32 bytes. */
static enum err
sign(const struct crypto *c, EVP_PKEY *key, struct view what,
    uint8_t out[2 * NUMBER])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[DER_MAX];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *pair = NULL;
	enum err e = ERR_INTERNAL;

	if (ctx == NULL)
		return (ERR_MEMORY);
	if (EVP_DigestSignInit_ex(
		ctx, NULL, "SHA256", c->lib, NULL, key, NULL) == 1 &&
	    EVP_DigestSign(ctx, der, &len, what.ptr, what.len) == 1 &&
	    (pair = d2i_ECDSA_SIG(NULL, &at, (long)len)) != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, NUMBER) == NUMBER &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + NUMBER, NUMBER) ==
		NUMBER)
		e = ERR_OK;
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(ctx);
	return (e);
}

enum err
dpop_proof(const struct crypto *c, const char *pem, const char *url,
    int64_t seconds, struct buf *out)
{
	uint8_t signature[2 * NUMBER];
	struct buf token = BUF_INIT(3 * PART_MAX);
	struct crypto_guard guard;
	EVP_PKEY *key;
	enum err e = ERR_DATA;

	crypto_enter(c, &guard);
	if ((key = key_read(c, pem)) == NULL) {
		if (crypto_reason() == CRYPTO_NO_MEMORY)
			e = ERR_MEMORY;
		goto out;
	}
	if ((e = header_put(key, &token)) != ERR_OK ||
	    (e = buf_puts(&token, ".")) != ERR_OK ||
	    (e = claims_put(c, url, seconds, &token)) != ERR_OK ||
	    (e = sign(c, key, buf_view(&token), signature)) != ERR_OK ||
	    (e = buf_puts(&token, ".")) != ERR_OK ||
	    (e = part_put(&token, VIEW(signature, sizeof(signature)))) !=
		ERR_OK)
		goto out;
	e = buf_append(out, buf_view(&token));
out:
	EVP_PKEY_free(key);
	buf_free(&token);
	crypto_leave(&guard);
	return (e);
}
