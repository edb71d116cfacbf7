#include <openssl/core_names.h>
#include <openssl/x509.h>
#include "kms/use-key.h"
#include "keydata/curve.h"
#include "derive.h"
#include "digest.h"
#include "kdf.h"
#include "object/pkey.h"

/* Elliptic curve Diffie-Hellman (PKCS#11 3.0, section 2.3.17). */

static const struct digest *
kdf_digest(CK_ULONG kdf)
{
	for (size_t i = 0; i < digest_count; i++)
		if (kdf != 0 &&
		    (digests[i].kdf == kdf || digests[i].kdf_sp800 == kdf))
			return (&digests[i]);
	return (NULL);
}

static CK_RV
read_params(struct call *c, const CK_MECHANISM *m,
    const CK_ECDH1_DERIVE_PARAMS **out, const struct digest **kdf)
{
	const CK_ECDH1_DERIVE_PARAMS *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    (p->pSharedData == NULL && p->ulSharedDataLen != 0) ||
	    p->ulSharedDataLen > ATTRSET_VALUE_MAX || p->pPublicData == NULL ||
	    p->ulPublicDataLen > ATTRSET_VALUE_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	*kdf = kdf_digest(p->kdf);
	if (*kdf == NULL && p->kdf != CKD_NULL)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "kdf %lu (CKD_*) is not supported", p->kdf));
	if (*kdf == NULL && p->ulSharedDataLen != 0)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "CKD_NULL takes no shared data"));
	*out = p;
	return (CKR_OK);
}

static struct view
params_of(const struct object *o)
{
	return (o->attrs != NULL ? attrset_view(o->attrs, CKA_EC_PARAMS)
				 : o->key->spec->params);
}

/* The other side's public key, which must be on the curve of the base key. */
static CK_RV
read_peer(struct call *c, const struct object *base, struct view given,
    EVP_PKEY **out)
{
	struct attrset *b = attrset_new(
	    c->module->arena, CKO_PUBLIC_KEY, object_type(base));
	CK_RV rv = CKR_HOST_MEMORY;

	if (b == NULL ||
	    attrset_set(b, CKA_EC_PARAMS, params_of(base), false) != ERR_OK ||
	    attrset_set(b, CKA_EC_POINT, given, false) != ERR_OK)
		goto out;
	/* OpenSSL takes no point that is not on the curve */
	rv = pkey_from_attrs(c, b, out);
	if (rv == CKR_ATTRIBUTE_VALUE_INVALID)
		rv = call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "the public data is not a point on the key's curve");
out:
	attrset_unref(b);
	return (rv);
}

static CK_RV
agree_in_kms(struct call *c, const struct object *base, EVP_PKEY *peer,
    struct buf *secret)
{
	const struct key *k = key_for_usage(base->key, KEY_AGREEMENT);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(peer, &der), tries = 0;
	enum err e;

	if (k == NULL)
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (len <= 0)
		return (CKR_FUNCTION_FAILED);
	do
		e = kms_derive_shared_secret(
		    &c->kms, k->meta.arn, VIEW(der, (size_t)len), secret);
	while (use_key_again(c, k, e, &tries));
	OPENSSL_free(der);
	/* one coordinate of a point */
	if (e == ERR_OK && secret->len != (pkey_bits(base) + 7) / 8)
		e = ERR_REPLY;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
agree_local(struct call *c, const struct object *base, EVP_PKEY *peer,
    struct buf *secret)
{
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *own = NULL;
	size_t len = secret->max;
	CK_RV rv;

	if ((rv = pkey_from_object(c, base, &own)) != CKR_OK)
		return (rv);
	ctx = EVP_PKEY_CTX_new_from_pkey(c->module->crypto->lib, own, NULL);
	if (ctx == NULL || buf_reserve(secret, len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (EVP_PKEY_derive_init(ctx) != 1 ||
		 EVP_PKEY_derive_set_peer(ctx, peer) != 1 ||
		 EVP_PKEY_derive(ctx, secret->ptr, &len) != 1)
		rv = CKR_MECHANISM_PARAM_INVALID; /* all zeros, with X25519 */
	else
		secret->len = len;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	return (rv);
}

/* ANSI X9.63, section 5.6.3, has the counter behind the secret; SP 800-56A,
 * section 5.8.1 (one step), before it. */
static CK_RV
apply_kdf(struct call *c, CK_ULONG which, struct view secret,
    struct view shared, size_t len, struct buf *out)
{
	const struct digest *d = kdf_digest(which);
	OSSL_PARAM params[4], *p = params;

	/* the standard's members are not const; nothing is written there */
	*p++ = OSSL_PARAM_construct_utf8_string(
	    OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)d->name, 0);
	*p++ = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.ptr, secret.len);
	if (shared.len != 0)
		*p++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO,
		    (void *)(uintptr_t)shared.ptr, shared.len);
	*p = OSSL_PARAM_construct_end();
	return (kdf_run(c->module->crypto,
	    d->kdf == which ? "X963KDF" : "SSKDF", params, len, out));
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf secret = BUF_SECRET(KMS_SECRET_MAX, c->module->arena);
	struct buf out = BUF_SECRET(DERIVED_MAX, c->module->arena);
	const CK_ECDH1_DERIVE_PARAMS *p = NULL;
	const struct digest *kdf;
	struct derived *d;
	struct buf *value;
	EVP_PKEY *peer = NULL;
	size_t natural = (pkey_bits(base) + 7) / 8, len;
	CK_RV rv = read_params(c, m, &p, &kdf);

	if (rv != CKR_OK ||
	    (rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d)) !=
		CKR_OK ||
	    (rv = derived_len(c, d, kdf != NULL ? 0 : natural,
		 kdf != NULL ? DERIVED_MAX : natural, &len)) != CKR_OK ||
	    (rv = read_peer(c, base, VIEW(p->pPublicData, p->ulPublicDataLen),
		 &peer)) != CKR_OK)
		goto out;
	rv = base->key != NULL ? agree_in_kms(c, base, peer, &secret)
			       : agree_local(c, base, peer, &secret);
	if (rv == CKR_OK && kdf != NULL)
		rv = apply_kdf(c, p->kdf, buf_view(&secret),
		    VIEW(p->pSharedData, p->ulSharedDataLen), len, &out);
	if (rv != CKR_OK)
		goto out;
	/* what is too long loses bytes of its leading end */
	value = kdf != NULL ? &out : &secret;
	if (value->len < len)
		rv = call_fail(c, ERR_REPLY);
	if (rv == CKR_OK)
		rv = derived_from(c, d, base, INHERITS_NOTHING);
	if (rv == CKR_OK)
		derived_set_value(d, value, value->len - len, len);
out:
	EVP_PKEY_free(peer);
	buf_free(&secret);
	buf_free(&out);
	return (rv);
}

const struct key_ops derive_ecdh = {.derive = derive};
