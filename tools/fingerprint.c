#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include "fingerprint.h"
#include "hex.h"

static EVP_PKEY *
rsa_key(OSSL_LIB_CTX *lib, struct view modulus, struct view exponent)
{
	BIGNUM *n = BN_bin2bn(modulus.ptr, (int)modulus.len, NULL);
	BIGNUM *e = BN_bin2bn(exponent.ptr, (int)exponent.len, NULL);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n != NULL && e != NULL && ctx != NULL && bld != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    (params = OSSL_PARAM_BLD_to_param(bld)) != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(e);
	BN_free(n);
	return (key);
}

bool
public_key_fingerprint(
    OSSL_LIB_CTX *lib, EVP_PKEY *key, char out[FINGERPRINT_SIZE])
{
	unsigned char hash[SHA256_DIGEST_LENGTH], *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	bool done = len > 0 && EVP_Q_digest(lib, "SHA256", NULL, der,
				   (size_t)len, hash, NULL) == 1;

	if (done)
		hex_write(hash, sizeof(hash), out);
	OPENSSL_free(der);
	return (done);
}

bool
rsa_fingerprint(
    struct view modulus, struct view exponent, char out[FINGERPRINT_SIZE])
{
	/* Without the user's configuration, which may route a key through the
	 * very module that is being asked about; its provider is "default". */
	OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
	EVP_PKEY *key = lib == NULL ? NULL : rsa_key(lib, modulus, exponent);
	bool done = key != NULL && public_key_fingerprint(lib, key, out);

	EVP_PKEY_free(key);
	OSSL_LIB_CTX_free(lib);
	return (done);
}

bool
ec_fingerprint(
    struct view params, struct view point, char out[FINGERPRINT_SIZE])
{
	const unsigned char *at = params.ptr;
	EVP_PKEY *key = d2i_KeyParams(EVP_PKEY_EC, NULL, &at, (long)params.len);
	bool done = key != NULL &&
		    EVP_PKEY_set1_encoded_public_key(
			key, point.ptr, point.len) == 1 &&
		    public_key_fingerprint(NULL, key, out);

	EVP_PKEY_free(key);
	return (done);
}
