#include "cipher.h"
#include "aes-kw.h"

#define SEMIBLOCK 8
#define DATA_MAX (64 * 1024)

/* The initial value may be given: 8 bytes, of which 4 with padding. */
static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	size_t iv_len = op->family->pads ? SEMIBLOCK / 2 : SEMIBLOCK;
	CK_RV rv;

	if (m->ulParameterLen != 0 && m->ulParameterLen != iv_len)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->data.max = DATA_MAX;
	if ((rv = cipher_open(c, op, op->family->pads ? "WRAP-PAD" : "WRAP")) !=
	    CKR_OK)
		return (rv);
	return (cipher_key(op, m->ulParameterLen != 0 ? m->pParameter : NULL));
}

static bool
length_fits(const struct op *op, size_t n)
{
	if (op->kind == OP_ENCRYPT)
		return (op->family->pads
			    ? n != 0
			    : n % SEMIBLOCK == 0 && n >= 2 * SEMIBLOCK);
	return (n % SEMIBLOCK == 0 &&
		n >= (op->family->pads ? 2U : 3U) * SEMIBLOCK);
}

static CK_RV
finish(struct call *c, struct op *op)
{
	CK_RV rv;

	if (!length_fits(op, op->data.len))
		return (op_length_error(op));
	rv = cipher_add(c, op, buf_view(&op->data));
	return (rv == CKR_FUNCTION_FAILED && op->kind == OP_DECRYPT
		    ? CKR_ENCRYPTED_DATA_INVALID
		    : rv);
}

static size_t
bound(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	if (op->kind == OP_DECRYPT)
		return (n < SEMIBLOCK ? 0 : n - SEMIBLOCK);
	return ((n + SEMIBLOCK - 1) / SEMIBLOCK * SEMIBLOCK + SEMIBLOCK);
}

/* clang-format off */
#define FAMILY								\
	.init = init, .update = op_buffer_input, .finish = finish, .bound = bound, \
	.buffers_input = true, .single_part_only = true
const struct family aes_kw = { FAMILY };
const struct family aes_kwp = { FAMILY, .pads = true };
/* clang-format on */
