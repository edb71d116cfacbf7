#include <string.h>
#include <openssl/crypto.h>
#include "mech/digest.h"
#include "mech/families.h"
#include "message.h"
#include "object/pkey.h"

#define RESULT_MAX (8 * 1024) /* of work in KMS; families raise it */

/* clang-format off */
static const struct {
	CK_FLAGS flag; /* of a mechanism */
	CK_ATTRIBUTE_TYPE usage; /* of a key */
	enum op_kind as; /* what a family takes it for */
} kinds[OP_COUNT] = {
#define SAME(name) [OP_##name] = { CKF_##name, CKA_##name, OP_##name }
#define MESSAGE(name)							\
	[OP_MESSAGE_##name] = { CKF_MESSAGE_##name, CKA_##name, OP_##name }, \
	[OP_NOW_##name] = { CKF_MESSAGE_##name, CKA_##name, OP_##name }
	SAME(ENCRYPT), SAME(DECRYPT), SAME(SIGN), SAME(VERIFY),
	SAME(SIGN_RECOVER), SAME(VERIFY_RECOVER),
	[OP_DIGEST] = { CKF_DIGEST, 0, OP_DIGEST },
	[OP_VERIFY_GIVEN] = { CKF_VERIFY, CKA_VERIFY, OP_VERIFY },
	MESSAGE(ENCRYPT), MESSAGE(DECRYPT), MESSAGE(SIGN), MESSAGE(VERIFY),
};
/* clang-format on */

void
op_cancel(struct op ops[OP_COUNT], CK_FLAGS flags)
{
	for (size_t i = 0; i < OP_COUNT; i++)
		if ((flags & kinds[i].flag) != 0)
			op_end(&ops[i]);
}

static enum err
copy_buf(struct buf *to, const struct buf *from)
{
	*to = (struct buf){.max = from->max, .arena = from->arena};
	return (buf_append(to, buf_view(from)));
}

static bool
copy_contexts(struct op *to, const struct op *from)
{
	if (from->md != NULL && ((to->md = EVP_MD_CTX_new()) == NULL ||
				    EVP_MD_CTX_copy_ex(to->md, from->md) != 1))
		return (false);
	if (from->cipher != NULL &&
	    ((to->cipher = EVP_CIPHER_CTX_new()) == NULL ||
		EVP_CIPHER_CTX_copy(to->cipher, from->cipher) != 1))
		return (false);
	return (from->mac == NULL ||
		(to->mac = EVP_MAC_CTX_dup(from->mac)) != NULL);
}

enum err
op_copy(struct op *to, const struct op *from)
{
	enum err e;

	*to = *from;
	to->md = NULL;
	to->cipher = NULL;
	to->mac = NULL;
	to->data = to->result = to->context = to->given = (struct buf){
	    .ptr = NULL};
	if (to->object.key != NULL)
		key_ref(to->object.key);
	if (to->object.attrs != NULL)
		attrset_ref(to->object.attrs);
	if (to->pkey != NULL)
		EVP_PKEY_up_ref(to->pkey);
	if ((e = copy_buf(&to->data, &from->data)) == ERR_OK &&
	    (e = copy_buf(&to->result, &from->result)) == ERR_OK &&
	    (e = copy_buf(&to->given, &from->given)) == ERR_OK)
		e = copy_buf(&to->context, &from->context);
	if (e == ERR_OK && !copy_contexts(to, from))
		e = ERR_MEMORY;
	if (e != ERR_OK)
		op_end(to);
	return (e);
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
		object_refresh_state(c, &op->object);
	return (end_with(op, rv));
}

/*
 * pkcs11-tool begins anew when the result of a single part did not fit,
 * instead of giving more room. The operation has done all it will ever do,
 * so the same Init once more is let through.
 */
static bool
is_repeated_init(
    const struct op *op, const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
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

	if (o->attrs == NULL)
		return (true);
	n = o->class != CKO_SECRET_KEY ? pkey_bits(o)
				       : attrset_view(o->attrs, CKA_VALUE).len;
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
	if (!attr_is_true(c, o, kinds[op->kind].usage))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	return (mech_is_allowed(op->mech, o) ? CKR_OK : CKR_MECHANISM_INVALID);
}

/* What does the work with that key. */
static CK_RV
take_family(struct call *c, struct op *op)
{
	const struct object *o = &op->object;

	if (op->mech->key_type == CK_UNAVAILABLE_INFORMATION) {
		op->family = mech_family(c, op->mech, o);
		return (op->family != NULL ? CKR_OK
					   : CKR_KEY_FUNCTION_NOT_PERMITTED);
	}
	if (mech_family(c, op->mech, o) == NULL)
		return (call_error(c, CKR_MECHANISM_INVALID,
		    "not with a key of this token's configuration"));
	if (o->key != NULL && !mech_fits_key(c, op->mech, o))
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "that key cannot do this mechanism"));
	if (o->key != NULL)
		object_select_key(&op->object, mech_key(op->mech, o));
	op->family = mech_family(c, op->mech, o);
	return (CKR_OK);
}

static CK_RV
begin(struct call *c, struct op *op, enum op_kind kind, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	op->result.max = op->context.max = RESULT_MAX;
	if (op->mech->key_type != CK_UNAVAILABLE_INFORMATION &&
	    (rv = take_key(c, op, key)) != CKR_OK)
		return (rv);
	op->locked = op->object.attrs != NULL &&
		     attrset_bool(
			 op->object.attrs, CKA_ALWAYS_AUTHENTICATE, false);
	if (kind == OP_MESSAGE_ENCRYPT || kind == OP_MESSAGE_DECRYPT)
		return (message_crypt_init(c, op, m));
	if ((rv = take_family(c, op)) != CKR_OK)
		return (rv);
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
	if (op->mech != NULL && !is_repeated_init(op, m, key))
		return (CKR_OPERATION_ACTIVE);
	op_end(op);
	op->kind = kinds[kind].as;
	if ((op->mech = mech_find(m->mechanism, kinds[kind].flag)) == NULL)
		return (CKR_MECHANISM_INVALID);
	if ((rv = begin(c, op, kind, m, key)) != CKR_OK)
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
op_run_final(struct call *c, struct op *op, struct view in, struct out out)
{
	CK_RV rv;

	if (only_length(op, in.len, out, &rv))
		return (rv);
	/* the kept result is that of the kept input only */
	if (op->finished && !op->multi && op->family->buffers_input &&
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
	return (op_run_final(c, op, in, out));
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
op_run_update(
    struct call *c, struct op *op, struct view in, const struct out *out)
{
	CK_RV rv;

	if (op->family->single_part_only)
		return (end_with(
		    op, call_error(c, CKR_FUNCTION_NOT_SUPPORTED,
			    "this mechanism takes its input in one part")));
	if (only_step(op, in.len, out, &rv))
		return (rv);
	op->multi = true;
	if ((rv = op->family->update(c, op, in)) != CKR_OK)
		return (fail_with(c, op, rv));
	if (out == NULL)
		return (CKR_OK);
	*out->len = op->family->step == NULL ? 0 : op->result.len;
	if (*out->len != 0)
		memcpy(out->ptr, op->result.ptr, *out->len);
	buf_reset(&op->result);
	return (CKR_OK);
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
	return (op_run_update(c, op, in, out));
}

/* Both must be ready for a part; whether the caller's arguments are good. */
static CK_RV
check_both(
    const struct op *a, const struct op *b, struct view in, struct out out)
{
	CK_RV rv;

	if ((rv = check_ready(a)) != CKR_OK || (rv = check_ready(b)) != CKR_OK)
		return (rv);
	if (a->single || a->finished || b->single || b->finished)
		return (CKR_OPERATION_ACTIVE);
	return (out.len == NULL || (in.ptr == NULL && in.len != 0)
		    ? CKR_ARGUMENTS_BAD
		    : CKR_OK);
}

CK_RV
op_encrypt_with(
    struct call *c, enum op_kind other, struct view in, struct out out)
{
	struct op *crypt = &c->session->ops[OP_ENCRYPT];
	struct op *with = &c->session->ops[other];
	CK_RV rv;

	if ((rv = check_both(crypt, with, in, out)) != CKR_OK)
		return (rv);
	/* the input is taken by both or by none; and out may be in its place */
	if (!crypt->family->single_part_only &&
	    !with->family->single_part_only &&
	    only_step(crypt, in.len, &out, &rv))
		return (rv);
	if ((rv = op_run_update(c, with, in, NULL)) != CKR_OK)
		return (rv);
	return (op_run_update(c, crypt, in, &out));
}

CK_RV
op_decrypt_with(
    struct call *c, enum op_kind other, struct view in, struct out out)
{
	struct op *crypt = &c->session->ops[OP_DECRYPT];
	struct op *with = &c->session->ops[other];
	CK_RV rv;

	if ((rv = check_both(crypt, with, in, out)) != CKR_OK ||
	    (rv = op_run_update(c, crypt, in, &out)) != CKR_OK ||
	    out.ptr == NULL)
		return (rv);
	return (op_run_update(c, with, VIEW(out.ptr, *out.len), NULL));
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
op_run_verify(
    struct call *c, struct op *op, const struct view *in, struct view signature)
{
	CK_RV rv = CKR_OK;

	if (in != NULL)
		rv = op->family->update(c, op, *in);
	if (rv == CKR_OK)
		rv = op->family->verify(c, op, signature);
	return (fail_with(c, op, rv));
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
	return (op_run_verify(c, op, &in, signature));
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
	return (op_run_verify(c, op, NULL, signature));
}

CK_RV
op_verify_signature_init(struct call *c, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE key, struct view signature)
{
	struct op *op = &c->session->ops[OP_VERIFY_GIVEN];
	CK_RV rv;
	enum err e;

	if (m != NULL && signature.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = op_init(c, OP_VERIFY_GIVEN, m, key)) != CKR_OK || m == NULL)
		return (rv);
	op->given.max = RESULT_MAX;
	/* what is longer is no signature of any mechanism here */
	if ((e = buf_append(&op->given, signature)) != ERR_OK)
		return (end_with(op, e == ERR_TOO_BIG ? CKR_SIGNATURE_LEN_RANGE
						      : call_fail(c, e)));
	return (CKR_OK);
}

CK_RV
op_verify_signature(struct call *c, const struct view *in)
{
	struct op *op = &c->session->ops[OP_VERIFY_GIVEN];
	CK_RV rv = in != NULL ? check_single(op) : check_ready(op);

	if (rv != CKR_OK)
		return (rv);
	if (in != NULL && in->ptr == NULL && in->len != 0)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	return (op_run_verify(c, op, in, buf_view(&op->given)));
}

CK_RV
op_digest_key(struct call *c, CK_OBJECT_HANDLE handle)
{
	struct op *op = &c->session->ops[OP_DIGEST];
	struct object o;
	CK_RV rv;

	if (op->mech == NULL || op->finished)
		return (CKR_OPERATION_NOT_INITIALIZED);
	if (!object_get(c, handle, &o))
		return (end_with(op, CKR_KEY_HANDLE_INVALID));
	rv = o.attrs == NULL || o.class != CKO_SECRET_KEY
		 ? CKR_KEY_INDIGESTIBLE
		 : op_update(
		       c, OP_DIGEST, attrset_view(o.attrs, CKA_VALUE), NULL);
	object_put(&o);
	return (rv == CKR_OK ? rv : end_with(op, rv));
}
