#include <string.h>
#include <openssl/core_names.h>
#include "keydata/hash.h"
#include "kdf.h"
#include "tls-prf.h"

CK_RV
tls_prf(struct call *c, CK_MECHANISM_TYPE hash, struct view secret,
    const char *label, const struct view *seeds, size_t count, size_t len,
    struct buf *out)
{
	const struct digest *digest = digest_find(hash);
	uint8_t seed[TLS_SEED_MAX];
	size_t n = strlen(label);
	OSSL_PARAM params[4];

	if (digest == NULL)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "0x%lx is no hash for the PRF of TLS 1.2", hash));
	memcpy(seed, label, n);
	for (size_t i = 0; i < count; i++) {
		if (seeds[i].len > sizeof(seed) - n)
			return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
			    "label, random data and context have more than "
			    "%d bytes",
			    TLS_SEED_MAX));
		if (seeds[i].len != 0)
			memcpy(seed + n, seeds[i].ptr, seeds[i].len);
		n += seeds[i].len;
	}
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest->name, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SECRET, (void *)(uintptr_t)secret.ptr, secret.len);
	params[2] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SEED, seed, n);
	params[3] = OSSL_PARAM_construct_end();
	return (kdf_run(c->module->crypto, "TLS1-PRF", params, len, out));
}
