#include <string.h>
#include <openssl/crypto.h>
#include "mech/mech.h"
#include "op.h"

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
	to->data = to->result = to->context = to->signature = (struct buf){
	    .ptr = NULL};
	if (to->object.key != NULL)
		key_ref(to->object.key);
	if (to->object.attrs != NULL)
		attrset_ref(to->object.attrs);
	if (to->pkey != NULL)
		EVP_PKEY_up_ref(to->pkey);
	if ((e = copy_buf(&to->data, &from->data)) == ERR_OK &&
	    (e = copy_buf(&to->result, &from->result)) == ERR_OK &&
	    (e = copy_buf(&to->signature, &from->signature)) == ERR_OK)
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

/* Gives the result away, and ends the operation if it fits. */
static CK_RV
copy_out_result(struct op *op, struct out out)
{
	CK_ULONG room = *out.len;

	*out.len = op->result.len;
	if (room < op->result.len)
		return (CKR_BUFFER_TOO_SMALL);
	if (op->result.len != 0)
		memcpy(out.ptr, op->result.ptr, op->result.len);
	return (end_with(op, CKR_OK));
}

/* Nothing else leaves a result behind, and an empty one always fits. */
static bool
has_result(const struct op *op)
{
	return (op->result.len != 0);
}

/* How long the result will be at most, with that much more input. */
static size_t
whole_bound(const struct op *op, size_t more)
{
	if (has_result(op))
		return (op->result.len);
	return (op->family->bound(op, more));
}

/* Who hears that nothing will come gives no room, and the call that should end
 * the operation, and check a tag, only asks again: PyKCS11 does so. An answer
 * may be more than what comes (PKCS#11 3.2, section 5.2). */
bool
op_answer_length(struct out out, size_t need, CK_RV *rv)
{
	if (out.ptr != NULL && *out.len >= need)
		return (false);
	if (need == 0)
		need = 1;
	*rv = out.ptr == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
	*out.len = need;
	return (true);
}

/* A result whose length is only bounded may fit into less: it is made first. */
static bool
answer_before_work(const struct op *op, size_t more, struct out out, CK_RV *rv)
{
	if (out.ptr != NULL && !op->family->exact)
		return (false);
	return (op_answer_length(out, whole_bound(op, more), rv));
}

/* A single part whose length cannot be is refused when its length is asked for,
 * as SoftHSM2 does. A program that has no input yet is told a length. */
static bool
is_refused_early(const struct op *op, struct view in, struct out out)
{
	return (!has_result(op) && op->family->length_fits != NULL &&
		(in.len != 0 || out.ptr != NULL) &&
		!op->family->length_fits(op, in.len));
}

static CK_RV
finish(struct call *c, struct op *op, struct out out)
{
	CK_RV rv;

	if ((rv = op->family->finish(c, op)) != CKR_OK)
		return (fail_with(c, op, rv));
	return (copy_out_result(op, out));
}

/* Whether the operation is there, as it must be, and may go on: a call that
 * comes before its login ends it, as any that fails (PKCS#11 3.2, section
 * 5.13.2). */
static CK_RV
check_ready(struct op *op)
{
	if (op->state == OP_INACTIVE)
		return (CKR_OPERATION_NOT_INITIALIZED);
	return (op->state == OP_WAITS_FOR_LOGIN
		    ? end_with(op, CKR_USER_NOT_LOGGED_IN)
		    : CKR_OK);
}

static bool
in_parts(const struct op *op)
{
	return (op->state == OP_PARTS || op->state == OP_PARTS_UNFIT);
}

/* Whether the end of parts may come, and one more part before it. */
static bool
takes_final(const struct op *op)
{
	return (op->state == OP_READY || in_parts(op));
}

static bool
takes_update(const struct op *op)
{
	return (takes_final(op) && !has_result(op));
}

/* A single part is all of it: parts that came are not ended by it. */
static CK_RV
check_single(struct op *op)
{
	CK_RV rv = check_ready(op);

	return (rv == CKR_OK && in_parts(op) ? CKR_OPERATION_ACTIVE : rv);
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

	if (is_refused_early(op, in, out))
		return (
		    end_with(op, call_error(c, op_length_error(op),
				     "this mechanism takes no %zu bytes with "
				     "this key and parameter",
				     in.len)));
	if (answer_before_work(op, in.len, out, &rv))
		return (rv);
	/* the kept result is that of the kept input only */
	if (has_result(op) && !in_parts(op) && op->family->buffers_input &&
	    (op->data.len != in.len ||
		CRYPTO_memcmp(op->data.ptr, in.ptr, in.len) != 0)) {
		buf_reset(&op->data);
		buf_reset(&op->result);
	}
	if (has_result(op))
		return (copy_out_result(op, out));
	if ((rv = op->family->update(c, op, in)) != CKR_OK)
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
	rv = op_run_final(c, op, in, out);
	if (rv == CKR_BUFFER_TOO_SMALL)
		op->state = OP_SINGLE_PART_UNFIT;
	else if (op->state == OP_READY)
		op->state = OP_SINGLE_PART;
	return (rv);
}

/* What an Update gives at once must fit before any of its input is taken. */
static bool
answer_without_input(
    const struct op *op, size_t more, const struct out *out, CK_RV *rv)
{
	size_t n = op->family->update_len == NULL
		       ? 0
		       : op->family->update_len(op, more);

	return (out != NULL && op_answer_length(*out, n, rv));
}

static CK_RV
refuse_parts(struct call *c, struct op *op)
{
	return (
	    end_with(op, call_error(c, CKR_FUNCTION_NOT_SUPPORTED,
			     "this mechanism takes its input in one part")));
}

static CK_RV
take_part(struct call *c, struct op *op, struct view in)
{
	CK_RV rv;

	op->state = OP_PARTS;
	rv = op->family->update(c, op, in);
	return (rv == CKR_OK ? CKR_OK : fail_with(c, op, rv));
}

/* What the part gave fits: that was looked at before. */
static void
give_part(struct op *op, const struct out *out)
{
	*out->len = op->family->update_len == NULL ? 0 : op->result.len;
	if (*out->len != 0)
		memcpy(out->ptr, op->result.ptr, *out->len);
	buf_reset(&op->result);
}

CK_RV
op_run_update(
    struct call *c, struct op *op, struct view in, const struct out *out)
{
	CK_RV rv;

	if (op->family->single_part_only)
		return (refuse_parts(c, op));
	if (answer_without_input(op, in.len, out, &rv))
		return (rv);
	if ((rv = take_part(c, op, in)) == CKR_OK && out != NULL)
		give_part(op, out);
	return (rv);
}

CK_RV
op_update(
    struct call *c, enum op_kind kind, struct view in, const struct out *out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if ((rv = check_parts(op, takes_update(op))) != CKR_OK)
		return (rv);
	if ((out != NULL && out->len == NULL) ||
	    (in.ptr == NULL && in.len != 0))
		return (end_with(op, CKR_ARGUMENTS_BAD));
	return (op_run_update(c, op, in, out));
}

/* Both must be ready for a part; whether the caller's arguments are good. */
static CK_RV
check_both(struct op *a, struct op *b, struct view in, struct out out)
{
	CK_RV rv;

	if ((rv = check_ready(a)) != CKR_OK || (rv = check_ready(b)) != CKR_OK)
		return (rv);
	if (!takes_update(a) || !takes_update(b))
		return (CKR_OPERATION_ACTIVE);
	return (out.len == NULL || (in.ptr == NULL && in.len != 0)
		    ? CKR_ARGUMENTS_BAD
		    : CKR_OK);
}

/* What is not encrypted is not digested or signed (PKCS#11 3.2, section
 * 5.17.1). What one of them took and the other did not ends both. The place of
 * the output may be that of the input, which both take before. */
CK_RV
op_encrypt_with(
    struct call *c, enum op_kind other, struct view in, struct out out)
{
	struct op *crypt = &c->session->ops[OP_ENCRYPT];
	struct op *with = &c->session->ops[other];
	CK_RV rv;

	if ((rv = check_both(crypt, with, in, out)) != CKR_OK)
		return (rv);
	if (with->family->single_part_only)
		return (refuse_parts(c, with));
	if (crypt->family->single_part_only)
		return (refuse_parts(c, crypt));
	if (answer_without_input(crypt, in.len, &out, &rv) ||
	    (rv = take_part(c, crypt, in)) != CKR_OK)
		return (rv);
	if ((rv = take_part(c, with, in)) != CKR_OK)
		return (end_with(crypt, rv));
	give_part(crypt, &out);
	return (CKR_OK);
}

CK_RV
op_decrypt_with(
    struct call *c, enum op_kind other, struct view in, struct out out)
{
	struct op *crypt = &c->session->ops[OP_DECRYPT];
	struct op *with = &c->session->ops[other];
	CK_RV rv;

	if ((rv = check_both(crypt, with, in, out)) != CKR_OK)
		return (rv);
	if (with->family->single_part_only)
		return (refuse_parts(c, with));
	if ((rv = op_run_update(c, crypt, in, &out)) != CKR_OK ||
	    out.ptr == NULL)
		return (rv);
	rv = take_part(c, with, VIEW(out.ptr, *out.len));
	return (rv == CKR_OK ? CKR_OK : end_with(crypt, rv));
}

CK_RV
op_final(struct call *c, enum op_kind kind, struct out out)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	if ((rv = check_parts(op, takes_final(op))) != CKR_OK)
		return (rv);
	if (out.len == NULL)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	if (!answer_before_work(op, 0, out, &rv))
		rv = has_result(op) ? copy_out_result(op, out)
				    : finish(c, op, out);
	if (rv == CKR_BUFFER_TOO_SMALL)
		op->state = OP_PARTS_UNFIT;
	else if (op->state == OP_READY)
		op->state = OP_PARTS;
	return (rv);
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
op_verify_signature(struct call *c, const struct view *in)
{
	struct op *op = &c->session->ops[OP_VERIFY_SIGNATURE];
	CK_RV rv = in != NULL ? check_single(op) : check_ready(op);

	if (rv != CKR_OK)
		return (rv);
	if (in != NULL && in->ptr == NULL && in->len != 0)
		return (end_with(op, CKR_ARGUMENTS_BAD));
	return (op_run_verify(c, op, in, buf_view(&op->signature)));
}

CK_RV
op_digest_key(struct call *c, CK_OBJECT_HANDLE handle)
{
	struct op *op = &c->session->ops[OP_DIGEST];
	struct object o;
	CK_RV rv;

	if ((rv = check_parts(op, takes_update(op))) != CKR_OK)
		return (rv);
	if (!object_get(c, handle, &o))
		return (end_with(op, CKR_KEY_HANDLE_INVALID));
	rv = o.attrs == NULL || o.class != CKO_SECRET_KEY
		 ? CKR_KEY_INDIGESTIBLE
		 : op_update(
		       c, OP_DIGEST, attrset_view(o.attrs, CKA_VALUE), NULL);
	object_put(&o);
	return (rv == CKR_OK ? rv : end_with(op, rv));
}
