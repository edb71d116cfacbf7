#include "message.h"

struct op *
message_current(struct call *c, enum op_kind kind)
{
	return (
	    &c->session
		 ->ops[kind - OP_MESSAGE_ENCRYPT + OP_CURRENT_MESSAGE_ENCRYPT]);
}

CK_RV
message_end(struct op *current, CK_RV rv)
{
	op_end(current);
	return (rv);
}

CK_RV
message_ready(struct call *c, enum op_kind kind, bool parts)
{
	const struct op *process = &c->session->ops[kind];
	const struct op *current = message_current(c, kind);
	bool under_way = current->state == OP_PARTS;

	if (process->state == OP_INACTIVE)
		return (CKR_OPERATION_NOT_INITIALIZED);
	if (process->state == OP_WAITS_FOR_LOGIN)
		return (CKR_USER_NOT_LOGGED_IN);
	if (under_way && !parts)
		return (CKR_OPERATION_ACTIVE);
	return (under_way == parts ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED);
}

CK_RV
message_final(struct call *c, enum op_kind kind)
{
	struct op *process = &c->session->ops[kind];

	if (process->state == OP_INACTIVE)
		return (CKR_OPERATION_NOT_INITIALIZED);
	op_end(message_current(c, kind));
	op_end(process);
	return (CKR_OK);
}

/* No mechanism that signs has a parameter of the message. */
static CK_RV
check_param(struct param p)
{
	return (p.len == 0 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
}

/* A part that fails ends its message, whatever is wrong with it (PKCS#11 3.2,
 * section 5.9.4). */
static CK_RV
check_part(struct op *current, struct param param, struct view in)
{
	CK_RV rv = check_param(param);

	if (rv == CKR_OK && in.ptr == NULL && in.len != 0)
		rv = CKR_ARGUMENTS_BAD;
	return (rv == CKR_OK ? rv : message_end(current, rv));
}

/* Begins the message as the Init of its process left it. */
static CK_RV
begin_message(struct call *c, enum op_kind kind, bool parts)
{
	struct op *current = message_current(c, kind);
	enum err e;

	op_end(current);
	if ((e = op_copy(current, &c->session->ops[kind])) != ERR_OK)
		return (call_fail(c, e));
	current->state = parts ? OP_PARTS : OP_READY;
	return (CKR_OK);
}

CK_RV
message_begin(struct call *c, enum op_kind kind, struct param param)
{
	CK_RV rv;

	if ((rv = message_ready(c, kind, false)) != CKR_OK ||
	    (rv = check_param(param)) != CKR_OK)
		return (rv);
	return (begin_message(c, kind, true));
}

CK_RV
message_sign(struct call *c, struct param param, struct view in, struct out out)
{
	struct op *current = message_current(c, OP_MESSAGE_SIGN);
	CK_RV rv;

	if ((rv = message_ready(c, OP_MESSAGE_SIGN, false)) != CKR_OK ||
	    (rv = check_param(param)) != CKR_OK)
		return (rv);
	if (out.len == NULL || (in.ptr == NULL && in.len != 0))
		return (CKR_ARGUMENTS_BAD);
	/* a signature that did not fit is still there */
	if (current->state == OP_INACTIVE &&
	    (rv = begin_message(c, OP_MESSAGE_SIGN, false)) != CKR_OK)
		return (rv);
	return (op_run_final(c, current, in, out));
}

CK_RV
message_sign_next(
    struct call *c, struct param param, struct view in, struct out out)
{
	struct op *current = message_current(c, OP_MESSAGE_SIGN);
	CK_RV rv;

	if ((rv = message_ready(c, OP_MESSAGE_SIGN, true)) != CKR_OK ||
	    (rv = check_part(current, param, in)) != CKR_OK)
		return (rv);
	if (out.len == NULL)
		return (op_run_update(c, current, in, NULL));
	return (op_run_final(c, current, in, out));
}

CK_RV
message_verify(
    struct call *c, struct param param, struct view in, struct view signature)
{
	CK_RV rv;

	if ((rv = message_ready(c, OP_MESSAGE_VERIFY, false)) != CKR_OK ||
	    (rv = check_param(param)) != CKR_OK)
		return (rv);
	if ((in.ptr == NULL && in.len != 0) || signature.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = begin_message(c, OP_MESSAGE_VERIFY, false)) != CKR_OK)
		return (rv);
	return (op_run_verify(
	    c, message_current(c, OP_MESSAGE_VERIFY), &in, signature));
}

CK_RV
message_verify_next(struct call *c, struct param param, struct view in,
    const struct view *signature)
{
	struct op *current = message_current(c, OP_MESSAGE_VERIFY);
	CK_RV rv;

	if ((rv = message_ready(c, OP_MESSAGE_VERIFY, true)) != CKR_OK ||
	    (rv = check_part(current, param, in)) != CKR_OK)
		return (rv);
	return (signature == NULL ? op_run_update(c, current, in, NULL)
				  : op_run_verify(c, current, &in, *signature));
}
