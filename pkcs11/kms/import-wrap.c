#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "secret.h"
#include "import-wrap.h"
#include "wrapping-algorithm.h"

#define KEK_LEN 32 /* the AES key between, of 256 bits */
#define KWP_OVERHEAD 8 /* RFC 5649, besides padding to 8 bytes */

static enum err
oaep(EVP_PKEY_CTX *ctx, const struct wrapping_algorithm *w,
    struct view material, struct buf *out)
{
	size_t n = 0;

	if (EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, w->digest, NULL) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, w->digest, NULL) != 1 ||
	    EVP_PKEY_encrypt(ctx, NULL, &n, material.ptr, material.len) != 1)
		return (ERR_INTERNAL);
	if (buf_reserve(out, n) != ERR_OK)
		return (ERR_TOO_BIG);
	if (EVP_PKEY_encrypt(ctx, out->ptr, &n, material.ptr, material.len) !=
	    1)
		return (ERR_DATA);
	out->len = n;
	return (ERR_OK);
}

/* AES-KWP, RFC 5649; appended. */
static enum err
key_wrap_pad(const struct crypto *crypto, struct view kek, struct view material,
    struct buf *out)
{
	EVP_CIPHER *cipher = NULL;
	EVP_CIPHER_CTX *ctx = NULL;
	size_t len = (material.len + 7) / 8 * 8 + KWP_OVERHEAD;
	enum err e = ERR_TOO_BIG;
	int n = 0;

	if (material.len > KMS_BLOB_MAX ||
	    buf_reserve(out, out->len + len) != ERR_OK)
		goto out;
	e = ERR_INTERNAL;
	cipher = EVP_CIPHER_fetch(crypto->lib, "AES-256-WRAP-PAD", NULL);
	if (cipher == NULL || (ctx = EVP_CIPHER_CTX_new()) == NULL)
		goto out;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex2(ctx, cipher, kek.ptr, NULL, NULL) != 1 ||
	    EVP_EncryptUpdate(ctx, out->ptr + out->len, &n, material.ptr,
		(int)material.len) != 1 ||
	    (size_t)n != len)
		goto out;
	out->len += len;
	e = ERR_OK;
out:
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (e);
}

/* CKM_RSA_AES_KEY_WRAP: the material under a new AES key, which is under the
 * wrapping key; that comes first. */
static enum err
rsa_aes(const struct crypto *crypto, struct arena *arena, EVP_PKEY_CTX *ctx,
    const struct wrapping_algorithm *w, struct view material, struct buf *out)
{
	struct buf kek = BUF_SECRET(KEK_LEN, arena);
	enum err e;

	if (material.len == 0)
		return (ERR_DATA);
	if ((e = buf_reserve(&kek, KEK_LEN)) != ERR_OK)
		goto out;
	kek.len = KEK_LEN;
	e = ERR_INTERNAL;
	if (RAND_priv_bytes_ex(crypto->lib, kek.ptr, KEK_LEN, 0) != 1 ||
	    (e = oaep(ctx, w, buf_view(&kek), out)) != ERR_OK)
		goto out;
	e = key_wrap_pad(crypto, buf_view(&kek), material, out);
out:
	buf_free(&kek);
	return (e);
}

enum err
import_wrap_material(const struct crypto *crypto, struct arena *arena,
    const struct import_params *p, struct view material, struct buf *out)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(
	    p->algorithm);
	const unsigned char *der = p->parameters.public_key.ptr;
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	enum err e = ERR_REPLY;

	if (w == NULL)
		return (ERR_UNSUPPORTED);
	pkey = d2i_PUBKEY_ex(
	    NULL, &der, (long)p->parameters.public_key.len, crypto->lib, NULL);
	if (pkey == NULL || EVP_PKEY_is_a(pkey, "RSA") != 1)
		goto out;
	e = ERR_MEMORY;
	ctx = EVP_PKEY_CTX_new_from_pkey(crypto->lib, pkey, NULL);
	if (ctx != NULL)
		e = w->mechanism == CKM_RSA_AES_KEY_WRAP
			? rsa_aes(crypto, arena, ctx, w, material, out)
			: oaep(ctx, w, material, out);
out:
	if (e != ERR_OK)
		buf_reset(out);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (e);
}
