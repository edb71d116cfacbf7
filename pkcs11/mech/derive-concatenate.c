#include <string.h>
#include "derive.h"

/* Keys of the bytes of others (PKCS#11 3.0, sections 2.43 and 2.44). */

static struct view
value_of(const struct object *o)
{
	return (o->attrs != NULL ? attrset_view(o->attrs, CKA_VALUE)
				 : VIEW(NULL, 0));
}

/* The first bytes of what was made of the keys, as many as are wanted, or the
 * natural length. */
static CK_RV
yield(struct call *c, const struct object *base, const struct object *other,
    struct template t, struct buf *value, size_t natural,
    struct derivation *all)
{
	struct derived *d;
	size_t len;
	CK_RV rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d);

	if (rv == CKR_OK)
		rv = derived_len(c, d, natural, value->len, &len);
	if (rv == CKR_OK)
		rv = derived_from(c, d, base, INHERITS_SECRECY);
	if (rv == CKR_OK && other != NULL)
		rv = derived_from(c, d, other, INHERITS_SECRECY);
	if (rv == CKR_OK)
		derived_set_value(d, value, 0, len);
	return (rv);
}

static CK_RV
join(struct view a, struct view b, struct buf *out)
{
	enum err e = buf_append(out, a);

	if (e == ERR_OK)
		e = buf_append(out, b);
	return (e == ERR_OK	   ? CKR_OK
		: e == ERR_TOO_BIG ? CKR_MECHANISM_PARAM_INVALID
				   : CKR_HOST_MEMORY);
}

static CK_RV
base_and_key(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf out = BUF_SECRET(2 * ATTRSET_VALUE_MAX, c->module->arena);
	CK_OBJECT_HANDLE other;
	struct object o;
	struct view second;
	CK_RV rv;

	if (m->pParameter == NULL || m->ulParameterLen != sizeof(other))
		return (CKR_MECHANISM_PARAM_INVALID);
	memcpy(&other, m->pParameter, sizeof(other));
	if ((rv = derived_read_key(c, m, other, &o, &second)) == CKR_OK &&
	    (rv = join(value_of(base), second, &out)) == CKR_OK)
		rv = yield(c, base, &o, t, &out, out.len, all);
	object_put(&o);
	buf_free(&out);
	return (rv);
}

static CK_RV
read_data(const CK_MECHANISM *m, struct view *data)
{
	const CK_KEY_DERIVATION_STRING_DATA *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) || p->pData == NULL ||
	    p->ulLen == 0 || p->ulLen > OP_DATA_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	*data = VIEW(p->pData, p->ulLen);
	return (CKR_OK);
}

static CK_RV
with_data(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf out = BUF_SECRET(2 * ATTRSET_VALUE_MAX, c->module->arena);
	struct view data;
	bool first = m->mechanism == CKM_CONCATENATE_DATA_AND_BASE;
	CK_RV rv;

	if ((rv = read_data(m, &data)) != CKR_OK)
		return (rv);
	rv = first ? join(data, value_of(base), &out)
		   : join(value_of(base), data, &out);
	if (rv == CKR_OK)
		rv = yield(c, base, NULL, t, &out, out.len, all);
	buf_free(&out);
	return (rv);
}

/* As long as the shorter of the two. */
static CK_RV
xor_data(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf out = BUF_SECRET(ATTRSET_VALUE_MAX, c->module->arena);
	struct view data, value = value_of(base);
	CK_RV rv;

	if ((rv = read_data(m, &data)) != CKR_OK)
		return (rv);
	if (value.len > data.len)
		value.len = data.len;
	rv = join(value, VIEW(NULL, 0), &out);
	for (size_t i = 0; i < out.len; i++)
		out.ptr[i] ^= data.ptr[i];
	if (rv == CKR_OK)
		rv = yield(c, base, NULL, t, &out, out.len, all);
	buf_free(&out);
	return (rv);
}

/* Bits of the base key from the one that is named on, and round its end: as
 * many as are asked for, and no number by itself (section 6.43.7). */
static CK_RV
extract(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf out = BUF_SECRET(ATTRSET_VALUE_MAX, c->module->arena);
	struct view v = value_of(base);
	CK_ULONG first;
	size_t byte, bit;
	CK_RV rv = CKR_OK;

	if (m->pParameter == NULL || m->ulParameterLen != sizeof(first))
		return (CKR_MECHANISM_PARAM_INVALID);
	memcpy(&first, m->pParameter, sizeof(first));
	if (first >= 8 * v.len)
		return (CKR_MECHANISM_PARAM_INVALID);
	if (buf_reserve(&out, v.len) != ERR_OK)
		return (CKR_HOST_MEMORY);
	byte = first / 8;
	bit = first % 8;
	for (size_t i = 0; i < v.len; i++) {
		unsigned two = (unsigned)v.ptr[(byte + i) % v.len] << 8 |
			       v.ptr[(byte + i + 1) % v.len];

		out.ptr[i] = (uint8_t)(two >> (8 - bit));
	}
	out.len = v.len;
	rv = yield(c, base, NULL, t, &out, 0, all);
	buf_free(&out);
	return (rv);
}

const struct key_ops derive_base_and_key = {.derive = base_and_key};
const struct key_ops derive_base_and_data = {.derive = with_data};
const struct key_ops derive_data_and_base = {.derive = with_data};
const struct key_ops derive_xor = {.derive = xor_data};
const struct key_ops derive_extract = {.derive = extract};
