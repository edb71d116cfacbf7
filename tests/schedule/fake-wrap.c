#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base64.h"
#include "fake-kms.h"
#include "fake-operations.h"

#define PUBLIC_SIZE 1024 /* SubjectPublicKeyInfo, base64 */

static struct {
	EVP_PKEY *pkey;
	char public[PUBLIC_SIZE];
} key;

static void
write_public(const EVP_PKEY *pkey, char out[PUBLIC_SIZE])
{
	struct buf text = BUF_INIT(PUBLIC_SIZE - 1);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);

	if (len <= 0 || base64_write(VIEW(der, (size_t)len), &text) != ERR_OK)
		abort();
	memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
	OPENSSL_free(der);
	buf_free(&text);
}

/* The wrapping key: one for all, since making one takes long. */
static void
make_key(void)
{
	if (key.pkey != NULL)
		return;
	if ((key.pkey = EVP_RSA_gen(8 * FAKE_BLOB_LEN)) == NULL)
		abort();
	write_public(key.pkey, key.public);
}

const char *
fake_kms_public_half(const struct fake_key *k)
{
	static char public[PUBLIC_SIZE];
	const unsigned char *der = k->materials[0].bytes;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(
	    NULL, &der, (long)k->materials[0].len);

	if (pkey == NULL)
		abort();
	write_public(pkey, public);
	EVP_PKEY_free(pkey);
	return (public);
}

static bool
oaep(bool wrap, struct view in, struct buf *out)
{
	EVP_PKEY_CTX *ctx;
	size_t n = FAKE_BLOB_LEN;
	bool ok;

	make_key();
	ctx = EVP_PKEY_CTX_new(key.pkey, NULL);
	ok = ctx != NULL && buf_reserve(out, n) == ERR_OK &&
	     (wrap ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) ==
		 1 &&
	     EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	     EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, "SHA256", NULL) == 1 &&
	     EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, "SHA256", NULL) == 1 &&
	     (wrap ? EVP_PKEY_encrypt(ctx, out->ptr, &n, in.ptr, in.len)
		   : EVP_PKEY_decrypt(ctx, out->ptr, &n, in.ptr, in.len)) == 1;
	if (ok)
		out->len = n;
	EVP_PKEY_CTX_free(ctx);
	return (ok);
}

void
fake_kms_wrap(struct view material, struct buf *blob)
{
	if (!oaep(true, material, blob))
		abort();
}

/* RFC 5649, with the key that came before. */
static bool
unwrap_padded(const struct buf *aes, struct view in, struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	int n = 0;
	bool ok;

	ok = ctx != NULL && aes->len == 32 &&
	     buf_reserve(out, in.len) == ERR_OK &&
	     EVP_DecryptInit_ex2(ctx, cipher, aes->ptr, NULL, NULL) == 1 &&
	     EVP_DecryptUpdate(ctx, out->ptr, &n, in.ptr, (int)in.len) == 1;
	if (ok)
		out->len = (size_t)n;
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return (ok);
}

bool
fake_kms_unwrap(struct view blob, struct buf *material)
{
	struct buf aes = BUF_INIT(FAKE_BLOB_LEN);
	size_t n = FAKE_BLOB_LEN;
	bool ok;

	if (blob.len <= n)
		return (oaep(false, blob, material));
	ok = oaep(false, VIEW(blob.ptr, n), &aes) &&
	     unwrap_padded(&aes, VIEW(blob.ptr + n, blob.len - n), material);
	buf_free(&aes);
	return (ok);
}

const char *
fake_kms_public_key(void)
{
	make_key();
	return (key.public);
}
