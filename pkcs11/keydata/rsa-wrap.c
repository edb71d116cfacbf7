#include <stdio.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "rsa-wrap.h"
#include "arena.h"

#define AES_KEY_MAX 32
#define KWP_OVERHEAD 8 /* RFC 5649, besides padding to 8 bytes */
#define KEY_MAX (1024 * 1024) /* OpenSSL counts in int */

static bool
set_oaep(EVP_PKEY_CTX *ctx, const struct rsa_oaep *o)
{
	int mode = RSA_PKCS1_OAEP_PADDING;
	OSSL_PARAM params[5], *p = params;

	/* OpenSSL's parameters are not const; nothing is written there */
	*p++ = OSSL_PARAM_construct_int(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, &mode);
	*p++ = OSSL_PARAM_construct_utf8_string(
	    OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, (char *)(uintptr_t)o->digest,
	    0);
	*p++ = OSSL_PARAM_construct_utf8_string(
	    OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, (char *)(uintptr_t)o->mgf, 0);
	if (o->label.len != 0)
		*p++ = OSSL_PARAM_construct_octet_string(
		    OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
		    (void *)(uintptr_t)o->label.ptr, o->label.len);
	*p = OSSL_PARAM_construct_end();
	return (EVP_PKEY_CTX_set_params(ctx, params) == 1);
}

/* RFC 8017, section 7.1.1, step 1: what there is room for. */
static enum err
check_length(const struct crypto *crypto, const EVP_PKEY *pkey,
    const struct rsa_oaep *o, size_t len)
{
	EVP_MD *md = EVP_MD_fetch(crypto->lib, o->digest, NULL);
	size_t taken, size = (size_t)EVP_PKEY_get_size(pkey);

	if (md == NULL)
		return (ERR_INTERNAL);
	taken = 2 * (size_t)EVP_MD_get_size(md) + 2;
	EVP_MD_free(md);
	if (size == 0)
		return (ERR_INTERNAL);
	return (len + taken <= size ? ERR_OK : ERR_DATA);
}

enum err
rsa_oaep_wrap(const struct crypto *crypto, EVP_PKEY *pkey,
    const struct rsa_oaep *o, struct view key, struct buf *out)
{
	EVP_PKEY_CTX *ctx = NULL;
	enum err e;
	size_t n = 0;

	if ((e = check_length(crypto, pkey, o, key.len)) != ERR_OK)
		return (e);
	e = ERR_INTERNAL;
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto->lib, pkey, NULL);
	if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1 ||
	    !set_oaep(ctx, o) ||
	    EVP_PKEY_encrypt(ctx, NULL, &n, key.ptr, key.len) != 1)
		goto out;
	if ((e = buf_reserve(out, out->len + n)) != ERR_OK)
		goto out;
	if (EVP_PKEY_encrypt(ctx, out->ptr + out->len, &n, key.ptr, key.len) ==
	    1)
		out->len += n;
	else
		e = ERR_INTERNAL;
out:
	EVP_PKEY_CTX_free(ctx);
	return (e);
}

static enum err
aes_kwp_wrap(const struct crypto *crypto, struct view aes, struct view key,
    struct buf *out)
{
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = NULL;
	size_t len = (key.len + 7) / 8 * 8 + KWP_OVERHEAD;
	char name[sizeof("AES-256-WRAP-PAD")];
	enum err e = ERR_TOO_BIG;
	int n = 0;

	if (key.len > KEY_MAX || buf_reserve(out, out->len + len) != ERR_OK)
		goto out;
	e = ERR_INTERNAL;
	snprintf(
	    name, sizeof(name), "AES-%u-WRAP-PAD", (unsigned)(8 * aes.len));
	cipher = EVP_CIPHER_fetch(crypto->lib, name, NULL);
	if (cipher == NULL || (ctx = EVP_CIPHER_CTX_new()) == NULL)
		goto out;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex2(ctx, cipher, aes.ptr, NULL, NULL) != 1 ||
	    EVP_EncryptUpdate(
		ctx, out->ptr + out->len, &n, key.ptr, (int)key.len) != 1 ||
	    (size_t)n != len)
		goto out;
	out->len += len;
	e = ERR_OK;
out:
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (e);
}

enum err
rsa_aes_wrap(const struct crypto *crypto, struct arena *arena, EVP_PKEY *pkey,
    const struct rsa_oaep *o, size_t aes_len, struct view key, struct buf *out)
{
	struct buf aes = BUF_SECRET(AES_KEY_MAX, arena);
	enum err e;

	if (key.len == 0)
		return (ERR_DATA);
	if ((e = buf_reserve(&aes, aes_len)) != ERR_OK)
		goto out;
	aes.len = aes_len;
	e = ERR_INTERNAL;
	if (RAND_priv_bytes_ex(crypto->lib, aes.ptr, aes_len, 0) == 1 &&
	    (e = rsa_oaep_wrap(crypto, pkey, o, buf_view(&aes), out)) == ERR_OK)
		e = aes_kwp_wrap(crypto, buf_view(&aes), key, out);
out:
	buf_free(&aes);
	return (e);
}
