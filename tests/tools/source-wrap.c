/* How tests/tools/source-module.c wraps, by OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include "source-wrap.h"

EVP_PKEY *
source_rsa(const CK_ATTRIBUTE *n, const CK_ATTRIBUTE *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *modulus = BN_bin2bn(n->pValue, (int)n->ulValueLen, NULL);
	unsigned char native[1024];
	unsigned exponent = 0;
	OSSL_PARAM params[3];
	EVP_PKEY *key = NULL;

	for (CK_ULONG i = 0; i < e->ulValueLen; i++)
		exponent = exponent << 8 | ((CK_BYTE *)e->pValue)[i];
	BN_bn2nativepad(modulus, native, (int)n->ulValueLen);
	params[0] = OSSL_PARAM_construct_BN(
	    OSSL_PKEY_PARAM_RSA_N, native, n->ulValueLen);
	params[1] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &exponent);
	params[2] = OSSL_PARAM_construct_end();
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	BN_free(modulus);
	EVP_PKEY_CTX_free(ctx);
	return (key);
}

bool
source_oaep(EVP_PKEY *public, CK_RSA_PKCS_OAEP_PARAMS *p, const CK_BYTE *in,
    size_t len, CK_BYTE *out, size_t *out_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(public, NULL);
	const EVP_MD *md = p->hashAlg == CKM_SHA_1 ? EVP_sha1() : EVP_sha256();
	bool good;

	good = EVP_PKEY_encrypt_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	       EVP_PKEY_encrypt(ctx, out, out_len, in, len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return (good);
}

bool
source_kwp(const CK_BYTE key[32], const CK_BYTE *in, size_t len, CK_BYTE *out,
    size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	int n = 0;
	bool good;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	good = EVP_EncryptInit_ex2(ctx, cipher, key, NULL, NULL) == 1 &&
	       EVP_EncryptUpdate(ctx, out, &n, in, (int)len) == 1;
	*out_len = (size_t)n;
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return (good);
}

bool
source_rsa_aes(EVP_PKEY *public, CK_RSA_AES_KEY_WRAP_PARAMS *p,
    const CK_BYTE *in, size_t len, CK_BYTE *out, size_t *out_len)
{
	CK_BYTE key[32];
	size_t first = *out_len, then = 0;
	bool good;

	RAND_bytes(key, sizeof(key));
	good = source_oaep(
		   public, p->pOAEPParams, key, sizeof(key), out, &first) &&
	       source_kwp(key, in, len, out + first, &then);
	*out_len = first + then;
	return (good);
}

size_t
source_ec_value(EVP_PKEY **ec, CK_BYTE value[512])
{
	PKCS8_PRIV_KEY_INFO *p8;
	CK_BYTE *at = value;
	int n;

	if (*ec == NULL)
		*ec = EVP_EC_gen("P-256");
	p8 = EVP_PKEY2PKCS8(*ec);
	n = i2d_PKCS8_PRIV_KEY_INFO(p8, &at);
	PKCS8_PRIV_KEY_INFO_free(p8);
	return ((size_t)n);
}
