#include "cipher.h"
#include "mac.h"

/*
 * CKM_AES_MAC: the last block that AES-CBC makes of what is signed, with zeros
 * at its end where that is no whole block (FIPS 113; PKCS#11 3.2, 6.10).
 * Of nothing at all it is that of a block of zeros. op->data has the last
 * block so far, op->buffered counts the bytes behind it.
 */
static const uint8_t zeros[AES_BLOCK];

static CK_RV
begin(struct call *c, struct op *op)
{
	struct view key = attrset_view(op->object.attrs, CKA_VALUE);
	CK_RV rv = cipher_open(c, op, "CBC");

	if (rv != CKR_OK)
		return (rv);
	op->data.max = AES_BLOCK;
	/* it encrypts whether it signs or verifies */
	return (EVP_EncryptInit_ex2(op->cipher, NULL, key.ptr, zeros, NULL) == 1
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

static CK_RV
init_half(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->param_len = AES_BLOCK / 2;
	return (begin(c, op));
}

static CK_RV
init_general(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv = mac_read_length(op, m);

	return (rv == CKR_OK ? begin(c, op) : rv);
}

static CK_RV
update(struct call *c, struct op *op, struct view in)
{
	struct buf *out = &op->result;
	CK_RV rv = cipher_add(c, op, in);
	enum err e = ERR_OK;

	op->buffered = (op->buffered + in.len) % AES_BLOCK;
	if (rv == CKR_OK && out->len != 0) {
		buf_reset(&op->data);
		e = buf_append(&op->data,
		    VIEW(out->ptr + out->len - AES_BLOCK, AES_BLOCK));
	}
	buf_reset(out);
	return (e == ERR_OK ? rv : call_fail(c, e));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	CK_RV rv = CKR_OK;
	enum err e;

	if (op->buffered != 0 || op->data.len == 0)
		rv = update(c, op, VIEW(zeros, AES_BLOCK - op->buffered));
	if (rv != CKR_OK)
		return (rv);
	e = buf_append(&op->result, VIEW(op->data.ptr, op->param_len));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* clang-format off */
#define FAMILY(init_)							\
	.init = (init_), .update = update, .finish = finish,		\
	.verify = mac_verify, .bound = mac_bound, .exact = true
const struct family mac_cbc = { FAMILY(init_half) };
const struct family mac_cbc_general = { FAMILY(init_general) };
/* clang-format on */
