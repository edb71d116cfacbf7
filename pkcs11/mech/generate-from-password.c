#include <openssl/core_names.h>
#include "cryptoki/keyferry.h"
#include "keydata/hash.h"
#include "generate-local.h"
#include "object/object-schema.h"
#include "kdf.h"

/* CKM_PKCS5_PBKD2: a secret key out of a password (PBKDF2, RFC 8018; PKCS#11
 * 3.2, section 6.37). */

#define SALT_SPECIFIED 1 /* CKZ_SALT_SPECIFIED */
/*
 * CK_PKCS5_PBKD2_PARAMS, which is older, is of the same size as ..._PARAMS2 and
 * has a pointer to the password's length in the place of the length. Programs
 * begin at 4 MB, so no pointer is as small as this, and no password as long.
 */
/* Some seconds: no call ends them. Each block of the key has them all. */
#define ITERATIONS_MAX 10000000
#define ALL_ITERATIONS_MAX ((size_t)2 * ITERATIONS_MAX)
#define PASSWORD_MAX (4 * 1024 * 1024 - 1)

/* HMAC with a hash, by its number in the parameter. */
static const struct digest *
prf_digest(CK_ULONG prf)
{
	static const struct digest *const rows[] = {[1] = DIGEST_SHA1,
	    [3] = DIGEST_SHA224,
	    [4] = DIGEST_SHA256,
	    [5] = DIGEST_SHA384,
	    [6] = DIGEST_SHA512,
	    [7] = DIGEST_SHA512_224,
	    [8] = DIGEST_SHA512_256};

	return (prf < sizeof(rows) / sizeof(rows[0]) ? rows[prf] : NULL);
}

/* The length itself, also where there is a pointer to it; ~0: it is neither. */
static CK_ULONG
password_length(CK_ULONG given)
{
	if (given <= PASSWORD_MAX)
		return (given);
	if (given % _Alignof(CK_ULONG) != 0)
		return (CK_UNAVAILABLE_INFORMATION);
	return (*(const CK_ULONG *)given);
}

static CK_RV
read_params(
    const CK_MECHANISM *m, struct ck_pbkd2 *p, const struct digest **digest)
{
	const struct ck_pbkd2 *given = m->pParameter;

	if (given == NULL || m->ulParameterLen != sizeof(*p))
		return (CKR_MECHANISM_PARAM_INVALID);
	*p = *given;
	p->ulPasswordLen = password_length(p->ulPasswordLen);
	*digest = prf_digest(p->prf);
	return (
	    p->saltSource == SALT_SPECIFIED && *digest != NULL &&
		    p->iterations != 0 && p->iterations <= ITERATIONS_MAX &&
		    p->ulPrfDataLen == 0 && p->ulPasswordLen <= PASSWORD_MAX &&
		    p->ulSaltSourceDataLen <= ATTRSET_VALUE_MAX &&
		    (p->pPassword != NULL || p->ulPasswordLen == 0) &&
		    (p->pSaltSourceData != NULL || p->ulSaltSourceDataLen == 0)
		? CKR_OK
		: CKR_MECHANISM_PARAM_INVALID);
}

static CK_RV
pbkdf2(struct call *c, const CK_MECHANISM *m, size_t len, struct buf *out)
{
	uint8_t none[1] = {0};
	const struct digest *digest;
	struct ck_pbkd2 p;
	OSSL_PARAM params[5], *to = params;
	CK_RV rv;

	if ((rv = read_params(m, &p, &digest)) != CKR_OK)
		return (rv);
	if (p.iterations >
	    ALL_ITERATIONS_MAX / ((len + digest->len - 1) / digest->len))
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "so many iterations for a key that long take too long"));
	*to++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
	    p.pPassword != NULL ? p.pPassword : none, p.ulPasswordLen);
	*to++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT,
	    p.pSaltSourceData != NULL ? p.pSaltSourceData : none,
	    p.ulSaltSourceDataLen);
	*to++ = OSSL_PARAM_construct_ulong(OSSL_KDF_PARAM_ITER, &p.iterations);
	*to++ = OSSL_PARAM_construct_utf8_string(
	    OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)digest->name, 0);
	*to = OSSL_PARAM_construct_end();
	return (kdf_run(c->module->crypto, "PBKDF2", params, len, out));
}

/* KMS and its data keys are random, and know no password. */
static CK_RV
check_place(struct call *c, struct template t, CK_KEY_TYPE type)
{
	struct attr_target target = {
	    CKO_SECRET_KEY, type, ATTR_GENERATE, false};
	CK_RV rv;

	if (!template_bool(t, CKA_TOKEN, false) &&
	    !template_has(t, CKA_KEYFERRY_WRAPPING_KEY))
		return (CKR_OK);
	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "KMS makes no key from a password: make a session key, and copy it "
	    "with CKA_TOKEN true"));
}

static CK_RV
generate(struct call *c, const CK_MECHANISM *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	CK_KEY_TYPE type = template_ulong(t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
	const struct digest *digest;
	struct ck_pbkd2 p;
	CK_RV rv = read_params(m, &p, &digest);

	if (rv == CKR_OK && !schema_is_secret_key_type(type))
		rv = call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKM_PKCS5_PBKD2 makes secret keys");
	if (rv == CKR_OK)
		rv = check_place(c, t, type);
	return (rv == CKR_OK ? generate_secret_of(c, m, t, type, pbkdf2, handle)
			     : rv);
}

const struct key_ops generate_from_password_ops = {.generate = generate};
