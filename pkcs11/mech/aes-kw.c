#include <string.h>
#include "cipher.h"
#include "aes-kw.h"

#define SEMIBLOCK 8
#define DATA_MAX (64 * 1024)

/* The initial value may be given: 8 bytes, of which 4 with padding. */
static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	size_t iv_len;
	CK_RV rv;

	/* the old name was taken for both: the vector says for which */
	if (m->mechanism == CKM_AES_KEY_WRAP_PAD &&
	    m->ulParameterLen == SEMIBLOCK)
		op->family = &aes_kw_pkcs7;
	iv_len = op->family->pads ? SEMIBLOCK / 2 : SEMIBLOCK;
	if (m->ulParameterLen != 0 && m->ulParameterLen != iv_len)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->data.max = DATA_MAX;
	if ((rv = cipher_open(c, op, op->family->pads ? "WRAP-PAD" : "WRAP")) !=
	    CKR_OK)
		return (rv);
	return (cipher_key(op, m->ulParameterLen != 0 ? m->pParameter : NULL));
}

static bool
length_fits(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	if (more > op->data.max)
		return (false);
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

	if (!length_fits(op, 0))
		return (op_length_error(op));
	rv = cipher_add(c, op, buf_view(&op->data));
	return (rv == CKR_FUNCTION_FAILED && op->kind == OP_DECRYPT
		    ? CKR_ENCRYPTED_DATA_INVALID
		    : rv);
}

/* PKCS#11 3.2, section 6.16.2: PKCS #7 pads always, to a whole semiblock. */
static CK_RV
pad(struct op *op)
{
	size_t n = SEMIBLOCK - op->data.len % SEMIBLOCK;
	uint8_t padding[SEMIBLOCK];

	memset(padding, (int)n, n);
	return (buf_append(&op->data, VIEW(padding, n)) == ERR_OK
		    ? CKR_OK
		    : CKR_HOST_MEMORY);
}

/* The key wrap has proved what is here: how long it took tells nothing. */
static CK_RV
unpad(struct buf *b)
{
	size_t n = b->len == 0 ? 0 : b->ptr[b->len - 1];

	if (n == 0 || n > SEMIBLOCK || n > b->len)
		return (CKR_ENCRYPTED_DATA_INVALID);
	for (size_t i = b->len - n; i < b->len; i++)
		if (b->ptr[i] != n)
			return (CKR_ENCRYPTED_DATA_INVALID);
	b->len -= n;
	return (CKR_OK);
}

static bool
length_fits_pkcs7(const struct op *op, size_t more)
{
	return (op->kind == OP_ENCRYPT
		    ? more >= SEMIBLOCK && more <= op->data.max - SEMIBLOCK
		    : length_fits(op, more));
}

static CK_RV
finish_pkcs7(struct call *c, struct op *op)
{
	CK_RV rv;

	if (op->kind == OP_ENCRYPT && (rv = pad(op)) != CKR_OK)
		return (rv);
	rv = finish(c, op);
	return (
	    rv == CKR_OK && op->kind == OP_DECRYPT ? unpad(&op->result) : rv);
}

static size_t
bound(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	if (op->kind == OP_DECRYPT)
		return (n < SEMIBLOCK ? 0 : n - SEMIBLOCK);
	return ((n + SEMIBLOCK - 1) / SEMIBLOCK * SEMIBLOCK + SEMIBLOCK);
}

static size_t
bound_pkcs7(const struct op *op, size_t more)
{
	return (bound(op, op->kind == OP_ENCRYPT ? more + 1 : more));
}

/* clang-format off */
#define FAMILY								\
	.init = init, .update = op_buffer_input, .finish = finish, .bound = bound, \
	.length_fits = length_fits,						\
	.buffers_input = true, .single_part_only = true
const struct family aes_kw = { FAMILY };
const struct family aes_kwp = { FAMILY, .pads = true };
const struct family aes_kw_pkcs7 = { .init = init, .update = op_buffer_input,
	.finish = finish_pkcs7, .bound = bound_pkcs7,
	.length_fits = length_fits_pkcs7, .buffers_input = true,
	.single_part_only = true };
/* clang-format on */
