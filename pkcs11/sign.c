#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include "digest.h"
#include "pkey.h"
#include "sign.h"

#define SIGNATURE_MAX 1024
#define HALF_MAX 66 /* bytes of r or s: P-521 */

/* What is to be signed: a hash, or for PKCS#1 v1.5 a DigestInfo. */
static CK_RV
begin(struct call *c, struct op *op)
{
	CK_RV rv = CKR_OK;

	op->data.max = KMS_MESSAGE_MAX;
	if (!object_in_kms(&op->object) &&
	    (rv = pkey_of(c, &op->object, &op->pkey)) != CKR_OK)
		return (rv);
	if (op->mech->digest != NULL)
		rv = digest_begin(c, op, op->mech->digest);
	return (rv);
}

static CK_RV
update(struct call *c, struct op *op, struct view in)
{
	enum err e;

	if (op->md != NULL)
		return (digest_add(op, in));
	e = buf_append(&op->data, in);
	return (e == ERR_TOO_BIG ? CKR_DATA_LEN_RANGE
		: e == ERR_OK	 ? CKR_OK
				 : call_fail(c, e));
}

/* The hash of the input, or the input. */
static CK_RV
take_input(struct op *op, uint8_t hash[EVP_MAX_MD_SIZE], struct view *v)
{
	if (op->md != NULL)
		return (digest_end(op, hash, v));
	*v = buf_view(&op->data);
	return (CKR_OK);
}

static CK_RV
sign_in_kms(struct call *c, struct op *op, struct view hash)
{
	char algorithm[KMS_WORD_SIZE];
	struct kms_sign_in in = {
	    .key = op->object.key->meta.arn,
	    .message = hash,
	    .message_type = "DIGEST",
	    .algorithm = algorithm,
	};
	enum err e;

	snprintf(algorithm, sizeof(algorithm), "%s%s", op->family->kms,
	    op->digest->kms != NULL ? op->digest->kms : "");
	if (!key_has_algorithm(op->object.key, algorithm, false))
		return (call_refuse(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "KMS has no %s for this key", algorithm));
	e = kms_sign(&c->kms, &in, &op->result);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Sets padding and, where the input is a hash, its name. */
static bool
rsa_set(const struct op *op, EVP_PKEY_CTX *ctx)
{
	bool pss = op->family == &sign_pss;
	int mode = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
	int salt = (int)op->number;
	char name[16] = "";
	OSSL_PARAM params[4], *p = params;

	*p++ = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PAD_MODE, &mode);
	if (op->digest != NULL) {
		snprintf(name, sizeof(name), "%s", op->digest->name);
		*p++ = OSSL_PARAM_construct_utf8_string(
		    OSSL_SIGNATURE_PARAM_DIGEST, name, 0);
	}
	if (pss)
		*p++ = OSSL_PARAM_construct_int(
		    OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt);
	*p = OSSL_PARAM_construct_end();
	return (EVP_PKEY_CTX_set_params(ctx, params) == 1);
}

static CK_RV
sign_here(struct call *c, struct op *op, struct view in)
{
	EVP_PKEY_CTX *ctx = NULL;
	size_t n = SIGNATURE_MAX;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (buf_reserve(&op->result, n) != ERR_OK)
		return (CKR_HOST_MEMORY);
	ctx = EVP_PKEY_CTX_new_from_pkey(
	    c->module->crypto->lib, op->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (op->family == &sign_ecdsa || rsa_set(op, ctx)) &&
	    EVP_PKEY_sign(ctx, op->result.ptr, &n, in.ptr, in.len) == 1) {
		op->result.len = n;
		rv = CKR_OK;
	}
	EVP_PKEY_CTX_free(ctx);
	return (rv);
}

static CK_RV
verify_here(
    struct call *c, struct op *op, struct view in, struct view signature)
{
	EVP_PKEY_CTX *ctx;
	CK_RV rv = CKR_FUNCTION_FAILED;

	ctx = EVP_PKEY_CTX_new_from_pkey(
	    c->module->crypto->lib, op->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    (op->family == &sign_ecdsa || rsa_set(op, ctx)))
		rv = EVP_PKEY_verify(
			 ctx, signature.ptr, signature.len, in.ptr, in.len) == 1
			 ? CKR_OK
			 : CKR_SIGNATURE_INVALID;
	EVP_PKEY_CTX_free(ctx);
	return (rv);
}

/* RSA */

static CK_RV
init_pkcs1(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (begin(c, op));
}

/* KMS has one PSS: MGF1 with the same hash, salt as long as the hash. */
static CK_RV
init_pss(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const CK_RSA_PKCS_PSS_PARAMS *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    (op->digest = digest_find(p->hashAlg)) == NULL ||
	    p->mgf != op->digest->mgf || p->mgf == 0 ||
	    (op->mech->digest != NULL && op->mech->digest != op->digest) ||
	    p->sLen > SIGNATURE_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (object_in_kms(&op->object) && p->sLen != op->digest->len)
		return (call_refuse(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS's salt is as long as the hash: %zu bytes",
		    op->digest->len));
	op->number = p->sLen;
	return (begin(c, op));
}

static size_t
rsa_len(const struct op *op, size_t more)
{
	(void)more;
	return (pkey_bits(&op->object) / 8);
}

/* Of an unhashed mechanism: the hash that KMS is to sign. */
static CK_RV
rsa_hash(struct call *c, struct op *op, struct view *v)
{
	if (op->family == &sign_pkcs1 && op->md == NULL) {
		if ((op->digest = digest_of_info(v)) == NULL)
			return (call_refuse(c, CKR_DATA_INVALID,
			    "KMS signs the DigestInfo of SHA-256, SHA-384 or "
			    "SHA-512, nothing else"));
		return (CKR_OK);
	}
	return (v->len == op->digest->len ? CKR_OK : CKR_DATA_LEN_RANGE);
}

static CK_RV
rsa_finish(struct call *c, struct op *op)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct view v;
	CK_RV rv;

	if ((rv = take_input(op, hash, &v)) != CKR_OK)
		return (rv);
	if (object_in_kms(&op->object)) {
		if ((rv = rsa_hash(c, op, &v)) == CKR_OK)
			rv = sign_in_kms(c, op, v);
		return (rv);
	}
	/* RFC 8017: eleven bytes of padding at the least */
	if (op->digest == NULL && v.len + 11 > rsa_len(op, 0))
		return (CKR_DATA_LEN_RANGE);
	if (op->digest != NULL && v.len != op->digest->len)
		return (CKR_DATA_LEN_RANGE);
	return (sign_here(c, op, v));
}

static CK_RV
rsa_verify(struct call *c, struct op *op, struct view signature)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct view v;
	CK_RV rv;

	if ((rv = take_input(op, hash, &v)) != CKR_OK)
		return (rv);
	if (op->digest != NULL && v.len != op->digest->len)
		return (CKR_DATA_LEN_RANGE);
	if (signature.len != rsa_len(op, 0))
		return (CKR_SIGNATURE_LEN_RANGE);
	return (verify_here(c, op, v, signature));
}

/* ECDSA */

static CK_RV
init_ecdsa(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (begin(c, op));
}

static size_t
ecdsa_len(const struct op *op, size_t more)
{
	(void)more;
	return ((pkey_bits(&op->object) + 7) / 8 * 2);
}

/*
 * ECDSA signs a number: the leftmost bits of a hash, as many as n has (FIPS
 * 186-5, section 6.4.1). So for KMS, which takes hashes of one length for a
 * curve, a longer one is cut and a shorter one padded with zeros in front.
 */
static CK_RV
ecdsa_hash(struct op *op, struct view in, uint8_t hash[EVP_MAX_MD_SIZE])
{
	const struct spec *spec = op->object.key->spec;
	size_t len = spec->digest->len;

	op->digest = spec->digest;
	if (in.len > len && len * 8 < spec->bits)
		return (CKR_DATA_LEN_RANGE);
	if (in.len > len)
		in.len = len;
	memmove(hash + (len - in.len), in.ptr, in.len);
	memset(hash, 0, len - in.len);
	return (CKR_OK);
}

/* KMS and OpenSSL speak DER; PKCS#11 wants r and s, each as wide as n. */
static CK_RV
der_to_raw(struct op *op)
{
	const unsigned char *der = op->result.ptr;
	int half = (int)(ecdsa_len(op, 0) / 2);
	uint8_t raw[2 * HALF_MAX];
	ECDSA_SIG *s;
	CK_RV rv = CKR_DEVICE_ERROR;

	s = d2i_ECDSA_SIG(NULL, &der, (long)op->result.len);
	if (s == NULL)
		return (rv);
	if (BN_bn2binpad(ECDSA_SIG_get0_r(s), raw, half) == half &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(s), raw + half, half) == half) {
		buf_reset(&op->result);
		if (buf_append(&op->result, VIEW(raw, (size_t)half * 2)) ==
		    ERR_OK)
			rv = CKR_OK;
	}
	ECDSA_SIG_free(s);
	return (rv);
}

static CK_RV
raw_to_der(struct view raw, unsigned char **der, size_t *len)
{
	int half = (int)(raw.len / 2), n = -1;
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *r_bn = BN_bin2bn(raw.ptr, half, NULL);
	BIGNUM *s_bn = BN_bin2bn(raw.ptr + half, half, NULL);

	if (s != NULL && ECDSA_SIG_set0(s, r_bn, s_bn) == 1) {
		r_bn = s_bn = NULL;
		n = i2d_ECDSA_SIG(s, der);
	}
	BN_free(r_bn);
	BN_free(s_bn);
	ECDSA_SIG_free(s);
	*len = n > 0 ? (size_t)n : 0;
	return (n > 0 ? CKR_OK : CKR_HOST_MEMORY);
}

static CK_RV
ecdsa_finish(struct call *c, struct op *op)
{
	uint8_t hash[EVP_MAX_MD_SIZE], padded[EVP_MAX_MD_SIZE];
	struct view v;
	CK_RV rv;

	if ((rv = take_input(op, hash, &v)) != CKR_OK)
		return (rv);
	if (v.len == 0)
		return (CKR_DATA_LEN_RANGE);
	if (!object_in_kms(&op->object))
		rv = sign_here(c, op, v);
	else if ((rv = ecdsa_hash(op, v, padded)) == CKR_OK)
		rv = sign_in_kms(c, op, VIEW(padded, op->digest->len));
	return (rv == CKR_OK ? der_to_raw(op) : rv);
}

static CK_RV
ecdsa_verify(struct call *c, struct op *op, struct view signature)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned char *der = NULL;
	size_t len = 0;
	struct view v;
	CK_RV rv;

	if ((rv = take_input(op, hash, &v)) != CKR_OK)
		return (rv);
	if (signature.len != ecdsa_len(op, 0))
		return (CKR_SIGNATURE_LEN_RANGE);
	if ((rv = raw_to_der(signature, &der, &len)) == CKR_OK)
		rv = verify_here(c, op, v, VIEW(der, len));
	OPENSSL_free(der);
	return (rv);
}

const struct family sign_pkcs1 = {.kms = "RSASSA_PKCS1_V1_5_",
    .init = init_pkcs1,
    .update = update,
    .finish = rsa_finish,
    .verify = rsa_verify,
    .bound = rsa_len,
    .exact = true};
const struct family sign_pss = {.kms = "RSASSA_PSS_",
    .init = init_pss,
    .update = update,
    .finish = rsa_finish,
    .verify = rsa_verify,
    .bound = rsa_len,
    .exact = true};
const struct family sign_ecdsa = {.kms = "ECDSA_",
    .init = init_ecdsa,
    .update = update,
    .finish = ecdsa_finish,
    .verify = ecdsa_verify,
    .bound = ecdsa_len,
    .exact = true};
