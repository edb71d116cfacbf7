#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "key/cipher.h"
#include "hex.h"

#define FORMAT 1
#define ID_LEN 37 /* KEY_ID_SIZE: padded with NUL */
#define MATERIAL_AT (1 + ID_LEN)
#define SALT_AT (MATERIAL_AT + 32)
#define IV_AT (SALT_AT + 32)
#define TEXT_AT (IV_AT + 12)
#define TAG_LEN 16

#define BLOCK 64 /* of SHA-256 */
#define KEY_LEN 32

struct cipher {
	EVP_CIPHER *gcm;
	EVP_MD *sha256;
};

struct cipher *
cipher_new(void)
{
	struct cipher *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (NULL);
	c->gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	c->sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	if (c->gcm != NULL && c->sha256 != NULL)
		return (c);
	cipher_free(c);
	return (NULL);
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	EVP_CIPHER_free(c->gcm);
	EVP_MD_free(c->sha256);
	free(c);
}

/*
 * HMAC-SHA-256(material, salt), written out as in RFC 2104: OpenSSL's own HMAC
 * has to be set up anew for each key, which would cost more than all the rest
 * of a request.
 */
static bool
derive(const struct cipher *c, const struct material *m, const uint8_t *salt,
    uint8_t key[KEY_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t pad[BLOCK] = {0};
	bool ok = ctx != NULL && m->bytes.len == KEY_LEN;

	if (ok)
		memcpy(pad, m->bytes.ptr, KEY_LEN);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	ok = ok && EVP_DigestInit_ex2(ctx, c->sha256, NULL) == 1 &&
	     EVP_DigestUpdate(ctx, pad, BLOCK) == 1 &&
	     EVP_DigestUpdate(ctx, salt, 32) == 1 &&
	     EVP_DigestFinal_ex(ctx, key, NULL) == 1;
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	ok = ok && EVP_DigestInit_ex2(ctx, c->sha256, NULL) == 1 &&
	     EVP_DigestUpdate(ctx, pad, BLOCK) == 1 &&
	     EVP_DigestUpdate(ctx, key, KEY_LEN) == 1 &&
	     EVP_DigestFinal_ex(ctx, key, NULL) == 1;
	OPENSSL_cleanse(pad, sizeof(pad));
	EVP_MD_CTX_free(ctx);
	return (ok);
}

bool
cipher_seal(const struct cipher *c, const struct key *k,
    const struct material *m, struct view context, struct view clear,
    struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[KEY_LEN], *p;
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
	     derive(c, m, p + SALT_AT, key) &&
	     EVP_EncryptInit_ex2(ctx, c->gcm, key, p + IV_AT, NULL) == 1 &&
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
cipher_open(const struct cipher *c, const struct material *m,
    struct view context, struct view blob, struct buf *clear)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	size_t len = blob.len - CIPHER_OVERHEAD;
	const uint8_t *p = blob.ptr;
	uint8_t key[KEY_LEN], tag[TAG_LEN];
	int n = 0, end = 0;
	bool ok;

	memcpy(tag, p + TEXT_AT + len, TAG_LEN);
	ok = ctx != NULL && buf_reserve(clear, len) == ERR_OK &&
	     derive(c, m, p + SALT_AT, key) &&
	     EVP_DecryptInit_ex2(ctx, c->gcm, key, p + IV_AT, NULL) == 1 &&
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
