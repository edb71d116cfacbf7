#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include "cipher.h"
#include "text.h"

#define FORMAT 1
#define ID_LEN 37 /* KEY_ID_SIZE: padded with NUL */
#define MATERIAL_AT (1 + ID_LEN)
#define SALT_AT (MATERIAL_AT + 32)
#define IV_AT (SALT_AT + 32)
#define TEXT_AT (IV_AT + 12)
#define TAG_LEN 16

static bool
derive(const struct material *m, const uint8_t *salt, uint8_t key[32])
{
	unsigned n = 32;

	return (HMAC(EVP_sha256(), m->bytes.ptr, (int)m->bytes.len, salt, 32,
		    key, &n) != NULL);
}

bool
cipher_seal(const struct key *k, const struct material *m, struct view context,
    struct view clear, struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[32], *p;
	int n = 0, end = 0;
	bool ok = false;

	if (ctx == NULL ||
	    buf_reserve(out, CIPHER_OVERHEAD + clear.len) != ERR_OK)
		goto out;
	p = out->ptr;
	p[0] = FORMAT;
	memcpy(p + 1, k->id, ID_LEN);
	ok = hex_read(m->id, p + MATERIAL_AT, 32) &&
	     RAND_bytes(p + SALT_AT, TEXT_AT - SALT_AT) == 1 &&
	     derive(m, p + SALT_AT, key) &&
	     EVP_EncryptInit_ex2(
		 ctx, EVP_aes_256_gcm(), key, p + IV_AT, NULL) == 1 &&
	     EVP_EncryptUpdate(ctx, NULL, &n, p, TEXT_AT) == 1 &&
	     (context.len == 0 || EVP_EncryptUpdate(ctx, NULL, &n, context.ptr,
				      (int)context.len) == 1) &&
	     EVP_EncryptUpdate(
		 ctx, p + TEXT_AT, &n, clear.ptr, (int)clear.len) == 1 &&
	     EVP_EncryptFinal_ex(ctx, p + TEXT_AT + n, &end) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_LEN,
		 p + TEXT_AT + clear.len) == 1;
	if (ok)
		out->len = CIPHER_OVERHEAD + clear.len;
	OPENSSL_cleanse(key, sizeof(key));
out:
	EVP_CIPHER_CTX_free(ctx);
	return (ok);
}

bool
cipher_read(struct view blob, struct cipher_label *l)
{
	if (blob.len <= CIPHER_OVERHEAD || blob.ptr[0] != FORMAT ||
	    blob.ptr[ID_LEN] != '\0')
		return (false);
	memcpy(l->key_id, blob.ptr + 1, ID_LEN);
	hex_write(blob.ptr + MATERIAL_AT, 32, l->material_id);
	return (true);
}

bool
cipher_open(const struct material *m, struct view context, struct view blob,
    struct buf *clear)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t len = blob.len - CIPHER_OVERHEAD;
	const uint8_t *p = blob.ptr;
	uint8_t key[32], tag[TAG_LEN];
	int n = 0, end = 0;
	bool ok;

	memcpy(tag, p + TEXT_AT + len, TAG_LEN);
	ok = ctx != NULL && buf_reserve(clear, len) == ERR_OK &&
	     derive(m, p + SALT_AT, key) &&
	     EVP_DecryptInit_ex2(
		 ctx, EVP_aes_256_gcm(), key, p + IV_AT, NULL) == 1 &&
	     EVP_DecryptUpdate(ctx, NULL, &n, p, TEXT_AT) == 1 &&
	     (context.len == 0 || EVP_DecryptUpdate(ctx, NULL, &n, context.ptr,
				      (int)context.len) == 1) &&
	     EVP_DecryptUpdate(ctx, clear->ptr, &n, p + TEXT_AT, (int)len) ==
		 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) ==
		 1 &&
	     EVP_DecryptFinal_ex(ctx, clear->ptr + n, &end) == 1;
	if (ok)
		clear->len = len;
	OPENSSL_cleanse(key, sizeof(key));
	EVP_CIPHER_CTX_free(ctx);
	return (ok);
}
