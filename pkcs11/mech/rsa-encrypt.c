#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include "kms/use-key.h"
#include "digest.h"
#include "object/pkey.h"
#include "rsa-encrypt.h"
#include "rsa-unpad.h"

#define WIDTH_MAX 1024 /* bytes of the longest modulus */
#define NAME_SIZE 16 /* of a hash, as OpenSSL calls it */

static size_t
width(const struct op *op)
{
	return ((pkey_bits(&op->object) + 7) / 8);
}

/* The longest plaintext: RFC 8017, sections 7.1.1 and 7.2.1. */
static size_t
room(const struct op *op)
{
	int padding = op->family->rsa_padding;
	size_t taken = padding == RSA_PKCS1_OAEP_PADDING
			   ? 2 * op->digest->len + 2
		       : padding == RSA_PKCS1_PADDING ? 11
						      : 0;

	return (taken < width(op) ? width(op) - taken : 0);
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (op->kind == OP_ENCRYPT ? width(op) : room(op));
}

static CK_RV
init_key(struct call *c, struct op *op)
{
	op->data.max = WIDTH_MAX;
	return (object_in_kms(&op->object)
		    ? CKR_OK
		    : pkey_from_object(c, &op->object, &op->pkey));
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (init_key(c, op));
}

/* KMS's OAEP has MGF1 with the same hash, and no label. What its private half
 * could not decrypt, the public half does not encrypt. */
static CK_RV
check_kms(struct call *c, const struct op *op)
{
	char algorithm[KMS_WORD_SIZE];

	if (op->mgf != op->digest || op->context.len != 0)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS supports OAEP only with the same hash for MGF1, and "
		    "without a label"));
	snprintf(algorithm, sizeof(algorithm), "%s%s", op->mech->kms_algorithm,
	    op->digest->kms != NULL ? op->digest->kms : "");
	if (!key_has_algorithm(op->object.key, algorithm, false))
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "KMS supports OAEP only with SHA-1 or SHA-256"));
	return (CKR_OK);
}

/* OpenSSL's provider for PKCS#11 leaves out what is the default: no hash means
 * SHA-1, and no MGF the same hash. */
static CK_RV
init_oaep(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const CK_RSA_PKCS_OAEP_PARAMS *p = m->pParameter;
	CK_RV rv;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    (p->source != CKZ_DATA_SPECIFIED &&
		(p->source != 0 || p->ulSourceDataLen != 0)) ||
	    (p->pSourceData == NULL && p->ulSourceDataLen != 0))
		return (CKR_MECHANISM_PARAM_INVALID);
	op->digest = p->hashAlg == 0 ? DIGEST_SHA1 : digest_find(p->hashAlg);
	op->mgf = p->mgf == 0 ? op->digest : digest_of_mgf(p->mgf);
	if (op->digest == NULL || op->mgf == NULL ||
	    buf_append(&op->context,
		VIEW(p->pSourceData, p->ulSourceDataLen)) != ERR_OK)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (op->object.key != NULL && (rv = check_kms(c, op)) != CKR_OK)
		return (rv);
	if (room(op) == 0)
		return (CKR_KEY_SIZE_RANGE);
	return (init_key(c, op));
}

static bool
set_padding(const struct op *op, int mode, EVP_PKEY_CTX *ctx)
{
	char hash[NAME_SIZE] = "", mgf[NAME_SIZE] = "";
	OSSL_PARAM params[5], *p = params;

	*p++ = OSSL_PARAM_construct_int(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, &mode);
	if (mode == RSA_PKCS1_OAEP_PADDING) {
		snprintf(hash, sizeof(hash), "%s", op->digest->name);
		snprintf(mgf, sizeof(mgf), "%s", op->mgf->name);
		*p++ = OSSL_PARAM_construct_utf8_string(
		    OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, hash, 0);
		*p++ = OSSL_PARAM_construct_utf8_string(
		    OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, mgf, 0);
		if (op->context.len != 0)
			*p++ = OSSL_PARAM_construct_octet_string(
			    OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, op->context.ptr,
			    op->context.len);
	}
	*p = OSSL_PARAM_construct_end();
	return (EVP_PKEY_CTX_set_params(ctx, params) == 1);
}

static bool
crypt_padded(const struct op *op, int mode, EVP_PKEY_CTX *ctx, struct view in,
    uint8_t *out, size_t *n)
{
	if (op->kind == OP_ENCRYPT)
		return (EVP_PKEY_encrypt_init(ctx) == 1 &&
			set_padding(op, mode, ctx) &&
			EVP_PKEY_encrypt(ctx, out, n, in.ptr, in.len) == 1);
	return (EVP_PKEY_decrypt_init(ctx) == 1 && set_padding(op, mode, ctx) &&
		EVP_PKEY_decrypt(ctx, out, n, in.ptr, in.len) == 1);
}

/* With that padding, which may be less than the family's. */
static CK_RV
crypt_local(
    struct call *c, struct op *op, int mode, struct view in, struct buf *out)
{
	EVP_PKEY_CTX *ctx;
	size_t n = WIDTH_MAX;
	CK_RV rv = CKR_OK;

	if (buf_reserve(out, n) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	ctx = EVP_PKEY_CTX_new_from_pkey(
	    c->module->crypto->lib, op->pkey, NULL);
	if (ctx == NULL)
		rv = CKR_HOST_MEMORY;
	else if (crypt_padded(op, mode, ctx, in, out->ptr, &n))
		out->len = n;
	else
		rv = op->kind == OP_ENCRYPT ? CKR_DATA_INVALID
					    : CKR_ENCRYPTED_DATA_INVALID;
	EVP_PKEY_CTX_free(ctx);
	return (rv);
}

/* OpenSSL before 3.2 tells right padding from wrong: it does RSA alone. */
static CK_RV
decrypt_pkcs1(struct call *c, struct op *op)
{
	struct buf block = BUF_SECRET(WIDTH_MAX, c->module->arena);
	struct view in = buf_view(&op->data);
	CK_RV rv;
	enum err e;

	rv = crypt_local(c, op, RSA_NO_PADDING, in, &block);
	if (rv == CKR_OK) {
		e = rsa_unpad_pkcs1(c->module->crypto, buf_view(&block),
		    attrset_view(op->object.attrs, CKA_PRIVATE_EXPONENT), in,
		    &op->result);
		rv = e == ERR_OK ? CKR_OK : call_fail(c, e);
	}
	buf_free(&block);
	return (rv);
}

/* Without padding the input is a number, with zeros in front. */
static CK_RV
crypt_number(struct call *c, struct op *op)
{
	uint8_t block[WIDTH_MAX] = {0};
	size_t n = width(op);
	CK_RV rv;

	if (op->data.len != 0)
		memcpy(block + n - op->data.len, op->data.ptr, op->data.len);
	rv = crypt_local(c, op, RSA_NO_PADDING, VIEW(block, n), &op->result);
	OPENSSL_cleanse(block, sizeof(block));
	return (rv);
}

static CK_RV
decrypt_in_kms(struct call *c, struct op *op)
{
	char algorithm[KMS_WORD_SIZE];
	struct kms_crypt_in in = {
	    .key = op->object.key->meta.arn,
	    .data = buf_view(&op->data),
	    .algorithm = algorithm,
	};
	int tries = 0;
	enum err e;

	snprintf(algorithm, sizeof(algorithm), "%s%s", op->mech->kms_algorithm,
	    op->digest->kms);
	do
		e = kms_decrypt(&c->kms, &in, &op->result);
	while (use_key_again(c, op->object.key, e, &tries));
	if (e == ERR_OK && op->result.len > room(op))
		e = ERR_REPLY;
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static bool
length_fits(const struct op *op, size_t more)
{
	size_t n = op->data.len + more;

	return (op->kind == OP_DECRYPT ? n == width(op) : n <= room(op));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	struct view in = buf_view(&op->data);
	int padding = op->family->rsa_padding;

	if (!length_fits(op, 0))
		return (op_length_error(op));
	if (object_in_kms(&op->object))
		return (decrypt_in_kms(c, op));
	if (padding == RSA_NO_PADDING)
		return (crypt_number(c, op));
	if (padding == RSA_PKCS1_PADDING && op->kind == OP_DECRYPT)
		return (decrypt_pkcs1(c, op));
	return (crypt_local(
	    c, op, padding, in.ptr != NULL ? in : VIEW_STR(""), &op->result));
}

/* clang-format off */
#define FAMILY(init_, padding)						\
	.init = (init_), .update = op_buffer_input, .finish = finish,		\
	.bound = bound, .length_fits = length_fits, .buffers_input = true,	\
	.rsa_padding = (padding)
const struct family rsa_oaep = { FAMILY(init_oaep, RSA_PKCS1_OAEP_PADDING) };
const struct family rsa_pkcs1 = { FAMILY(init, RSA_PKCS1_PADDING) };
const struct family rsa_x509 = { FAMILY(init, RSA_NO_PADDING) };
/* clang-format on */
