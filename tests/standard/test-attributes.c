/* Each row of the standard's attribute tables, for each kind of objects here:
 * what templates must have and must not, defaults, what is shown, and what may
 * change. Where the answer is not the standard's, docs/standard.md has it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "objects.h"

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
	const char *place = on_token ? "token" : "session";
	bool is_standard = strcmp(answer, wants[want][0]) == 0 ||
			   strcmp(answer, wants[want][1]) == 0;

	OK(is_standard ||
		strcmp(answer, difference(place, k->class, k->key_type, r->name,
				   function)) == 0,
	    "%s %s %s %s %s: %s", place, k->class, k->key_type, r->name,
	    function, answer);
}

/* Whether a new object has what its template gave, if that is to be seen. */
static const char *
given(const struct attribute_row *r, CK_RV rv, CK_OBJECT_HANDLE h,
    const CK_ATTRIBUTE *a)
{
	struct value v;

	if (rv != CKR_OK || (a->type & CKF_ARRAY_ATTRIBUTE) != 0 ||
	    (on_token && (r->footnotes & NOTE(7)) != 0))
		return (answer_name(rv));
	return (value_read(h, a->type, &v) && v.a.ulValueLen == a->ulValueLen &&
			memcmp(v.bytes, a->pValue, a->ulValueLen) == 0
		    ? "CKR_OK"
		    : "another value");
}

/* A public half on the token is the one that was there before, and stays. */
static void
drop(const struct kind *k, CK_RV rv, CK_OBJECT_HANDLE h)
{
	if (rv == CKR_OK && !(on_token && k->c == CKO_PUBLIC_KEY))
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

	create_template(k, k->c == CKO_PUBLIC_KEY ? plain : k->model, &t);
	if (!has(&t, r->type) && (!on_token || r->type != CKA_LABEL))
		check_default(k, r, plain);
	value_other(k, r, plain, &v);
	if (on_token && follows_from_key(r->type) && k->c != CKO_PUBLIC_KEY &&
	    kind_is_key(k))
		(void)value_read(k->model, r->type, &v);
	if (on_token && k->c == CKO_CERTIFICATE) /* each is there once */
		(void)p11->C_DestroyObject(rw, plain);
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
		    given(r, rv, h, &v.a));
	}
	drop(k, rv, h);
}

static void
check_generate(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	struct value v;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	if (!kind_is_generated(k) || (k->is_slow && !row_is_of_type(r, k)))
		return;
	value_other(k, r, plain, &v);
	/* KMS shows no CKA_CHECK_VALUE of what it makes */
	if (follows_from_key(r->type) &&
	    !(on_token && k->c == CKO_SECRET_KEY)) {
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
		    given(r, rv, h, &v.a));
	}
	drop(k, rv, h);
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
		if (on_token && follows_from_key(r->type))
			(void)value_read(k->model, r->type, &v);
		object_template_set(&t, &v.a);
		rv = unwrap(k, &t, &h);
		check(k, r, "unwrap",
		    (r->footnotes & (NOTE(6) | NOTE(10))) != 0 ? REFUSED
							       : TAKEN,
		    given(r, rv, h, &v.a));
	}
	drop(k, rv, h);
}

/* Secret keys come from others in several ways, with one kind of template. */
static void
check_derive(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	struct object_template t;
	struct value v;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if (k->c != CKO_SECRET_KEY)
		return;
	derive_template(k, &t);
	for (size_t way = 0; way < DERIVING_WAYS; way++) {
		value_other(k, r, plain, &v);
		object_template_set(&t, &v.a);
		if (!derive(way, &t, &h, &rv))
			continue;
		if (r->type == CKA_CHECK_VALUE)
			RV(rv, CKR_ATTRIBUTE_VALUE_INVALID,
			    "CKA_CHECK_VALUE of another key");
		else
			check(k, r, "derive",
			    (r->footnotes & (NOTE(4) | NOTE(10))) != 0 ? REFUSED
								       : TAKEN,
			    given(r, rv, h, &v.a));
		drop(k, rv, h);
	}
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
	    given(r, rv, h, &v.a));
	if (rv != CKR_OK || r->form != FORM_BOOL)
		return;
	stays = (r->footnotes & (v.bytes[0] ? NOTE(11) : NOTE(12))) != 0;
	v.bytes[0] = !v.bytes[0];
	rv = p11->C_SetAttributeValue(rw, h, &v.a, 1);
	check(k, r, "set back", stays ? REFUSED : TAKEN, given(r, rv, h, &v.a));
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
	check(k, r, "copy", changes ? TAKEN : REFUSED, given(r, rv, h, &v.a));
	drop(k, rv, h);
}

static const char *
get(const struct attribute_row *r, CK_OBJECT_HANDLE h)
{
	struct value v;

	v.a = (CK_ATTRIBUTE){r->type, v.bytes, sizeof(v.bytes)};
	return (answer_name(p11->C_GetAttributeValue(rw, h, &v.a, 1)));
}

/* Neither of a sensitive key, nor of one that is not extractable. All on the token
 * are both. */
static void
check_get(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	CK_ATTRIBUTE hides[] = {A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no)};
	struct object_template t;
	CK_OBJECT_HANDLE h;

	if (on_token) {
		check(k, r, "get", HIDDEN, get(r, plain));
		return;
	}
	for (size_t i = 0; i < ELEMS(hides); i++) {
		create_template(k, k->model, &t);
		object_template_set(&t, &hides[i]);
		NEED(create(&t, &h) == CKR_OK, "a key that hides itself");
		check(k, r, "get", HIDDEN, get(r, h));
		drop(k, CKR_OK, h);
	}
}

static CK_OBJECT_HANDLE
new_object(const struct kind *k)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	struct object_template t;

	if (on_token && (k->places & GENERATED_IN_KMS) != 0) {
		NEED(
		    generate(k, NULL, CK_UNAVAILABLE_INFORMATION, &h) == CKR_OK,
		    "a new %s %s in KMS", k->class, k->key_type);
		return (h);
	}
	create_template(k, k->model, &t);
	NEED(create(&t, &h) == CKR_OK, "a new %s %s", k->class, k->key_type);
	return (h);
}

/* Whether there are ways to make such objects where the test is. */
static bool
is_created(const struct kind *k)
{
	return (!on_token || (k->places & (IMPORTED_INTO_KMS | ON_TOKEN)) != 0);
}

static void
test_row(
    const struct kind *k, const struct attribute_row *r, CK_OBJECT_HANDLE plain)
{
	if (is_created(k)) {
		check_create(k, r, plain);
		check_unwrap(k, r, plain);
		check_derive(k, r, plain);
	}
	check_generate(k, r, plain);
	if (on_token && k->c == CKO_CERTIFICATE)
		plain = new_object(k);
	check_copy(k, r, plain);
	if (on_token && k->c == CKO_CERTIFICATE)
		plain = new_object(k); /* the copy was the same file */
	check_set(k, r, plain);
	if ((r->footnotes & NOTE(7)) != 0)
		check_get(k, r, plain);
	if (!on_token || k->c == CKO_CERTIFICATE)
		(void)p11->C_DestroyObject(rw, plain);
}

/* Each row anew; a key in KMS once for all. */
static void
test_kind(const struct kind *k)
{
	size_t count;
	const struct attribute_row *rows = attribute_rows(&count);
	CK_OBJECT_HANDLE plain = CK_INVALID_HANDLE;

	for (size_t i = 0; i < count; i++) {
		/* CKA_TOKEN makes another object of it */
		if (!row_is_of(&rows[i], k) || rows[i].type == CKA_TOKEN)
			continue;
		if (!on_token || k->c == CKO_CERTIFICATE || plain == 0)
			plain = new_object(k);
		test_row(k, &rows[i], plain);
	}
}

/* The KMS of this machine makes what its OpenSSL has. */
static bool
kms_has(const struct kind *k)
{
	if (kind_is_in_openssl(k))
		return (true);
	tap_skip("OpenSSL before 3.5", k->key_type);
	differences_skip(k->key_type);
	return (false);
}

int
main(void)
{
	char line[512];

	testenv_start();
	control("POST", "/wrapping-keys?share=on");
	NEED(mkdir(testenv_path("certificates"), 0700) == 0, "a folder");
	snprintf(line, sizeof(line), "certificates = %s",
	    testenv_path("certificates"));
	testenv_config(NULL, line, NULL);
	p11_start();
	kinds_begin();
	for (size_t i = 0; i < kind_count; i++)
		if ((kinds[i].places & IN_SESSION) != 0)
			test_kind(&kinds[i]);
	on_token = true;
	for (size_t i = 0; i < kind_count; i++)
		if ((kinds[i].places & ~IN_SESSION) != 0 && kms_has(&kinds[i]))
			test_kind(&kinds[i]);
	COUNT(differences_left(), 0, "docs/standard.md has no more");
	kinds_end();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
