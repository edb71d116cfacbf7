#include <string.h>
#include <time.h>
#include "attr.h"
#include "import.h"
#include "listing.h"
#include "find.h"
#include "mech.h"
#include "object.h"
#include "pair.h"
#include "rename.h"

/* Reads templates: what is to be made, and whether that can be. */

static CK_RV
check_place(struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count)
{
	if (!attr_bool(t, count, CKA_TOKEN, false))
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "session objects are not served: set CKA_TOKEN"));
	if (!session_is_rw(c->session))
		return (CKR_SESSION_READ_ONLY);
	return (CKR_OK);
}

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
read_end_date(
    struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count, double *valid_to)
{
	struct view v = attr_view(t, count, CKA_END_DATE);
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

/* A key in KMS has one usage; programs ask for all that they know. */
static CK_RV
check_usage(struct call *c, const struct spec *spec, const CK_ATTRIBUTE *t,
    CK_ULONG count)
{
	static const CK_ATTRIBUTE_TYPE others[] = {
	    CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE};
	bool crypts = attr_bool(t, count, CKA_ENCRYPT, false) ||
		      attr_bool(t, count, CKA_DECRYPT, false);
	bool other = false;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		other = other || attr_bool(t, count, others[i], false);
	if (other && !crypts)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "a %s key in KMS encrypts and decrypts, nothing else",
		    spec->kms));
	if (other)
		call_note(c, "of the usages asked for, the key has %s alone",
		    spec->usage);
	return (CKR_OK);
}

/* What both ways in read from a template of a key. */
static CK_RV
read_wish(
    struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count, struct import *im)
{
	CK_RV rv;

	if ((rv = check_place(c, t, count)) != CKR_OK ||
	    (rv = check_usage(c, im->spec, t, count)) != CKR_OK)
		return (rv);
	im->label = attr_view(t, count, CKA_LABEL);
	im->id = attr_view(t, count, CKA_ID);
	if (im->id.len == 0)
		im->id = VIEW(NULL, 0);
	return (read_end_date(c, t, count, &im->valid_to));
}

/* A key found by its id may be given another label with the new material. */
static CK_RV
rename_to(struct call *c, const struct import *im)
{
	CK_RV rv = CKR_OK;

	if (im->label.len != 0)
		rv = rename_key(c, im->key, NAME_LABEL, im->label);
	if (rv == CKR_OK && im->id.len != 0 && im->lock == -1)
		rv = rename_key(c, im->key, NAME_ID, im->id);
	return (rv);
}

static CK_RV
class_and_type(struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_CLASS *class, CK_KEY_TYPE *type)
{
	*class = attr_ulong(t, count, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	*type = attr_ulong(t, count, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	if (attr_find(t, count, CKA_CLASS) == NULL)
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_CLASS is missing"));
	if (*class != CKO_SECRET_KEY)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "objects of class 0x%lx cannot be made here", *class));
	if (attr_find(t, count, CKA_KEY_TYPE) == NULL)
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_KEY_TYPE is missing"));
	return (CKR_OK);
}

static CK_RV
read_material(struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count,
    struct import *im, struct view *material)
{
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_RV rv;

	if ((rv = class_and_type(c, t, count, &class, &type)) != CKR_OK ||
	    (rv = attr_check(c, t, count, class, ATTR_CREATE)) != CKR_OK)
		return (rv);
	if (attr_find(t, count, CKA_VALUE) == NULL)
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE is missing"));
	*material = attr_view(t, count, CKA_VALUE);
	if (attr_ulong(t, count, CKA_VALUE_LEN, material->len) != material->len)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_VALUE_LEN is not the length of CKA_VALUE"));
	if ((im->spec = spec_of_material(type, material->len)) == NULL)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS imports no key of type 0x%lx with %zu bytes: "
		    "an AES key has 32",
		    type, material->len));
	return (CKR_OK);
}

CK_RV
object_create(struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_HANDLE *handle)
{
	struct import im = IMPORT_INIT;
	struct view material;
	CK_RV rv;

	c->context = RV_CREATE;
	if ((rv = read_material(c, t, count, &im, &material)) != CKR_OK ||
	    (rv = read_wish(c, t, count, &im)) != CKR_OK)
		return (rv);
	if ((rv = import_open(c, &im)) == CKR_OK &&
	    (rv = import_material(c, &im, material)) == CKR_OK &&
	    (rv = rename_to(c, &im)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, im.key->meta.id, im.spec->class);
	return (import_close(c, &im, rv));
}

static CK_RV
read_unwrap(
    struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count, struct import *im)
{
	const struct spec *spec = im->key->spec;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_RV rv;

	if ((rv = class_and_type(c, t, count, &class, &type)) != CKR_OK ||
	    (rv = attr_check(c, t, count, class, ATTR_UNWRAP)) != CKR_OK)
		return (rv);
	im->spec = spec;
	if (class != spec->class || type != spec->type ||
	    attr_ulong(t, count, CKA_VALUE_LEN, spec->bits / 8) !=
		spec->bits / 8)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "key %s takes %s material", im->key->meta.id, spec->kms));
	if ((rv = read_wish(c, t, count, im)) != CKR_OK ||
	    (rv = rename_check(c, im->key, NAME_LABEL, im->label)) != CKR_OK)
		return (rv);
	return (rename_check(c, im->key, NAME_ID, im->id));
}

CK_RV
object_unwrap(struct call *c, const CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    struct view wrapped, const CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_HANDLE *handle)
{
	struct import im = IMPORT_INIT;
	struct object o;
	CK_RV rv;

	c->context = RV_UNWRAP;
	if (mech_find(c, m->mechanism, CKF_UNWRAP) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (!store_get(&c->token->store, with, &o))
		return (CKR_UNWRAPPING_KEY_HANDLE_INVALID);
	im.key = o.key;
	if (o.class != CKO_PRIVATE_KEY)
		rv = CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT;
	else if (!key_is_pending(o.key))
		rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
	else
		rv = read_unwrap(c, t, count, &im);
	if (rv == CKR_OK &&
	    (rv = import_wrapped(c, &im, m, wrapped)) == CKR_OK &&
	    (rv = rename_to(c, &im)) == CKR_OK)
		*handle = store_handle(
		    &c->token->store, im.key->meta.id, im.spec->class);
	return (import_close(c, &im, rv));
}

/* Both templates name the pair; they may not contradict each other. */
static CK_RV
pick_name(struct call *c, const struct templates *ts, CK_ATTRIBUTE_TYPE type,
    struct view *name)
{
	struct view a = attr_view(ts->private, ts->private_count, type);
	struct view b = attr_view(ts->public, ts->public_count, type);

	if (a.len != 0 && b.len != 0 && !view_equal(a, b))
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "the halves of an import pair have one label and one id"));
	*name = a.len != 0 ? a : b.len != 0 ? b : VIEW(NULL, 0);
	return (CKR_OK);
}

/* RSA, to unwrap and for nothing else. */
static CK_RV
check_pair(struct call *c, const struct templates *ts)
{
	const CK_ATTRIBUTE *t = ts->private;
	CK_ULONG n = ts->private_count;
	CK_RV rv;

	if ((rv = attr_check(c, ts->public, ts->public_count, CKO_PUBLIC_KEY,
		 ATTR_GENERATE)) != CKR_OK ||
	    (rv = attr_check(c, t, n, CKO_PRIVATE_KEY, ATTR_GENERATE)) !=
		CKR_OK ||
	    (rv = check_place(c, t, n)) != CKR_OK)
		return (rv);
	if (!attr_bool(t, n, CKA_UNWRAP, false) ||
	    attr_bool(t, n, CKA_SIGN, false) ||
	    attr_bool(t, n, CKA_DECRYPT, false) ||
	    attr_bool(t, n, CKA_DERIVE, false))
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "only import pairs are made: the private key with "
		    "CKA_UNWRAP, without CKA_SIGN and CKA_DECRYPT "
		    "(pkcs11-tool: --usage-wrap)"));
	if (attr_ulong(t, n, CKA_KEY_TYPE, CKK_RSA) != CKK_RSA ||
	    attr_ulong(ts->public, ts->public_count, CKA_KEY_TYPE, CKK_RSA) !=
		CKK_RSA)
		return (CKR_TEMPLATE_INCONSISTENT);
	return (CKR_OK);
}

static CK_RV
check_bits(struct call *c, const struct templates *ts, CK_ULONG *bits)
{
	*bits = attr_ulong(ts->public, ts->public_count, CKA_MODULUS_BITS, 0);
	if (attr_find(ts->public, ts->public_count, CKA_MODULUS_BITS) == NULL)
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_MODULUS_BITS is missing"));
	if (*bits != 2048 && *bits != 3072 && *bits != 4096)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS's wrapping keys have 2048, 3072 or 4096 bits"));
	return (CKR_OK);
}

CK_RV
object_generate_pair(struct call *c, const CK_MECHANISM *m,
    const struct templates *ts, CK_OBJECT_HANDLE *public,
    CK_OBJECT_HANDLE *private)
{
	struct import im = IMPORT_INIT;
	CK_ULONG bits;
	CK_RV rv;
	enum err e;

	c->context = RV_CREATE;
	if (mech_find(c, m->mechanism, CKF_GENERATE_KEY_PAIR) == NULL)
		return (CKR_MECHANISM_INVALID);
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	/* what will be imported: an AES-256 key */
	im.spec = spec_of_material(CKK_AES, 32);
	if ((rv = check_pair(c, ts)) != CKR_OK ||
	    (rv = check_bits(c, ts, &bits)) != CKR_OK ||
	    (rv = pick_name(c, ts, CKA_LABEL, &im.label)) != CKR_OK ||
	    (rv = pick_name(c, ts, CKA_ID, &im.id)) != CKR_OK)
		return (rv);
	if ((rv = import_open(c, &im)) != CKR_OK)
		return (import_close(c, &im, rv));
	if (!key_is_pending(im.key))
		rv = call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s has its material already", im.key->meta.id);
	else if ((e = pair_choose(c, im.key, "", bits)) != ERR_OK)
		rv = call_fail(c, e);
	if (rv == CKR_OK) {
		*public = store_handle(
		    &c->token->store, im.key->meta.id, CKO_PUBLIC_KEY);
		*private = store_handle(
		    &c->token->store, im.key->meta.id, CKO_PRIVATE_KEY);
	}
	return (import_close(c, &im, rv));
}
