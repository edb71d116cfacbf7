#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include "derive.h"
#include "digest.h"
#include "kdf.h"

/* HKDF (RFC 5869; PKCS#11 3.0, section 2.62). */

#define INFO_MAX (32 * 1024) /* bytes: OpenSSL's limit */

/* The standard has the hash itself; Java 25 names the HMAC with it. */
static const struct digest *
find_hash(CK_MECHANISM_TYPE mechanism)
{
	const struct digest *d = digest_find(mechanism);

	return (d != NULL ? d : digest_of_hmac(mechanism));
}

static CK_RV
read_params(struct call *c, const CK_MECHANISM *m,
    const struct hkdf_params **out, const struct digest **digest)
{
	const struct hkdf_params *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    (!p->bExtract && !p->bExpand) ||
	    (p->pInfo == NULL && p->ulInfoLen != 0) || p->ulInfoLen > INFO_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	if ((*digest = find_hash(p->prfHashMechanism)) == NULL)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "prfHashMechanism 0x%lx is no hash", p->prfHashMechanism));
	if (p->bExtract && p->ulSaltType != CKF_HKDF_SALT_NULL &&
	    p->ulSaltType != CKF_HKDF_SALT_DATA &&
	    p->ulSaltType != CKF_HKDF_SALT_KEY)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "salt of type %lu is unknown", p->ulSaltType));
	if (p->bExtract && p->ulSaltType == CKF_HKDF_SALT_DATA &&
	    ((p->pSalt == NULL && p->ulSaltLen != 0) ||
		p->ulSaltLen > OP_DATA_MAX)) /* OpenSSL counts in int */
		return (CKR_MECHANISM_PARAM_INVALID);
	*out = p;
	return (CKR_OK);
}

/* The salt; of a key, which o holds for as long as it is used. */
static CK_RV
read_salt(
    struct call *c, const CK_MECHANISM *m, struct object *o, struct view *salt)
{
	const struct hkdf_params *p = m->pParameter;

	*salt = VIEW(NULL, 0);
	if (!p->bExtract || p->ulSaltType == CKF_HKDF_SALT_NULL)
		return (CKR_OK);
	if (p->ulSaltType == CKF_HKDF_SALT_KEY)
		return (derived_read_key(c, m, p->hSaltKey, o, salt));
	*salt = VIEW(p->pSalt, p->ulSaltLen);
	return (CKR_OK);
}

/* A data object is as long as the hash, and extracted from. */
static CK_RV
check_data(struct call *c, const struct object *base,
    const struct hkdf_params *p, const struct digest *digest)
{
	if (base->class != CKO_DATA)
		return (CKR_OK);
	if (attrset_view(base->attrs, CKA_VALUE).len != digest->len)
		return (call_error(c, CKR_KEY_SIZE_RANGE,
		    "a data object that is derived from is as long as the "
		    "hash: %zu bytes",
		    digest->len));
	return (p->bExtract ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
}

static CK_RV
hkdf(struct call *c, const struct hkdf_params *p, const struct digest *digest,
    struct view key, struct view salt, size_t len, struct buf *out)
{
	int mode = !p->bExpand	  ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY
		   : !p->bExtract ? EVP_KDF_HKDF_MODE_EXPAND_ONLY
				  : EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	OSSL_PARAM params[6], *at = params;

	*at++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*at++ = OSSL_PARAM_construct_utf8_string(
	    OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest->name, 0);
	*at++ = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)key.ptr, key.len);
	if (salt.len != 0)
		*at++ = OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.ptr, salt.len);
	if (p->bExpand && p->ulInfoLen != 0)
		*at++ = OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_INFO, p->pInfo, p->ulInfoLen);
	*at = OSSL_PARAM_construct_end();
	return (kdf_run(c->module->crypto, "HKDF", params, len, out));
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, CK_OBJECT_CLASS class, struct derivation *all)
{
	struct buf out = BUF_SECRET(DERIVED_MAX, c->module->arena);
	struct object salt_key = {.handle = CK_INVALID_HANDLE};
	const struct hkdf_params *p = NULL;
	const struct digest *digest;
	struct derived *d;
	struct view salt;
	size_t len, made;
	CK_RV rv = read_params(c, m, &p, &digest);

	if (rv != CKR_OK || (rv = check_data(c, base, p, digest)) != CKR_OK ||
	    (rv = derived_begin(c, all, t, class, base, &d)) != CKR_OK ||
	    (rv = derived_len(c, d, p->bExpand ? 0 : digest->len,
		 p->bExpand ? 255 * digest->len : digest->len, &len)) !=
		CKR_OK ||
	    (rv = read_salt(c, m, &salt_key, &salt)) != CKR_OK)
		goto out;
	/* what is extracted is one hash, whatever is wanted of it */
	made = p->bExpand ? len : digest->len;
	rv = hkdf(c, p, digest, attrset_view(base->attrs, CKA_VALUE), salt,
	    made, &out);
	if (rv == CKR_OK)
		rv = derived_from(c, d, base, INHERITS_NOTHING);
	if (rv == CKR_OK)
		derived_set_value(d, &out, 0, len);
out:
	object_put(&salt_key);
	buf_free(&out);
	return (rv);
}

static CK_RV
derive_hkdf_key(struct call *c, const CK_MECHANISM *m,
    const struct object *base, struct template t, struct derivation *all)
{
	return (derive(c, m, base, t, CKO_SECRET_KEY, all));
}

static CK_RV
derive_data(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	return (derive(c, m, base, t, CKO_DATA, all));
}

const struct key_ops derive_hkdf = {.derive = derive_hkdf_key};
const struct key_ops derive_hkdf_data = {.derive = derive_data};
