#include <string.h>
#include <openssl/core_names.h>
#include "cryptoki/der.h"
#include "digest.h"
#include "keydata/hash.h"
#include "kms/use-key.h"
#include "object/attr.h"
#include "object/pkey.h"
#include "token/pubkey.h"
#include "sign.h"

#define CONTEXT_MAX 255 /* FIPS 204, algorithm 2 */
#define MU_LEN 64

/*
 * What is signed is mu = SHAKE256(tr || form || len(context) || context ||
 * message), 64 bytes long, where tr is the same of the public key (FIPS 204,
 * algorithm 7). form is 0; it is 1 for HashML-DSA, whose message is the OID of
 * a hash and the hash (algorithm 4). Both are signed and verified by mu, in KMS
 * and here, which needs no message to be kept. But KMS is given a short message
 * without a context as it is, if it is not empty.
 */
enum { FORM_PURE, FORM_HASH };

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

/* The public key's bytes; of a key here, OpenSSL has them with either half. */
static CK_RV
read_public(struct call *c, const struct op *op, struct buf *out)
{
	size_t len = out->max;

	if (op->pkey == NULL)
		return (pubkey_read_value(c, &op->object, out));
	if (buf_reserve(out, len) != ERR_OK)
		return (CKR_HOST_MEMORY);
	if (EVP_PKEY_get_raw_public_key(op->pkey, out->ptr, &len) != 1)
		return (CKR_FUNCTION_FAILED);
	out->len = len;
	return (CKR_OK);
}

/* All that mu takes before the message. */
static CK_RV
mu_begin(struct call *c, struct op *op, uint8_t form)
{
	struct buf public = BUF_INIT(PARAMETER_SET_PUBLIC_MAX);
	uint8_t tr[MU_LEN];
	uint8_t head[2] = {form, (uint8_t)op->context.len};
	CK_RV rv;

	if ((rv = read_public(c, op, &public)) == CKR_OK &&
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

/* CK_SIGN_ADDITIONAL_CONTEXT, or what begins like it. KMS says nothing of how
 * it draws the randomness of a signature. */
static CK_RV
take_context(struct call *c, struct op *op, const void *param)
{
	struct ck_sign_context p;

	memcpy(&p, param, sizeof(p));
	/* whoever verifies has no choice: section 6.67.6 */
	if (op->kind != OP_SIGN)
		p.hedgeVariant = CKH_HEDGE_PREFERRED;
	if (p.hedgeVariant > CKH_DETERMINISTIC_REQUIRED ||
	    p.ulContextLen > CONTEXT_MAX ||
	    (p.pContext == NULL && p.ulContextLen != 0))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (object_in_kms(&op->object) && p.hedgeVariant != CKH_HEDGE_PREFERRED)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS does not let the caller choose whether ML-DSA is "
		    "hedged"));
	op->hedge = p.hedgeVariant;
	return (
	    buf_append(&op->context, VIEW(p.pContext, p.ulContextLen)) == ERR_OK
		? CKR_OK
		: CKR_HOST_MEMORY);
}

static CK_RV
begin(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv;

	op->data.max = KMS_MESSAGE_MAX;
	if (m->pParameter != NULL &&
	    (rv = take_context(c, op, m->pParameter)) != CKR_OK)
		return (rv);
	return (object_in_kms(&op->object)
		    ? CKR_OK
		    : pkey_from_object(c, &op->object, &op->pkey));
}

static bool
has_sign_context(const CK_MECHANISM *m)
{
	return (m->pParameter == NULL ||
		m->ulParameterLen == sizeof(struct ck_sign_context));
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv;

	if (!has_sign_context(m))
		return (CKR_MECHANISM_PARAM_INVALID);
	if ((rv = begin(c, op, m)) != CKR_OK)
		return (rv);
	/* with a context KMS is given mu too */
	return (op->pkey != NULL || op->context.len != 0
		    ? mu_begin(c, op, FORM_PURE)
		    : CKR_OK);
}

static CK_RV
init_hashed(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv;

	if (!has_sign_context(m))
		return (CKR_MECHANISM_PARAM_INVALID);
	rv = begin(c, op, m);
	return (rv == CKR_OK ? digest_begin(c, op, op->mech->digest) : rv);
}

static CK_RV
init_of_hash(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const struct ck_hash_sign_context *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    (op->digest = digest_find(p->hash)) == NULL || op->digest->oid == 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (begin(c, op, m));
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
		if ((rv = mu_begin(c, op, FORM_PURE)) != CKR_OK)
			return (rv);
		if (EVP_DigestUpdate(op->md, kept.ptr, kept.len) != 1)
			return (CKR_FUNCTION_FAILED);
		buf_reset(&op->data);
	}
	return (digest_add(c, op, in));
}

/* FIPS 204, table 2. */
static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (pkey_parameter_set(&op->object)->output);
}

static CK_RV
take_hash(struct op *op, uint8_t hash[EVP_MAX_MD_SIZE], struct view *v)
{
	if (op->md != NULL)
		return (digest_end(op, hash, v));
	*v = buf_view(&op->data);
	return (v->len == op->digest->len ? CKR_OK : op_length_error(op));
}

static CK_RV
mu_of_hash(struct call *c, struct op *op)
{
	uint8_t oid[] = {2, op->digest->oid}; /* behind DER_NIST */
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct view v;
	CK_RV rv;

	if ((rv = take_hash(op, hash, &v)) != CKR_OK)
		return (rv);
	EVP_MD_CTX_free(op->md);
	op->md = NULL;
	if ((rv = mu_begin(c, op, FORM_HASH)) == CKR_OK &&
	    (rv = digest_add(c, op, DER_NIST)) == CKR_OK &&
	    (rv = digest_add(c, op, VIEW(oid, sizeof(oid)))) == CKR_OK)
		rv = digest_add(c, op, v);
	return (rv);
}

/* Mu, of which op->md has everything. */
static CK_RV
mu_end(struct op *op, uint8_t mu[MU_LEN])
{
	return (EVP_DigestFinalXOF(op->md, mu, MU_LEN) == 1
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

static CK_RV
sign_mu_here(struct call *c, struct op *op, uint8_t mu[MU_LEN])
{
	int yes = 1, deterministic = op->hedge == CKH_DETERMINISTIC_REQUIRED;
	OSSL_PARAM params[3] = {OSSL_PARAM_construct_int("mu", &yes),
	    OSSL_PARAM_construct_int("deterministic", &deterministic),
	    OSSL_PARAM_construct_end()};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t n = bound(op, 0);
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (md == NULL || buf_reserve(&op->result, n) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (EVP_DigestSignInit_ex(md, NULL, NULL, c->module->crypto->lib,
		     NULL, op->pkey, params) == 1 &&
		 EVP_DigestSign(md, op->result.ptr, &n, mu, MU_LEN) == 1)
		rv = CKR_OK;
	op->result.len = rv == CKR_OK ? n : 0;
	EVP_MD_CTX_free(md);
	return (rv);
}

static CK_RV
sign_in_kms_as(
    struct call *c, struct op *op, const char *message_type, struct view v)
{
	struct kms_sign_in in = {
	    .key = op->object.key->meta.arn,
	    .message = v,
	    .message_type = message_type,
	    .algorithm = op->mech->kms_algorithm,
	};
	int tries = 0;
	enum err e;

	do
		e = kms_sign(&c->kms, &in, &op->result);
	while (use_key_again(c, op->object.key, e, &tries));
	if (e == ERR_OK && op->result.len != bound(op, 0))
		e = ERR_REPLY;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
sign_mu(struct call *c, struct op *op)
{
	uint8_t mu[MU_LEN];
	CK_RV rv = mu_end(op, mu);

	if (rv != CKR_OK)
		return (rv);
	return (op->pkey != NULL ? sign_mu_here(c, op, mu)
				 : sign_in_kms_as(c, op, "EXTERNAL_MU",
				       VIEW(mu, sizeof(mu))));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	CK_RV rv;

	if (op->md == NULL && op->data.len != 0)
		return (sign_in_kms_as(c, op, "RAW", buf_view(&op->data)));
	if (op->md == NULL && (rv = mu_begin(c, op, FORM_PURE)) != CKR_OK)
		return (rv);
	return (sign_mu(c, op));
}

static CK_RV
finish_of_hash(struct call *c, struct op *op)
{
	CK_RV rv = mu_of_hash(c, op);

	return (rv == CKR_OK ? sign_mu(c, op) : rv);
}

static CK_RV
verify(struct call *c, struct op *op, struct view signature)
{
	uint8_t mu[MU_LEN];
	int yes = 1;
	EVP_MD_CTX *md = NULL;
	OSSL_PARAM params[2] = {
	    OSSL_PARAM_construct_int("mu", &yes), OSSL_PARAM_construct_end()};
	CK_RV rv;

	if (signature.len != bound(op, 0))
		return (CKR_SIGNATURE_LEN_RANGE);
	if ((rv = mu_end(op, mu)) != CKR_OK)
		return (rv);
	if ((md = EVP_MD_CTX_new()) == NULL)
		return (CKR_HOST_MEMORY);
	rv = CKR_FUNCTION_FAILED;
	if (EVP_DigestVerifyInit_ex(md, NULL, NULL, c->module->crypto->lib,
		NULL, op->pkey, params) == 1)
		rv = EVP_DigestVerify(
			 md, signature.ptr, signature.len, mu, sizeof(mu)) == 1
			 ? CKR_OK
			 : CKR_SIGNATURE_INVALID;
	EVP_MD_CTX_free(md);
	return (rv);
}

static CK_RV
verify_of_hash(struct call *c, struct op *op, struct view signature)
{
	CK_RV rv = mu_of_hash(c, op);

	return (rv == CKR_OK ? verify(c, op, signature) : rv);
}

const struct family sign_mldsa = {.init = init,
    .update = update,
    .finish = finish,
    .verify = verify,
    .bound = bound,
    .exact = true};
const struct family sign_mldsa_hashed = {.init = init_hashed,
    .update = digest_add,
    .finish = finish_of_hash,
    .verify = verify_of_hash,
    .bound = bound,
    .exact = true};
const struct family sign_mldsa_of_hash = {.init = init_of_hash,
    .update = op_buffer_input,
    .finish = finish_of_hash,
    .verify = verify_of_hash,
    .bound = bound,
    .exact = true,
    .single_part_only = true};
