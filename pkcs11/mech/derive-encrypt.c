#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include "derive.h"

/* Keys of data that the base key encrypts (PKCS#11 3.2, section 6.17). */

#define BLOCK 16

/* CK_AES_CBC_ENCRYPT_DATA_PARAMS */
struct cbc_data {
	CK_BYTE iv[BLOCK];
	CK_BYTE_PTR pData;
	CK_ULONG length;
};

/* iv: NULL for ECB. */
static CK_RV
read_params(const CK_MECHANISM *m, const CK_BYTE **iv, struct view *data)
{
	const CK_KEY_DERIVATION_STRING_DATA *ecb = m->pParameter;
	const struct cbc_data *cbc = m->pParameter;
	bool is_cbc = m->mechanism == CKM_AES_CBC_ENCRYPT_DATA;

	if (m->pParameter == NULL ||
	    m->ulParameterLen != (is_cbc ? sizeof(*cbc) : sizeof(*ecb)))
		return (CKR_MECHANISM_PARAM_INVALID);
	*iv = is_cbc ? cbc->iv : NULL;
	*data = is_cbc ? VIEW(cbc->pData, cbc->length)
		       : VIEW(ecb->pData, ecb->ulLen);
	return (data->ptr != NULL && data->len != 0 && data->len % BLOCK == 0 &&
			data->len <= DERIVED_MAX
		    ? CKR_OK
		    : CKR_MECHANISM_PARAM_INVALID);
}

static CK_RV
encrypt(struct call *c, struct view key, const CK_BYTE *iv, struct view data,
    struct buf *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = NULL;
	char name[16];
	CK_RV rv = CKR_HOST_MEMORY;
	int n = 0;

	snprintf(name, sizeof(name), "AES-%zu-%s", 8 * key.len,
	    iv != NULL ? "CBC" : "ECB");
	cipher = EVP_CIPHER_fetch(c->module->crypto->lib, name, NULL);
	if (ctx != NULL && cipher != NULL &&
	    buf_reserve(out, data.len) == ERR_OK)
		rv = EVP_EncryptInit_ex2(ctx, cipher, key.ptr, iv, NULL) == 1 &&
			     EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
			     EVP_EncryptUpdate(ctx, out->ptr, &n, data.ptr,
				 (int)data.len) == 1
			 ? CKR_OK
			 : CKR_FUNCTION_FAILED;
	out->len = (size_t)n;
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return (rv);
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf out = BUF_SECRET(DERIVED_MAX, c->module->arena);
	const CK_BYTE *iv = NULL;
	struct derived *d;
	struct view data = VIEW(NULL, 0);
	size_t len;
	CK_RV rv = read_params(m, &iv, &data);

	if (rv == CKR_OK &&
	    (rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d)) ==
		CKR_OK &&
	    (rv = derived_len(c, d, data.len, data.len, &len)) == CKR_OK &&
	    (rv = encrypt(c, attrset_view(base->attrs, CKA_VALUE), iv, data,
		 &out)) == CKR_OK &&
	    (rv = derived_from(c, d, base, INHERITS_NOTHING)) == CKR_OK)
		derived_set_value(d, &out, 0, len);
	buf_free(&out);
	return (rv);
}

const struct key_ops derive_encrypt = {.derive = derive};
