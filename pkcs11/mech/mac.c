#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include "kms/use-key.h"
#include "cipher.h"
#include "digest.h"
#include "mac.h"

#define NAME_SIZE 16 /* of a hash or cipher, as OpenSSL calls it */

/* Bytes of the whole value. */
static size_t
whole(const struct op *op)
{
	return (op->digest != NULL ? op->digest->len : AES_BLOCK);
}

static CK_RV
init_whole(struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->digest = op->mech->digest;
	op->param_len = whole(op);
	return (CKR_OK);
}

CK_RV
mac_read_length(struct op *op, const CK_MECHANISM *m)
{
	CK_ULONG len;

	if (m->pParameter == NULL || m->ulParameterLen != sizeof(len))
		return (CKR_MECHANISM_PARAM_INVALID);
	memcpy(&len, m->pParameter, sizeof(len));
	op->digest = op->mech->digest;
	op->param_len = len;
	return (len != 0 && len <= whole(op) ? CKR_OK
					     : CKR_MECHANISM_PARAM_INVALID);
}

size_t
mac_bound(const struct op *op, size_t more)
{
	(void)more;
	return (op->param_len);
}

/* In KMS */

static CK_RV
init_kms(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	(void)c;
	op->data.max = KMS_MESSAGE_MAX;
	return (init_whole(op, m));
}

static CK_RV
init_kms_general(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	(void)c;
	op->data.max = KMS_MESSAGE_MAX;
	return (mac_read_length(op, m));
}

static CK_RV
call_kms(struct call *c, struct op *op, struct view mac)
{
	char algorithm[KMS_WORD_SIZE];
	struct kms_mac_in in = {
	    .key = op->object.key->meta.arn,
	    .message = buf_view(&op->data),
	    .algorithm = algorithm,
	    .mac = mac,
	};
	int tries = 0;
	enum err e;

	if (in.message.len == 0)
		return (call_error(
		    c, CKR_DATA_LEN_RANGE, "KMS takes no empty message"));
	snprintf(algorithm, sizeof(algorithm), "%s%s", op->mech->kms_algorithm,
	    op->digest->kms);
	do
		e = mac.ptr == NULL
			? kms_generate_mac(&c->kms, &in, &op->result)
			: kms_verify_mac(&c->kms, &in);
	while (use_key_again(c, op->object.key, e, &tries));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Leaves so many bytes of the value as were asked for. */
static CK_RV
truncate_mac(struct op *op)
{
	if (op->result.len != whole(op))
		return (CKR_DEVICE_ERROR);
	op->result.len = op->param_len;
	return (CKR_OK);
}

static CK_RV
finish_kms(struct call *c, struct op *op)
{
	CK_RV rv = call_kms(c, op, VIEW(NULL, 0));

	return (rv == CKR_OK ? truncate_mac(op) : rv);
}

CK_RV
mac_verify(struct call *c, struct op *op, struct view mac)
{
	CK_RV rv;

	if (mac.len != op->param_len)
		return (CKR_SIGNATURE_LEN_RANGE);
	rv = op->family->finish(c, op);
	if (rv == CKR_OK &&
	    CRYPTO_memcmp(op->result.ptr, mac.ptr, mac.len) != 0)
		rv = CKR_SIGNATURE_INVALID;
	return (rv);
}

/* VerifyMac takes whole values only: a part is compared here. */
static CK_RV
verify_kms(struct call *c, struct op *op, struct view mac)
{
	return (mac.len == op->param_len && mac.len == whole(op)
		    ? call_kms(c, op, mac)
		    : mac_verify(c, op, mac));
}

/* In this process */

/* The MAC that OpenSSL calls so. */
static CK_RV
open_mac(struct call *c, const char *name, const OSSL_PARAM *params,
    struct view key, EVP_MAC_CTX **out)
{
	EVP_MAC *mac = EVP_MAC_fetch(c->module->crypto->lib, name, NULL);
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (mac != NULL && (*out = EVP_MAC_CTX_new(mac)) != NULL &&
	    EVP_MAC_init(*out, key.ptr, key.len, params) == 1)
		rv = CKR_OK;
	EVP_MAC_free(mac);
	return (rv);
}

CK_RV
mac_open(struct call *c, const struct digest *digest, struct view key,
    EVP_MAC_CTX **out)
{
	char name[NAME_SIZE];
	OSSL_PARAM params[2];

	if (digest == NULL)
		snprintf(name, sizeof(name), "AES-%zu-CBC", key.len * 8);
	else
		snprintf(name, sizeof(name), "%s", digest->name);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    digest == NULL ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST,
	    name, 0);
	params[1] = OSSL_PARAM_construct_end();
	return (
	    open_mac(c, digest == NULL ? "CMAC" : "HMAC", params, key, out));
}

static CK_RV
begin_local(struct call *c, struct op *op)
{
	return (mac_open(c, op->digest,
	    attrset_view(op->object.attrs, CKA_VALUE), &op->mac));
}

static CK_RV
init_local(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv = init_whole(op, m);

	return (rv == CKR_OK ? begin_local(c, op) : rv);
}

static CK_RV
init_local_general(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv = mac_read_length(op, m);

	return (rv == CKR_OK ? begin_local(c, op) : rv);
}

/* GMAC: GCM of what is signed alone, none of it encrypted (SP 800-38D). */
static CK_RV
init_gmac(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	struct view key = attrset_view(op->object.attrs, CKA_VALUE);
	char name[NAME_SIZE];
	CK_GCM_PARAMS p;
	OSSL_PARAM params[3];

	if (!gcm_read_params(m, &p) ||
	    !gcm_is_valid(VIEW(p.pIv, p.ulIvLen), p.ulTagBits))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (p.ulAADLen != 0)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "CKM_AES_GMAC takes its data by C_Sign, not by pAAD"));
	op->param_len = p.ulTagBits / 8;
	snprintf(name, sizeof(name), "AES-%zu-GCM", key.len * 8);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_MAC_PARAM_CIPHER, name, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_MAC_PARAM_IV, p.pIv, p.ulIvLen);
	params[2] = OSSL_PARAM_construct_end();
	return (open_mac(c, "GMAC", params, key, &op->mac));
}

static CK_RV
init_poly1305(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	CK_RV rv = init_whole(op, m);

	return (rv == CKR_OK
		    ? open_mac(c, "POLY1305", NULL,
			  attrset_view(op->object.attrs, CKA_VALUE), &op->mac)
		    : rv);
}

static CK_RV
update_local(struct call *c, struct op *op, struct view in)
{
	(void)c;
	return (in.len == 0 || EVP_MAC_update(op->mac, in.ptr, in.len) == 1
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

static CK_RV
finish_local(struct call *c, struct op *op)
{
	size_t n = 0;

	if (buf_reserve(&op->result, EVP_MAX_MD_SIZE) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if (EVP_MAC_final(op->mac, op->result.ptr, &n, EVP_MAX_MD_SIZE) != 1)
		return (CKR_FUNCTION_FAILED);
	op->result.len = n;
	return (truncate_mac(op));
}

/* clang-format off */
#define KMS(init_)							\
	.init = (init_), .update = op_buffer_input,		\
	.finish = finish_kms, .verify = verify_kms, .bound = mac_bound,	\
	.exact = true
#define HERE(init_)							\
	.init = (init_), .update = update_local, .finish = finish_local,	\
	.verify = mac_verify, .bound = mac_bound, .exact = true
const struct family mac_kms_hmac = { KMS(init_kms) };
const struct family mac_kms_hmac_general = { KMS(init_kms_general) };
const struct family mac_hmac = { HERE(init_local) };
const struct family mac_hmac_general = { HERE(init_local_general) };
const struct family mac_cmac = { HERE(init_local) };
const struct family mac_cmac_general = { HERE(init_local_general) };
const struct family mac_gmac = { HERE(init_gmac) };
const struct family mac_poly1305 = { HERE(init_poly1305) };
/* clang-format on */
