#include <string.h>
#include "cipher.h"
#include "kms/use-key.h"
#include "kms-encrypt.h"

/*
 * A CiphertextBlob is longer than its plaintext by what AWS puts around it:
 * about 150 bytes, a format that AWS does not publish. The bound is only a
 * size to ask for; what does not fit is kept until it does.
 */
#define OVERHEAD 256
#define NAME_IV "keyferry:iv"
#define NAME_AAD "keyferry:aad"
#define AAD_MAX 2048 /* twice that in hex, and KMS takes 8192 in all */
#define IV_MAX 256
#define TAG_BITS 128 /* KMS's, always */

static CK_RV
start(struct op *op)
{
	op->data.max = op->kind == OP_ENCRYPT ? KMS_PLAINTEXT_MAX
					      : KMS_BLOB_MAX;
	return (CKR_OK);
}

/* Adds NAME NUL HEX NUL. */
static enum err
add_hex(struct buf *b, const char *name, struct view v)
{
	enum err e = buf_append(b, VIEW(name, strlen(name) + 1));

	if (e == ERR_OK)
		e = buf_put_hex(b, v);
	return (e == ERR_OK ? buf_append(b, VIEW("", 1)) : e);
}

/* KMS makes the vector of its ciphertext: one that a program gives is bound as
 * encryption context, and one that it leaves to the token is none. */
static CK_RV
init_gcm(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_GCM_PARAMS p;
	enum err e = ERR_OK;

	if (!gcm_read_params(m, &p) || (p.pIv == NULL && p.ulIvLen != 0) ||
	    p.ulIvLen > IV_MAX || (p.pAAD == NULL && p.ulAADLen != 0) ||
	    p.ulAADLen > AAD_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (p.ulTagBits != TAG_BITS)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS's tag has %d bits, not %lu", TAG_BITS, p.ulTagBits));
	if (p.ulIvLen != 0)
		e = add_hex(&op->context, NAME_IV, VIEW(p.pIv, p.ulIvLen));
	if (e == ERR_OK && p.ulAADLen != 0)
		e = add_hex(&op->context, NAME_AAD, VIEW(p.pAAD, p.ulAADLen));
	return (e == ERR_OK ? start(op) : call_fail(c, e));
}

static CK_RV
init_cbc_pad(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	(void)c;
	if (m->pParameter == NULL || m->ulParameterLen != 16)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (start(op));
}

bool
kms_context_is_valid(struct view v)
{
	const char *s = (const char *)v.ptr, *end, *t;
	size_t strings = 0;

	if (v.len == 0)
		return (true);
	if (v.ptr[v.len - 1] != '\0')
		return (false);
	end = s + v.len;
	for (; s < end; s += strlen(s) + 1, strings++) {
		if (strings % 2 != 0)
			continue;
		if (*s == '\0')
			return (false);
		for (t = (const char *)v.ptr; t < s;
		     t += strlen(t) + 1, t += strlen(t) + 1)
			if (strcmp(t, s) == 0)
				return (false);
	}
	return (strings % 2 == 0);
}

static CK_RV
init_context(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	struct view v = VIEW(m->pParameter, m->ulParameterLen);

	if (!kms_context_is_valid(v) || buf_append(&op->context, v) != ERR_OK)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "the parameter is not a valid encryption context"));
	return (start(op));
}

/* KMS takes no empty input. */
static bool
length_fits(const struct op *op, size_t more)
{
	return (more <= op->data.max && op->data.len + more <= op->data.max &&
		op->data.len + more != 0);
}

static CK_RV
finish(struct call *c, struct op *op)
{
	struct kms_crypt_in in = {
	    .key = op->object.key->meta.arn,
	    .data = buf_view(&op->data),
	    .context = buf_view(&op->context),
	};
	int tries = 0;
	enum err e;

	if (!length_fits(op, 0))
		return (op_length_error(op));
	do
		e = op->kind == OP_ENCRYPT
			? kms_encrypt(&c->kms, &in, &op->result)
			: kms_decrypt(&c->kms, &in, &op->result);
	while (use_key_again(c, op->object.key, e, &tries));
	if (e == ERR_OK &&
	    (op->result.len == 0 ||
		op->result.len > (op->kind == OP_ENCRYPT ? KMS_BLOB_MAX
							 : KMS_PLAINTEXT_MAX)))
		e = ERR_REPLY;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static size_t
bound(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	if (op->kind == OP_DECRYPT)
		return (n < KMS_PLAINTEXT_MAX ? n : KMS_PLAINTEXT_MAX);
	return (n + OVERHEAD);
}

#define FAMILY(init_)                                                         \
	{                                                                     \
		.init = (init_), .update = op_buffer_input, .finish = finish, \
		.bound = bound, .length_fits = length_fits,                   \
		.buffers_input = true                                         \
	}
const struct family kms_aes_context = FAMILY(init_context);
const struct family kms_aes_gcm = FAMILY(init_gcm);
const struct family kms_aes_cbc_pad = FAMILY(init_cbc_pad);
