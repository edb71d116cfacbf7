#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base64.h"
#include "fake-kms.h"
#include "fake-operations.h"

static struct {
	EVP_PKEY *pkey;
	char public[1024]; /* SubjectPublicKeyInfo, base64 */
} key;

/* The wrapping key: one for all, since making one takes long. */
static void
make_key(void)
{
	struct buf text = BUF_INIT(sizeof(key.public) - 1);
	unsigned char *der = NULL;
	int len;

	if (key.pkey != NULL)
		return;
	if ((key.pkey = EVP_RSA_gen(8 * FAKE_BLOB_LEN)) == NULL ||
	    (len = i2d_PUBKEY(key.pkey, &der)) <= 0 ||
	    base64_write(VIEW(der, (size_t)len), &text) != ERR_OK)
		abort();
	memcpy(key.public, text.ptr, text.len);
	OPENSSL_free(der);
	buf_free(&text);
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

bool
fake_kms_unwrap(struct view blob, struct buf *material)
{
	return (oaep(false, blob, material));
}

const char *
fake_kms_public_key(void)
{
	make_key();
	return (key.public);
}
