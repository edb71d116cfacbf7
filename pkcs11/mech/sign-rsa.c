#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include "digest.h"
#include "object/pkey.h"
#include "sign.h"

#define NAME_SIZE 16 /* of a hash, as OpenSSL calls it */

static bool
is_raw(const struct op *op)
{
	return (op->family->rsa_padding == RSA_NO_PADDING);
}

/* Sets padding and, where the input is a hash, its name. */
static bool
set_padding(const struct op *op, EVP_PKEY_CTX *ctx)
{
	int mode = op->family->rsa_padding, salt = (int)op->param_len;
	char hash[NAME_SIZE] = "", mgf[NAME_SIZE] = "";
	OSSL_PARAM params[5], *p = params;

	*p++ = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PAD_MODE, &mode);
	if (op->digest != NULL) {
		snprintf(hash, sizeof(hash), "%s", op->digest->name);
		*p++ = OSSL_PARAM_construct_utf8_string(
		    OSSL_SIGNATURE_PARAM_DIGEST, hash, 0);
	}
	if (mode == RSA_PKCS1_PSS_PADDING) {
		snprintf(mgf, sizeof(mgf), "%s", op->mgf->name);
		*p++ = OSSL_PARAM_construct_utf8_string(
		    OSSL_SIGNATURE_PARAM_MGF1_DIGEST, mgf, 0);
		*p++ = OSSL_PARAM_construct_int(
		    OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt);
	}
	*p = OSSL_PARAM_construct_end();
	return (EVP_PKEY_CTX_set_params(ctx, params) == 1);
}

static size_t
width(const struct op *op)
{
	return ((sign_bits(op) + 7) / 8);
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (width(op));
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (sign_begin(c, op));
}

/* KMS has one PSS: MGF1 with the same hash, salt as long as the hash. */
static CK_RV
check_kms_pss(struct call *c, const struct op *op)
{
	char algorithm[KMS_WORD_SIZE];

	if (op->mgf != op->digest || op->param_len != op->digest->len)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS's MGF1 has the same hash, and its salt is as long as "
		    "the hash: %zu bytes",
		    op->digest->len));
	snprintf(algorithm, sizeof(algorithm), "%s%s", op->mech->kms_algorithm,
	    op->digest->kms != NULL ? op->digest->kms : "");
	if (!key_has_algorithm(op->object.key, algorithm, false))
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS has no PSS with that hash for this key"));
	return (CKR_OK);
}

static CK_RV
init_pss(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const CK_RSA_PKCS_PSS_PARAMS *p = m->pParameter;
	CK_RV rv;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    (op->digest = digest_find(p->hashAlg)) == NULL ||
	    (op->mgf = digest_of_mgf(p->mgf)) == NULL ||
	    (op->mech->digest != NULL && op->mech->digest != op->digest))
		return (CKR_MECHANISM_PARAM_INVALID);
	op->param_len = p->sLen;
	if (object_in_kms(&op->object) && (rv = check_kms_pss(c, op)) != CKR_OK)
		return (rv);
	if ((rv = sign_begin(c, op)) != CKR_OK)
		return (rv);
	/* RFC 8017, section 9.1.1: what must fit into one bit less than n */
	if (p->sLen > width(op) ||
	    p->sLen + op->digest->len + 2 > (sign_bits(op) + 6) / 8)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "hash and salt are too long for this key"));
	return (CKR_OK);
}

/* Of an unhashed mechanism: the hash that KMS is to sign. */
static CK_RV
hash_for_kms(struct call *c, struct op *op, struct view *v)
{
	if (op->family->rsa_padding == RSA_PKCS1_PADDING && op->md == NULL) {
		if ((op->digest = digest_of_info(v)) == NULL)
			return (call_error(c, CKR_DATA_INVALID,
			    "KMS signs the DigestInfo of SHA-256, SHA-384 or "
			    "SHA-512, nothing else"));
		return (CKR_OK);
	}
	return (v->len == op->digest->len ? CKR_OK : CKR_DATA_LEN_RANGE);
}

/* The longest input that the padding leaves room for; a hash has one length. */
static CK_RV
check_length(const struct op *op, struct view v)
{
	if (is_raw(op))
		return (v.len <= width(op) ? CKR_OK : CKR_DATA_LEN_RANGE);
	if (op->digest != NULL)
		return (v.len == op->digest->len ? CKR_OK : CKR_DATA_LEN_RANGE);
	/* RFC 8017, section 9.2: eleven bytes of padding at the least */
	return (v.len + 11 <= width(op) ? CKR_OK : CKR_DATA_LEN_RANGE);
}

/* Without padding the input is a number, with zeros in front. */
static struct view
as_number(const struct op *op, struct view v, uint8_t block[SIGNATURE_MAX])
{
	size_t n = width(op);

	if (!is_raw(op))
		return (v);
	memset(block, 0, n - v.len);
	if (v.len != 0)
		memcpy(block + n - v.len, v.ptr, v.len);
	return (VIEW(block, n));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	uint8_t hash[EVP_MAX_MD_SIZE], block[SIGNATURE_MAX];
	struct view v;
	CK_RV rv;

	if ((rv = sign_input(op, hash, &v)) != CKR_OK)
		return (rv);
	if (object_in_kms(&op->object)) {
		if ((rv = hash_for_kms(c, op, &v)) == CKR_OK)
			rv = sign_in_kms(c, op, v);
		if (rv == CKR_OK && op->result.len != width(op))
			rv = call_fail(c, ERR_REPLY);
		return (rv);
	}
	if ((rv = check_length(op, v)) != CKR_OK)
		return (rv);
	rv = sign_local(c, op, set_padding, as_number(op, v, block));
	/* a number that is not below n cannot be signed */
	if (rv == CKR_FUNCTION_FAILED && is_raw(op))
		rv = CKR_DATA_INVALID;
	OPENSSL_cleanse(block, sizeof(block));
	return (rv);
}

/* What the padding of a signature holds, in op->result. */
static CK_RV
open_signature(struct call *c, struct op *op, struct view signature)
{
	size_t n = SIGNATURE_MAX;
	EVP_PKEY_CTX *ctx;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (signature.len != width(op))
		return (CKR_SIGNATURE_LEN_RANGE);
	if (buf_reserve(&op->result, n) != ERR_OK)
		return (CKR_HOST_MEMORY);
	ctx = EVP_PKEY_CTX_new_from_pkey(
	    c->module->crypto->lib, op->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_verify_recover_init(ctx) == 1 &&
	    set_padding(op, ctx))
		rv = EVP_PKEY_verify_recover(ctx, op->result.ptr, &n,
			 signature.ptr, signature.len) == 1
			 ? CKR_OK
			 : CKR_SIGNATURE_INVALID;
	if (rv == CKR_OK)
		op->result.len = n;
	EVP_PKEY_CTX_free(ctx);
	return (rv);
}

/* OpenSSL signs nothing at all, but does not verify it. */
static CK_RV
verify_empty(struct call *c, struct op *op, struct view signature)
{
	CK_RV rv = open_signature(c, op, signature);

	return (
	    rv == CKR_OK && op->result.len != 0 ? CKR_SIGNATURE_INVALID : rv);
}

static CK_RV
verify(struct call *c, struct op *op, struct view signature)
{
	uint8_t hash[EVP_MAX_MD_SIZE], block[SIGNATURE_MAX];
	struct view v;
	CK_RV rv;

	if ((rv = sign_input(op, hash, &v)) != CKR_OK ||
	    (rv = check_length(op, v)) != CKR_OK)
		return (rv);
	if (v.len == 0 && !is_raw(op))
		return (verify_empty(c, op, signature));
	if (signature.len != width(op))
		return (CKR_SIGNATURE_LEN_RANGE);
	return (verify_local(
	    c, op, set_padding, as_number(op, v, block), signature));
}

/* The signature came as the input. */
static CK_RV
recover(struct call *c, struct op *op)
{
	return (open_signature(c, op, buf_view(&op->data)));
}

/* clang-format off */
#define SIGN(init_, padding)						\
	.init = (init_), .update = sign_update, .finish = finish,	\
	.verify = verify, .bound = bound, .exact = true,		\
	.rsa_padding = (padding)
#define RECOVER(padding)						\
	.init = init, .update = sign_update, .finish = recover,		\
	.bound = bound, .buffers_input = true, .rsa_padding = (padding)
const struct family sign_pkcs1 = { SIGN(init, RSA_PKCS1_PADDING) };
const struct family sign_pss = { SIGN(init_pss, RSA_PKCS1_PSS_PADDING) };
const struct family sign_x509 = { SIGN(init, RSA_NO_PADDING) };
const struct family recover_pkcs1 = { RECOVER(RSA_PKCS1_PADDING) };
const struct family recover_x509 = { RECOVER(RSA_NO_PADDING) };
/* clang-format on */
