#include <stdlib.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include "key-forms.h"
#include "tap.h"

/* clang-format off */
#define PARAMS(s) { (const uint8_t *)(s), sizeof(s) - 1 }
const struct curve_row curve_rows[CURVE_COUNT] = {
	{ "P-256", PARAMS("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"), 32, 138,
	    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551" },
	{ "P-384", PARAMS("\x06\x05\x2b\x81\x04\x00\x22"), 48, 185,
	    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
	    "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973" },
	{ "P-521", PARAMS("\x06\x05\x2b\x81\x04\x00\x23"), 66, 241,
	    "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
	    "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409" },
	{ "secp256k1", PARAMS("\x06\x05\x2b\x81\x04\x00\x0a"), 32, 135,
	    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141" },
};
/* clang-format on */

static struct view
number(EVP_PKEY *pkey, const char *name, size_t zeros)
{
	BIGNUM *bn = NULL;
	uint8_t *p;
	size_t n;

	NEED(EVP_PKEY_get_bn_param(pkey, name, &bn) == 1, "%s", name);
	n = zeros + (size_t)BN_num_bytes(bn);
	NEED((p = calloc(1, n + 1)) != NULL, "memory");
	(void)BN_bn2bin(bn, p + zeros);
	BN_clear_free(bn);
	return (VIEW(p, n));
}

EVP_PKEY *
rsa_make(size_t bits, size_t zeros, struct rsa_private *k)
{
	static const char *const names[RSA_PARTS] = {OSSL_PKEY_PARAM_RSA_N,
	    OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	    OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	    OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", bits);

	NEED(pkey != NULL, "an RSA key of %zu bits", bits);
	for (int i = 0; i < RSA_PARTS; i++)
		k->part[i] = number(pkey, names[i], zeros);
	return (pkey);
}

EVP_PKEY *
ec_make(const char *curve, struct ec_private *k)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve);
	uint8_t *point = NULL;
	size_t n = 0;

	NEED(pkey != NULL, "a key on %s", curve);
	for (size_t i = 0; i < CURVE_COUNT; i++)
		if (strcmp(curve_rows[i].name, curve) == 0)
			k->params = curve_rows[i].params;
	k->value = number(pkey, OSSL_PKEY_PARAM_PRIV_KEY, 0);
	n = EVP_PKEY_get1_encoded_public_key(pkey, &point);
	NEED(n != 0, "its point");
	k->point = VIEW(point, n);
	return (pkey);
}

void
pkcs8_by_openssl(EVP_PKEY *pkey, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	NEED(n > 0 && buf_append(out, VIEW(der, (size_t)n)) == ERR_OK,
	    "PKCS#8 by OpenSSL");
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
}

EVP_PKEY *
pkcs8_valid(struct view der)
{
	const unsigned char *p = der.ptr;
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(
	    NULL, &p, (long)der.len);
	EVP_PKEY *pkey = info == NULL ? NULL : EVP_PKCS82PKEY(info);
	EVP_PKEY_CTX *ctx = pkey == NULL
				? NULL
				: EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (ctx == NULL || p != der.ptr + der.len || EVP_PKEY_check(ctx) != 1) {
		EVP_PKEY_free(pkey);
		pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	PKCS8_PRIV_KEY_INFO_free(info);
	return (pkey);
}
