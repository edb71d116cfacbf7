#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>
#include "check-value.h"

#define BLOCK 16 /* bytes of AES */

static enum err
encrypt_zeros(const struct crypto *crypto, struct view key, uint8_t out[BLOCK])
{
	static const uint8_t zeros[BLOCK];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = NULL;
	char name[sizeof("AES-256-ECB")];
	int n = 0;
	enum err e = ERR_MEMORY;

	snprintf(name, sizeof(name), "AES-%u-ECB", (unsigned)(8 * key.len));
	cipher = EVP_CIPHER_fetch(crypto->lib, name, NULL);
	if (ctx != NULL && cipher != NULL)
		e = EVP_EncryptInit_ex2(ctx, cipher, key.ptr, NULL, NULL) ==
				1 &&
			    EVP_EncryptUpdate(ctx, out, &n, zeros, BLOCK) ==
				1 &&
			    n == BLOCK
			? ERR_OK
			: ERR_INTERNAL;
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return (e);
}

static enum err
hash(const struct crypto *crypto, struct view key, uint8_t out[BLOCK])
{
	uint8_t all[20];

	if (EVP_Q_digest(
		crypto->lib, "SHA1", NULL, key.ptr, key.len, all, NULL) != 1)
		return (ERR_INTERNAL);
	memcpy(out, all, BLOCK);
	return (ERR_OK);
}

enum err
check_value_of_secret(const struct crypto *crypto, CK_KEY_TYPE type,
    struct view key, uint8_t out[CHECK_VALUE_LEN])
{
	uint8_t block[BLOCK];
	enum err e;

	if (type == CKK_AES && key.len != 16 && key.len != 24 && key.len != 32)
		return (ERR_DATA);
	e = type == CKK_AES ? encrypt_zeros(crypto, key, block)
			    : hash(crypto, key, block);
	if (e == ERR_OK)
		memcpy(out, block, CHECK_VALUE_LEN);
	return (e);
}
