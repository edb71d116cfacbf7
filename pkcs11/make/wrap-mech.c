#include <string.h>
#include "keydata/hash.h"
#include "keydata/rsa-wrap.h"
#include "mech/cipher.h"
#include "mech/families.h"
#include "object/pkey.h"
#include "wrap-key.h"

#define CONTEXT_MAX 8192 /* KMS's limit */
#define SEMIBLOCK 8 /* of AES key wrap */

/* A key is wrapped by the family that encrypts, and unwrapped by its reverse:
 * an operation of our own, which no session sees. */
static CK_RV
op_begin(struct call *c, struct op *op, enum op_kind kind,
    const CK_MECHANISM *m, const struct object *wrapping_key)
{
	struct arena *arena = c->module->arena;
	const struct mech *row = mech_find(
	    m->mechanism, kind == OP_ENCRYPT ? CKF_ENCRYPT : CKF_DECRYPT);

	*op = (struct op){.mech = row,
	    .kind = kind,
	    .data = BUF_SECRET(WRAPPED_KEY_MAX, arena),
	    .result = BUF_SECRET(WRAPPED_KEY_MAX, arena),
	    .context = BUF_INIT(CONTEXT_MAX),
	    .object = *wrapping_key};
	if (wrapping_key->key != NULL)
		key_ref(wrapping_key->key);
	if (wrapping_key->attrs != NULL)
		attrset_ref(wrapping_key->attrs);
	op->family = row == NULL ? NULL : mech_family(c, row, wrapping_key);
	if (op->family == NULL ||
	    (wrapping_key->key != NULL && !mech_fits_key(c, row, wrapping_key)))
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "this key does not support this mechanism"));
	if (wrapping_key->key != NULL)
		object_select_key(&op->object, mech_key(row, wrapping_key));
	return (op->family->init(c, op, m));
}

static CK_RV
op_run(struct call *c, enum op_kind kind, const CK_MECHANISM *m,
    const struct object *wrapping_key, struct view in, struct buf *out)
{
	struct op op;
	CK_RV rv;
	enum err e;

	if ((rv = op_begin(c, &op, kind, m, wrapping_key)) == CKR_OK &&
	    (rv = op.family->update(c, &op, in)) == CKR_OK &&
	    (rv = op.family->finish(c, &op)) == CKR_OK &&
	    (e = buf_append(out, buf_view(&op.result))) != ERR_OK)
		rv = call_fail(c, e);
	op_end(&op);
	return (rv);
}

static CK_RV
encrypt(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, struct view key, struct buf *out)
{
	return (op_run(c, OP_ENCRYPT, m, wrapping_key, key, out));
}

static CK_RV
decrypt(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, struct view wrapped, struct buf *out)
{
	return (op_run(c, OP_DECRYPT, m, wrapping_key, wrapped, out));
}

static CK_RV
encrypt_len(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, size_t key_len, size_t *len)
{
	struct op op;
	CK_RV rv = op_begin(c, &op, OP_ENCRYPT, m, wrapping_key);

	if (rv == CKR_OK)
		*len = op.family->bound(&op, key_len);
	op_end(&op);
	return (rv);
}

static CK_RV
check(struct call *c, const CK_MECHANISM *m, const struct object *wrapping_key,
    bool wraps)
{
	struct op op;
	CK_RV rv = op_begin(
	    c, &op, wraps ? OP_ENCRYPT : OP_DECRYPT, m, wrapping_key);

	op_end(&op);
	return (rv);
}

/* CKM_RSA_AES_KEY_WRAP: a new AES key goes first, under the RSA key; behind it
 * the key, under that, by RFC 5649 (PKCS#11 3.0, section 2.1.24). */

static CK_RV
read_rsa_aes(const CK_MECHANISM *m, CK_MECHANISM *oaep, size_t *aes_len)
{
	const CK_RSA_AES_KEY_WRAP_PARAMS *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    p->pOAEPParams == NULL ||
	    (p->ulAESKeyBits != 128 && p->ulAESKeyBits != 192 &&
		p->ulAESKeyBits != 256))
		return (CKR_MECHANISM_PARAM_INVALID);
	*oaep = (CK_MECHANISM){
	    CKM_RSA_PKCS_OAEP, p->pOAEPParams, sizeof(*p->pOAEPParams)};
	*aes_len = p->ulAESKeyBits / 8;
	return (CKR_OK);
}

static CK_RV
check_rsa_aes(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, bool wraps)
{
	CK_MECHANISM oaep;
	size_t aes_len;
	CK_RV rv = read_rsa_aes(m, &oaep, &aes_len);

	return (rv == CKR_OK ? check(c, &oaep, wrapping_key, wraps) : rv);
}

static CK_RV
aes_object(struct call *c, struct view key, struct object *out)
{
	struct attrset *b = attrset_new(
	    c->module->arena, CKO_SECRET_KEY, CKK_AES);

	if (b == NULL || attrset_set(b, CKA_VALUE, key, true) != ERR_OK) {
		attrset_unref(b);
		return (CKR_HOST_MEMORY);
	}
	*out = (struct object){.class = CKO_SECRET_KEY, .attrs = b};
	return (CKR_OK);
}

static CK_RV
wrap_rsa_aes(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, struct view key, struct buf *out)
{
	struct rsa_oaep params;
	CK_MECHANISM oaep;
	struct op op;
	size_t aes_len;
	CK_RV rv;
	enum err e;

	if ((rv = read_rsa_aes(m, &oaep, &aes_len)) != CKR_OK)
		return (rv);
	/* an operation with that key: its checks are those of OAEP */
	if ((rv = op_begin(c, &op, OP_ENCRYPT, &oaep, wrapping_key)) ==
	    CKR_OK) {
		params = (struct rsa_oaep){
		    op.digest->name, op.mgf->name, buf_view(&op.context)};
		e = rsa_aes_wrap(c->module->crypto, c->module->arena, op.pkey,
		    &params, aes_len, key, out);
		rv = e == ERR_OK       ? CKR_OK
		     : e == ERR_MEMORY ? CKR_HOST_MEMORY
				       : CKR_DATA_LEN_RANGE;
	}
	op_end(&op);
	return (rv);
}

static CK_RV
rsa_aes_len(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, size_t key_len, size_t *len)
{
	CK_MECHANISM oaep;
	size_t aes_len;
	CK_RV rv = read_rsa_aes(m, &oaep, &aes_len);

	if (rv == CKR_OK)
		rv = encrypt_len(c, &oaep, wrapping_key, aes_len, len);
	*len += (key_len + 7) / 8 * 8 + 8;
	return (rv);
}

static CK_RV
rsa_aes_unwrap(struct call *c, const CK_MECHANISM *m,
    const struct object *wrapping_key, struct view wrapped, struct buf *out)
{
	CK_MECHANISM oaep, kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	struct object aes = {.handle = CK_INVALID_HANDLE};
	struct buf bytes = BUF_SECRET(WRAPPED_KEY_MAX, c->module->arena);
	size_t first = (pkey_bits(wrapping_key) + 7) / 8, aes_len;
	CK_RV rv;

	if ((rv = read_rsa_aes(m, &oaep, &aes_len)) != CKR_OK)
		return (rv);
	if (wrapped.len <= first)
		return (CKR_ENCRYPTED_DATA_LEN_RANGE);
	rv = decrypt(c, &oaep, wrapping_key, VIEW(wrapped.ptr, first), &bytes);
	/* the key inside says how long it is, whatever the parameter has */
	if (rv == CKR_OK && bytes.len != 16 && bytes.len != 24 &&
	    bytes.len != 32)
		rv = CKR_ENCRYPTED_DATA_INVALID;
	if (rv == CKR_OK &&
	    (rv = aes_object(c, buf_view(&bytes), &aes)) == CKR_OK)
		rv = decrypt(c, &kwp, &aes,
		    VIEW(wrapped.ptr + first, wrapped.len - first), out);
	object_put(&aes);
	buf_free(&bytes);
	return (rv);
}

/* clang-format off */
#define ENCRYPTED .check = check, .wrap_len = encrypt_len,		\
	.wrap = encrypt, .unwrap = decrypt
static const struct wrap_ops families[FAMILY_COUNT] = {
	[FAMILY_WRAP_ANY] = { ENCRYPTED },
	[FAMILY_WRAP_SECRETS] = { ENCRYPTED, .secret_keys_only = true },
	/* PKCS#11 3.2, sections 6.10 and 6.16.2 */
	[FAMILY_WRAP_BLOCKS] = { ENCRYPTED, .secret_keys_only = true,
	    .zero_fills = AES_BLOCK, .truncates = SIZE_MAX },
	[FAMILY_WRAP_SEMIBLOCKS] = { ENCRYPTED, .zero_fills = SEMIBLOCK,
	    .truncates = SEMIBLOCK - 1 },
	[FAMILY_WRAP_RSA_AES] = { .check = check_rsa_aes,
	    .wrap_len = rsa_aes_len, .wrap = wrap_rsa_aes,
	    .unwrap = rsa_aes_unwrap },
};
/* clang-format on */

const struct wrap_ops *
wrap_ops_of(const struct mech *row)
{
	return (&families[row->family]);
}
