#include <string.h>
#include "cipher.h"
#include "make-iv.h"

/*
 * AES-GCM, AES-CCM and ChaCha20-Poly1305. op->param_len is the length of the
 * tag, which stands at the end of the ciphertext. A ciphertext is kept until
 * all of it is there: nothing of its plaintext is given before the tag is found
 * to be right.
 */

static bool
ctrl(struct op *op, int what, size_t n, void *p)
{
	return (EVP_CIPHER_CTX_ctrl(op->cipher, what, (int)n, p) == 1);
}

/* What is not encrypted, but bound. */
static bool
bind_aad(struct op *op, struct view aad)
{
	int n = 0;

	return (aad.len == 0 || EVP_CipherUpdate(op->cipher, NULL, &n, aad.ptr,
				    (int)aad.len) == 1);
}

static CK_RV
put_tag(struct call *c, struct op *op)
{
	struct buf *out = &op->result;

	if (buf_reserve(out, out->len + op->param_len) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if (!ctrl(
		op, EVP_CTRL_AEAD_GET_TAG, op->param_len, out->ptr + out->len))
		return (CKR_FUNCTION_FAILED);
	out->len += op->param_len;
	return (CKR_OK);
}

/* A ciphertext has its tag. */
static bool
has_tag(const struct op *op, size_t more)
{
	return (op->kind == OP_ENCRYPT || more >= op->param_len ||
		op->data.len + more >= op->param_len);
}

/* The ciphertext becomes the result, to be decrypted where it is. */
static CK_RV
split(struct op *op)
{
	struct buf empty = BUF_INIT(0);

	if (!has_tag(op, 0))
		return (CKR_ENCRYPTED_DATA_LEN_RANGE);
	buf_free(&op->result);
	op->result = op->data;
	op->data = empty;
	op->result.len -= op->param_len;
	return (ctrl(op, EVP_CTRL_AEAD_SET_TAG, op->param_len,
		    op->result.ptr + op->result.len)
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

static size_t
bound(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	if (op->kind == OP_ENCRYPT)
		return (n + op->param_len);
	return (n < op->param_len ? 0 : n - op->param_len);
}

/* GCM */

/* The tag: SP 800-38D, section 5.2.1.2. */
bool
gcm_is_valid(struct view iv, CK_ULONG tag_bits)
{
	return (iv.ptr != NULL && iv.len != 0 && iv.len <= IV_MAX &&
		(tag_bits == 32 || tag_bits == 64 ||
		    (tag_bits >= 96 && tag_bits <= 128 && tag_bits % 8 == 0)));
}

bool
gcm_read_params(const CK_MECHANISM *m, CK_GCM_PARAMS *out)
{
	struct {
		CK_BYTE_PTR pIv;
		CK_ULONG ulIvLen;
		CK_BYTE_PTR pAAD;
		CK_ULONG ulAADLen, ulTagBits;
	} old;

	if (m->pParameter != NULL && m->ulParameterLen == sizeof(*out)) {
		memcpy(out, m->pParameter, sizeof(*out));
		return (true);
	}
	if (m->pParameter == NULL || m->ulParameterLen != sizeof(old))
		return (false);
	memcpy(&old, m->pParameter, sizeof(old));
	*out = (CK_GCM_PARAMS){.pIv = old.pIv,
	    .ulIvLen = old.ulIvLen,
	    .pAAD = old.pAAD,
	    .ulAADLen = old.ulAADLen,
	    .ulTagBits = old.ulTagBits};
	return (true);
}

/* ulIvBits is not looked at: programs leave it zero. */
static CK_RV
gcm_init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_GCM_PARAMS p;
	CK_RV rv;

	if (!gcm_read_params(m, &p))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (p.ulIvLen == 0)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "CKM_AES_GCM has no way to give back a vector that the "
		    "token makes: give one, or use C_EncryptMessage"));
	if (!gcm_is_valid(VIEW(p.pIv, p.ulIvLen), p.ulTagBits) ||
	    (p.pAAD == NULL && p.ulAADLen != 0) || p.ulAADLen > OP_DATA_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->data.max = OP_DATA_MAX;
	op->param_len = p.ulTagBits / 8;
	if ((rv = cipher_open(c, op, "GCM")) != CKR_OK)
		return (rv);
	if (!ctrl(op, EVP_CTRL_AEAD_SET_IVLEN, p.ulIvLen, NULL))
		return (CKR_FUNCTION_FAILED);
	if ((rv = cipher_key(op, p.pIv)) != CKR_OK)
		return (rv);
	return (bind_aad(op, VIEW(p.pAAD, p.ulAADLen)) ? CKR_OK
						       : CKR_FUNCTION_FAILED);
}

/* ChaCha20-Poly1305 (RFC 8439), which goes on as GCM does. */

/* The standard counts the bits of the nonce, and programs its bytes. */
bool
chacha20_nonce_fits(CK_ULONG len)
{
	return (len == CHACHA20_NONCE || len == 8 * CHACHA20_NONCE);
}

static CK_RV
chacha20_poly1305_init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const struct ck_chacha20_poly1305 *p = m->pParameter;
	CK_RV rv;

	if (p == NULL || m->ulParameterLen != sizeof(*p) || p->pNonce == NULL ||
	    !chacha20_nonce_fits(p->ulNonceLen) ||
	    (p->pAAD == NULL && p->ulAADLen != 0) || p->ulAADLen > OP_DATA_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->data.max = OP_DATA_MAX;
	op->param_len = 16;
	if ((rv = cipher_open_named(c, op, "ChaCha20-Poly1305")) != CKR_OK ||
	    (rv = cipher_key(op, p->pNonce)) != CKR_OK)
		return (rv);
	return (bind_aad(op, VIEW(p->pAAD, p->ulAADLen)) ? CKR_OK
							 : CKR_FUNCTION_FAILED);
}

static size_t
gcm_update_len(const struct op *op, size_t more)
{
	return (op->kind == OP_ENCRYPT ? more : 0);
}

static CK_RV
gcm_update(struct call *c, struct op *op, struct view in)
{
	return (op->kind == OP_ENCRYPT ? cipher_add(c, op, in)
				       : op_buffer_input(c, op, in));
}

static CK_RV
gcm_finish(struct call *c, struct op *op)
{
	uint8_t none[AES_BLOCK];
	struct buf *out = &op->result;
	int n = 0;
	CK_RV rv;

	if (op->kind == OP_ENCRYPT)
		return (EVP_CipherFinal_ex(op->cipher, none, &n) == 1
			    ? put_tag(c, op)
			    : CKR_FUNCTION_FAILED);
	if ((rv = split(op)) != CKR_OK)
		return (rv);
	if (out->len != 0 && EVP_CipherUpdate(op->cipher, out->ptr, &n,
				 out->ptr, (int)out->len) != 1)
		return (CKR_FUNCTION_FAILED);
	return (EVP_CipherFinal_ex(op->cipher, none, &n) == 1
		    ? CKR_OK
		    : CKR_ENCRYPTED_DATA_INVALID);
}

/* CCM: how long the message is comes before all of it. */

/* RFC 3610, section 2: 15 bytes are for the nonce and for the length. */
bool
ccm_is_valid(struct view nonce, CK_ULONG text_len, CK_ULONG tag_len)
{
	size_t room;

	if (nonce.ptr == NULL || nonce.len < 7 || nonce.len > 13 ||
	    tag_len < 4 || tag_len > 16 || tag_len % 2 != 0)
		return (false);
	room = 15 - nonce.len;
	return (text_len <= OP_DATA_MAX &&
		(room >= sizeof(text_len) || text_len >> (8 * room) == 0));
}

static CK_RV
ccm_init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const struct ck_ccm *p = m->pParameter;
	CK_RV rv;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    !ccm_is_valid(
		VIEW(p->pNonce, p->ulNonceLen), p->ulDataLen, p->ulMACLen) ||
	    (p->pAAD == NULL && p->ulAADLen != 0) || p->ulAADLen > OP_DATA_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->context.max = op->data.max = OP_DATA_MAX;
	op->param_len = p->ulMACLen;
	op->remaining = p->ulDataLen;
	if (buf_append(&op->context, VIEW(p->pAAD, p->ulAADLen)) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if ((rv = cipher_open(c, op, "CCM")) != CKR_OK)
		return (rv);
	if (!ctrl(op, EVP_CTRL_AEAD_SET_IVLEN, p->ulNonceLen, NULL) ||
	    !ctrl(op, EVP_CTRL_AEAD_SET_TAG, p->ulMACLen, NULL))
		return (CKR_FUNCTION_FAILED);
	return (cipher_key(op, p->pNonce));
}

/* ulDataLen is that of the plaintext; to decrypt, programs also give that of
 * the ciphertext. */
static bool
ccm_length_fits(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	if (op->kind == OP_ENCRYPT)
		return (n == op->remaining);
	return (n >= op->param_len &&
		(n == op->remaining || n == op->remaining + op->param_len));
}

static CK_RV
ccm_finish(struct call *c, struct op *op)
{
	struct buf *out = &op->result;
	struct view in;
	int n = 0;
	CK_RV rv = CKR_OK;

	if (!ccm_length_fits(op, 0))
		return (op_length_error(op));
	if (op->kind == OP_DECRYPT)
		rv = split(op);
	else if (buf_reserve(out, op->data.len + AES_BLOCK) != ERR_OK)
		rv = call_fail(c, ERR_MEMORY);
	if (rv != CKR_OK)
		return (rv);
	in = op->kind == OP_ENCRYPT ? buf_view(&op->data) : buf_view(out);
	if (EVP_CipherUpdate(op->cipher, NULL, &n, NULL, (int)in.len) != 1 ||
	    !bind_aad(op, buf_view(&op->context)))
		return (CKR_FUNCTION_FAILED);
	/* not NULL, not even of no bytes: that would be another call */
	if (in.ptr == NULL)
		in = VIEW_STR("");
	if (EVP_CipherUpdate(op->cipher, out->ptr, &n, in.ptr, (int)in.len) !=
	    1)
		return (op->kind == OP_ENCRYPT ? CKR_FUNCTION_FAILED
					       : CKR_ENCRYPTED_DATA_INVALID);
	if (op->kind == OP_DECRYPT)
		return (CKR_OK);
	out->len = in.len;
	return (put_tag(c, op));
}

const struct family cipher_gcm = {.init = gcm_init,
    .update = gcm_update,
    .update_len = gcm_update_len,
    .finish = gcm_finish,
    .bound = bound,
    .length_fits = has_tag,
    .exact = true};
const struct family cipher_chacha20_poly1305 = {.init = chacha20_poly1305_init,
    .update = gcm_update,
    .update_len = gcm_update_len,
    .finish = gcm_finish,
    .bound = bound,
    .length_fits = has_tag,
    .exact = true};
const struct family cipher_ccm = {.init = ccm_init,
    .update = op_buffer_input,
    .finish = ccm_finish,
    .bound = bound,
    .length_fits = ccm_length_fits,
    .exact = true};
