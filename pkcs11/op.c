#include <string.h>
#include <openssl/crypto.h>
#include "digest.h"
#include "mech.h"
#include "pkey.h"

#define RESULT_MAX (8 * 1024) /* of work in KMS; families raise it */

/* clang-format off */
static const struct {
	CK_FLAGS flag; /* of a mechanism */
	CK_ATTRIBUTE_TYPE usage; /* of a key */
} kinds[OP_COUNT] = {
	[OP_ENCRYPT] = { CKF_ENCRYPT, CKA_ENCRYPT },
	[OP_DECRYPT] = { CKF_DECRYPT, CKA_DECRYPT },
	[OP_DIGEST] = { CKF_DIGEST, 0 },
	[OP_SIGN] = { CKF_SIGN, CKA_SIGN },
	[OP_VERIFY] = { CKF_VERIFY, CKA_VERIFY },
	[OP_SIGN_RECOVER] = { CKF_SIGN_RECOVER, CKA_SIGN_RECOVER },
	[OP_VERIFY_RECOVER] = { CKF_VERIFY_RECOVER, CKA_VERIFY_RECOVER },
};
/* clang-format on */

void
op_end(struct op *op)
{
	object_put(&op->object);
	buf_free(&op->data);
	buf_free(&op->result);
	buf_free(&op->context);
	EVP_MD_CTX_free(op->md);
	EVP_CIPHER_CTX_free(op->cipher);
	EVP_MAC_CTX_free(op->mac);
	EVP_PKEY_free(op->pkey);
	*op = (struct op){.mech = NULL};
}

static CK_RV
end_with(struct op *op, CK_RV rv)
{
	op_end(op);
	return (rv);
}

/* Work has failed: what KMS says of the key may be news. */
static CK_RV
fail_with(struct call *c, struct op *op, CK_RV rv)
{
	if (rv != CKR_OK)
		object_relearn(c, &op->object);
	return (end_with(op, rv));
}

/*
 * pkcs11-tool begins anew when the result of a single part did not fit,
 * instead of giving more room. The operation has done all it will ever do,
 * so the same Init once more is let through.
 */
static bool
begins_anew(const struct op *op, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	return (op->finished && !op->multi && op->object.handle == key &&
		op->mech->type == m->mechanism);
}

static bool
type_fits(const struct mech *m, CK_KEY_TYPE type)
{
	/* HMAC keys go by the name of their hash too, or by none */
	return (type == m->key_type ||
		(m->key_type == CKK_GENERIC_SECRET && m->digest != NULL &&
		    m->digest->hmac == type));
}

/* KMS's own keys have sizes that their rows are for. */
static bool
size_fits(const struct mech *m, const struct object *o)
{
	size_t n;

	if (o->bag == NULL)
		return (true);
	n = o->class != CKO_SECRET_KEY ? pkey_bits(o)
				       : bag_view(o->bag, CKA_VALUE).len;
	if (m->key_type == CKK_GENERIC_SECRET)
		n *= 8;
	return (n >= m->min && n <= m->max);
}

/* In the order of the standard: handle, type, use. */
static CK_RV
take_key(struct call *c, struct op *op, CK_OBJECT_HANDLE handle)
{
	const struct object *o = &op->object;
	CK_RV rv;

	if (!object_get(c, handle, &op->object))
		return (CKR_KEY_HANDLE_INVALID);
	if (object_type(o) == CK_UNAVAILABLE_INFORMATION)
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = object_check_state(c, o)) != CKR_OK)
		return (rv);
	if (!type_fits(op->mech, object_type(o)))
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (!size_fits(op->mech, o))
		return (CKR_KEY_SIZE_RANGE);
	if (!attr_is(c, o, kinds[op->kind].usage))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (!mech_is_allowed(op->mech, o))
		return (CKR_MECHANISM_INVALID);
	if (mech_family(c, op->mech, o) == NULL)
		return (call_refuse(c, CKR_MECHANISM_INVALID,
		    "not with a key of this token's configuration"));
	if (!mech_serves(c, op->mech, o))
		return (call_refuse(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "that key cannot do this mechanism"));
	if (o->key != NULL)
		object_use(&op->object, mech_key(op->mech, o));
	return (CKR_OK);
}

static CK_RV
begin(
    struct call *c, struct op *op, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	op->result.max = op->context.max = RESULT_MAX;
	if (op->mech->key_type != CK_UNAVAILABLE_INFORMATION &&
	    (rv = take_key(c, op, key)) != CKR_OK)
		return (rv);
	op->family = mech_family(c, op->mech, &op->object);
	if (op->family == NULL)
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	op->locked = op->object.bag != NULL &&
		     bag_bool(op->object.bag, CKA_ALWAYS_AUTHENTICATE, false);
	return (op->family->init(c, op, m));
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
	if ((op->mech = mech_find(m->mechanism, kinds[kind].flag)) == NULL)
		return (CKR_MECHANISM_INVALID);
	if ((rv = begin(c, op, m, key)) != CKR_OK)
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

/* How long the result will be at most, with that much more input. */
static size_t
whole_bound(const struct op *op, size_t more)
{
	if (op->finished)
		return (op->result.len);
	return (op->family->bound(op, more));
}

/* A length that is asked for, or room that cannot do, costs nothing. */
static bool
only_length(const struct op *op, size_t more, struct out out, CK_RV *rv)
{
	size_t bound = whole_bound(op, more);

	if (out.ptr != NULL && (!op->family->exact || *out.len >= bound))
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
		if ((rv = op->family->finish(c, op)) != CKR_OK)
			return (fail_with(c, op, rv));
		op->finished = true;
	}
	return (give(op, out));
}

/* Whether the operation is there, as it must be, and may go on. */
static CK_RV
check_ready(const struct op *op)
{
	if (op->mech == NULL)
		return (CKR_OPERATION_NOT_INITIALIZED);
	return (op->locked ? CKR_USER_NOT_LOGGED_IN : CKR_OK);
}

/* A single part is all of it: parts that came are not ended by it. */
static CK_RV
check_single(const struct op *op)
{
	CK_RV rv = check_ready(op);

	return (rv == CKR_OK && op->multi ? CKR_OPERATION_ACTIVE : rv);
}

/* Parts do not go on with what a single part began; trying to ends it. */
static CK_RV
check_parts(struct op *op, bool fits)
{
	CK_RV rv = check_ready(op);

	return (
	    rv == CKR_OK && !fits ? end_with(op, CKR_OPERATION_ACTIVE) : rv);
}

CK_RV
op_single(struct call *c, enum op_kind kind, struct view in, struct out out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if ((rv = check_single(op)) != CKR_OK)
		return (rv);
	if (out.len == NULL || (in.ptr == NULL && in.len != 0))
		return (end_with(op, CKR_ARGUMENTS_BAD));
	op->single = true;
	if (only_length(op, in.len, out, &rv))
		return (rv);
	/* the kept result is that of the kept input only */
	if (op->finished && op->family->keeps &&
	    (op->data.len != in.len ||
		CRYPTO_memcmp(op->data.ptr, in.ptr, in.len) != 0)) {
		buf_reset(&op->data);
		buf_reset(&op->result);
		op->finished = false;
	}
	if (!op->finished && (rv = op->family->update(c, op, in)) != CKR_OK)
		return (fail_with(c, op, rv));
	return (finish(c, op, out));
}

/* What an Update gives at once must fit before any of its input is taken. */
static bool
only_step(const struct op *op, size_t more, const struct out *out, CK_RV *rv)
{
	size_t n = op->family->step == NULL ? 0 : op->family->step(op, more);

	if (out == NULL)
		return (false);
	if (out->ptr != NULL && *out->len >= n)
		return (false);
	*rv = out->ptr == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	*out->len = n;
	return (true);
}

CK_RV
op_update(
    struct call *c, enum op_kind kind, struct view in, const struct out *out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if ((rv = check_parts(op, !op->single && !op->finished)) != CKR_OK)
		return (rv);
	if ((out != NULL && out->len == NULL) ||
	    (in.ptr == NULL && in.len != 0))
		return (end_with(op, CKR_ARGUMENTS_BAD));
	if (op->family->single)
		return (end_with(
		    op, call_refuse(c, CKR_FUNCTION_NOT_SUPPORTED,
			    "this mechanism takes its input in one part")));
	if (only_step(op, in.len, out, &rv))
		return (rv);
	op->multi = true;
	if ((rv = op->family->update(c, op, in)) != CKR_OK)
		return (end_with(op, rv));
	if (out == NULL)
		return (CKR_OK);
	*out->len = op->family->step == NULL ? 0 : op->result.len;
	if (*out->len != 0)
		memcpy(out->ptr, op->result.ptr, *out->len);
	buf_reset(&op->result);
	return (CKR_OK);
}

CK_RV
op_final(struct call *c, enum op_kind kind, struct out out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if ((rv = check_parts(op, !op->single)) != CKR_OK)
		return (rv);
	if (out.len == NULL)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	op->multi = true;
	if (only_length(op, 0, out, &rv))
		return (rv);
	return (finish(c, op, out));
}

CK_RV
op_verify(struct call *c, struct view in, struct view signature)
{
	struct op *op = &c->session->ops[OP_VERIFY];
	CK_RV rv;

	if ((rv = check_single(op)) != CKR_OK)
		return (rv);
	if ((in.ptr == NULL && in.len != 0) || signature.ptr == NULL)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	if ((rv = op->family->update(c, op, in)) == CKR_OK)
		rv = op->family->verify(c, op, signature);
	return (fail_with(c, op, rv));
}

CK_RV
op_verify_final(struct call *c, struct view signature)
{
	struct op *op = &c->session->ops[OP_VERIFY];
	CK_RV rv;

	if ((rv = check_ready(op)) != CKR_OK)
		return (rv);
	if (signature.ptr == NULL)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	return (fail_with(c, op, op->family->verify(c, op, signature)));
}
