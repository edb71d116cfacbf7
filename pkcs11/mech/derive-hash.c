#include <openssl/evp.h>
#include "derive.h"
#include "keydata/hash.h"

/* Keys of the hash of another key (PKCS#11 3.2, sections 6.20 to 6.32): the
 * first bytes of it, or as many of SHAKE as are asked for. */

static CK_RV
digest_key(struct call *c, const struct digest *d, bool is_xof, struct view key,
    size_t len, struct buf *out)
{
	EVP_MD *md = EVP_MD_fetch(c->module->crypto->lib, d->name, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	CK_RV rv = CKR_MECHANISM_INVALID;

	if (ctx == NULL || buf_reserve(out, is_xof ? len : d->len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (md != NULL)
		rv = EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
			     EVP_DigestUpdate(ctx, key.ptr, key.len) == 1 &&
			     (is_xof ? EVP_DigestFinalXOF(ctx, out->ptr, len)
				     : EVP_DigestFinal_ex(
					   ctx, out->ptr, NULL)) == 1
			 ? CKR_OK
			 : CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		out->len = is_xof ? len : d->len;
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return (rv);
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	const struct digest *digest =
	    mech_find(m->mechanism, CKF_DERIVE)->digest;
	bool is_xof = digest == &digest_shake128 || digest == &digest_shake256;
	struct buf out = BUF_SECRET(DERIVED_MAX, c->module->arena);
	struct derived *d;
	size_t len;
	CK_RV rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d);

	if (rv == CKR_OK && m->ulParameterLen != 0)
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		rv = derived_len(c, d, is_xof ? 0 : digest->len,
		    is_xof ? DERIVED_MAX : digest->len, &len);
	if (rv == CKR_OK)
		rv = digest_key(c, digest, is_xof,
		    attrset_view(base->attrs, CKA_VALUE), len, &out);
	if (rv == CKR_OK)
		rv = derived_from(c, d, base, INHERITS_NOTHING);
	if (rv == CKR_OK)
		derived_set_value(d, &out, 0, len);
	buf_free(&out);
	return (rv);
}

const struct key_ops derive_hash = {.derive = derive};
