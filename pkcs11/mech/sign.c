#include <stdio.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include "kms/use-key.h"
#include "digest.h"
#include "keydata/curve.h"
#include "keydata/number.h"
#include "object/pkey.h"
#include "sign.h"

#define HALF_MAX 66 /* bytes of r or s: P-521 */

/* What is to be signed: a hash, or for PKCS#1 v1.5 a DigestInfo. */
CK_RV
sign_begin(struct call *c, struct op *op)
{
	CK_RV rv = CKR_OK;

	op->data.max = KMS_MESSAGE_MAX;
	if (!object_in_kms(&op->object) &&
	    (rv = pkey_from_object(c, &op->object, &op->pkey)) != CKR_OK)
		return (rv);
	if (op->mech->digest != NULL)
		rv = digest_begin(c, op, op->mech->digest);
	return (rv);
}

CK_RV
sign_update(struct call *c, struct op *op, struct view in)
{
	if (op->md != NULL)
		return (digest_add(c, op, in));
	return (op_buffer_input(c, op, in));
}

CK_RV
sign_input(struct op *op, uint8_t hash[EVP_MAX_MD_SIZE], struct view *v)
{
	if (op->md != NULL)
		return (digest_end(op, hash, v));
	*v = buf_view(&op->data);
	return (CKR_OK);
}

CK_RV
sign_in_kms(struct call *c, struct op *op, struct view hash)
{
	char algorithm[KMS_WORD_SIZE];
	struct kms_sign_in in = {
	    .key = op->object.key->meta.arn,
	    .message = hash,
	    .message_type = "DIGEST",
	    .algorithm = algorithm,
	};
	int tries = 0;
	enum err e;

	snprintf(algorithm, sizeof(algorithm), "%s%s", op->mech->kms_algorithm,
	    op->digest->kms != NULL ? op->digest->kms : "");
	if (!key_has_algorithm(op->object.key, algorithm, false))
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "KMS has no %s for this key", algorithm));
	do
		e = kms_sign(&c->kms, &in, &op->result);
	while (use_key_again(c, op->object.key, e, &tries));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
sign_local(struct call *c, struct op *op, sign_set *set, struct view in)
{
	EVP_PKEY_CTX *ctx = NULL;
	size_t n = SIGNATURE_MAX;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (buf_reserve(&op->result, n) != ERR_OK)
		return (CKR_HOST_MEMORY);
	ctx = EVP_PKEY_CTX_new_from_pkey(
	    c->module->crypto->lib, op->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    (set == NULL || set(op, ctx)) &&
	    EVP_PKEY_sign(ctx, op->result.ptr, &n, in.ptr, in.len) == 1) {
		op->result.len = n;
		rv = CKR_OK;
	}
	EVP_PKEY_CTX_free(ctx);
	return (rv);
}

CK_RV
verify_local(struct call *c, struct op *op, sign_set *set, struct view in,
    struct view signature)
{
	EVP_PKEY_CTX *ctx;
	CK_RV rv = CKR_FUNCTION_FAILED;

	ctx = EVP_PKEY_CTX_new_from_pkey(
	    c->module->crypto->lib, op->pkey, NULL);
	if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    (set == NULL || set(op, ctx)))
		rv = EVP_PKEY_verify(
			 ctx, signature.ptr, signature.len, in.ptr, in.len) == 1
			 ? CKR_OK
			 : CKR_SIGNATURE_INVALID;
	EVP_PKEY_CTX_free(ctx);
	return (rv);
}

size_t
sign_bits(const struct op *op)
{
	return (pkey_bits(&op->object));
}

/* ECDSA */

static CK_RV
init_ecdsa(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (sign_begin(c, op));
}

/* r and s, each as long as n, or as q of DSA. */
static size_t
ecdsa_len(const struct op *op, size_t more)
{
	size_t bits = sign_bits(op);

	(void)more;
	if (op->mech->key_type == CKK_DSA)
		bits = number_bits(
		    attrset_view(op->object.attrs, CKA_SUBPRIME));
	return ((bits + 7) / 8 * 2);
}

/*
 * ECDSA signs a number: the leftmost bits of a hash, as many as n has (FIPS
 * 186-5, section 6.4.1). So for KMS, which takes hashes of one length for a
 * curve, a longer one is cut and a shorter one padded with zeros in front.
 */
static CK_RV
ecdsa_hash(struct op *op, struct view in, uint8_t hash[EVP_MAX_MD_SIZE])
{
	const struct key_spec *spec = op->object.key->spec;
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

/* A number from 1 to n - 1, as r and s are (FIPS 186-5, section 6.4.2). */
static bool
is_in_range(const BIGNUM *n, const BIGNUM *x)
{
	return (!BN_is_zero(x) && !BN_is_negative(x) &&
		BN_num_bits(x) <= BN_num_bits(n) && BN_cmp(x, n) < 0);
}

/* Of a key in KMS: what KMS answers is held against the order of the curve. */
static enum err
check_curve(const struct op *op, const ECDSA_SIG *s)
{
	const struct curve *curve;
	EC_GROUP *group;
	bool good;

	if (!object_in_kms(&op->object))
		return (ERR_OK);
	curve = curve_find(CKK_EC, op->object.key->spec->params);
	if (curve == NULL)
		return (ERR_REPLY);
	if ((group = EC_GROUP_new_by_curve_name(curve->nid)) == NULL)
		return (ERR_MEMORY);
	good = is_in_range(EC_GROUP_get0_order(group), ECDSA_SIG_get0_r(s)) &&
	       is_in_range(EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(s));
	EC_GROUP_free(group);
	return (good ? ERR_OK : ERR_REPLY);
}

/* KMS and OpenSSL speak DER; PKCS#11 wants r and s, each as wide as n. */
static CK_RV
der_to_raw(struct call *c, struct op *op)
{
	const unsigned char *der = op->result.ptr;
	int half = (int)(ecdsa_len(op, 0) / 2);
	uint8_t raw[2 * HALF_MAX];
	ECDSA_SIG *s;
	enum err e = ERR_REPLY;

	s = d2i_ECDSA_SIG(NULL, &der, (long)op->result.len);
	if (s != NULL && der == op->result.ptr + op->result.len)
		e = check_curve(op, s);
	if (e == ERR_OK &&
	    (BN_bn2binpad(ECDSA_SIG_get0_r(s), raw, half) != half ||
		BN_bn2binpad(ECDSA_SIG_get0_s(s), raw + half, half) != half))
		e = ERR_REPLY;
	if (e == ERR_OK) {
		buf_reset(&op->result);
		e = buf_append(&op->result, VIEW(raw, (size_t)half * 2));
	}
	ECDSA_SIG_free(s);
	/* OpenSSL's own is not a reply */
	if (e == ERR_REPLY && !object_in_kms(&op->object))
		e = ERR_INTERNAL;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
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

	if ((rv = sign_input(op, hash, &v)) != CKR_OK)
		return (rv);
	if (v.len == 0)
		return (CKR_DATA_LEN_RANGE);
	if (!object_in_kms(&op->object))
		rv = sign_local(c, op, NULL, v);
	else if ((rv = ecdsa_hash(op, v, padded)) == CKR_OK)
		rv = sign_in_kms(c, op, VIEW(padded, op->digest->len));
	return (rv == CKR_OK ? der_to_raw(c, op) : rv);
}

static CK_RV
ecdsa_verify(struct call *c, struct op *op, struct view signature)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned char *der = NULL;
	size_t len = 0;
	struct view v;
	CK_RV rv;

	if ((rv = sign_input(op, hash, &v)) != CKR_OK)
		return (rv);
	/* r and s may be shorter, if they are equally long (PKCS#11 3.2,
	 * section 6.3.1): Java pads them to the longer of the two */
	if (signature.len == 0 || signature.len % 2 != 0 ||
	    signature.len > ecdsa_len(op, 0))
		return (CKR_SIGNATURE_LEN_RANGE);
	if ((rv = raw_to_der(signature, &der, &len)) == CKR_OK)
		rv = verify_local(c, op, NULL, v, VIEW(der, len));
	OPENSSL_free(der);
	return (rv);
}

const struct family sign_ecdsa = {.init = init_ecdsa,
    .update = sign_update,
    .finish = ecdsa_finish,
    .verify = ecdsa_verify,
    .bound = ecdsa_len,
    .exact = true};

/* DSA: in DER its signatures look as those of ECDSA. */

/* PKCS#11 3.2, table 62: as long as some hash. */
static CK_RV
check_hash(struct op *op)
{
	static const size_t lens[] = {20, 28, 32, 48, 64};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		if (op->md != NULL || op->data.len == lens[i])
			return (CKR_OK);
	return (CKR_DATA_LEN_RANGE);
}

static CK_RV
dsa_finish(struct call *c, struct op *op)
{
	CK_RV rv = check_hash(op);

	return (rv == CKR_OK ? ecdsa_finish(c, op) : rv);
}

static CK_RV
dsa_verify(struct call *c, struct op *op, struct view signature)
{
	CK_RV rv = check_hash(op);

	if (rv == CKR_OK && signature.len != ecdsa_len(op, 0))
		rv = CKR_SIGNATURE_LEN_RANGE;
	return (rv == CKR_OK ? ecdsa_verify(c, op, signature) : rv);
}

const struct family sign_dsa = {.init = init_ecdsa,
    .update = sign_update,
    .finish = dsa_finish,
    .verify = dsa_verify,
    .bound = ecdsa_len,
    .exact = true};
