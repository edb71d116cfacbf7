#include <string.h>
#include <openssl/crypto.h>
#include "cryptoki/constants.h"
#include "derive.h"
#include "kms/key-kinds.h"
#include "object/object-schema.h"

/* A data object has no length of its own: CKA_VALUE_LEN is for us. Nor has it a
 * type, but Java gives one. */
static CK_RV
begin_data(struct call *c, struct derived *d, struct template t)
{
	struct template_builder rest = {.rows = NULL};
	CK_RV rv;

	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.rows[i].type != CKA_VALUE_LEN &&
		    t.rows[i].type != CKA_KEY_TYPE)
			builder_set(&rest, t.rows[i].type,
			    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen));
	if ((rv = builder_finish(&rest)) == CKR_OK)
		rv = builder_begin(
		    c, &d->builder, builder_template(&rest), &d->target);
	builder_free(&rest);
	return (rv);
}

CK_RV
derived_begin(struct call *c, struct derivation *all, struct template t,
    CK_OBJECT_CLASS class, const struct object *base, struct derived **out)
{
	struct derived *d = &all->keys[all->count++];
	CK_RV rv;

	*out = d;
	*d = (struct derived){
	    .target = {class, CK_UNAVAILABLE_INFORMATION, ATTR_DERIVE, false},
	    .provenance = {CK_UNAVAILABLE_INFORMATION, true, true},
	    .len = template_ulong(t, CKA_VALUE_LEN, 0)};
	if (template_has(t, CKA_VALUE_LEN) && d->len == 0)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_VALUE_LEN is a number of bytes, and not 0"));
	if (class == CKO_SECRET_KEY)
		d->target.type = template_ulong(
		    t, CKA_KEY_TYPE, CKK_GENERIC_SECRET);
	if (class == CKO_PUBLIC_KEY)
		d->target.type = object_type(base);
	rv = class == CKO_DATA ? begin_data(c, d, t)
			       : builder_begin(c, &d->builder, t, &d->target);
	if (rv == CKR_OK && class == CKO_SECRET_KEY &&
	    !schema_is_secret_key_type(d->target.type))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s is not a type of secret key",
		    key_type_name(d->target.type).text));
	if (rv == CKR_OK)
		rv = builder_add_from_key(
		    c, &d->builder, base, CKA_DERIVE_TEMPLATE);
	if (rv == CKR_OK)
		rv = key_kind_check(c, builder_template(&d->builder), 0);
	return (rv);
}

/* secret: the value that hides more. */
static CK_RV
inherit(struct call *c, struct derived *d, const struct object *o,
    enum inheritance how, CK_ATTRIBUTE_TYPE type, bool secret)
{
	static const CK_BBOOL truth[] = {CK_FALSE, CK_TRUE};
	struct template t = builder_template(&d->builder);
	bool of_base = attr_is_true(c, o, type);
	struct view v = VIEW(&truth[of_base], sizeof(truth[0]));

	if (how == INHERITS_NOTHING)
		return (CKR_OK);
	if ((how == INHERITS_ALL ||
		(how != INHERITS_DEFAULTS && of_base == secret)) &&
	    template_bool(t, type, of_base) != of_base)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "%s of a key derived from this one is %s",
		    attribute_name(type).text, of_base ? "true" : "false"));
	if (how != INHERITS_SECRECY || of_base == secret)
		builder_set_default(&d->builder, type, v);
	return (CKR_OK);
}

CK_RV
derived_from(struct call *c, struct derived *d, const struct object *o,
    enum inheritance how)
{
	CK_RV rv;

	d->provenance.sensitive &= attr_is_true(c, o, CKA_ALWAYS_SENSITIVE);
	d->provenance.unextractable &= attr_is_true(
	    c, o, CKA_NEVER_EXTRACTABLE);
	rv = inherit(c, d, o, how, CKA_SENSITIVE, true);
	return (
	    rv == CKR_OK ? inherit(c, d, o, how, CKA_EXTRACTABLE, false) : rv);
}

CK_RV
derived_read_key(struct call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE h,
    struct object *o, struct view *value)
{
	*value = VIEW(NULL, 0);
	if (!object_get(c, h, o))
		return (CKR_KEY_HANDLE_INVALID);
	if (o->class != CKO_SECRET_KEY)
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (o->attrs == NULL || !attr_is_true(c, o, CKA_DERIVE))
		return (CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (!mech_is_allowed(mech_find(m->mechanism, CKF_DERIVE), o))
		return (CKR_MECHANISM_INVALID);
	*value = attrset_view(o->attrs, CKA_VALUE);
	return (CKR_OK);
}

CK_RV
derived_len(struct call *c, const struct derived *d, size_t natural,
    size_t max_len, size_t *len)
{
	bool key = d->target.class == CKO_SECRET_KEY;

	if (d->len == 0 && key && schema_key_length(d->target.type) != 0)
		natural = schema_key_length(d->target.type);
	*len = d->len != 0 ? d->len : natural;
	if (*len == 0 || (d->len == 0 && key &&
			     !schema_key_length_fits(d->target.type, *len)))
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "CKA_VALUE_LEN is required: nothing else tells the "
		    "length"));
	if (*len > max_len)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "this mechanism derives at most %zu bytes", max_len));
	if (key && !schema_key_length_fits(d->target.type, *len))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "a key of that type cannot have %zu bytes", *len));
	return (CKR_OK);
}

void
derived_set_value(struct derived *d, struct buf *value, size_t at, size_t len)
{
	d->value = *value;
	*value = (struct buf){.ptr = NULL};
	builder_drop(&d->builder, CKA_VALUE_LEN);
	builder_set(&d->builder, CKA_VALUE, VIEW(d->value.ptr + at, len));
}

void
derivation_show(const struct derivation *all)
{
	for (size_t i = 0; i < 2; i++)
		if (all->outputs[i].len != 0)
			memcpy(all->outputs[i].to, all->outputs[i].bytes,
			    all->outputs[i].len);
}

void
derivation_free(struct derivation *all)
{
	for (size_t i = 0; i < all->count; i++) {
		builder_free(&all->keys[i].builder);
		buf_free(&all->keys[i].value);
	}
	OPENSSL_cleanse(all->outputs, sizeof(all->outputs));
}
