#include <string.h>
#include <time.h>
#include "attr.h"
#include "certs.h"
#include "import.h"
#include "listing.h"
#include "find.h"
#include "local.h"
#include "mech.h"
#include "object.h"
#include "pair.h"
#include "rename.h"
#include "wish.h"

/* Reads templates: what is to be made, and whether that can be. */

static int
digits(const CK_CHAR *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		v = v * 10 + (s[i] - '0');
	}
	return (v);
}

/* CKA_END_DATE is the last day, in UTC, that the material is good. */
static CK_RV
read_end_date(struct call *c, struct template t, double *valid_to)
{
	struct view v = template_view(t, CKA_END_DATE);
	struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59};
	struct tm asked;
	time_t at;

	if (v.len == 0)
		return (CKR_OK);
	tm.tm_year = digits(v.ptr, 4) - 1900;
	tm.tm_mon = digits(v.ptr + 4, 2) - 1;
	tm.tm_mday = digits(v.ptr + 6, 2);
	asked = tm;
	at = timegm(&tm);
	/* timegm() makes a date of anything: the 31st of February, too */
	if (at <= 0 || tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon)
		return (call_refuse(
		    c, CKR_ATTRIBUTE_VALUE_INVALID, "CKA_END_DATE is no date"));
	if ((int64_t)at * 1000 <=
	    c->module->clock->wall_ms(c->module->clock->ctx))
		return (call_refuse(
		    c, CKR_ATTRIBUTE_VALUE_INVALID, "CKA_END_DATE is over"));
	*valid_to = (double)at;
	return (CKR_OK);
}

/* What both ways in read from a template of a key. */
static CK_RV
read_wish(struct call *c, struct template t, struct fresh *im)
{
	CK_RV rv;

	if ((rv = wish_place(c, t)) != CKR_OK ||
	    (rv = wish_use(c, im->spec, wish_uses(t), &im->use)) != CKR_OK)
		return (rv);
	im->label = template_view(t, CKA_LABEL);
	im->id = template_view(t, CKA_ID);
	if (im->id.len == 0)
		im->id = VIEW(NULL, 0);
	return (read_end_date(c, t, &im->valid_to));
}

/* A key found by its id may be given another label with the new material. */
static CK_RV
rename_to(struct call *c, const struct fresh *im)
{
	CK_RV rv = CKR_OK;

	if (im->label.len != 0)
		rv = rename_key(c, im->key, NAME_LABEL, im->label);
	if (rv == CKR_OK && im->id.len != 0 && im->lock == -1)
		rv = rename_key(c, im->key, NAME_ID, im->id);
	return (rv);
}

static CK_RV
class_and_type(struct call *c, struct template t, struct attr_target *target)
{
	target->class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	target->type = template_ulong(
	    t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	if (!template_has(t, CKA_CLASS))
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_CLASS is missing"));
	if (target->class != CKO_SECRET_KEY)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "objects of class 0x%lx cannot be made here",
		    target->class));
	if (!template_has(t, CKA_KEY_TYPE))
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_KEY_TYPE is missing"));
	return (CKR_OK);
}

static CK_RV
read_material(
    struct call *c, struct template t, struct fresh *im, struct view *material)
{
	struct attr_target target = {.purpose = ATTR_CREATE, .token = true};
	CK_RV rv;

	if ((rv = class_and_type(c, t, &target)) != CKR_OK ||
	    (rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	if (!template_has(t, CKA_VALUE))
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE is missing"));
	*material = template_view(t, CKA_VALUE);
	if (template_ulong(t, CKA_VALUE_LEN, material->len) != material->len)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_VALUE_LEN is not the length of CKA_VALUE"));
	im->spec = spec_of_secret(target.type, material->len, 0);
	if (im->spec == NULL)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS imports no key of type 0x%lx with %zu bytes: "
		    "an AES key has 32",
		    target.type, material->len));
	return (CKR_OK);
}

static CK_RV
create_in_kms(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct fresh im = FRESH_INIT;
	struct view material;
	CK_RV rv;

	if ((rv = read_material(c, t, &im, &material)) != CKR_OK ||
	    (rv = read_wish(c, t, &im)) != CKR_OK)
		return (rv);
	if ((rv = fresh_open(c, &im)) == CKR_OK &&
	    (rv = import_material(c, &im, material)) == CKR_OK &&
	    (rv = rename_to(c, &im)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, im.key->meta.id, im.spec->class);
	return (fresh_close(c, &im, rv));
}

CK_RV
object_make(struct call *c, struct template t, const struct origin *origin,
    CK_OBJECT_HANDLE *handle)
{
	if (!template_bool(t, CKA_TOKEN, false))
		return (local_make(c, t, origin, handle));
	return (create_in_kms(c, t, handle));
}

CK_RV
object_create(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	c->context = RV_CREATE;
	if (template_ulong(t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) ==
	    CKO_CERTIFICATE)
		return (certs_create(c, t, handle));
	return (object_make(c, t, NULL, handle));
}

static CK_RV
read_unwrap(struct call *c, struct template t, struct fresh *im)
{
	struct attr_target target = {.purpose = ATTR_UNWRAP, .token = true};
	const struct spec *spec = im->key->spec;
	CK_RV rv;

	if ((rv = class_and_type(c, t, &target)) != CKR_OK ||
	    (rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	im->spec = spec;
	if (target.class != spec->class || target.type != spec->type ||
	    template_ulong(t, CKA_VALUE_LEN, spec->bits / 8) != spec->bits / 8)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "key %s takes %s material", im->key->meta.id, spec->kms));
	if ((rv = read_wish(c, t, im)) != CKR_OK ||
	    (rv = rename_check(c, im->key, NAME_LABEL, im->label)) != CKR_OK)
		return (rv);
	return (rename_check(c, im->key, NAME_ID, im->id));
}

CK_RV
object_unwrap(struct call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    struct view wrapped, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct fresh im = FRESH_INIT;
	struct object o;
	CK_RV rv;

	c->context = RV_UNWRAP;
	if (mech_find(m->mechanism, CKF_UNWRAP) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!object_get(c, with, &o))
		return (CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	if (o.class != CKO_PRIVATE_KEY || o.key == NULL)
		rv = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	else if (!key_is_pending(o.key))
		rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
	else {
		im.key = key_ref(o.key);
		rv = read_unwrap(c, t, &im);
	}
	object_put(&o);
	if (rv == CKR_OK &&
	    (rv = import_wrapped(c, &im, m, wrapped)) == CKR_OK &&
	    (rv = rename_to(c, &im)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, im.key->meta.id, im.spec->class);
	return (fresh_close(c, &im, rv));
}

static CK_RV
check_pair(struct call *c, struct template public_t, struct template private_t)
{
	struct attr_target target = {
	    CKO_PUBLIC_KEY, CKK_RSA, ATTR_GENERATE, true};
	CK_RV rv;

	if ((rv = attr_check(c, public_t, target)) != CKR_OK)
		return (rv);
	target.class = CKO_PRIVATE_KEY;
	if ((rv = attr_check(c, private_t, target)) != CKR_OK ||
	    (rv = wish_place(c, private_t)) != CKR_OK)
		return (rv);
	if (template_ulong(private_t, CKA_KEY_TYPE, CKK_RSA) != CKK_RSA ||
	    template_ulong(public_t, CKA_KEY_TYPE, CKK_RSA) != CKK_RSA)
		return (CKR_TEMPLATE_INCONSISTENT);
	return (CKR_OK);
}

static CK_RV
check_bits(struct call *c, struct template public_t, CK_ULONG *bits)
{
	*bits = template_ulong(public_t, CKA_MODULUS_BITS, 0);
	if (!template_has(public_t, CKA_MODULUS_BITS))
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_MODULUS_BITS is missing"));
	if (*bits != 2048 && *bits != 3072 && *bits != 4096)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS's wrapping keys have 2048, 3072 or 4096 bits"));
	return (CKR_OK);
}

CK_RV
object_make_import_pair(struct call *c, const CK_MECHANISM *m,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct fresh im = FRESH_INIT;
	CK_ULONG bits;
	CK_RV rv;
	enum err e;

	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	/* what will be imported: an AES-256 key */
	im.spec = spec_of_secret(CKK_AES, 32, 0);
	im.use = USE_CRYPT;
	if ((rv = check_pair(c, public_t, private_t)) != CKR_OK ||
	    (rv = check_bits(c, public_t, &bits)) != CKR_OK ||
	    (rv = wish_name(c, public_t, private_t, CKA_LABEL, &im.label)) !=
		CKR_OK ||
	    (rv = wish_name(c, public_t, private_t, CKA_ID, &im.id)) != CKR_OK)
		return (rv);
	if ((rv = fresh_open(c, &im)) != CKR_OK)
		return (fresh_close(c, &im, rv));
	if (!key_is_pending(im.key))
		rv = call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s has its material already", im.key->meta.id);
	else if ((e = pair_choose(c, im.key, "", bits)) != ERR_OK)
		rv = call_fail(c, e);
	if (rv == CKR_OK) {
		*public_key = store_handle(
		    &c->token->store, im.key->meta.id, CKO_PUBLIC_KEY);
		*private_key = store_handle(
		    &c->token->store, im.key->meta.id, CKO_PRIVATE_KEY);
	}
	return (fresh_close(c, &im, rv));
}
