#include <string.h>
#include "keydata/curve.h"
#include "object/template-builder.h"
#include "keydata/pkcs8.h"
#include "wrap-key.h"

/* clang-format off */
/* RFC 8410: all but the OID's last byte, and the 32 bytes of the key behind. */
static const uint8_t rfc8410[] = { 0x30, 0x2e, 2, 1, 0,
	0x30, 5, 6, 3, 0x2b, 0x65, 0, 4, 0x22, 4, 0x20 };
#define RFC8410_OID 11
#define RFC8410_KEY 32
static const struct {
	CK_KEY_TYPE type;
	uint8_t oid;
} rfc8410_rows[] = { { CKK_EC_MONTGOMERY, 0x6e }, { CKK_EC_EDWARDS, 0x70 } };
/* clang-format on */

static const uint8_t *
rfc8410_oid(CK_KEY_TYPE type)
{
	for (size_t i = 0; i < sizeof(rfc8410_rows) / sizeof(rfc8410_rows[0]);
	     i++)
		if (rfc8410_rows[i].type == type)
			return (&rfc8410_rows[i].oid);
	return (NULL);
}

static enum err
write_rfc8410(const struct attrset *b, uint8_t oid, struct buf *out)
{
	struct view v = attrset_view(b, CKA_VALUE);
	size_t at = out->len;
	enum err e;

	if (v.len != RFC8410_KEY)
		return (ERR_DATA);
	if ((e = buf_append(out, VIEW(rfc8410, sizeof(rfc8410)))) == ERR_OK) {
		out->ptr[at + RFC8410_OID] = oid;
		e = buf_append(out, v);
	}
	return (e);
}

static enum err
write_private(struct call *c, const struct attrset *b, struct buf *out)
{
	const uint8_t *oid = rfc8410_oid(b->type);
	struct ec_private ec = {
	    .params = attrset_view(b, CKA_EC_PARAMS),
	    .value = attrset_view(b, CKA_VALUE),
	};
	struct rsa_private rsa;

	if (oid != NULL)
		return (write_rfc8410(b, *oid, out));
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
read_rfc8410(struct view v, uint8_t oid, struct template_builder *d)
{
	const struct curve *curve;
	size_t head = sizeof(rfc8410);
	uint8_t params[] = {6, 3, 0x2b, 0x65, oid};

	if (v.len != head + RFC8410_KEY ||
	    memcmp(v.ptr, rfc8410, RFC8410_OID) != 0 ||
	    v.ptr[RFC8410_OID] != oid ||
	    memcmp(v.ptr + RFC8410_OID + 1, rfc8410 + RFC8410_OID + 1,
		head - RFC8410_OID - 1) != 0)
		return (CKR_WRAPPED_KEY_INVALID);
	curve = curve_find(oid == 0x70 ? CKK_EC_EDWARDS : CKK_EC_MONTGOMERY,
	    VIEW(params, sizeof(params)));
	builder_set(d, CKA_EC_PARAMS, curve->params);
	builder_set(d, CKA_VALUE, VIEW(v.ptr + head, RFC8410_KEY));
	return (builder_finish(d));
}

CK_RV
wrapped_key_decode(
    struct view der, CK_KEY_TYPE type, struct template_builder *d)
{
	const uint8_t *oid = rfc8410_oid(type);
	struct pkcs8 key;

	if (oid != NULL)
		return (read_rfc8410(der, *oid, d));
	if (pkcs8_read(der, &key) != ERR_OK || key.type != type)
		return (CKR_WRAPPED_KEY_INVALID);
	if (type == CKK_EC) {
		builder_set(d, CKA_EC_PARAMS, key.ec.params);
		builder_set(d, CKA_VALUE, key.ec.value);
		return (builder_finish(d));
	}
	for (int i = 0; i < RSA_PARTS; i++)
		builder_set(d, rsa_part_names[i].type, key.rsa.part[i]);
	return (builder_finish(d));
}
