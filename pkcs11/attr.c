#include <string.h>
#include <time.h>
#include "attr.h"
#include "keyferry.h"
#include "listing.h"
#include "mech.h"
#include "names.h"
#include "pair.h"

#define VALUE_MAX 8192 /* of any attribute that is read */

enum form { FORM_BOOL, FORM_ULONG, FORM_BYTES, FORM_DATE };

/* Objects that a row is on. */
enum { ON_SECRET = 1, ON_PRIVATE = 2, ON_PUBLIC = 4 };
#define ON_HIDDEN (ON_SECRET | ON_PRIVATE)
#define ON_PAIR (ON_PRIVATE | ON_PUBLIC)
#define ON_KEYS (ON_SECRET | ON_PAIR)

/* Templates that may hold it, one bit a purpose; and two more words. */
#define MAY(purpose) (1U << ATTR_##purpose)
#define MAY_MAKE (MAY(CREATE) | MAY(UNWRAP) | MAY(GENERATE))
#define HIDDEN 0x100U /* reading it is CKR_ATTRIBUTE_SENSITIVE */
#define NEVER_TRUE 0x200U /* no key in KMS is that: a template must not ask */

/* Truths about an object: what the boolean attributes are read from. */
enum fact {
	YES = 1 << 0,
	NO = 0,
	LOCAL = 1 << 1, /* the key was made in KMS */
	CRYPTS = 1 << 2, /* encrypts, decrypts */
	WRAPS = 1 << 3, /* half of an import pair: wraps, unwraps */
	MULTI_REGION = 1 << 4,
};

struct attr {
	CK_ATTRIBUTE_TYPE type;
	enum form form;
	unsigned on, may;
	enum fact fact; /* FORM_BOOL */
	CK_RV (*read)(struct call *, const struct object *, struct buf *);
};

static CK_RV
put(struct call *c, struct buf *out, struct view v)
{
	enum err e = buf_append(out, v);

	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
put_ulong(struct call *c, struct buf *out, CK_ULONG v)
{
	return (put(c, out, VIEW(&v, sizeof(v))));
}

static CK_RV
read_empty(struct call *c, const struct object *o, struct buf *out)
{
	(void)c, (void)o, (void)out;
	return (CKR_OK);
}

static CK_RV
read_class(struct call *c, const struct object *o, struct buf *out)
{
	return (put_ulong(c, out, o->class));
}

static CK_RV
read_key_type(struct call *c, const struct object *o, struct buf *out)
{
	return (put_ulong(
	    c, out, key_is_pending(o->key) ? CKK_RSA : o->key->spec->type));
}

static CK_RV
read_value_len(struct call *c, const struct object *o, struct buf *out)
{
	return (put_ulong(c, out, o->key->spec->bits / 8));
}

static CK_RV
read_unique_id(struct call *c, const struct object *o, struct buf *out)
{
	return (put(c, out, view_str(o->key->meta.arn)));
}

static CK_RV
read_name(struct call *c, const struct object *o, enum name_kind kind,
    struct buf *out)
{
	struct key *k = NULL;
	uint8_t id[16];
	CK_RV rv;

	if ((rv = listing_name(c, o->key, kind, &k)) != CKR_OK)
		return (rv);
	if (!name_from_alias(
		kind, kind == NAME_ID ? k->names.id : k->names.label, out) &&
	    kind == NAME_ID && name_default_id(k->meta.id, id))
		rv = put(c, out, VIEW(id, sizeof(id)));
	key_unref(k);
	return (rv);
}

static CK_RV
read_label(struct call *c, const struct object *o, struct buf *out)
{
	return (read_name(c, o, NAME_LABEL, out));
}

static CK_RV
read_id(struct call *c, const struct object *o, struct buf *out)
{
	return (read_name(c, o, NAME_ID, out));
}

/* ValidTo as CK_DATE: the day, in UTC, on which the material expires. */
static CK_RV
read_end_date(struct call *c, const struct object *o, struct buf *out)
{
	time_t t = (time_t)o->key->meta.valid_to;
	struct tm tm;
	char text[sizeof("YYYYMMDD")];

	if (t == 0 || key_is_pending(o->key))
		return (CKR_OK);
	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y%m%d", &tm) != sizeof(CK_DATE))
		return (call_fail(c, ERR_REPLY));
	return (put(c, out, VIEW(text, sizeof(CK_DATE))));
}

static CK_RV
read_gen_mechanism(struct call *c, const struct object *o, struct buf *out)
{
	if (key_is_pending(o->key))
		return (put_ulong(c, out, CKM_RSA_PKCS_KEY_PAIR_GEN));
	if (key_is_imported(o->key))
		return (put_ulong(c, out, CK_UNAVAILABLE_INFORMATION));
	return (put_ulong(c, out, CKM_AES_KEY_GEN));
}

static CK_RV
read_allowed(struct call *c, const struct object *o, struct buf *out)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < mech_count && rv == CKR_OK; i++)
		if (mech_is_served(&mechs[i], c) && mech_serves(&mechs[i], o))
			rv = put_ulong(c, out, mechs[i].type);
	return (rv);
}

static CK_RV
read_state(struct call *c, const struct object *o, struct buf *out)
{
	return (put(c, out, view_str(o->key->meta.state)));
}

static CK_RV
read_origin(struct call *c, const struct object *o, struct buf *out)
{
	return (put(c, out, view_str(o->key->meta.origin)));
}

static CK_RV
read_expiration_model(struct call *c, const struct object *o, struct buf *out)
{
	return (put(c, out, view_str(o->key->meta.expiration_model)));
}

static CK_RV
read_material_id(struct call *c, const struct object *o, struct buf *out)
{
	return (put(c, out, view_str(o->key->meta.material_id)));
}

static CK_RV
read_description(struct call *c, const struct object *o, struct buf *out)
{
	return (put(c, out, buf_view(&o->key->meta.description)));
}

static CK_RV
read_valid_to(struct call *c, const struct object *o, struct buf *out)
{
	if (o->key->meta.valid_to <= 0)
		return (CKR_OK);
	return (put_ulong(c, out, (CK_ULONG)o->key->meta.valid_to));
}

/* clang-format off */
static const struct attr attrs[] = {
	/* type, form, on, templates; fact or reader */
	{ CKA_CLASS, FORM_ULONG, ON_KEYS, MAY_MAKE, NO, read_class },
	{ CKA_TOKEN, FORM_BOOL, ON_KEYS, MAY_MAKE, YES, NULL },
	{ CKA_PRIVATE, FORM_BOOL, ON_KEYS, MAY_MAKE, NO, NULL },
	{ CKA_MODIFIABLE, FORM_BOOL, ON_KEYS, MAY_MAKE, YES, NULL },
	{ CKA_COPYABLE, FORM_BOOL, ON_KEYS, MAY_MAKE, NO, NULL },
	{ CKA_DESTROYABLE, FORM_BOOL, ON_KEYS, MAY_MAKE, YES, NULL },
	{ CKA_LABEL, FORM_BYTES, ON_KEYS, MAY_MAKE | MAY(SET), NO, read_label },
	{ CKA_UNIQUE_ID, FORM_BYTES, ON_KEYS, 0, NO, read_unique_id },
	{ CKA_KEY_TYPE, FORM_ULONG, ON_KEYS, MAY_MAKE, NO, read_key_type },
	{ CKA_ID, FORM_BYTES, ON_KEYS, MAY_MAKE | MAY(SET), NO, read_id },
	{ CKA_START_DATE, FORM_DATE, ON_KEYS, MAY_MAKE, NO, read_empty },
	{ CKA_END_DATE, FORM_DATE, ON_KEYS, MAY_MAKE, NO, read_end_date },
	{ CKA_LOCAL, FORM_BOOL, ON_KEYS, 0, LOCAL, NULL },
	{ CKA_KEY_GEN_MECHANISM, FORM_ULONG, ON_KEYS, 0, NO, read_gen_mechanism },
	{ CKA_ALLOWED_MECHANISMS, FORM_BYTES, ON_KEYS, MAY_MAKE, NO, read_allowed },

	{ CKA_ENCRYPT, FORM_BOOL, ON_SECRET | ON_PUBLIC, MAY_MAKE, CRYPTS, NULL },
	{ CKA_DECRYPT, FORM_BOOL, ON_HIDDEN, MAY_MAKE, CRYPTS, NULL },
	{ CKA_SIGN, FORM_BOOL, ON_HIDDEN, MAY_MAKE, NO, NULL },
	{ CKA_SIGN_RECOVER, FORM_BOOL, ON_PRIVATE, MAY_MAKE, NO, NULL },
	{ CKA_VERIFY, FORM_BOOL, ON_SECRET | ON_PUBLIC, MAY_MAKE, NO, NULL },
	{ CKA_VERIFY_RECOVER, FORM_BOOL, ON_PUBLIC, MAY_MAKE, NO, NULL },
	{ CKA_WRAP, FORM_BOOL, ON_SECRET | ON_PUBLIC, MAY_MAKE, WRAPS, NULL },
	{ CKA_UNWRAP, FORM_BOOL, ON_HIDDEN, MAY_MAKE, WRAPS, NULL },
	{ CKA_DERIVE, FORM_BOOL, ON_KEYS, MAY_MAKE, NO, NULL },
	{ CKA_TRUSTED, FORM_BOOL, ON_SECRET | ON_PUBLIC, MAY_MAKE | NEVER_TRUE, NO, NULL },
	{ CKA_ALWAYS_AUTHENTICATE, FORM_BOOL, ON_PRIVATE, MAY_MAKE | NEVER_TRUE, NO, NULL },

	{ CKA_SENSITIVE, FORM_BOOL, ON_HIDDEN, MAY_MAKE, YES, NULL },
	{ CKA_EXTRACTABLE, FORM_BOOL, ON_HIDDEN, MAY_MAKE | NEVER_TRUE, NO, NULL },
	{ CKA_ALWAYS_SENSITIVE, FORM_BOOL, ON_HIDDEN, 0, LOCAL, NULL },
	{ CKA_NEVER_EXTRACTABLE, FORM_BOOL, ON_HIDDEN, 0, LOCAL, NULL },
	{ CKA_WRAP_WITH_TRUSTED, FORM_BOOL, ON_HIDDEN, MAY_MAKE | NEVER_TRUE, NO, NULL },
	{ CKA_VALUE, FORM_BYTES, ON_SECRET, MAY(CREATE) | HIDDEN, NO, NULL },
	{ CKA_VALUE_LEN, FORM_ULONG, ON_SECRET, MAY_MAKE, NO, read_value_len },

	{ CKA_SUBJECT, FORM_BYTES, ON_PAIR, MAY_MAKE, NO, read_empty },
	{ CKA_MODULUS, FORM_BYTES, ON_PAIR, 0, NO, pair_read_modulus },
	{ CKA_MODULUS_BITS, FORM_ULONG, ON_PUBLIC, MAY(GENERATE), NO, pair_read_bits },
	{ CKA_PUBLIC_EXPONENT, FORM_BYTES, ON_PAIR, MAY(GENERATE), NO, pair_read_exponent },
	{ CKA_PUBLIC_KEY_INFO, FORM_BYTES, ON_PAIR, 0, NO, pair_read_info },
	{ CKA_PRIVATE_EXPONENT, FORM_BYTES, ON_PRIVATE, HIDDEN, NO, NULL },
	{ CKA_PRIME_1, FORM_BYTES, ON_PRIVATE, HIDDEN, NO, NULL },
	{ CKA_PRIME_2, FORM_BYTES, ON_PRIVATE, HIDDEN, NO, NULL },
	{ CKA_EXPONENT_1, FORM_BYTES, ON_PRIVATE, HIDDEN, NO, NULL },
	{ CKA_EXPONENT_2, FORM_BYTES, ON_PRIVATE, HIDDEN, NO, NULL },
	{ CKA_COEFFICIENT, FORM_BYTES, ON_PRIVATE, HIDDEN, NO, NULL },

	{ CKA_KEYFERRY_KEY_STATE, FORM_BYTES, ON_KEYS, 0, NO, read_state },
	{ CKA_KEYFERRY_ORIGIN, FORM_BYTES, ON_KEYS, 0, NO, read_origin },
	{ CKA_KEYFERRY_EXPIRATION_MODEL, FORM_BYTES, ON_KEYS, 0, NO, read_expiration_model },
	{ CKA_KEYFERRY_VALID_TO, FORM_ULONG, ON_KEYS, 0, NO, read_valid_to },
	{ CKA_KEYFERRY_KEY_MATERIAL_ID, FORM_BYTES, ON_KEYS, 0, NO, read_material_id },
	{ CKA_KEYFERRY_MULTI_REGION, FORM_BOOL, ON_KEYS, 0, MULTI_REGION, NULL },
	{ CKA_KEYFERRY_DESCRIPTION, FORM_BYTES, ON_KEYS, 0, NO, read_description },
};
/* clang-format on */
#define ATTR_COUNT (sizeof(attrs) / sizeof(attrs[0]))

static unsigned
kind_of(CK_OBJECT_CLASS class)
{
	return (class == CKO_SECRET_KEY	   ? ON_SECRET
		: class == CKO_PRIVATE_KEY ? ON_PRIVATE
		: class == CKO_PUBLIC_KEY  ? ON_PUBLIC
					   : 0);
}

static const struct attr *
row_find(CK_ATTRIBUTE_TYPE type, CK_OBJECT_CLASS class)
{
	for (size_t i = 0; i < ATTR_COUNT; i++)
		if (attrs[i].type == type && (attrs[i].on & kind_of(class)))
			return (&attrs[i]);
	return (NULL);
}

static unsigned
facts(const struct object *o)
{
	unsigned f = YES;

	if (key_is_pending(o->key))
		f |= WRAPS | LOCAL;
	else if (!key_is_imported(o->key))
		f |= LOCAL;
	if (!key_is_pending(o->key) &&
	    strcmp(o->key->meta.usage, "ENCRYPT_DECRYPT") == 0)
		f |= CRYPTS;
	if (o->key->meta.multi_region == JSON_TRUE)
		f |= MULTI_REGION;
	return (f);
}

CK_RV
attr_get(struct call *c, const struct object *o, CK_ATTRIBUTE_TYPE type,
    struct buf *out)
{
	const struct attr *a = row_find(type, o->class);
	CK_BBOOL truth;

	buf_reset(out);
	if (a == NULL)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if (a->may & HIDDEN)
		return (CKR_ATTRIBUTE_SENSITIVE);
	if (a->read != NULL)
		return (a->read(c, o, out));
	truth = (facts(o) & a->fact) != 0 ? CK_TRUE : CK_FALSE;
	return (put(c, out, VIEW(&truth, sizeof(truth))));
}

static CK_RV
fill_one(
    struct call *c, const struct object *o, CK_ATTRIBUTE *a, struct buf *value)
{
	CK_ULONG room = a->ulValueLen;
	CK_RV rv;

	a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	if ((rv = attr_get(c, o, a->type, value)) != CKR_OK)
		return (rv);
	if (a->pValue != NULL && room < value->len)
		return (CKR_BUFFER_TOO_SMALL);
	a->ulValueLen = value->len;
	if (a->pValue != NULL && value->len != 0)
		memcpy(a->pValue, value->ptr, value->len);
	return (CKR_OK);
}

CK_RV
attr_fill(
    struct call *c, const struct object *o, CK_ATTRIBUTE *t, CK_ULONG count)
{
	struct buf value = BUF_INIT(VALUE_MAX);
	CK_RV rv = CKR_OK, one;

	for (CK_ULONG i = 0; i < count; i++) {
		one = fill_one(c, o, &t[i], &value);
		if (rv == CKR_OK)
			rv = one;
	}
	buf_free(&value);
	return (rv);
}

bool
attr_match(struct call *c, const struct object *o, const CK_ATTRIBUTE *t,
    CK_ULONG count)
{
	struct buf value = BUF_INIT(VALUE_MAX);
	bool same = true;

	for (CK_ULONG i = 0; i < count && same; i++)
		same = attr_get(c, o, t[i].type, &value) == CKR_OK &&
		       view_equal(buf_view(&value),
			   VIEW(t[i].pValue, t[i].ulValueLen));
	buf_free(&value);
	return (same);
}

static bool
size_fits(const struct attr *a, const CK_ATTRIBUTE *t)
{
	switch (a->form) {
	case FORM_BOOL:
		return (t->ulValueLen == sizeof(CK_BBOOL));
	case FORM_ULONG:
		return (t->ulValueLen == sizeof(CK_ULONG));
	case FORM_DATE:
		return (t->ulValueLen == 0 || t->ulValueLen == sizeof(CK_DATE));
	case FORM_BYTES:
		return (true);
	}
	return (false);
}

static CK_RV
check_one(struct call *c, const CK_ATTRIBUTE *t, CK_OBJECT_CLASS class,
    enum attr_purpose purpose)
{
	const struct attr *a = row_find(t->type, class);

	if (a == NULL)
		return (call_refuse(c, CKR_ATTRIBUTE_TYPE_INVALID,
		    "attribute 0x%lx is unknown for this class", t->type));
	if ((t->pValue == NULL && t->ulValueLen != 0) || !size_fits(a, t))
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "attribute 0x%lx has a value of the wrong size", t->type));
	if ((a->may & (1U << purpose)) == 0)
		return (call_refuse(c, CKR_ATTRIBUTE_READ_ONLY,
		    "attribute 0x%lx cannot be set", t->type));
	if ((a->may & NEVER_TRUE) && *(const CK_BBOOL *)t->pValue != CK_FALSE)
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "attribute 0x%lx cannot be true for a key in KMS",
		    t->type));
	return (CKR_OK);
}

CK_RV
attr_check(struct call *c, const CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_CLASS class, enum attr_purpose purpose)
{
	CK_RV rv;

	for (CK_ULONG i = 0; i < count; i++) {
		if ((rv = check_one(c, &t[i], class, purpose)) != CKR_OK)
			return (rv);
		if (attr_find(t, i, t[i].type) != NULL)
			return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
			    "attribute 0x%lx is there twice", t[i].type));
	}
	return (CKR_OK);
}

const CK_ATTRIBUTE *
attr_find(const CK_ATTRIBUTE *t, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (t[i].type == type)
			return (&t[i]);
	return (NULL);
}

struct view
attr_view(const CK_ATTRIBUTE *t, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = attr_find(t, count, type);

	return (a == NULL ? VIEW(NULL, 0) : VIEW(a->pValue, a->ulValueLen));
}

CK_ULONG
attr_ulong(const CK_ATTRIBUTE *t, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
    CK_ULONG absent)
{
	const CK_ATTRIBUTE *a = attr_find(t, count, type);
	CK_ULONG v = absent;

	if (a != NULL && a->pValue != NULL && a->ulValueLen == sizeof(v))
		memcpy(&v, a->pValue, sizeof(v));
	return (v);
}

bool
attr_bool(
    const CK_ATTRIBUTE *t, CK_ULONG count, CK_ATTRIBUTE_TYPE type, bool absent)
{
	const CK_ATTRIBUTE *a = attr_find(t, count, type);

	return (
	    a == NULL || a->pValue == NULL || a->ulValueLen != sizeof(CK_BBOOL)
		? absent
		: *(const CK_BBOOL *)a->pValue != CK_FALSE);
}
