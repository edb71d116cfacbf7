#include <string.h>
#include "create.h"
#include "cryptoki/der.h"
#include "keydata/der-read.h"
#include "kms/key-kinds.h"
#include "mech/cipher.h"
#include "object/pkey.h"
#include "object/template-builder.h"
#include "object/object-schema.h"
#include "object/session-object.h"
#include "wrap-key.h"
#include "wrap-params.h"

/* KMS's own keys have sizes that their rows are for. */
static bool
size_fits(const struct mech *row, const struct object *o)
{
	size_t n;

	if (o->attrs == NULL || row->key_type != CKK_RSA)
		return (true);
	n = pkey_bits(o);
	return (n >= row->min && n <= row->max);
}

/* The key that wraps or unwraps, in the order of the standard. */
static CK_RV
check_wrapping_key(
    struct call *c, const struct mech *row, const struct object *o, bool wraps)
{
	CK_OBJECT_CLASS pair = wraps ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY;

	if (o->class != (row->key_type == CKK_AES ? CKO_SECRET_KEY : pair) ||
	    object_type(o) != row->key_type)
		return (wraps ? CKR_WRAPPING_KEY_TYPE_INCONSISTENT
			      : CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	if (!size_fits(row, o))
		return (wraps ? CKR_WRAPPING_KEY_SIZE_RANGE
			      : CKR_UNWRAPPING_KEY_SIZE_RANGE);
	if (!attr_is_true(c, o, wraps ? CKA_WRAP : CKA_UNWRAP))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	return (mech_is_allowed(row, o) ? CKR_OK : CKR_MECHANISM_INVALID);
}

/* CKA_WRAP_TEMPLATE: what the wrapping key asks of keys. */
static bool
fits_template(
    struct call *c, const struct object *wrapping_key, const struct object *key)
{
	struct view packed = VIEW(NULL, 0), v;
	CK_ATTRIBUTE_TYPE type;
	bool fits = true;

	if (wrapping_key->attrs != NULL)
		packed = attrset_view(wrapping_key->attrs, CKA_WRAP_TEMPLATE);
	while (fits && template_unpack(&packed, &type, &v)) {
		CK_ATTRIBUTE a = {type, (void *)(uintptr_t)v.ptr, v.len};

		fits = attr_match(c, key, (struct template){&a, 1});
	}
	return (fits);
}

static CK_RV
check_key(
    struct call *c, const struct object *wrapping_key, const struct object *key)
{
	if (!object_is_key(key))
		return (CKR_KEY_HANDLE_INVALID);
	if (key->class == CKO_PUBLIC_KEY)
		return (CKR_KEY_NOT_WRAPPABLE);
	/* nothing comes out of KMS */
	if (key->attrs == NULL || !attr_is_true(c, key, CKA_EXTRACTABLE))
		return (CKR_KEY_UNEXTRACTABLE);
	if (attr_is_true(c, key, CKA_WRAP_WITH_TRUSTED) &&
	    !attr_is_true(c, wrapping_key, CKA_TRUSTED))
		return (CKR_KEY_NOT_WRAPPABLE);
	if (!fits_template(c, wrapping_key, key))
		return (call_error(c, CKR_KEY_HANDLE_INVALID,
		    "the wrapping key's CKA_WRAP_TEMPLATE is of other keys"));
	return (CKR_OK);
}

/* Codes of encryption, for those who wrap and unwrap. */
static CK_RV
as_wrapping(CK_RV rv, bool wraps)
{
	switch (rv) {
	case CKR_DATA_INVALID:
	case CKR_DATA_LEN_RANGE:
		return (CKR_KEY_SIZE_RANGE);
	case CKR_KEY_SIZE_RANGE:
		return (wraps ? CKR_WRAPPING_KEY_SIZE_RANGE
			      : CKR_UNWRAPPING_KEY_SIZE_RANGE);
	case CKR_ENCRYPTED_DATA_INVALID:
		return (CKR_WRAPPED_KEY_INVALID);
	case CKR_ENCRYPTED_DATA_LEN_RANGE:
		return (CKR_WRAPPED_KEY_LEN_RANGE);
	}
	return (rv);
}

static CK_RV
copy_out_wrapped(struct view wrapped, struct out out)
{
	CK_ULONG room = *out.len;

	*out.len = wrapped.len;
	if (room < wrapped.len)
		return (CKR_BUFFER_TOO_SMALL);
	memcpy(out.ptr, wrapped.ptr, wrapped.len);
	return (CKR_OK);
}

/* A tag apart needs a ciphertext that it can be taken off. */
static CK_RV
check_params(struct call *c, const struct mech *row, struct wrap_params *p,
    const struct object *key, bool wraps)
{
	if (p->tag != NULL && key->attrs == NULL)
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "a KMS ciphertext has no separate tag: use C_WrapKey and "
		    "C_UnwrapKey"));
	wrap_params_set_length(p, 0);
	return (wrap_ops_of(row)->check(c, &p->m, key, wraps));
}

/* The vector, but not for a wrapped key that does not fit; a counter goes on
 * by each. */
static CK_RV
prepare_iv(struct call *c, const struct wrap_params *p,
    const struct object *wrapping_key, size_t len, struct out out)
{
	struct view key;

	if (p->iv.generator == CKG_NO_GENERATE)
		return (CKR_OK);
	if (*out.len < len) {
		*out.len = len;
		return (CKR_BUFFER_TOO_SMALL);
	}
	key = wrapping_key->attrs == NULL
		  ? VIEW_STR(wrapping_key->key->meta.id)
		  : attrset_view(wrapping_key->attrs, CKA_VALUE);
	return (iv_make(c, key, VIEW(p->iv.ptr, p->iv.len), &p->iv));
}

/* bytes: what travels of the key. */
static CK_RV
wrap_bytes(struct call *c, const struct wrap_ops *ops, struct wrap_params *p,
    const struct object *wrapping_key, struct view bytes, struct out out)
{
	struct buf wrapped = BUF_INIT(WRAPPED_KEY_MAX);
	size_t len = 0;
	CK_RV rv;

	wrap_params_set_length(p, bytes.len);
	if (out.ptr == NULL || p->iv.generator != CKG_NO_GENERATE) {
		rv = ops->wrap_len(c, &p->m, wrapping_key, bytes.len, &len);
		if (rv != CKR_OK)
			return (rv);
		len -= p->tag_len;
	}
	if (out.ptr == NULL) {
		*out.len = len;
		return (CKR_OK);
	}
	if ((rv = prepare_iv(c, p, wrapping_key, len, out)) != CKR_OK ||
	    (rv = ops->wrap(c, &p->m, wrapping_key, bytes, &wrapped)) != CKR_OK)
		goto out;
	len = wrapped.len - p->tag_len;
	rv = copy_out_wrapped(VIEW(wrapped.ptr, len), out);
	if (rv == CKR_OK && p->tag != NULL)
		memcpy(p->tag, wrapped.ptr + len, p->tag_len);
out:
	buf_free(&wrapped);
	return (rv);
}

/* What travels of the key, and behind it zeros if the mechanism wants them. */
static CK_RV
encode(struct call *c, const struct wrap_ops *ops, const struct object *key,
    struct buf *out)
{
	static const uint8_t zeros[AES_BLOCK];
	size_t fill = ops->zero_fills, left;
	CK_RV rv = wrapped_key_encode(c, key->attrs, out);

	if (rv != CKR_OK || fill == 0)
		return (rv);
	left = out->len % fill;
	return (left == 0 || buf_append(out, VIEW(zeros, fill - left)) == ERR_OK
		    ? CKR_OK
		    : CKR_HOST_MEMORY);
}

static CK_RV
wrap(struct call *c, const CK_MECHANISM *m, const struct view *associated,
    const struct object *wrapping_key, const struct object *key, struct out out)
{
	const struct mech *row = mech_find(m->mechanism, CKF_WRAP);
	struct wrap_params p;
	struct buf bytes = BUF_SECRET(WRAPPED_KEY_MAX, c->module->arena);
	CK_RV rv;

	if ((rv = check_wrapping_key(c, row, wrapping_key, true)) != CKR_OK ||
	    (rv = wrap_params_read(m, true, associated, &p)) != CKR_OK ||
	    (rv = check_params(c, row, &p, wrapping_key, true)) != CKR_OK ||
	    (rv = check_key(c, wrapping_key, key)) != CKR_OK)
		return (rv);
	if (key->class != CKO_SECRET_KEY && wrap_ops_of(row)->secret_keys_only)
		return (call_error(c, CKR_KEY_NOT_WRAPPABLE,
		    "this mechanism wraps only secret keys"));
	if ((rv = encode(c, wrap_ops_of(row), key, &bytes)) == CKR_OK)
		rv = wrap_bytes(c, wrap_ops_of(row), &p, wrapping_key,
		    buf_view(&bytes), out);
	buf_free(&bytes);
	return (as_wrapping(rv, true));
}

CK_RV
wrap_key(struct call *c, const CK_MECHANISM *m, const struct view *associated,
    CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, struct out out)
{
	struct object w, k;
	CK_RV rv;

	if (mech_find(m->mechanism, CKF_WRAP) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, wrapping_key, &w))
		return (CKR_WRAPPING_KEY_HANDLE_INVALID);
	if (object_get(c, key, &k))
		rv = wrap(c, m, associated, &w, &k, out);
	else
		rv = CKR_KEY_HANDLE_INVALID;
	object_put(&k);
	object_put(&w);
	return (rv);
}

/* The bytes of a secret key, as many as the template wants of them. */
static CK_RV
put_secret(struct call *c, const struct wrap_ops *ops,
    struct template_builder *d, CK_KEY_TYPE type, struct view v)
{
	CK_ULONG want = template_ulong(builder_template(d), CKA_VALUE_LEN, 0);

	/* pkcs11-tool says 0 for a length that it was not told */
	if (want == 0)
		want = v.len;
	if (want < v.len && v.len - want <= ops->truncates)
		v.len = want;
	if (want != v.len || !schema_key_length_fits(type, v.len))
		return (call_error(c, CKR_WRAPPED_KEY_LEN_RANGE,
		    "%zu bytes were wrapped", v.len));
	builder_drop(d, CKA_VALUE_LEN);
	builder_set(d, CKA_VALUE, v);
	return (builder_finish(d));
}

/* A private key's PKCS#8 says itself where it ends: zeros may be behind it. */
static struct view
without_zeros(const struct wrap_ops *ops, struct view v)
{
	struct view rest = v, content;

	if (ops->zero_fills == 0 || !der_take(&rest, DER_SEQUENCE, &content) ||
	    rest.len >= ops->zero_fills)
		return (v);
	for (size_t i = 0; i < rest.len; i++)
		if (rest.ptr[i] != 0)
			return (v);
	return (VIEW(v.ptr, v.len - rest.len));
}

static CK_RV
begin_unwrap(struct call *c, const struct mech *row,
    const struct object *wrapping_key, struct template t,
    struct attr_target *target, struct template_builder *d)
{
	CK_RV rv;

	if (!template_has(t, CKA_CLASS) || !template_has(t, CKA_KEY_TYPE))
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "CKA_CLASS and CKA_KEY_TYPE are required"));
	if (target->class != CKO_PRIVATE_KEY && target->class != CKO_SECRET_KEY)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "only secret and private keys can be unwrapped"));
	if (target->class == CKO_PRIVATE_KEY &&
	    wrap_ops_of(row)->secret_keys_only)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "this mechanism wraps only secret keys"));
	if ((rv = builder_begin(c, d, t, target)) != CKR_OK)
		return (rv);
	rv = builder_add_from_key(c, d, wrapping_key, CKA_UNWRAP_TEMPLATE);
	return (rv == CKR_OK ? key_kind_check(c, builder_template(d), 0) : rv);
}

static CK_RV
make_unwrapped(struct call *c, struct attr_target *target,
    struct template_builder *d, CK_OBJECT_HANDLE *handle)
{
	CK_RV rv = builder_finish(d);

	if (rv == CKR_OK)
		rv = object_from_template(
		    c, builder_template(d), NULL, handle, NULL);
	return (rv == CKR_ATTRIBUTE_VALUE_INVALID && !target->token
		    ? CKR_WRAPPED_KEY_INVALID
		    : rv);
}

/* What is wrapped, and behind it the tag that came apart. */
static CK_RV
unwrap_bytes(struct call *c, const struct wrap_ops *ops, struct wrap_params *p,
    const struct object *wrapping_key, struct view wrapped, struct buf *out)
{
	struct buf joined = BUF_INIT(WRAPPED_KEY_MAX + WRAP_TAG_MAX);
	CK_RV rv = CKR_HOST_MEMORY;

	if (wrapped.len == 0 || wrapped.len > WRAPPED_KEY_MAX)
		return (CKR_WRAPPED_KEY_LEN_RANGE);
	if (p->tag_len > WRAP_TAG_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	wrap_params_set_length(p, wrapped.len);
	if (p->tag != NULL) {
		if (buf_append(&joined, wrapped) != ERR_OK ||
		    buf_append(&joined, VIEW(p->tag, p->tag_len)) != ERR_OK)
			goto out;
		wrapped = buf_view(&joined);
	}
	rv = as_wrapping(
	    ops->unwrap(c, &p->m, wrapping_key, wrapped, out), false);
out:
	buf_free(&joined);
	return (rv);
}

CK_RV
unwrap_key_locally(struct call *c, const CK_MECHANISM *m,
    const struct view *associated, const struct object *wrapping_key,
    struct view wrapped, struct template t, CK_OBJECT_HANDLE *handle)
{
	const struct mech *row = mech_find(m->mechanism, CKF_UNWRAP);
	struct attr_target target = {
	    template_ulong(t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION),
	    template_ulong(t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION),
	    ATTR_UNWRAP, template_bool(t, CKA_TOKEN, false)};
	struct buf bytes = BUF_SECRET(WRAPPED_KEY_MAX, c->module->arena);
	struct template_builder d = {.rows = NULL};
	struct wrap_params p;
	CK_RV rv;

	if ((rv = check_wrapping_key(c, row, wrapping_key, false)) != CKR_OK ||
	    (rv = wrap_params_read(m, false, associated, &p)) != CKR_OK ||
	    (rv = check_params(c, row, &p, wrapping_key, false)) != CKR_OK ||
	    (rv = begin_unwrap(c, row, wrapping_key, t, &target, &d)) != CKR_OK)
		goto out;
	rv = unwrap_bytes(
	    c, wrap_ops_of(row), &p, wrapping_key, wrapped, &bytes);
	if (rv == CKR_OK && target.class == CKO_SECRET_KEY)
		rv = put_secret(
		    c, wrap_ops_of(row), &d, target.type, buf_view(&bytes));
	else if (rv == CKR_OK)
		rv = wrapped_key_decode(
		    without_zeros(wrap_ops_of(row), buf_view(&bytes)),
		    target.type, &d);
	if (rv == CKR_OK)
		rv = make_unwrapped(c, &target, &d, handle);
out:
	builder_free(&d);
	buf_free(&bytes);
	return (rv);
}
