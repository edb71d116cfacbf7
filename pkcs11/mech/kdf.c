#include <openssl/kdf.h>
#include "kdf.h"

CK_RV
kdf_run(const struct crypto *crypto, const char *name, const OSSL_PARAM *params,
    size_t len, struct buf *out)
{
	EVP_KDF *kdf = EVP_KDF_fetch(crypto->lib, name, NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	CK_RV rv = CKR_HOST_MEMORY;

	if (ctx != NULL && buf_reserve(out, len) == ERR_OK)
		rv = EVP_KDF_derive(ctx, out->ptr, len, params) == 1
			 ? CKR_OK
			 : CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		out->len = len;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return (rv);
}
