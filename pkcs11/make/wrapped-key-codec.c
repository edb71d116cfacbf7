#include <string.h>
#include "keydata/curve.h"
#include "keydata/number.h"
#include "keydata/pkcs8.h"
#include "object/ffc-attrs.h"
#include "object/pkey.h"
#include "object/template-builder.h"
#include "wrap-key.h"

/* clang-format off */
/* RFC 8410: what stands before the bytes of a key; those of the OID's last
 * byte and of the lengths are written into it. */
#define RFC8410_HEAD 16
static const uint8_t rfc8410[RFC8410_HEAD] = { 0x30, 0, 2, 1, 0,
	0x30, 5, 6, 3, 0x2b, 0x65, 0, 4, 0, 4, 0 };
/* clang-format on */

static bool
is_rfc8410(CK_KEY_TYPE type)
{
	return (type == CKK_EC_MONTGOMERY || type == CKK_EC_EDWARDS);
}

static void
put_rfc8410_head(const struct curve *curve, uint8_t head[RFC8410_HEAD])
{
	memcpy(head, rfc8410, RFC8410_HEAD);
	head[1] = (uint8_t)(RFC8410_HEAD - 2 + curve->scalar);
	memcpy(head + 7, curve->params.ptr, curve->params.len);
	head[13] = (uint8_t)(2 + curve->scalar);
	head[15] = (uint8_t)curve->scalar;
}

static enum err
write_rfc8410(const struct attrset *b, struct buf *out)
{
	const struct curve *curve = curve_find(
	    b->type, attrset_view(b, CKA_EC_PARAMS));
	struct view v = attrset_view(b, CKA_VALUE);
	uint8_t head[RFC8410_HEAD];
	enum err e;

	if (curve == NULL || v.len != curve->scalar)
		return (ERR_DATA);
	put_rfc8410_head(curve, head);
	if ((e = buf_append(out, VIEW(head, sizeof(head)))) == ERR_OK)
		e = buf_append(out, v);
	return (e);
}

static enum err
write_private(struct call *c, const struct attrset *b, struct buf *out)
{
	struct ec_private ec = {
	    .params = attrset_view(b, CKA_EC_PARAMS),
	    .value = attrset_view(b, CKA_VALUE),
	};
	struct private_of_set of_set = {
	    .set = pkey_set_of_attrs(b),
	    .seed = attrset_view(b, CKA_SEED),
	    .value = attrset_view(b, CKA_VALUE),
	};
	struct ffc_private ffc = {
	    .group = ffc_of_attrs(b),
	    .value = attrset_view(b, CKA_VALUE),
	};
	struct rsa_private rsa;

	if (ffc_is_type(b->type))
		return (pkcs8_write_ffc(b->type, &ffc, out));
	if (is_rfc8410(b->type))
		return (write_rfc8410(b, out));
	if (of_set.set != NULL)
		return (pkcs8_write_of_set(&of_set, out));
	if (b->type == CKK_EC)
		return (pkcs8_write_ec(c->module->crypto, &ec, out));
	for (int i = 0; i < RSA_PARTS; i++)
		rsa.part[i] = attrset_view(b, rsa_part_names[i].type);
	return (pkcs8_write_rsa(&rsa, out));
}

CK_RV
wrapped_key_encode(struct call *c, const struct attrset *b, struct buf *out)
{
	enum err e = b->class == CKO_SECRET_KEY
			 ? buf_append(out, attrset_view(b, CKA_VALUE))
			 : write_private(c, b, out);

	return (e == ERR_OK	  ? CKR_OK
		: e == ERR_MEMORY ? CKR_HOST_MEMORY
				  : CKR_KEY_NOT_WRAPPABLE);
}

static CK_RV
read_rfc8410(struct view v, CK_KEY_TYPE type, struct template_builder *d)
{
	const struct curve *curve = NULL;
	uint8_t head[RFC8410_HEAD];

	if (v.len > RFC8410_HEAD)
		curve = curve_find(type, VIEW(v.ptr + 7, 5));
	if (curve == NULL || v.len != RFC8410_HEAD + curve->scalar)
		return (CKR_WRAPPED_KEY_INVALID);
	put_rfc8410_head(curve, head);
	if (memcmp(v.ptr, head, RFC8410_HEAD) != 0)
		return (CKR_WRAPPED_KEY_INVALID);
	builder_set(d, CKA_EC_PARAMS, curve->params);
	builder_set(d, CKA_VALUE, VIEW(v.ptr + RFC8410_HEAD, curve->scalar));
	return (builder_finish(d));
}

static CK_RV
set_parts(const struct private_of_set *k, struct template_builder *d)
{
	builder_set(d, CKA_PARAMETER_SET,
	    VIEW(&k->set->number, sizeof(k->set->number)));
	if (k->seed.len != 0)
		builder_set(d, CKA_SEED, k->seed);
	if (k->value.len != 0)
		builder_set(d, CKA_VALUE, k->value);
	return (builder_finish(d));
}

static CK_RV
set_ffc(const struct ffc_private *k, struct template_builder *d)
{
	CK_ULONG bits = number_bits(k->value);

	if (template_ulong(builder_template(d), CKA_VALUE_BITS, bits) != bits)
		return (CKR_TEMPLATE_INCONSISTENT);
	builder_drop(d, CKA_VALUE_BITS);
	builder_set(d, CKA_PRIME, k->group.prime);
	builder_set(d, CKA_BASE, k->group.base);
	if (k->group.subprime.len != 0)
		builder_set(d, CKA_SUBPRIME, k->group.subprime);
	builder_set(d, CKA_VALUE, k->value);
	return (builder_finish(d));
}

CK_RV
wrapped_key_decode(
    struct view der, CK_KEY_TYPE type, struct template_builder *d)
{
	struct pkcs8 key;

	if (is_rfc8410(type))
		return (read_rfc8410(der, type, d));
	if (pkcs8_read(der, &key) != ERR_OK || key.type != type)
		return (CKR_WRAPPED_KEY_INVALID);
	if (type == CKK_EC) {
		builder_set(d, CKA_EC_PARAMS, key.ec.params);
		builder_set(d, CKA_VALUE, key.ec.value);
		return (builder_finish(d));
	}
	if (ffc_is_type(type))
		return (set_ffc(&key.ffc, d));
	if (type != CKK_RSA)
		return (set_parts(&key.of_set, d));
	for (int i = 0; i < RSA_PARTS; i++)
		if (key.rsa.part[i].len != 0)
			builder_set(d, rsa_part_names[i].type, key.rsa.part[i]);
	return (builder_finish(d));
}
