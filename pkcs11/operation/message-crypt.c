#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include "mech/cipher.h"
#include "mech/make-iv.h"
#include "message.h"

/*
 * AES-GCM, AES-CCM and ChaCha20-Poly1305 by messages, with keys that are kept
 * here: vector and tag apart from the ciphertext. A key in KMS cannot: what KMS
 * gives back is its own ciphertext, and has no tag to be taken off.
 */

#define CHUNK_MAX ((size_t)1 << 30) /* OpenSSL counts in int */
#define CHACHA20_TAG 16

/* A message's parameter, of any mechanism. */
struct message_params {
	struct iv iv;
	CK_BYTE *tag;
	size_t tag_len;
	size_t text_len; /* of CCM, which must know it first */
};

static bool
is_ccm(const struct op *process)
{
	return (process->mech->type == CKM_AES_CCM);
}

static bool
read_gcm(struct param p, struct message_params *out)
{
	struct gcm_message_params given;

	if (p.len != sizeof(given))
		return (false);
	memcpy(&given, p.ptr, sizeof(given));
	*out = (struct message_params){
	    {given.pIv, given.ulIvLen, given.ulIvFixedBits, given.ivGenerator},
	    given.pTag, given.ulTagBits / 8, 0};
	return (gcm_is_valid(VIEW(given.pIv, given.ulIvLen), given.ulTagBits));
}

static bool
read_ccm(struct param p, struct message_params *out)
{
	struct ccm_message_params given;

	if (p.len != sizeof(given))
		return (false);
	memcpy(&given, p.ptr, sizeof(given));
	*out = (struct message_params){
	    {given.pNonce, given.ulNonceLen, given.ulNonceFixedBits,
		given.nonceGenerator},
	    given.pMAC, given.ulMACLen, given.ulDataLen};
	return (ccm_is_valid(VIEW(given.pNonce, given.ulNonceLen),
	    given.ulDataLen, given.ulMACLen));
}

static bool
read_chacha20(struct param p, struct message_params *out)
{
	struct ck_chacha20_poly1305_message given;

	if (p.len != sizeof(given))
		return (false);
	memcpy(&given, p.ptr, sizeof(given));
	*out = (struct message_params){
	    {given.pNonce, CHACHA20_NONCE, 0, CKG_NO_GENERATE}, given.pTag,
	    CHACHA20_TAG, 0};
	return (given.pNonce != NULL && chacha20_nonce_fits(given.ulNonceLen));
}

static CK_RV
read_param(const struct op *process, struct param p, struct message_params *out)
{
	bool valid;

	if (p.ptr == NULL)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (process->mech->type == CKM_AES_GCM)
		valid = read_gcm(p, out);
	else if (is_ccm(process))
		valid = read_ccm(p, out);
	else
		valid = read_chacha20(p, out);
	if (!valid || out->tag == NULL)
		return (CKR_MECHANISM_PARAM_INVALID);
	/* whoever decrypts makes no vector: section 6.13.2 */
	if (process->kind == OP_DECRYPT)
		out->iv.fixed_bits = out->iv.generator = 0;
	return (iv_is_valid(&out->iv) ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
}

CK_RV
message_crypt_init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	struct param p = {m->pParameter, m->ulParameterLen};
	struct message_params unused;

	/* the standard does not say whether Init has one: programs give it */
	if (p.len != 0 && read_param(op, p, &unused) != CKR_OK)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (op->object.attrs == NULL)
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "a KMS ciphertext has no separate tag: use C_Encrypt"));
	return (CKR_OK);
}

/* The vector of the next message, where the token makes it. */
static CK_RV
make_iv(struct call *c, struct op *process, const struct message_params *p)
{
	struct view key = attrset_view(process->object.attrs, CKA_VALUE);
	struct buf *base = &process->context; /* vector of the first message */
	struct iv iv = p->iv;

	if (iv.generator == CKG_GENERATE_COUNTER_XOR) {
		if (base->len == 0 &&
		    buf_append(base, VIEW(iv.ptr, iv.len)) != ERR_OK)
			return (CKR_HOST_MEMORY);
		if (base->len != iv.len)
			return (CKR_MECHANISM_PARAM_INVALID);
	}
	return (iv_make(c, key, buf_view(base), &iv));
}

static CK_RV
check_aad(EVP_CIPHER_CTX *ctx, struct view aad)
{
	int n;

	for (size_t at = 0, len; at < aad.len; at += len) {
		len = aad.len - at < CHUNK_MAX ? aad.len - at : CHUNK_MAX;
		if (EVP_CipherUpdate(ctx, NULL, &n, aad.ptr + at, (int)len) !=
		    1)
			return (CKR_GENERAL_ERROR);
	}
	return (CKR_OK);
}

/* CCM is told the lengths of tag and text before it sees either. */
static bool
announce_lengths(struct op *current, const struct message_params *p)
{
	current->data.max = OP_DATA_MAX;
	current->remaining = p->text_len;
	current->param_len = p->tag_len;
	return (EVP_CIPHER_CTX_ctrl(current->cipher, EVP_CTRL_AEAD_SET_TAG,
		    (int)p->tag_len, NULL) == 1);
}

static bool
take_key(struct op *current, const struct message_params *p, struct view key,
    bool encrypt, bool ccm)
{
	int n;

	return (EVP_CipherInit_ex2(current->cipher, NULL, key.ptr, p->iv.ptr,
		    encrypt, NULL) == 1 &&
		(!ccm || EVP_CipherUpdate(current->cipher, NULL, &n, NULL,
			     (int)p->text_len) == 1));
}

/* A cipher that is ready for the message's text, in now->cipher. */
static CK_RV
begin_cipher(struct call *c, enum op_kind kind, const struct message_params *p,
    struct view aad)
{
	struct op *process = &c->session->ops[kind];
	struct op *current = message_current(c, kind);
	struct view key = attrset_view(process->object.attrs, CKA_VALUE);
	bool encrypt = kind == OP_MESSAGE_ENCRYPT, ccm = is_ccm(process);
	EVP_CIPHER *cipher = NULL;
	char name[sizeof("ChaCha20-Poly1305")] = "ChaCha20-Poly1305";
	CK_RV rv = CKR_GENERAL_ERROR;

	/* OpenSSL takes what CCM binds in one piece */
	if (ccm && aad.len > CHUNK_MAX)
		return (CKR_ARGUMENTS_BAD);
	if (ccm || process->mech->type == CKM_AES_GCM)
		snprintf(name, sizeof(name), "AES-%u-%s",
		    (unsigned)(8 * key.len), ccm ? "CCM" : "GCM");
	cipher = EVP_CIPHER_fetch(c->module->crypto->lib, name, NULL);
	current->cipher = EVP_CIPHER_CTX_new();
	if (cipher == NULL || current->cipher == NULL ||
	    EVP_CipherInit_ex2(
		current->cipher, cipher, NULL, NULL, encrypt, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(current->cipher, EVP_CTRL_AEAD_SET_IVLEN,
		(int)p->iv.len, NULL) != 1 ||
	    (ccm && !announce_lengths(current, p)))
		goto out;
	if (encrypt && (rv = make_iv(c, process, p)) != CKR_OK)
		goto out;
	rv = take_key(current, p, key, encrypt, ccm)
		 ? check_aad(current->cipher, aad)
		 : CKR_GENERAL_ERROR;
out:
	EVP_CIPHER_free(cipher);
	current->state = OP_PARTS;
	if (rv != CKR_OK)
		op_end(current);
	return (rv);
}

static CK_RV
update_cipher(struct op *current, struct view in, uint8_t *out)
{
	int n;

	for (size_t at = 0, len; at < in.len; at += len) {
		len = in.len - at < CHUNK_MAX ? in.len - at : CHUNK_MAX;
		if (EVP_CipherUpdate(current->cipher, out + at, &n, in.ptr + at,
			(int)len) != 1)
			return (CKR_GENERAL_ERROR);
	}
	return (CKR_OK);
}

/* Makes the tag, or holds the text against it. */
static CK_RV
finish_tag(
    struct op *current, enum op_kind kind, const struct message_params *p)
{
	int len = (int)p->tag_len, n;
	uint8_t none[16];

	if (kind == OP_MESSAGE_ENCRYPT)
		return (EVP_CipherFinal_ex(current->cipher, none, &n) == 1 &&
				EVP_CIPHER_CTX_ctrl(current->cipher,
				    EVP_CTRL_AEAD_GET_TAG, len, p->tag) == 1
			    ? CKR_OK
			    : CKR_GENERAL_ERROR);
	return (EVP_CIPHER_CTX_ctrl(
		    current->cipher, EVP_CTRL_AEAD_SET_TAG, len, p->tag) == 1 &&
			EVP_CipherFinal_ex(current->cipher, none, &n) == 1
		    ? CKR_OK
		    : CKR_AEAD_DECRYPT_FAILED);
}

static CK_RV
length_error(enum op_kind kind)
{
	return (kind == OP_MESSAGE_ENCRYPT ? CKR_DATA_LEN_RANGE
					   : CKR_ENCRYPTED_DATA_LEN_RANGE);
}

/* CCM takes the whole text at once, and says with it whether the tag holds. */
static CK_RV
run_ccm(struct op *current, enum op_kind kind, const struct message_params *p,
    struct view in, uint8_t *out)
{
	int len = (int)p->tag_len, n;
	uint8_t none[1];

	if (p->tag_len != current->param_len)
		return (CKR_MECHANISM_PARAM_INVALID);
	/* not NULL, not even of no bytes: that would be another call */
	if (in.len == 0)
		in = VIEW_STR("");
	if (out == NULL)
		out = none;
	if (kind == OP_MESSAGE_ENCRYPT)
		return (EVP_CipherUpdate(current->cipher, out, &n, in.ptr,
			    (int)in.len) == 1 &&
				EVP_CIPHER_CTX_ctrl(current->cipher,
				    EVP_CTRL_AEAD_GET_TAG, len, p->tag) == 1
			    ? CKR_OK
			    : CKR_GENERAL_ERROR);
	return (EVP_CIPHER_CTX_ctrl(
		    current->cipher, EVP_CTRL_AEAD_SET_TAG, len, p->tag) == 1 &&
			EVP_CipherUpdate(
			    current->cipher, out, &n, in.ptr, (int)in.len) == 1
		    ? CKR_OK
		    : CKR_AEAD_DECRYPT_FAILED);
}

CK_RV
message_crypt(struct call *c, enum op_kind kind, struct param param,
    struct view aad, struct view in, struct out out)
{
	struct op *current = message_current(c, kind);
	const struct op *process = &c->session->ops[kind];
	struct message_params p;
	CK_RV rv;

	if ((rv = message_ready(c, kind, false)) != CKR_OK)
		return (rv);
	if (out.len == NULL || (in.ptr == NULL && in.len != 0) ||
	    (aad.ptr == NULL && aad.len != 0))
		return (CKR_ARGUMENTS_BAD);
	if ((rv = read_param(process, param, &p)) != CKR_OK ||
	    op_answer_length(out, in.len, &rv))
		return (rv);
	if (is_ccm(process) && in.len != p.text_len)
		return (length_error(kind));
	if ((rv = begin_cipher(c, kind, &p, aad)) != CKR_OK)
		return (rv);
	*out.len = in.len;
	if (is_ccm(process))
		rv = run_ccm(current, kind, &p, in, out.ptr);
	else if ((rv = update_cipher(current, in, out.ptr)) == CKR_OK)
		rv = finish_tag(current, kind, &p);
	/* what does not hold against its tag is for nobody to see */
	if (rv != CKR_OK)
		OPENSSL_cleanse(out.ptr, in.len);
	op_end(current);
	return (rv);
}

CK_RV
message_crypt_begin(
    struct call *c, enum op_kind kind, struct param param, struct view aad)
{
	struct message_params p;
	CK_RV rv;

	if ((rv = message_ready(c, kind, false)) != CKR_OK)
		return (rv);
	if (aad.ptr == NULL && aad.len != 0)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = read_param(&c->session->ops[kind], param, &p)) != CKR_OK)
		return (rv);
	return (begin_cipher(c, kind, &p, aad));
}

/* A part of a message of CCM is kept: all of it comes out at the end. */
static CK_RV
ccm_next(struct call *c, enum op_kind kind, const struct message_params *p,
    struct view in, struct out out, bool last)
{
	struct op *current = message_current(c, kind);
	size_t room = current->remaining - current->data.len;
	size_t len = current->data.len + in.len;
	CK_RV rv;

	if (in.len > room || (last && in.len != room))
		return (message_end(current, length_error(kind)));
	if ((last ? len != 0 : out.ptr == NULL) &&
	    op_answer_length(out, len, &rv))
		return (rv);
	if (buf_append(&current->data, in) != ERR_OK)
		return (message_end(current, call_fail(c, ERR_MEMORY)));
	*out.len = last ? len : 0;
	if (!last)
		return (CKR_OK);
	rv = run_ccm(current, kind, p, buf_view(&current->data), out.ptr);
	if (rv != CKR_OK && out.ptr != NULL)
		OPENSSL_cleanse(out.ptr, len);
	return (message_end(current, rv));
}

CK_RV
message_crypt_next(struct call *c, enum op_kind kind, struct param param,
    struct view in, struct out out, bool last)
{
	struct op *current = message_current(c, kind);
	struct message_params p;
	CK_RV rv;

	if ((rv = message_ready(c, kind, true)) != CKR_OK)
		return (rv);
	if (out.len == NULL || (in.ptr == NULL && in.len != 0))
		return (message_end(current, CKR_ARGUMENTS_BAD));
	if ((rv = read_param(&c->session->ops[kind], param, &p)) != CKR_OK)
		return (message_end(current, rv));
	if (is_ccm(&c->session->ops[kind]))
		return (ccm_next(c, kind, &p, in, out, last));
	/* the last part may be none */
	if (!(last && in.len == 0) && op_answer_length(out, in.len, &rv))
		return (rv);
	*out.len = in.len;
	if ((rv = update_cipher(current, in, out.ptr)) == CKR_OK && last)
		rv = finish_tag(current, kind, &p);
	if (rv != CKR_OK || last)
		op_end(current);
	return (rv);
}
