#include <string.h>
#include "import-wrap.h"
#include "keydata/public-key.h"
#include "keydata/rsa-wrap.h"
#include "wrapping-algorithm.h"

#define AES_KEY_LEN 32 /* of CKM_RSA_AES_KEY_WRAP */

enum err
import_wrap_material(const struct crypto *crypto, struct arena *arena,
    const struct import_params *p, struct view material, struct buf *out)
{
	const struct wrapping_algorithm *w = wrapping_algorithm_find(
	    p->algorithm);
	struct rsa_oaep o = {.digest = NULL};
	EVP_PKEY *pkey = NULL;
	enum err e;

	if (w == NULL)
		return (ERR_UNSUPPORTED);
	o.digest = o.mgf = w->digest;
	e = public_key_open(crypto, buf_view(&p->parameters.public_key), &pkey);
	if (e == ERR_OK && EVP_PKEY_is_a(pkey, "RSA") != 1)
		e = ERR_DATA;
	if (e != ERR_OK) {
		e = e == ERR_DATA ? ERR_REPLY : e;
		goto out;
	}
	e = w->mechanism == CKM_RSA_AES_KEY_WRAP
		? rsa_aes_wrap(
		      crypto, arena, pkey, &o, AES_KEY_LEN, material, out)
		: rsa_oaep_wrap(crypto, pkey, &o, material, out);
out:
	if (e != ERR_OK)
		buf_reset(out);
	EVP_PKEY_free(pkey);
	return (e);
}
