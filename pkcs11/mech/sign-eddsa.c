#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include "kms/use-key.h"
#include "object/pkey.h"
#include "sign.h"

#define CONTEXT_MAX 255 /* RFC 8032, section 5.1 */
#define ED448_BITS 448 /* which has a context always, empty by default */

/*
 * Pure EdDSA reads the message twice, so all of it is kept. OpenSSL knows the
 * variants with a context and of a hash since 3.2, as instances by name.
 */
static CK_RV
set_instance(struct call *c, const struct op *op, EVP_PKEY_CTX *ctx,
    const struct ck_eddsa *p)
{
	bool ed448 = EVP_PKEY_is_a(op->pkey, "ED448");
	char name[16];
	const OSSL_PARAM *known = EVP_PKEY_CTX_settable_params(ctx);
	OSSL_PARAM params[3], *to = params;

	if (!p->phFlag && p->ulContextDataLen == 0)
		return (CKR_OK);
	snprintf(name, sizeof(name), "%s%s", ed448 ? "Ed448" : "Ed25519",
	    p->phFlag ? "ph"
	    : ed448   ? ""
		      : "ctx");
	*to++ = OSSL_PARAM_construct_utf8_string("instance", name, 0);
	if (p->ulContextDataLen != 0)
		*to++ = OSSL_PARAM_construct_octet_string(
		    "context-string", p->pContextData, p->ulContextDataLen);
	*to = OSSL_PARAM_construct_end();
	if (known == NULL ||
	    OSSL_PARAM_locate_const(known, "instance") == NULL ||
	    EVP_PKEY_CTX_set_params(ctx, params) != 1)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "this OpenSSL has no %s", name));
	return (CKR_OK);
}

static CK_RV
begin_local(struct call *c, struct op *op, const struct ck_eddsa *p)
{
	EVP_PKEY_CTX *ctx = NULL;
	OSSL_LIB_CTX *lib = c->module->crypto->lib;
	CK_RV rv;
	int ok;

	if ((rv = pkey_from_object(c, &op->object, &op->pkey)) != CKR_OK)
		return (rv);
	if ((op->md = EVP_MD_CTX_new()) == NULL)
		return (CKR_HOST_MEMORY);
	ok = op->kind == OP_VERIFY ? EVP_DigestVerifyInit_ex(op->md, &ctx, NULL,
					 lib, NULL, op->pkey, NULL)
				   : EVP_DigestSignInit_ex(op->md, &ctx, NULL,
					 lib, NULL, op->pkey, NULL);
	return (ok == 1 ? set_instance(c, op, ctx, p) : CKR_FUNCTION_FAILED);
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	static const struct ck_eddsa pure = {.phFlag = CK_FALSE};
	const struct ck_eddsa *p = m->pParameter;

	if (p != NULL && m->ulParameterLen != sizeof(*p))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (p == NULL)
		p = &pure;
	if (p->ulContextDataLen > CONTEXT_MAX ||
	    (p->pContextData == NULL && p->ulContextDataLen != 0))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (op->object.key != NULL && p->phFlag)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS hashes the hash once more: its Ed25519ph is not that "
		    "of RFC 8032"));
	if (op->object.key != NULL && m->pParameter != NULL)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS has no Ed25519ctx: sign without a parameter"));
	/* PKCS#11 3.2, section 6.3.14; RFC 8032, section 5.1 */
	if (m->pParameter != NULL && !p->phFlag && p->ulContextDataLen == 0 &&
	    pkey_bits(&op->object) != ED448_BITS)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "CK_EDDSA_PARAMS without phFlag is Ed25519ctx, which needs "
		    "a context: for Ed25519 leave the parameter out"));
	if (object_in_kms(&op->object)) {
		op->data.max = KMS_MESSAGE_MAX;
		return (CKR_OK);
	}
	op->data.max = OP_DATA_MAX;
	return (begin_local(c, op, p));
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (op->pkey != NULL ? (size_t)EVP_PKEY_get_size(op->pkey) : 64);
}

/* Not NULL, which would ask for a length, or for nothing. */
static struct view
message_of(const struct op *op)
{
	return (op->data.len != 0 ? buf_view(&op->data) : VIEW_STR(""));
}

static CK_RV
sign(struct call *c, struct op *op)
{
	struct view v = message_of(op);
	size_t n = SIGNATURE_MAX;

	if (buf_reserve(&op->result, n) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if (EVP_DigestSign(op->md, op->result.ptr, &n, v.ptr, v.len) != 1)
		return (CKR_FUNCTION_FAILED);
	op->result.len = n;
	return (CKR_OK);
}

static CK_RV
finish(struct call *c, struct op *op)
{
	struct kms_sign_in in = {
	    .message = buf_view(&op->data),
	    .message_type = "RAW",
	    .algorithm = op->mech->kms_algorithm,
	};
	int tries = 0;
	enum err e;

	if (!object_in_kms(&op->object))
		return (sign(c, op));
	if (op->data.len == 0)
		return (call_error(
		    c, op_length_error(op), "KMS signs no empty message"));
	in.key = op->object.key->meta.arn;
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
	struct view v = message_of(op);

	(void)c;
	if (signature.len != bound(op, 0))
		return (CKR_SIGNATURE_LEN_RANGE);
	return (EVP_DigestVerify(
		    op->md, signature.ptr, signature.len, v.ptr, v.len) == 1
		    ? CKR_OK
		    : CKR_SIGNATURE_INVALID);
}

const struct family sign_eddsa = {.init = init,
    .update = op_buffer_input,
    .finish = finish,
    .verify = verify,
    .bound = bound,
    .exact = true};
