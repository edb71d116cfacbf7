#include "mech.h"

CK_RV
op_length_error(const struct op *op)
{
	return (op->kind == OP_DECRYPT ? CKR_ENCRYPTED_DATA_LEN_RANGE
				       : CKR_DATA_LEN_RANGE);
}

CK_RV
op_buffer_input(struct call *c, struct op *op, struct view in)
{
	enum err e = buf_append(&op->data, in);

	if (e == ERR_TOO_BIG)
		return (call_error(c, op_length_error(op),
		    "the input may have at most %zu bytes", op->data.max));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
