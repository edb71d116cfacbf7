#include "crypto-key.h"

bool
crypto_key_generate(const struct crypto *c, const char *type,
    const OSSL_PARAM *params, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, type, NULL);
	bool done = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
		    EVP_PKEY_generate(ctx, out) == 1;

	EVP_PKEY_CTX_free(ctx);
	return (done);
}

bool
crypto_key_from_params(const struct crypto *c, const char *type, int selection,
    OSSL_PARAM *params, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lib, type, NULL);
	bool done = ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
		    EVP_PKEY_fromdata(ctx, out, selection, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	return (done);
}
