#include <string.h>
#include <openssl/evp.h>
#include "kms/key-kinds.h"
#include "kms/use-key.h"
#include "create.h"
#include "object/pkey.h"
#include "object/template-builder.h"
#include "kem-ecdh.h"
#include "kem.h"
#include "mech/mech.h"

#define SECRET_LEN 32 /* of all parameter sets (FIPS 203) */

static size_t
ciphertext_len(const struct object *o)
{
	return (pkey_parameter_set(o)->output);
}

static bool
is_ecdh(const struct mech *row)
{
	return (row->family == FAMILY_ENCAPSULATE_ECDH);
}

/* In the order of the standard: handle, type, use. */
static CK_RV
take_key(struct call *c, const CK_MECHANISM *m, bool encapsulate,
    CK_OBJECT_HANDLE handle, struct object *o, const struct mech **which)
{
	const struct mech *row = mech_find(
	    m->mechanism, encapsulate ? CKF_ENCAPSULATE : CKF_DECAPSULATE);
	CK_RV rv;

	*which = row;
	if (row == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, handle, o) || !object_is_key(o))
		return (encapsulate ? CKR_KEY_HANDLE_INVALID
				    : CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	if ((rv = object_check_is_key(c, o)) != CKR_OK)
		return (rv);
	if (!mech_agrees_by(row, object_type(o)) ||
	    o->class != (encapsulate ? CKO_PUBLIC_KEY : CKO_PRIVATE_KEY))
		return (encapsulate ? CKR_KEY_TYPE_INCONSISTENT
				    : CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT);
	if (!attr_is_true(
		c, o, encapsulate ? CKA_ENCAPSULATE : CKA_DECAPSULATE))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (!mech_is_allowed(row, o))
		return (CKR_MECHANISM_INVALID);
	return (m->ulParameterLen == 0 || is_ecdh(row)
		    ? CKR_OK
		    : CKR_MECHANISM_PARAM_INVALID);
}

/* The new key of the ML-KEM key o, before there is a secret; free the builder
 * in any case. */
static CK_RV
begin_secret(struct call *c, const struct object *o, struct template t,
    struct attr_target *target, struct template_builder *d)
{
	CK_ULONG len;
	CK_RV rv;

	*target = (struct attr_target){CKO_SECRET_KEY,
	    template_ulong(t, CKA_KEY_TYPE, CKK_GENERIC_SECRET), ATTR_UNWRAP,
	    template_bool(t, CKA_TOKEN, false)};
	if ((rv = builder_begin(c, d, t, target)) != CKR_OK ||
	    (rv = builder_add_from_key(c, d, o,
		 o->class == CKO_PUBLIC_KEY ? CKA_ENCAPSULATE_TEMPLATE
					    : CKA_DECAPSULATE_TEMPLATE)) !=
		CKR_OK)
		return (rv);
	t = builder_template(d);
	len = template_ulong(t, CKA_VALUE_LEN, SECRET_LEN);
	if (len == 0 || len > SECRET_LEN)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "an ML-KEM shared secret has %d bytes", SECRET_LEN));
	return (key_kind_check(c, t, SECRET_LEN));
}

/* A shorter key is the secret's beginning, as in other tokens. */
static CK_RV
make_secret(struct call *c, struct template_builder *d,
    const struct buf *secret, CK_OBJECT_HANDLE *handle)
{
	CK_ULONG len = template_ulong(
	    builder_template(d), CKA_VALUE_LEN, SECRET_LEN);
	CK_RV rv;

	if (secret->len != SECRET_LEN)
		return (call_fail(c, ERR_REPLY));
	builder_drop(d, CKA_VALUE_LEN);
	builder_set(d, CKA_VALUE, VIEW(secret->ptr, len));
	if ((rv = builder_finish(d)) != CKR_OK)
		return (rv);
	c->context = RV_CREATE;
	return (
	    object_from_template(c, builder_template(d), NULL, handle, NULL));
}

static CK_RV
encapsulate_local(
    struct call *c, const struct object *o, struct kms_encapsulated *out)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t n = ciphertext_len(o), len = SECRET_LEN;
	CK_RV rv;

	if ((rv = pkey_from_object(c, o, &pkey)) != CKR_OK)
		return (rv);
	ctx = EVP_PKEY_CTX_new_from_pkey(c->module->crypto->lib, pkey, NULL);
	if (ctx == NULL || buf_reserve(&out->ciphertext, n) != ERR_OK ||
	    buf_reserve(&out->secret, len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (EVP_PKEY_encapsulate_init(ctx, NULL) != 1 ||
		 EVP_PKEY_encapsulate(
		     ctx, out->ciphertext.ptr, &n, out->secret.ptr, &len) != 1)
		rv = CKR_FUNCTION_FAILED;
	out->ciphertext.len = rv == CKR_OK ? n : 0;
	out->secret.len = rv == CKR_OK ? len : 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (rv);
}

static CK_RV
decapsulate_local(struct call *c, const struct object *o,
    struct view ciphertext, struct buf *secret)
{
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t len = SECRET_LEN;
	CK_RV rv;

	if ((rv = pkey_from_object(c, o, &pkey)) != CKR_OK)
		return (rv);
	ctx = EVP_PKEY_CTX_new_from_pkey(c->module->crypto->lib, pkey, NULL);
	if (ctx == NULL || buf_reserve(secret, len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (EVP_PKEY_decapsulate_init(ctx, NULL) != 1 ||
		 EVP_PKEY_decapsulate(ctx, secret->ptr, &len, ciphertext.ptr,
		     ciphertext.len) != 1)
		rv = CKR_FUNCTION_FAILED;
	secret->len = rv == CKR_OK ? len : 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (rv);
}

static CK_RV
decapsulate(struct call *c, const struct object *o, struct view ciphertext,
    struct buf *secret)
{
	int tries = 0;
	enum err e;
	CK_RV rv;

	if (!object_in_kms(o))
		return (decapsulate_local(c, o, ciphertext, secret));
	do
		e = kms_decapsulate(
		    &c->kms, o->key->meta.arn, ciphertext, secret);
	while (use_key_again(c, o->key, e, &tries));
	if (e == ERR_OK)
		return (CKR_OK);
	rv = call_fail(c, e);
	object_refresh_state(c, o);
	return (rv);
}

static CK_RV
encapsulate(
    struct call *c, const struct object *o, struct kms_encapsulated *out)
{
	int tries = 0;
	enum err e;

	if (c->module->crypto->ml_kem)
		return (encapsulate_local(c, o, out));
	do
		e = kms_encapsulate(&c->kms, o->key->meta.arn, out);
	while (use_key_again(c, o->key, e, &tries));
	if (e != ERR_OK)
		return (call_fail(c, e));
	return (CKR_OK);
}

/* The ciphertext is given only with the key, and the key only with it. */
static CK_RV
encapsulate_to(struct call *c, const struct object *o,
    struct template_builder *d, struct out ciphertext, CK_OBJECT_HANDLE *handle)
{
	struct kms_encapsulated made = KMS_ENCAPSULATED_INIT(c->module->arena);
	CK_RV rv;

	if ((rv = encapsulate(c, o, &made)) != CKR_OK) {
		object_refresh_state(c, o);
		goto out;
	}
	if (made.ciphertext.len != ciphertext_len(o))
		rv = call_fail(c, ERR_REPLY);
	else if ((rv = make_secret(c, d, &made.secret, handle)) == CKR_OK) {
		memcpy(
		    ciphertext.ptr, made.ciphertext.ptr, made.ciphertext.len);
		*ciphertext.len = made.ciphertext.len;
	}
out:
	kms_encapsulated_free(&made);
	return (rv);
}

CK_RV
kem_encapsulate(struct call *c, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE public_key, struct template t, struct out ciphertext,
    CK_OBJECT_HANDLE *handle)
{
	struct attr_target target;
	struct template_builder d = {.rows = NULL};
	struct object o = {.handle = CK_INVALID_HANDLE};
	CK_ULONG room = *ciphertext.len;
	const struct mech *row;
	CK_RV rv;

	rv = take_key(c, m, true, public_key, &o, &row);
	if (rv == CKR_OK && is_ecdh(row)) {
		rv = kem_ecdh_encapsulate(c, m, &o, t, ciphertext, handle);
		goto out;
	}
	if (rv != CKR_OK ||
	    (rv = begin_secret(c, &o, t, &target, &d)) != CKR_OK)
		goto out;
	if (ciphertext.ptr == NULL || room < ciphertext_len(&o)) {
		*ciphertext.len = ciphertext_len(&o);
		rv = ciphertext.ptr == NULL ? CKR_OK : CKR_BUFFER_TOO_SMALL;
		goto out;
	}
	rv = encapsulate_to(c, &o, &d, ciphertext, handle);
out:
	builder_free(&d);
	object_put(&o);
	return (rv);
}

CK_RV
kem_decapsulate(struct call *c, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE private_key, struct template t, struct view ciphertext,
    CK_OBJECT_HANDLE *handle)
{
	struct buf secret = BUF_SECRET(KMS_SECRET_MAX, c->module->arena);
	struct attr_target target;
	struct template_builder d = {.rows = NULL};
	struct object o = {.handle = CK_INVALID_HANDLE};
	const struct mech *row;
	CK_RV rv;

	rv = take_key(c, m, false, private_key, &o, &row);
	if (rv == CKR_OK && is_ecdh(row)) {
		rv = kem_ecdh_decapsulate(c, m, &o, t, ciphertext, handle);
		goto out;
	}
	if (rv != CKR_OK ||
	    (rv = begin_secret(c, &o, t, &target, &d)) != CKR_OK)
		goto out;
	if (ciphertext.len != ciphertext_len(&o)) {
		rv = CKR_WRAPPED_KEY_LEN_RANGE;
		goto out;
	}
	if ((rv = decapsulate(c, &o, ciphertext, &secret)) == CKR_OK)
		rv = make_secret(c, &d, &secret, handle);
out:
	buf_free(&secret);
	builder_free(&d);
	object_put(&o);
	return (rv);
}
