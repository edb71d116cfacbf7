#include <string.h>
#include <openssl/crypto.h>
#include "call.h"
#include "mech.h"

#define RESULT_MAX (8 * 1024)

/* clang-format off */
static const CK_FLAGS flag_of[OP_COUNT] = {
	[OP_ENCRYPT] = CKF_ENCRYPT,
	[OP_DECRYPT] = CKF_DECRYPT,
	[OP_DIGEST] = CKF_DIGEST,
};
/* clang-format on */

void
op_end(struct op *op)
{
	key_unref(op->key);
	buf_free(&op->data);
	buf_free(&op->result);
	buf_free(&op->context);
	EVP_MD_CTX_free(op->md);
	*op = (struct op){.mech = NULL};
}

static CK_RV
end_with(struct op *op, CK_RV rv)
{
	op_end(op);
	return (rv);
}

/*
 * pkcs11-tool begins anew when the result of a single part did not fit,
 * instead of giving more room. The operation has done all it will ever do,
 * so the same Init once more is let through.
 */
static bool
begins_anew(const struct op *op, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return (op->finished && !op->multi && op->handle == key &&
		op->mech->type == m->mechanism);
}

static CK_RV
take_key(struct call *c, struct op *op, CK_OBJECT_HANDLE handle)
{
	struct object o;
	CK_RV rv = CKR_OK;

	if (!store_get(&c->token->store, handle, &o))
		return (CKR_KEY_HANDLE_INVALID);
	if (key_is_pending(o.key))
		rv = call_refuse(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "the key waits for its material");
	else if (o.key->spec->type != op->mech->key_type)
		rv = CKR_KEY_TYPE_INCONSISTENT;
	else if (!mech_serves(op->mech, &o))
		rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
	if (rv != CKR_OK) {
		key_unref(o.key);
		return (rv);
	}
	op->key = o.key;
	op->handle = handle;
	return (CKR_OK);
}

CK_RV
op_init(struct call *c, enum op_kind kind, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE key)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	/* PKCS#11 3.0: Init without a mechanism ends what is under way */
	if (m == NULL)
		return (end_with(
		    op, op->mech != NULL ? CKR_OK : CKR_ARGUMENTS_BAD));
	if (m->pParameter == NULL && m->ulParameterLen != 0)
		return (CKR_ARGUMENTS_BAD);
	if (op->mech != NULL && !begins_anew(op, m, key))
		return (CKR_OPERATION_ACTIVE);
	op_end(op);
	op->kind = kind;
	op->result.max = op->context.max = RESULT_MAX;
	if ((op->mech = mech_find(c, m->mechanism, flag_of[kind])) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (op->mech->key_type != CK_UNAVAILABLE_INFORMATION &&
	    (rv = take_key(c, op, key)) != CKR_OK)
		return (end_with(op, rv));
	if ((rv = op->mech->family->init(c, op, m)) != CKR_OK)
		return (end_with(op, rv));
	return (CKR_OK);
}

/* Gives the result away, and ends the operation if it fits. */
static CK_RV
give(struct op *op, struct out out)
{
	CK_ULONG room = *out.len;

	*out.len = op->result.len;
	if (room < op->result.len)
		return (CKR_BUFFER_TOO_SMALL);
	if (op->result.len != 0)
		memcpy(out.ptr, op->result.ptr, op->result.len);
	return (end_with(op, CKR_OK));
}

/* A length that is asked for, or room that cannot do, costs nothing. */
static bool
only_length(const struct op *op, size_t more, struct out out, CK_RV *rv)
{
	size_t bound = op->finished ? op->result.len
				    : op->mech->family->bound(op, more);

	if (out.ptr != NULL && (!op->mech->family->exact || *out.len >= bound))
		return (false);
	*rv = out.ptr == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	*out.len = bound;
	return (true);
}

static CK_RV
finish(struct call *c, struct op *op, struct out out)
{
	CK_RV rv;

	if (!op->finished) {
		if ((rv = op->mech->family->finish(c, op)) != CKR_OK)
			return (end_with(op, rv));
		op->finished = true;
	}
	return (give(op, out));
}

CK_RV
op_single(struct call *c, enum op_kind kind, struct view in, struct out out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if (op->mech == NULL || op->multi)
		return (CKR_OPERATION_NOT_INITIALIZED);
	if (out.len == NULL || (in.ptr == NULL && in.len != 0))
		return (end_with(op, CKR_ARGUMENTS_BAD));
	if (only_length(op, in.len, out, &rv))
		return (rv);
	/* the kept result is that of the kept input only */
	if (op->finished &&
	    (op->data.len != in.len ||
		CRYPTO_memcmp(op->data.ptr, in.ptr, in.len) != 0)) {
		buf_reset(&op->data);
		buf_reset(&op->result);
		op->finished = false;
	}
	if (!op->finished &&
	    (rv = op->mech->family->update(c, op, in)) != CKR_OK)
		return (end_with(op, rv));
	return (finish(c, op, out));
}

CK_RV
op_update(
    struct call *c, enum op_kind kind, struct view in, const struct out *out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if (op->mech == NULL || op->finished)
		return (CKR_OPERATION_NOT_INITIALIZED);
	if ((out != NULL && out->len == NULL) ||
	    (in.ptr == NULL && in.len != 0))
		return (end_with(op, CKR_ARGUMENTS_BAD));
	/* what comes back comes back from Final */
	if (out != NULL)
		*out->len = 0;
	if (out != NULL && out->ptr == NULL)
		return (CKR_OK);
	op->multi = true;
	if ((rv = op->mech->family->update(c, op, in)) != CKR_OK)
		return (end_with(op, rv));
	return (CKR_OK);
}

CK_RV
op_final(struct call *c, enum op_kind kind, struct out out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if (op->mech == NULL || (op->finished && !op->multi))
		return (CKR_OPERATION_NOT_INITIALIZED);
	if (out.len == NULL)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	op->multi = true;
	if (only_length(op, 0, out, &rv))
		return (rv);
	return (finish(c, op, out));
}
