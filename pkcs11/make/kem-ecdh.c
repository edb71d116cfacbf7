#include <string.h>
#include "create.h"
#include "kem-ecdh.h"
#include "keydata/curve.h"
#include "mech/derive.h"
#include "mech/families.h"
#include "mech/generate-local.h"
#include "object/pkey.h"

static const struct curve *
curve_of(const struct object *o)
{
	return (
	    curve_find(object_type(o), attrset_view(o->attrs, CKA_EC_PARAMS)));
}

/* What C_DeriveKey is given for that point. */
static CK_RV
derivation_of(const CK_MECHANISM *m, struct view point,
    CK_ECDH1_DERIVE_PARAMS *p, CK_MECHANISM *out)
{
	if (m->pParameter == NULL || m->ulParameterLen != sizeof(*p))
		return (CKR_MECHANISM_PARAM_INVALID);
	memcpy(p, m->pParameter, sizeof(*p));
	if (p->pPublicData != NULL || p->ulPublicDataLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	/* nothing is written there: the standard's member is not const */
	p->pPublicData = (CK_BYTE *)(uintptr_t)point.ptr;
	p->ulPublicDataLen = point.len;
	*out = (CK_MECHANISM){m->mechanism, p, sizeof(*p)};
	return (CKR_OK);
}

static CK_RV
make_secret(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct view point, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct derivation all = {.count = 0};
	CK_ECDH1_DERIVE_PARAMS p;
	CK_MECHANISM derive;
	struct template_builder *d = &all.keys[0].builder;
	CK_RV rv;

	if ((rv = derivation_of(m, point, &p, &derive)) != CKR_OK)
		return (rv);
	rv = mech_key_ops(mech_find(m->mechanism, CKF_DERIVE))
		 ->derive(c, &derive, base, t, &all);
	if (rv != CKR_OK)
		goto out;
	c->context = RV_CREATE;
	if ((rv = builder_finish(d)) == CKR_OK)
		rv = object_from_template(
		    c, builder_template(d), NULL, handle, NULL);
out:
	derivation_free(&all);
	return (rv);
}

/* A private key on the curve of o that no session sees; *point: its public
 * value. */
static CK_RV
make_pair(struct call *c, const struct object *o, const struct curve *curve,
    struct object *own, struct buf *point)
{
	struct buf parts[2] = {BUF_SECRET(CURVE_POINT_MAX, c->module->arena),
	    BUF_INIT(CURVE_POINT_MAX)};
	struct attrset *b = attrset_new(
	    c->module->arena, CKO_PRIVATE_KEY, object_type(o));
	struct view params = attrset_view(o->attrs, CKA_EC_PARAMS);
	CK_RV rv = generate_curve_parts(c, curve, parts);

	*own = (struct object){.class = CKO_PRIVATE_KEY, .attrs = b};
	if (rv == CKR_OK &&
	    (b == NULL ||
		attrset_set(b, CKA_EC_PARAMS, params, false) != ERR_OK ||
		attrset_set(b, CKA_VALUE, buf_view(&parts[0]), true) !=
		    ERR_OK ||
		attrset_set(b, CKA_EC_POINT, buf_view(&parts[1]), false) !=
		    ERR_OK ||
		buf_append(point, buf_view(&parts[1])) != ERR_OK))
		rv = CKR_HOST_MEMORY;
	buf_free(&parts[0]);
	buf_free(&parts[1]);
	return (rv);
}

CK_RV
kem_ecdh_encapsulate(struct call *c, const CK_MECHANISM *m,
    const struct object *public_key, struct template t, struct out ciphertext,
    CK_OBJECT_HANDLE *key)
{
	const struct curve *curve = curve_of(public_key);
	struct buf point = BUF_INIT(CURVE_POINT_MAX);
	struct object own = {.handle = CK_INVALID_HANDLE};
	CK_ECDH1_DERIVE_PARAMS p;
	CK_MECHANISM derive;
	CK_ULONG room = *ciphertext.len;
	CK_RV rv;

	if ((rv = derivation_of(m, VIEW(NULL, 0), &p, &derive)) != CKR_OK)
		return (rv);
	*ciphertext.len = curve->point;
	if (ciphertext.ptr == NULL)
		return (CKR_OK);
	if (room < curve->point)
		return (CKR_BUFFER_TOO_SMALL);
	*ciphertext.len = room;
	if ((rv = make_pair(c, public_key, curve, &own, &point)) == CKR_OK)
		rv = make_secret(c, m, &own,
		    attrset_view(public_key->attrs, CKA_EC_POINT), t, key);
	if (rv == CKR_OK) {
		memcpy(ciphertext.ptr, point.ptr, point.len);
		*ciphertext.len = point.len;
	}
	attrset_unref(own.attrs);
	buf_free(&point);
	return (rv);
}

static CK_RV
check_point(struct call *c, const struct object *o, struct view point)
{
	struct attrset *b = attrset_new(
	    c->module->arena, CKO_PUBLIC_KEY, object_type(o));
	EVP_PKEY *pkey = NULL;
	CK_RV rv = CKR_HOST_MEMORY;

	if (b != NULL &&
	    attrset_set(b, CKA_EC_PARAMS, attrset_view(o->attrs, CKA_EC_PARAMS),
		false) == ERR_OK &&
	    attrset_set(b, CKA_EC_POINT, point, false) == ERR_OK)
		rv = pkey_from_attrs(c, b, &pkey);
	EVP_PKEY_free(pkey);
	attrset_unref(b);
	return (
	    rv == CKR_ATTRIBUTE_VALUE_INVALID ? CKR_WRAPPED_KEY_INVALID : rv);
}

CK_RV
kem_ecdh_decapsulate(struct call *c, const CK_MECHANISM *m,
    const struct object *private_key, struct template t, struct view ciphertext,
    CK_OBJECT_HANDLE *key)
{
	CK_RV rv;

	if (ciphertext.len != curve_of(private_key)->point)
		return (CKR_WRAPPED_KEY_LEN_RANGE);
	if ((rv = check_point(c, private_key, ciphertext)) != CKR_OK)
		return (rv);
	return (make_secret(c, m, private_key, ciphertext, t, key));
}
