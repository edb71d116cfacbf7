#include <sys/random.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include "crypto-key.h"
#include "fence.h"
#include "import-params.h"
#include "import-wrap.h"
#include "keydata/curve.h"
#include "settle.h"

static enum err
write_pkcs8(const EVP_PKEY *pkey, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	enum err e = len > 0 ? buf_append(out, VIEW(der, (size_t)len))
			     : ERR_INTERNAL;

	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return (e);
}

static enum err
make_pkcs8(struct call *c, const struct key_spec *s, struct buf *out)
{
	const struct curve *curve = curve_find(s->type, s->params);
	const char *type = CRYPTO_TYPE_RSA;
	char name[16];
	size_t bits = s->bits;
	OSSL_PARAM params[2] = {
	    OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &bits),
	    OSSL_PARAM_construct_end()};
	EVP_PKEY *pkey = NULL;
	enum err e = ERR_INTERNAL;

	if (curve != NULL) {
		type = CRYPTO_TYPE_EC;
		OPENSSL_strlcpy(name, curve->name, sizeof(name));
		params[0] = OSSL_PARAM_construct_utf8_string(
		    OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	}
	if (crypto_key_generate(c->module->crypto, type, params, &pkey))
		e = write_pkcs8(pkey, out);
	EVP_PKEY_free(pkey);
	return (e);
}

enum err
fence_make_material(struct call *c, const struct key_spec *s, struct buf *out)
{
	enum err e;

	if (s == NULL || s->wrapping == NULL)
		return (ERR_UNSUPPORTED);
	buf_reset(out);
	if (s->class == CKO_PRIVATE_KEY)
		return (make_pkcs8(c, s, out));
	if ((e = buf_reserve(out, s->min_len)) != ERR_OK)
		return (e);
	if (getrandom(out->ptr, s->min_len, 0) != (ssize_t)s->min_len)
		return (ERR_INTERNAL);
	out->len = s->min_len;
	return (ERR_OK);
}

static enum err
import_once(struct call *c, const struct key *k, struct view material)
{
	struct import_params params = IMPORT_PARAMS_INIT;
	struct buf blob = BUF_INIT(KMS_BLOB_MAX);
	struct kms_import_in in = {.key = k->meta.id};
	enum err e = import_params_for_material(c, &c->kms, k, &params);

	if (e == ERR_OK)
		e = import_wrap_material(c->module->crypto, c->module->arena,
		    &params, material, &blob);
	in.token = buf_view(&params.parameters.token);
	in.material = buf_view(&blob);
	if (e == ERR_OK)
		e = kms_import_key_material(&c->kms, &in);
	buf_free(&blob);
	import_params_free(&params);
	return (e);
}

enum err
fence_import(struct call *c, const struct key *k, struct view material)
{
	int tries = 0;
	enum err e;

	do {
		e = import_once(c, k, material);
	} while (settle_retry_living(c, &c->kms, k, e, &tries));
	return (e);
}
