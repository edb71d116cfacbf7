/* Each row of the standard's attribute tables, for each kind of objects here:
 * what templates must have and must not, defaults, what is shown, and what may
 * change. Where the answer is not the standard's, docs/standard.md has it. */
#include <stdio.h>
#include <string.h>
#include "objects.h"

static const char *place; /* "session" or "token" */

/* What the standard wants of a call. */
enum want {
	TAKEN, /* CKR_OK, and the object has the value */
	REFUSED, /* CKR_ATTRIBUTE_READ_ONLY or CKR_TEMPLATE_INCONSISTENT */
	MISSING, /* CKR_TEMPLATE_INCOMPLETE */
	HIDDEN, /* CKR_ATTRIBUTE_SENSITIVE */
};

static const char *
answer_name(CK_RV rv)
{
	static const struct {
		CK_RV rv;
		const char *name;
	} names[] = {{CKR_OK, "CKR_OK"},
	    {CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY"},
	    {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT"},
	    {CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE"},
	    {CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE"},
	    {CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID"},
	    {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID"},
	    {CKR_ACTION_PROHIBITED, "CKR_ACTION_PROHIBITED"}};

	for (size_t i = 0; i < ELEMS(names); i++)
		if (names[i].rv == rv)
			return (names[i].name);
	return ("another code");
}

/* The answer is the standard's, or the one that docs/standard.md has. */
static void
check(const struct kind *k, const struct attribute_row *r, const char *function,
    enum want want, const char *answer)
{
	static const char *const wants[][2] = {
	    [TAKEN] = {"CKR_OK", "CKR_OK"},
	    [REFUSED] = {"CKR_ATTRIBUTE_READ_ONLY",
		"CKR_TEMPLATE_INCONSISTENT"},
	    [MISSING] = {"CKR_TEMPLATE_INCOMPLETE", "CKR_TEMPLATE_INCOMPLETE"},
	    [HIDDEN] = {"CKR_ATTRIBUTE_SENSITIVE", "CKR_ATTRIBUTE_SENSITIVE"},
	};
	bool is_standard = strcmp(answer, wants[want][0]) == 0 ||
			   strcmp(answer, wants[want][1]) == 0;

	OK(is_standard || strcmp(answer, difference(place, k->class, r->name,
					     function)) == 0,
	    "%s %s %s %s %s: %s", place, k->class, k->key_type, r->name,
	    function, answer);
}

/* Whether a new object has what its template gave. */
static const char *
given(CK_RV rv, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *a)
{
	struct value v;

	if (rv != CKR_OK || (a->type & CKF_ARRAY_ATTRIBUTE) != 0)
		return (answer_name(rv));
	return (value_read(h, a->type, &v) && v.a.ulValueLen == a->ulValueLen &&
			memcmp(v.bytes, a->pValue, a->ulValueLen) == 0
		    ? "CKR_OK"
		    : "another value");
}

static void
drop(CK_RV rv, CK_OBJECT_HANDLE h)
{
	if (rv == CKR_OK)
		(void)p11->C_DestroyObject(rw, h);
}

static bool
has(const struct object_template *t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t->count; i++)
		if (t->rows[i].type == type)
			return (true);
	return (false);
}

/* What nobody says: the row has it, or any will do. */
static void
check_default(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE h)
{
	static const struct {
		const char *value;
		CK_ULONG len;
		CK_BYTE first;
	} rows[] = {{"true", 1, CK_TRUE}, {"false", 1, CK_FALSE},
	    {"empty", 0, 0}, {"0", sizeof(CK_ULONG), 0}};
	struct value v;

	for (size_t i = 0; i < ELEMS(rows); i++)
		if (strcmp(r->value, rows[i].value) == 0)
			check(k, r, "default", TAKEN,
			    value_read(h, r->type, &v) &&
				    v.a.ulValueLen == rows[i].len &&
				    (rows[i].len == 0 ||
					v.bytes[0] == rows[i].first)
				? "CKR_OK"
				: "another value");
}

static void
check_create(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	struct object_template t;
	struct value v;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	create_template(k, &t);
	if (!has(&t, r->type))
		check_default(k, r, plain);
	value_other(k, r, plain, &v);
	if ((r->footnotes & NOTE(1)) != 0) {
		object_template_drop(&t, r->type);
		rv = create(&t, &h);
		check(k, r, "create", MISSING, answer_name(rv));
	} else {
		object_template_set(&t, &v.a);
		rv = create(&t, &h);
		check(k, r, "create",
		    (r->footnotes & (NOTE(2) | NOTE(10))) != 0 ? REFUSED
							       : TAKEN,
		    given(rv, h, &v.a));
	}
	drop(rv, h);
}

static void
check_generate(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	struct value v;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	if (!kind_is_key(k) || (k->is_slow && !row_is_of_type(r, k)))
		return;
	value_other(k, r, plain, &v);
	if (follows_from_key(r->type)) {
		rv = generate(k, &v.a, CK_UNAVAILABLE_INFORMATION, &h);
		RV(rv, CKR_ATTRIBUTE_VALUE_INVALID, "%s of another key",
		    r->name);
	} else if ((r->footnotes & NOTE(3)) != 0) {
		rv = generate(k, NULL, r->type, &h);
		check(k, r, "generate", MISSING, answer_name(rv));
	} else {
		rv = generate(k, &v.a, CK_UNAVAILABLE_INFORMATION, &h);
		check(k, r, "generate",
		    (r->footnotes & (NOTE(4) | NOTE(10))) != 0 ? REFUSED
							       : TAKEN,
		    given(rv, h, &v.a));
	}
	drop(rv, h);
}

static void
check_unwrap(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	struct object_template t;
	struct value v;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	if (!kind_is_key(k) || k->c == CKO_PUBLIC_KEY)
		return;
	unwrap_template(k, &t);
	if ((r->footnotes & NOTE(5)) != 0) {
		object_template_drop(&t, r->type);
		rv = unwrap(k, &t, &h);
		check(k, r, "unwrap", MISSING, answer_name(rv));
	} else {
		value_other(k, r, plain, &v);
		object_template_set(&t, &v.a);
		rv = unwrap(k, &t, &h);
		check(k, r, "unwrap",
		    (r->footnotes & (NOTE(6) | NOTE(10))) != 0 ? REFUSED
							       : TAKEN,
		    given(rv, h, &v.a));
	}
	drop(rv, h);
}

/* It changes if the row says so, and goes back if nothing keeps it. */
static void
check_set(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE h)
{
	bool stays;
	struct value v;
	CK_RV rv;

	value_other(k, r, h, &v);
	stays = r->form == FORM_BOOL &&
		(r->footnotes & (v.bytes[0] ? NOTE(12) : NOTE(11))) != 0;
	rv = p11->C_SetAttributeValue(rw, h, &v.a, 1);
	check(k, r, "set",
	    (r->footnotes & NOTE(8)) != 0 && !stays ? TAKEN : REFUSED,
	    given(rv, h, &v.a));
	if (rv != CKR_OK || r->form != FORM_BOOL)
		return;
	stays = (r->footnotes & (v.bytes[0] ? NOTE(11) : NOTE(12))) != 0;
	v.bytes[0] = !v.bytes[0];
	rv = p11->C_SetAttributeValue(rw, h, &v.a, 1);
	check(k, r, "set back", stays ? REFUSED : TAKEN, given(rv, h, &v.a));
}

/* 4.1.3: what changes in a copy alone. */
static bool
changes_in_copy(CK_ATTRIBUTE_TYPE type)
{
	return (type == CKA_PRIVATE || type == CKA_MODIFIABLE ||
		type == CKA_DESTROYABLE);
}

static void
check_copy(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE from)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	bool changes = (r->footnotes & NOTE(8)) != 0 ||
		       changes_in_copy(r->type);
	struct value v;
	CK_RV rv;

	value_other(k, r, from, &v);
	rv = p11->C_CopyObject(rw, from, &v.a, 1, &h);
	check(k, r, "copy", changes ? TAKEN : REFUSED, given(rv, h, &v.a));
	drop(rv, h);
}

/* Neither of a sensitive key, nor of one that is not extractable. */
static void
check_get(const struct kind *k, const struct attribute_row *r)
{
	CK_ATTRIBUTE hides[] = {A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no)};
	struct object_template t;
	struct value v;
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(hides); i++) {
		create_template(k, &t);
		object_template_set(&t, &hides[i]);
		NEED(create(&t, &h) == CKR_OK, "a key that hides itself");
		v.a = (CK_ATTRIBUTE){r->type, v.bytes, sizeof(v.bytes)};
		check(k, r, "get", HIDDEN,
		    answer_name(p11->C_GetAttributeValue(rw, h, &v.a, 1)));
		drop(CKR_OK, h);
	}
}

static CK_OBJECT_HANDLE
new_session_object(const struct kind *k)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	struct object_template t;

	create_template(k, &t);
	NEED(create(&t, &h) == CKR_OK, "a new %s %s", k->class, k->key_type);
	return (h);
}

static void
test_session_objects(const struct kind *k)
{
	size_t count;
	const struct attribute_row *rows = attribute_rows(&count);

	for (size_t i = 0; i < count; i++) {
		const struct attribute_row *r = &rows[i];
		CK_OBJECT_HANDLE plain;

		/* CKA_TOKEN makes another object of it */
		if (!row_is_of(r, k) || r->type == CKA_TOKEN)
			continue;
		plain = new_session_object(k);
		check_create(k, r, plain);
		check_generate(k, r, plain);
		check_unwrap(k, r, plain);
		check_copy(k, r, plain);
		check_set(k, r, plain);
		if ((r->footnotes & NOTE(7)) != 0)
			check_get(k, r);
		(void)p11->C_DestroyObject(rw, plain);
	}
}

/* An AES key in KMS. */
static void
check_create_in_kms(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	static unsigned n;
	struct key_template t;
	char label[16];
	struct value v;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	if ((r->footnotes & NOTE(1)) != 0 || r->type == CKA_LABEL ||
	    follows_from_key(r->type))
		return;
	snprintf(label, sizeof(label), "aes %u", n);
	key_template(&t, material(++n), label);
	value_other(k, r, plain, &v);
	template_add(&t, r->type, v.a.pValue, v.a.ulValueLen);
	rv = p11->C_CreateObject(rw, t.t, t.count, &h);
	check(k, r, "create",
	    (r->footnotes & (NOTE(2) | NOTE(10))) != 0 ? REFUSED : TAKEN,
	    given(rv, h, &v.a));
	drop(rv, h);
}

static void
test_token_objects(const struct kind *k, CK_OBJECT_HANDLE h)
{
	size_t count;
	const struct attribute_row *rows = attribute_rows(&count);

	for (size_t i = 0; i < count; i++) {
		const struct attribute_row *r = &rows[i];

		if (!row_is_of(r, k) || r->type == CKA_TOKEN)
			continue;
		if (k->t == CKK_AES)
			check_create_in_kms(k, r, h);
		check_copy(k, r, h);
		check_set(k, r, h);
	}
}

static const struct kind *
kind_of(CK_OBJECT_CLASS class, CK_KEY_TYPE type)
{
	for (size_t i = 0; i < kind_count; i++)
		if (kinds[i].c == class && kinds[i].t == type)
			return (&kinds[i]);
	tap_bail();
}

int
main(void)
{
	struct pair_handles pair;

	testenv_start();
	p11_start();
	kinds_begin();
	place = "session";
	for (size_t i = 0; i < kind_count; i++)
		test_session_objects(&kinds[i]);
	place = "token";
	test_token_objects(kind_of(CKO_SECRET_KEY, CKK_AES),
	    key_make(material(100), "an AES key"));
	pair = pair_generate("a pair");
	test_token_objects(kind_of(CKO_PUBLIC_KEY, CKK_EC), pair.public);
	test_token_objects(kind_of(CKO_PRIVATE_KEY, CKK_EC), pair.private);
	COUNT(differences_left(), 0, "docs/standard.md has no more");
	p11_stop();
	testenv_stop();
	return (tap_done());
}
