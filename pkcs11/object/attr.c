#include <string.h>
#include "cryptoki/constants.h"
#include "attr-rows.h"
#include "attr.h"
#include "token/login.h"
#include "keydata/hash.h"
#include "x509.h"

#define VALUE_MAX ATTRSET_VALUE_MAX /* of any attribute that is read */

/* The bits of ON_... that class and type stand for. */
static unsigned
on_bits(CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	unsigned on = ON_PAIR;

	switch (type) {
	case CKK_RSA:
		on = ON_RSA;
		break;
	case CKK_EC:
	case CKK_EC_EDWARDS:
	case CKK_EC_MONTGOMERY:
		on = ON_EC;
		break;
	case CKK_ML_DSA:
	case CKK_ML_KEM:
		on = ON_PQ;
		break;
	case CKK_DSA:
		on = ON_DSA;
		break;
	case CKK_DH:
		on = ON_DH;
		break;
	}
	switch (class) {
	case CKO_SECRET_KEY:
		return (ON_SECRET);
	case CKO_PRIVATE_KEY:
		return (on & ON_PRIVATE);
	case CKO_PUBLIC_KEY:
		return (on & ON_PUBLIC);
	case CKO_DOMAIN_PARAMETERS:
		return (on & ON_PARAMETERS);
	case CKO_DATA:
		return (ON_DATA);
	case CKO_CERTIFICATE:
		return (ON_CERTIFICATE);
	case CKO_PROFILE:
		return (ON_PROFILE);
	}
	return (0);
}

static const struct attr *
row_find(CK_ATTRIBUTE_TYPE type, unsigned on)
{
	for (size_t i = 0; i < attr_count; i++)
		if (attrs[i].type == type && (attrs[i].on & on) != 0)
			return (&attrs[i]);
	return (NULL);
}

bool
attr_is_sensitive_value(
    CK_OBJECT_CLASS class, CK_KEY_TYPE key, CK_ATTRIBUTE_TYPE type)
{
	const struct attr *a = row_find(type, on_bits(class, key));

	return (a != NULL && (a->may & SENSITIVE) != 0);
}

bool
attr_is_template(CK_ATTRIBUTE_TYPE type)
{
	const struct attr *a = row_find(type, ON_ALL);

	return (a != NULL && a->form == FORM_TEMPLATE);
}

static unsigned
facts(const struct object *o)
{
	static const struct {
		enum key_usage usage;
		unsigned facts; /* enum fact */
	} rows[] = {{ENCRYPT_DECRYPT, FACT_ENCRYPTS | FACT_WRAPS},
	    {SIGN_VERIFY, FACT_SIGNS}, {GENERATE_VERIFY_MAC, FACT_SIGNS},
	    {KEY_AGREEMENT, FACT_DERIVES},
	    {ENCAPSULATE_DECAPSULATE, FACT_ENCAPSULATES}};
	unsigned f = FACT_TRUE;

	if (login_is_private(o))
		f |= FACT_PRIVATE;
	if (o->key->meta.multi_region == JSON_TRUE)
		f |= FACT_MULTI_REGION;
	if (!o->is_renewal && !key_is_pending_deletion(o->key))
		f |= FACT_MODIFIABLE;
	if (o->is_pair)
		return (f | FACT_WRAPS | FACT_LOCAL);
	if (key_is_made_by_kms(o->key))
		f |= FACT_LOCAL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (key_for_usage(o->key, rows[i].usage) != NULL)
			f |= rows[i].facts;
	return (f);
}

/* Apart from the other facts: KMS may have to be asked. */
static bool
is_fact(struct call *c, const struct object *o, unsigned fact)
{
	if (fact != FACT_DESTROYABLE)
		return ((facts(o) & fact) != 0);
	return (o->is_renewal || o->class == CKO_PUBLIC_KEY ||
		object_why_not_destroyable(c, o->key) == NULL);
}

static CK_RV
get_from_kms(struct call *c, const struct object *o, const struct attr *a,
    struct buf *out)
{
	if ((a->may & SENSITIVE) != 0)
		return (CKR_ATTRIBUTE_SENSITIVE);
	if (a->read != NULL)
		return (a->read(c, o, out));
	if (a->form != FORM_BOOL)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	return (attr_put_bool(c, out, is_fact(c, o, a->fact)));
}

static CK_RV
get_from_attrset(struct call *c, const struct object *o, const struct attr *a,
    struct buf *out)
{
	const struct attrset *b = o->attrs;
	struct view v;

	if ((a->may & SENSITIVE) != 0 &&
	    (attrset_bool(b, CKA_SENSITIVE, true) ||
		!attrset_bool(b, CKA_EXTRACTABLE, false)))
		return (CKR_ATTRIBUTE_SENSITIVE);
	if ((a->may & KMS_ONLY) != 0)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if (attrset_get(b, a->type, &v))
		return (attr_put(c, out, v));
	if (a->read != NULL &&
	    (is_token_certificate(o) || o->class == CKO_PROFILE))
		return (a->read(c, o, out));
	switch (a->form) {
	case FORM_BOOL:
		return (attr_put_bool(c, out, (a->may & DEFAULT_TRUE) != 0));
	case FORM_ULONG:
		return (attr_put_ulong(c, out,
		    (a->may & DEFAULT_ZERO) != 0 ? 0
						 : CK_UNAVAILABLE_INFORMATION));
	case FORM_BYTES:
	case FORM_DATE:
	case FORM_MECHANISMS:
	case FORM_TEMPLATE:
		return (CKR_OK);
	}
	return (CKR_GENERAL_ERROR);
}

/* *out gets the bytes as PKCS#11 wants them. */
static CK_RV
attr_get(struct call *c, const struct object *o, CK_ATTRIBUTE_TYPE type,
    struct buf *out)
{
	const struct attr *a;

	buf_reset(out);
	if ((a = row_find(type, on_bits(o->class, object_type(o)))) == NULL)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if (o->attrs != NULL)
		return (get_from_attrset(c, o, a, out));
	return (get_from_kms(c, o, a, out));
}

bool
attr_is_true(struct call *c, const struct object *o, CK_ATTRIBUTE_TYPE type)
{
	/* in place: for want of memory CKA_SENSITIVE would not be true */
	CK_BBOOL truth = CK_FALSE;
	struct buf value = {
	    .ptr = &truth, .cap = sizeof(truth), .max = sizeof(truth)};

	return (attr_get(c, o, type, &value) == CKR_OK &&
		value.len == sizeof(truth) && truth != CK_FALSE);
}

/* The caller says with the inner lengths how much room each value has. */
static CK_RV
fill_template(CK_ATTRIBUTE *a, CK_ULONG room, struct view packed)
{
	CK_ATTRIBUTE *inner = a->pValue;
	CK_ATTRIBUTE_TYPE type;
	struct view all = packed, v;
	CK_ULONG count = 0;
	CK_RV rv = CKR_OK;

	while (template_unpack(&packed, &type, &v))
		count++;
	if (inner != NULL && room < count * sizeof(*inner))
		return (CKR_BUFFER_TOO_SMALL);
	a->ulValueLen = count * sizeof(*inner);
	for (; inner != NULL && template_unpack(&all, &type, &v); inner++) {
		bool fits = inner->ulValueLen >= v.len;

		inner->type = type;
		if (inner->pValue != NULL && fits && v.len != 0)
			memcpy(inner->pValue, v.ptr, v.len);
		if (inner->pValue != NULL && !fits)
			rv = CKR_BUFFER_TOO_SMALL;
		inner->ulValueLen = inner->pValue == NULL || fits
					? v.len
					: CK_UNAVAILABLE_INFORMATION;
	}
	return (rv);
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
	if (attr_is_template(a->type))
		return (fill_template(a, room, buf_view(value)));
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

static bool
is_value(const CK_ATTRIBUTE *a, struct view value)
{
	struct buf packed = BUF_INIT(VALUE_MAX);
	struct template inner = {
	    a->pValue, a->ulValueLen / sizeof(CK_ATTRIBUTE)};
	bool same;

	if (a->type == CKA_SERIAL_NUMBER)
		return (
		    x509_is_same_serial(value, VIEW(a->pValue, a->ulValueLen)));
	if (!attr_is_template(a->type))
		return (view_equal(value, VIEW(a->pValue, a->ulValueLen)));
	same = template_pack(inner, &packed) == ERR_OK &&
	       view_equal(value, buf_view(&packed));
	buf_free(&packed);
	return (same);
}

bool
attr_may_call_kms(CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < attr_count; i++)
		if (attrs[i].type == type && (attrs[i].may & MAY_CALL_KMS) != 0)
			return (true);
	return (false);
}

bool
attr_match(struct call *c, const struct object *o, struct template t)
{
	struct buf value = BUF_INIT(VALUE_MAX);
	bool same = true;

	for (CK_ULONG i = 0; i < t.count && same; i++)
		same = attr_get(c, o, t.rows[i].type, &value) == CKR_OK &&
		       is_value(&t.rows[i], buf_view(&value));
	buf_free(&value);
	return (same);
}

static bool
value_fits(const struct attr *a, const CK_ATTRIBUTE *t)
{
	time_t last;

	switch (a->form) {
	case FORM_BOOL:
		return (t->ulValueLen == sizeof(CK_BBOOL) &&
			*(const CK_BBOOL *)t->pValue <= CK_TRUE);
	case FORM_ULONG:
		return (t->ulValueLen == sizeof(CK_ULONG));
	case FORM_DATE:
		return (
		    t->ulValueLen == 0 ||
		    template_read_date(VIEW(t->pValue, t->ulValueLen), &last));
	case FORM_MECHANISMS: /* none: nothing would be allowed */
		return (t->ulValueLen != 0 &&
			t->ulValueLen % sizeof(CK_MECHANISM_TYPE) == 0);
	case FORM_TEMPLATE:
		return (t->ulValueLen % sizeof(CK_ATTRIBUTE) == 0);
	case FORM_BYTES:
		return (true);
	}
	return (false);
}

/*
 * A template within a template is kept as bytes: each value must be bytes. One
 * that holds attributes in its turn (CKF_ARRAY_ATTRIBUTE) holds pointers into
 * the program's memory, which the program is free to use again.
 */
static CK_RV
check_inner(struct call *c, const CK_ATTRIBUTE *t)
{
	const CK_ATTRIBUTE *inner = t->pValue;

	for (CK_ULONG i = 0; i < t->ulValueLen / sizeof(*inner); i++) {
		if ((inner[i].pValue == NULL && inner[i].ulValueLen != 0) ||
		    inner[i].ulValueLen > VALUE_MAX)
			return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
			    "%s within %s has a length and no such value",
			    attribute_name(inner[i].type).text,
			    attribute_name(t->type).text));
		if ((inner[i].type & CKF_ARRAY_ATTRIBUTE) != 0 &&
		    inner[i].type != CKA_ALLOWED_MECHANISMS)
			return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
			    "%s cannot hold %s: a template within a template "
			    "holds no templates",
			    attribute_name(t->type).text,
			    attribute_name(inner[i].type).text));
	}
	return (CKR_OK);
}

static CK_RV
check_one(struct call *c, const CK_ATTRIBUTE *t, struct attr_target target)
{
	const struct attr *a = row_find(
	    t->type, on_bits(target.class, target.type));
	unsigned change = MAY(SET) | MAY(COPY);

	if (a == NULL || (!target.token && (a->may & KMS_ONLY) != 0))
		return (call_error(c,
		    attribute_is_known(t->type) ? CKR_TEMPLATE_INCONSISTENT
						: CKR_ATTRIBUTE_TYPE_INVALID,
		    "an object of this class has no %s",
		    attribute_name(t->type).text));
	/* no value is so long: it is not looked at */
	if (t->ulValueLen > VALUE_MAX)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s is too long", attribute_name(t->type).text));
	if ((t->pValue == NULL && t->ulValueLen != 0) || !value_fits(a, t))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID, "%s %s",
		    attribute_name(t->type).text,
		    a->form == FORM_DATE   ? "is no date, of 8 digits"
		    : a->form == FORM_BOOL ? "is neither CK_TRUE nor CK_FALSE"
					   : "has a value of the wrong size"));
	if ((a->may & (1U << target.purpose)) == 0 ||
	    ((a->may & TO_NONE) != 0 && (change & (1U << target.purpose)) &&
		t->ulValueLen != 0) ||
	    (target.token && target.purpose == ATTR_SET &&
		(a->may & SETTABLE_IN_KMS) == 0))
		return (call_error(c, CKR_ATTRIBUTE_READ_ONLY,
		    "%s cannot be set", attribute_name(t->type).text));
	if ((a->may & OFFICER) != 0 && *(const CK_BBOOL *)t->pValue != CK_FALSE)
		return (call_error(c, CKR_ATTRIBUTE_READ_ONLY,
		    "only a security officer can set %s, and this token has "
		    "none",
		    attribute_name(t->type).text));
	if (target.token && (a->may & FALSE_IN_KMS) != 0 &&
	    (change & (1U << target.purpose)) == 0 &&
	    *(const CK_BBOOL *)t->pValue != CK_FALSE)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s cannot be true for a key in KMS",
		    attribute_name(t->type).text));
	return (a->form == FORM_TEMPLATE ? check_inner(c, t) : CKR_OK);
}

/* Whether two rows of a template, of one type, have the same value. */
static bool
is_same(const CK_ATTRIBUTE *a, const CK_ATTRIBUTE *b)
{
	struct buf packed = BUF_INIT(VALUE_MAX);
	struct template inner = {
	    a->pValue, a->ulValueLen / sizeof(CK_ATTRIBUTE)};
	bool same;

	if (!attr_is_template(a->type))
		return (is_value(b, VIEW(a->pValue, a->ulValueLen)));
	same = template_pack(inner, &packed) == ERR_OK &&
	       is_value(b, buf_view(&packed));
	buf_free(&packed);
	return (same);
}

CK_RV
attr_check(struct call *c, struct template t, struct attr_target target)
{
	const CK_ATTRIBUTE *before;
	CK_RV rv;

	for (CK_ULONG i = 0; i < t.count; i++) {
		if ((rv = check_one(c, &t.rows[i], target)) != CKR_OK)
			return (rv);
		before = template_find(
		    (struct template){t.rows, i}, t.rows[i].type);
		if (before != NULL && !is_same(before, &t.rows[i]))
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "the template has %s twice, with different values",
			    attribute_name(t.rows[i].type).text));
	}
	return (CKR_OK);
}

/* Where KMS does not tell what it is, its error is the answer. */
static CK_RV
check_own(struct call *c, const struct object *o, const CK_ATTRIBUTE *t)
{
	struct buf value = BUF_INIT(VALUE_MAX);
	CK_RV rv = attr_get(c, o, t->type, &value);

	if ((rv == CKR_OK && !is_value(t, buf_view(&value))) ||
	    (rv != CKR_OK && c->err == ERR_OK))
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s does not match the key", attribute_name(t->type).text);
	buf_free(&value);
	return (rv);
}

CK_RV
attr_check_change(struct call *c, const struct object *o, struct template t)
{
	CK_RV rv;

	for (CK_ULONG i = 0; i < t.count; i++) {
		const struct attr *a = row_find(
		    t.rows[i].type, on_bits(o->class, object_type(o)));
		bool before, after;

		if (a != NULL && (a->may & ITS_OWN) != 0 &&
		    (rv = check_own(c, o, &t.rows[i])) != CKR_OK)
			return (rv);
		if (a == NULL || (a->may & (STICKY_TRUE | STICKY_FALSE)) == 0)
			continue;
		before = attr_is_true(c, o, a->type);
		after = *(const CK_BBOOL *)t.rows[i].pValue != CK_FALSE;
		if (before != after && before == ((a->may & STICKY_TRUE) != 0))
			return (call_error(c, CKR_ATTRIBUTE_READ_ONLY,
			    "%s cannot be set back to %s",
			    attribute_name(a->type).text,
			    after ? "true" : "false"));
	}
	return (CKR_OK);
}

/* Of usages that a template leaves out though it names others: what undoes or
 * checks what the key is named for, and the same done to a key. A public key
 * hides nothing. Keys of ML-KEM do only one thing: so if none is named, too. */
static bool
is_implied(const struct attrset *b, CK_ATTRIBUTE_TYPE type, bool named)
{
	static const struct {
		CK_ATTRIBUTE_TYPE named, also;
	} rows[] = {{CKA_ENCRYPT, CKA_DECRYPT}, {CKA_SIGN, CKA_VERIFY},
	    {CKA_WRAP, CKA_UNWRAP}, {CKA_SIGN, CKA_SIGN_RECOVER},
	    {CKA_ENCRYPT, CKA_WRAP}, {CKA_ENCRYPT, CKA_UNWRAP},
	    {CKA_DECRYPT, CKA_UNWRAP}};

	if (b->type == CKK_ML_KEM)
		return (type == CKA_ENCAPSULATE ||
			(type == CKA_DECAPSULATE && !named));
	if (b->class == CKO_PUBLIC_KEY)
		return (type == CKA_ENCRYPT || type == CKA_VERIFY ||
			type == CKA_VERIFY_RECOVER);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].also == type &&
		    attrset_bool(b, rows[i].named, false))
			return (true);
	return (false);
}

/* Whether one is true of the usages that say what the key is for. A key for
 * HMAC only makes MACs: programs that name the usages of all secret keys alike
 * mean it, too. */
static bool
names_usage(const struct attrset *b, unsigned on)
{
	const bool mac = b->class == CKO_SECRET_KEY &&
			 digest_of_hmac_key(b->type) != NULL;

	for (size_t i = 0; i < attr_count; i++)
		if ((attrs[i].on & on) != 0 && (attrs[i].may & USAGE) != 0 &&
		    (!mac || attrs[i].type == CKA_SIGN ||
			attrs[i].type == CKA_VERIFY ||
			attrs[i].type == CKA_DERIVE) &&
		    attrset_bool(b, attrs[i].type, false))
			return (true);
	return (false);
}

/* Secret keys are not. Of private keys the standard leaves it to the token:
 * they are, unless the program says that the key may leave, and not to
 * trusted keys alone. */
static bool
is_sensitive(const struct attrset *b, unsigned on)
{
	return ((on & ON_PRIVATE) != 0 &&
		(!attrset_bool(b, CKA_EXTRACTABLE, false) ||
		    attrset_bool(b, CKA_WRAP_WITH_TRUSTED, false)));
}

enum err
attr_put_defaults(struct attrset *b, bool brought)
{
	unsigned on = on_bits(b->class, b->type);
	bool named = names_usage(b, on), says_all;
	enum err e = ERR_OK;
	struct view v;

	says_all = named || b->type == CKK_ML_KEM;
	for (size_t i = 0; i < attr_count && says_all && e == ERR_OK; i++)
		if ((attrs[i].on & on) != 0 && (attrs[i].may & USAGE) != 0 &&
		    !attrset_get(b, attrs[i].type, &v))
			e = attrset_set_bool(b, attrs[i].type,
			    is_implied(b, attrs[i].type, named));
	if ((on & ON_SECRET_OR_PRIVATE) == 0)
		return (e);
	if (e == ERR_OK && !attrset_get(b, CKA_SENSITIVE, &v))
		e = attrset_set_bool(b, CKA_SENSITIVE, is_sensitive(b, on));
	if (e == ERR_OK && !attrset_get(b, CKA_EXTRACTABLE, &v))
		e = attrset_set_bool(b, CKA_EXTRACTABLE, brought);
	return (e);
}
