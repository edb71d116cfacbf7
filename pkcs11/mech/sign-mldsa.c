#include <string.h>
#include <openssl/core_names.h>
#include "kms/use-key.h"
#include "object/attr.h"
#include "object/pkey.h"
#include "token/pubkey.h"
#include "sign.h"

#define CONTEXT_MAX 255 /* FIPS 204, algorithm 2 */
#define MU_LEN 64
#define PUBLIC_MAX 2592 /* of ML-DSA-87 */

/*
 * What is signed is mu = SHAKE256(tr || 0 || len(context) || context ||
 * message), 64 bytes long, where tr is the same of the public key (FIPS 204,
 * algorithm 7). KMS takes a short message as it is, else mu, which needs no
 * message to be kept; an empty message only so. Verifying is with mu always.
 */

static CK_RV
shake_begin(struct call *c, EVP_MD_CTX **md)
{
	EVP_MD *shake = EVP_MD_fetch(c->module->crypto->lib, "SHAKE256", NULL);
	CK_RV rv = CKR_FUNCTION_FAILED;

	if ((*md = EVP_MD_CTX_new()) == NULL)
		rv = CKR_HOST_MEMORY;
	else if (shake != NULL && EVP_DigestInit_ex2(*md, shake, NULL) == 1)
		rv = CKR_OK;
	EVP_MD_free(shake);
	return (rv);
}

static CK_RV
shake(struct call *c, struct view v, uint8_t out[MU_LEN])
{
	EVP_MD_CTX *md = NULL;
	CK_RV rv = shake_begin(c, &md);

	if (rv == CKR_OK && (EVP_DigestUpdate(md, v.ptr, v.len) != 1 ||
				EVP_DigestFinalXOF(md, out, MU_LEN) != 1))
		rv = CKR_FUNCTION_FAILED;
	EVP_MD_CTX_free(md);
	return (rv);
}

/* All that mu takes before the message. */
static CK_RV
mu_begin(struct call *c, struct op *op)
{
	struct buf public = BUF_INIT(PUBLIC_MAX);
	uint8_t tr[MU_LEN];
	uint8_t head[2] = {0, (uint8_t)op->context.len};
	CK_RV rv;

	if ((rv = pubkey_read_value(c, &op->object, &public)) == CKR_OK &&
	    (rv = shake(c, buf_view(&public), tr)) == CKR_OK &&
	    (rv = shake_begin(c, &op->md)) == CKR_OK &&
	    (EVP_DigestUpdate(op->md, tr, sizeof(tr)) != 1 ||
		EVP_DigestUpdate(op->md, head, sizeof(head)) != 1 ||
		EVP_DigestUpdate(op->md, op->context.ptr, op->context.len) !=
		    1))
		rv = CKR_FUNCTION_FAILED;
	buf_free(&public);
	return (rv);
}

/* KMS says nothing of how it draws the randomness of a signature. */
static CK_RV
take_context(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const struct ck_sign_context *p = m->pParameter;

	if (p == NULL)
		return (CKR_OK);
	if (m->ulParameterLen != sizeof(*p) ||
	    p->hedgeVariant > CKH_DETERMINISTIC_REQUIRED ||
	    p->ulContextLen > CONTEXT_MAX ||
	    (p->pContext == NULL && p->ulContextLen != 0))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (op->kind == OP_SIGN && p->hedgeVariant != CKH_HEDGE_PREFERRED)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS does not let the caller choose whether ML-DSA is "
		    "hedged"));
	return (buf_append(&op->context, VIEW(p->pContext, p->ulContextLen)) ==
			ERR_OK
		    ? CKR_OK
		    : CKR_HOST_MEMORY);
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv;

	op->data.max = KMS_MESSAGE_MAX;
	if ((rv = take_context(c, op, m)) != CKR_OK)
		return (rv);
	if (!object_in_kms(&op->object) &&
	    (rv = pkey_from_object(c, &op->object, &op->pkey)) != CKR_OK)
		return (rv);
	/* with a context there is no other way */
	if (op->pkey != NULL || op->context.len != 0)
		rv = mu_begin(c, op);
	return (rv);
}

static CK_RV
update(struct call *c, struct op *op, struct view in)
{
	struct view kept = buf_view(&op->data);
	CK_RV rv;
	enum err e;

	if (op->md == NULL && in.len <= op->data.max - kept.len) {
		e = buf_append(&op->data, in);
		return (e == ERR_OK ? CKR_OK : call_fail(c, e));
	}
	if (op->md == NULL) {
		if ((rv = mu_begin(c, op)) != CKR_OK)
			return (rv);
		if (EVP_DigestUpdate(op->md, kept.ptr, kept.len) != 1)
			return (CKR_FUNCTION_FAILED);
		buf_reset(&op->data);
	}
	return (in.len == 0 || EVP_DigestUpdate(op->md, in.ptr, in.len) == 1
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

/* FIPS 204, table 2. */
static size_t
bound(const struct op *op, size_t more)
{
	static const size_t lens[] = {
	    [CKP_ML_DSA_44] = 2420,
	    [CKP_ML_DSA_65] = 3309,
	    [CKP_ML_DSA_87] = 4627,
	};

	(void)more;
	return (lens[op->object.key->spec->bits]);
}

static CK_RV
finish(struct call *c, struct op *op)
{
	uint8_t mu[MU_LEN];
	struct kms_sign_in in = {
	    .key = op->object.key->meta.arn,
	    .message = buf_view(&op->data),
	    .message_type = "RAW",
	    .algorithm = op->mech->kms_algorithm,
	};
	int tries = 0;
	enum err e;
	CK_RV rv;

	if (op->md == NULL && op->data.len == 0 &&
	    (rv = mu_begin(c, op)) != CKR_OK)
		return (rv);
	if (op->md != NULL) {
		if (EVP_DigestFinalXOF(op->md, mu, sizeof(mu)) != 1)
			return (CKR_FUNCTION_FAILED);
		in.message = VIEW(mu, sizeof(mu));
		in.message_type = "EXTERNAL_MU";
	}
	do
		e = kms_sign(&c->kms, &in, &op->result);
	while (use_key_again(c, op->object.key, e, &tries));
	if (e == ERR_OK && op->result.len != bound(op, 0))
		e = ERR_REPLY;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
verify(struct call *c, struct op *op, struct view signature)
{
	uint8_t mu[MU_LEN];
	int yes = 1;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	OSSL_PARAM params[2] = {
	    OSSL_PARAM_construct_int("mu", &yes), OSSL_PARAM_construct_end()};
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (signature.len != bound(op, 0))
		rv = CKR_SIGNATURE_LEN_RANGE;
	else if (md != NULL &&
		 EVP_DigestFinalXOF(op->md, mu, sizeof(mu)) == 1 &&
		 EVP_DigestVerifyInit_ex(md, NULL, NULL, c->module->crypto->lib,
		     NULL, op->pkey, params) == 1)
		rv = EVP_DigestVerify(
			 md, signature.ptr, signature.len, mu, sizeof(mu)) == 1
			 ? CKR_OK
			 : CKR_SIGNATURE_INVALID;
	EVP_MD_CTX_free(md);
	return (rv);
}

const struct family sign_mldsa = {.init = init,
    .update = update,
    .finish = finish,
    .verify = verify,
    .bound = bound,
    .exact = true};
