/* C_CreateObject: what is refused and how, names, import again, expiry. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "external-key.h"
#include "p11.h"
#include "cryptoki/cryptoki.h"

static CK_OBJECT_CLASS bad_class = 0x7777, cert_class = CKO_CERTIFICATE,
		       data_class = CKO_DATA;
static CK_KEY_TYPE des3_type = CKK_DES3, bad_type = 0x7777;
static CK_ULONG len_32 = 32;
static CK_BYTE key[64] = {1, 2, 3};

/* A good template in which one attribute is set, added or left out. */
enum change { WITH, WITHOUT };
static const struct bad {
	const char *what;
	enum change change;
	CK_ATTRIBUTE attribute;
	CK_RV rv;
} bad[] = {
    {"no class", WITHOUT, {CKA_CLASS, NULL, 0}, CKR_TEMPLATE_INCOMPLETE},
    {"no key type", WITHOUT, {CKA_KEY_TYPE, NULL, 0}, CKR_TEMPLATE_INCOMPLETE},
    {"no value", WITHOUT, {CKA_VALUE, NULL, 0}, CKR_TEMPLATE_INCOMPLETE},
    {"an unknown class", WITH, A(CKA_CLASS, bad_class),
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a certificate with a key's type", WITH, A(CKA_CLASS, cert_class),
	CKR_TEMPLATE_INCONSISTENT},
    {"data", WITH, A(CKA_CLASS, data_class), CKR_TEMPLATE_INCONSISTENT},
    {"a class of the wrong size", WITH, {CKA_CLASS, &secret_class, 4},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a class of no bytes", WITH, {CKA_CLASS, NULL, sizeof(secret_class)},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"an unknown key type", WITH, A(CKA_KEY_TYPE, bad_type),
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"triple DES", WITH, A(CKA_KEY_TYPE, des3_type),
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"AES-128", WITH, {CKA_VALUE, key, 16}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"AES-192", WITH, {CKA_VALUE, key, 24}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"31 bytes", WITH, {CKA_VALUE, key, 31}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"33 bytes", WITH, {CKA_VALUE, key, 33}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"64 bytes", WITH, {CKA_VALUE, key, 64}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"an empty value", WITH, {CKA_VALUE, key, 0}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"a value of no bytes", WITH, {CKA_VALUE, NULL, 32},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"CKA_VALUE_LEN", WITH, A(CKA_VALUE_LEN, len_32), CKR_ATTRIBUTE_READ_ONLY},
    {"CKA_VALUE_LEN of the wrong size", WITH, {CKA_VALUE_LEN, &len_32, 4},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"an attribute that no key has", WITH, A(CKA_APPLICATION, key),
	CKR_TEMPLATE_INCONSISTENT},
    {"an attribute of RSA keys", WITH, {CKA_MODULUS, key, 32},
	CKR_TEMPLATE_INCONSISTENT},
    {"a vendor's attribute", WITH, {CKA_VENDOR_DEFINED | 7, key, 1},
	CKR_ATTRIBUTE_TYPE_INVALID},
    {"CKA_LOCAL", WITH, A(CKA_LOCAL, no), CKR_ATTRIBUTE_READ_ONLY},
    {"CKA_ALWAYS_SENSITIVE", WITH, A(CKA_ALWAYS_SENSITIVE, no),
	CKR_ATTRIBUTE_READ_ONLY},
    {"CKA_NEVER_EXTRACTABLE", WITH, A(CKA_NEVER_EXTRACTABLE, no),
	CKR_ATTRIBUTE_READ_ONLY},
    {"CKA_KEY_GEN_MECHANISM", WITH, A(CKA_KEY_GEN_MECHANISM, len_32),
	CKR_ATTRIBUTE_READ_ONLY},
    {"CKA_UNIQUE_ID", WITH, {CKA_UNIQUE_ID, key, 4}, CKR_ATTRIBUTE_READ_ONLY},
    {"the module's own attribute", WITH, {CKA_KEYFERRY_ORIGIN, key, 4},
	CKR_ATTRIBUTE_READ_ONLY},
    {"a truth of two bytes", WITH, {CKA_ENCRYPT, key, 2},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a truth of no bytes", WITH, {CKA_ENCRYPT, NULL, 1},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"an empty truth", WITH, {CKA_ENCRYPT, key, 0},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"extractable", WITH, A(CKA_EXTRACTABLE, yes), CKR_ATTRIBUTE_VALUE_INVALID},
    {"trusted", WITH, A(CKA_TRUSTED, yes), CKR_ATTRIBUTE_READ_ONLY},
    {"wrapped with trusted keys", WITH, A(CKA_WRAP_WITH_TRUSTED, yes),
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"to sign", WITH, A(CKA_SIGN, yes), CKR_TEMPLATE_INCONSISTENT},
    {"to derive", WITH, A(CKA_DERIVE, yes), CKR_TEMPLATE_INCONSISTENT},
    {"a check value of another key", WITH, {CKA_CHECK_VALUE, "abc", 3},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a start, which KMS does not keep", WITH, {CKA_START_DATE, "20960101", 8},
	CKR_TEMPLATE_INCONSISTENT},
    {"a date of 7 bytes", WITH, {CKA_END_DATE, key, 7},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a date that is over", WITH, {CKA_END_DATE, "20200101", 8},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"the 30th of February", WITH, {CKA_END_DATE, "20960230", 8},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"month 13", WITH, {CKA_END_DATE, "20961301", 8},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"month 0", WITH, {CKA_END_DATE, "20960001", 8},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a date of letters", WITH, {CKA_END_DATE, "2096O1O1", 8},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a date that KMS does not take", WITH, {CKA_END_DATE, "20960101", 8},
	CKR_ATTRIBUTE_VALUE_INVALID},
};

static void
make_bad(struct key_template *k, const struct bad *b)
{
	key_template(k, key, "bad");
	for (CK_ULONG i = 0; i < k->count; i++) {
		if (k->t[i].type != b->attribute.type)
			continue;
		if (b->change == WITH)
			k->t[i] = b->attribute;
		else
			k->t[i] = k->t[--k->count];
		return;
	}
	k->t[k->count++] = b->attribute;
}

static void
test_bad_templates(void)
{
	struct key_template k;
	struct account before, after;
	CK_OBJECT_HANDLE h;

	account_read(&before);
	for (size_t i = 0; i < ELEMS(bad); i++) {
		make_bad(&k, &bad[i]);
		h = 77;
		rv_is(p11->C_CreateObject(rw, k.t, k.count, &h), bad[i].rv,
		    "as listed", __FILE__, __LINE__, "%s", bad[i].what);
		if (h != 77)
			OK(false, "and the handle is left alone");
	}
	key_template(&k, key, "bad");
	for (CK_ULONG i = 0; i < k.count; i++)
		if (k.t[i].type == CKA_VALUE)
			k.t[i].ulValueLen = 16;
	RV(p11->C_CreateObject(p11_session(0), k.t, k.count, &h),
	    CKR_SESSION_READ_ONLY,
	    "AES-128 in a read-only session, which comes first");
	key_template(&k, key, "bad");
	template_add(&k, CKA_LABEL, "worse", 5);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_TEMPLATE_INCONSISTENT,
	    "an attribute twice, with different values");
	account_read(&after);
	COUNT(
	    account_in(&after, "PendingImport") + account_in(&after, "Enabled"),
	    account_in(&before, "PendingImport") +
		account_in(&before, "Enabled"),
	    "nothing is left of any of them");
	COUNT(find_label("bad", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "not even the label");
}

static void
test_arguments(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	struct key_template k;
	CK_OBJECT_HANDLE h;

	key_template(&k, key, "arguments");
	calls_clear();
	RV(p11->C_CreateObject(rw, NULL, 3, &h), CKR_ARGUMENTS_BAD,
	    "no template");
	RV(p11->C_CreateObject(rw, k.t, 0, &h), CKR_TEMPLATE_INCOMPLETE,
	    "an empty template");
	RV(p11->C_CreateObject(rw, k.t, k.count, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the handle");
	RV(p11->C_CreateObject(ro, k.t, k.count, &h), CKR_SESSION_READ_ONLY,
	    "a read-only session");
	RV(p11->C_CreateObject(77777, k.t, k.count, &h),
	    CKR_SESSION_HANDLE_INVALID, "no such session");
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
	p11->C_CloseSession(ro);
}

/* What pkcs11-tool and others put into a template beside what matters. */
static void
test_generous_template(void)
{
	struct key_template k;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	key_template(&k, material(1), "generous");
	template_add(&k, CKA_PRIVATE, &yes, 1);
	template_add(&k, CKA_SENSITIVE, &no, 1);
	template_add(&k, CKA_EXTRACTABLE, &no, 1);
	template_add(&k, CKA_ENCRYPT, &yes, 1);
	template_add(&k, CKA_DECRYPT, &yes, 1);
	template_add(&k, CKA_WRAP, &yes, 1);
	template_add(&k, CKA_UNWRAP, &yes, 1);
	template_add(&k, CKA_DERIVE, &no, 1);
	template_add(&k, CKA_MODIFIABLE, &yes, 1);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "a template with all that programs ask for");
	OK(attr_is(h, CKA_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_ENCRYPT, &yes, 1) &&
		attr_is(h, CKA_WRAP, &yes, 1) && attr_is(h, CKA_SIGN, &no, 1),
	    "the object says what the key can do");
	OK(same_key(h, h), "and it does it");
}

static void
test_calls(void)
{
	calls_clear();
	key_make(material(2), "calls");
	COUNT(calls("CreateKey"), 1, "one CreateKey");
	COUNT(calls("CreateAlias"), 1, "one CreateAlias");
	COUNT(calls("GetParametersForImport"), 1, "one GetParametersForImport");
	COUNT(calls("ImportKeyMaterial"), 1, "one ImportKeyMaterial");
	COUNT(calls("DescribeKey"), 3,
	    "two DescribeKey for the label, one for the result");
	COUNT(calls(NULL), 7, "and no other");
}

static void
test_labels(void)
{
	static char longest[250 + 1], many[201], too_long[251 + 1];
	static const char *const labels[] = {"plain", "with spaces in it",
	    "gr\xc3\xbc\xc3\x9f"
	    "e \xe2\x82\xac",
	    "aws/x", "keyferry/x", "keyferry/label/_20", "a_b", "a_20b",
	    "a/b/c", "/", "-", "_", "quote'\"\\", "new\nline", longest, many};
	struct account_key k;
	struct key_template t;
	CK_OBJECT_HANDLE h, found;

	/* import pairs have labels like any key, and cost no RSA key each */
	memset(longest, 'a', 250);
	memset(many, 'b', 200);
	memset(too_long, 'c', 251);
	for (size_t i = 0; i < ELEMS(labels); i++) {
		h = pair_make(labels[i]).private;
		found = find_label(labels[i], CKO_PRIVATE_KEY);
		OK(found == h, "label %zu finds its key", i);
		OK(attr_is_text(h, CKA_LABEL, labels[i]), "and reads back");
	}
	OK(account_alias("alias/plain", &k), "a plain label is an alias");
	OK(account_alias("alias/a/b/c", &k), "with its slashes");
	OK(!account_alias("alias/aws/x", &k), "one of AWS's is not");
	OK(account_alias("alias/keyferry/label/with_20spaces_20in_20it", &k),
	    "what an alias cannot hold is escaped");
	/* 170 bytes of any kind fit */
	memset(too_long, '\xc3', 175);
	too_long[175] = '\0';
	key_template(&t, material(3), too_long);
	RV(p11->C_CreateObject(rw, t.t, t.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a label too long to be escaped");
	memset(too_long, 'c', 251);
	key_template(&t, material(3), too_long);
	RV(p11->C_CreateObject(rw, t.t, t.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a label of 251 bytes");
}

static void
test_ids(void)
{
	static CK_BYTE id[] = {0x00, 0xff, 0x20, 0x01}, got[64];
	static CK_BYTE long_id[200];
	struct key_template k;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE, found = CK_INVALID_HANDLE;
	CK_ATTRIBUTE t[] = {A(CKA_ID, id)};
	struct account_key a;

	key_template(&k, material(4), "with an id");
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "with an id");
	COUNT(find(rw, t, 1, &found, 1), 1, "it is found by it");
	OK(found == h && attr_is(h, CKA_ID, id, sizeof(id)), "and reads back");
	OK(account_alias("alias/keyferry/id/00ff2001", &a), "it is an alias");
	h = pair_make("without an id").public;
	COUNT(attr(h, CKA_ID, got, sizeof(got)), 16,
	    "without one it is the key's UUID");
	t[0] = (CK_ATTRIBUTE){CKA_ID, got, 16};
	COUNT(find(rw, t, 1, &found, 1), 2, "which finds both halves");
	OK(found == h, "of this pair");
	key_template(&k, material(4), NULL);
	template_add(&k, CKA_ID, long_id, sizeof(long_id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "an id too long for an alias");
	key_template(&k, material(4), "with an empty id");
	template_add(&k, CKA_ID, id, 0);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "an empty id is none");
	COUNT(attr(h, CKA_ID, got, sizeof(got)), 16, "and the default is read");
}

static void
test_nameless(void)
{
	CK_OBJECT_HANDLE a = key_make(material(5), NULL);
	CK_OBJECT_HANDLE b = key_make(material(5), "");

	OK(a != b, "they are two keys");
	OK(attr_is_text(a, CKA_LABEL, "") && attr_is_text(b, CKA_LABEL, ""),
	    "without a label");
}

/* The KMS key that an object stands for. */
static void
unique_id(CK_OBJECT_HANDLE h, char *out, size_t size)
{
	CK_ULONG n = attr(h, CKA_UNIQUE_ID, out, size - 1);

	out[n < size ? n : 0] = '\0';
}

static void
test_reimport(void)
{
	static CK_BYTE id[] = {0x52, 0x65};
	char before[256], after[256];
	struct key_template k;
	CK_OBJECT_HANDLE h = key_make(material(6), "again"), other, now;

	unique_id(h, before, sizeof(before));
	now = key_make(material(6), "again");
	unique_id(now, after, sizeof(after));
	OK(strcmp(before, after) == 0,
	    "the same material goes into the same key");
	key_template(&k, material(7), "again");
	RV(p11->C_CreateObject(rw, k.t, k.count, &other),
	    CKR_ATTRIBUTE_VALUE_INVALID, "other material is refused");
	OK(same_key(now, find_label("again", CKO_SECRET_KEY)),
	    "and the key goes on working");
	/* an id says which key; the label may be new, or another key's */
	key_template(&k, material(6), "again with id");
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "a new id makes a new key");
	unique_id(h, after, sizeof(after));
	OK(strcmp(before, after) != 0, "another one");
	key_template(&k, material(6), "again");
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "another key's label is shared");
	key_template(&k, material(6), "a new name");
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "the same id and a new label");
	unique_id(h, before, sizeof(before));
	OK(strcmp(before, after) == 0 &&
		attr_is_text(h, CKA_LABEL, "a new name"),
	    "name the same key anew");
	COUNT(find_label("again with id", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "its old label is free");
}

static void
date_in(time_t seconds, char out[9])
{
	time_t t = time(NULL) + seconds;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 9, "%Y%m%d", &tm);
}

static void
test_expiry(void)
{
	static const char never[] = "KEY_MATERIAL_DOES_NOT_EXPIRE";
	char date[9], later[9];
	struct key_template k;
	struct account_key a;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_ULONG n;

	date_in((time_t)30 * 86400, date);
	date_in((time_t)60 * 86400, later);
	key_template(&k, material(1), "expires");
	template_add(&k, CKA_END_DATE, date, 8);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "material that expires");
	OK(attr_is(h, CKA_END_DATE, date, 8), "the date reads back");
	n = attr_number(h, CKA_KEYFERRY_VALID_TO);
	COUNT(n % 86400, 86399, "it is good to the day's last second");
	OK(account_alias("alias/expires", &a) &&
		strcmp(a.expiration_model, "KEY_MATERIAL_EXPIRES") == 0 &&
		(CK_ULONG)a.valid_to == n,
	    "KMS says the same");
	key_template(&k, material(1), "expires");
	template_add(&k, CKA_END_DATE, later, 8);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "imported again with another date");
	OK(attr_is(h, CKA_END_DATE, later, 8), "it is the new one");
	h = key_make(material(1), "expires");
	OK(attr_is(h, CKA_END_DATE, later, 8), "and again without one");
	key_template(&k, material(1), "expires");
	template_add(&k, CKA_KEYFERRY_EXPIRATION_MODEL, never, strlen(never));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "one that is to have none");
	OK(attr(h, CKA_END_DATE, later, 8) == 0, "has none");
	OK(account_alias("alias/expires", &a) &&
		strcmp(a.expiration_model, never) == 0,
	    "KMS says the same");
	template_add(&k, CKA_END_DATE, date, 8);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_TEMPLATE_INCONSISTENT,
	    "none, and one");
	date_in((time_t)365 * 86400, date);
	key_template(&k, material(1), "expires");
	template_add(&k, CKA_END_DATE, date, 8);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "today in 365 days");
	n = attr_number(h, CKA_KEYFERRY_VALID_TO);
	OK(n <= (CK_ULONG)time(NULL) + 365 * 86400 &&
		n >= (CK_ULONG)time(NULL) + 364 * 86400,
	    "is the limit of KMS");
	date_in((time_t)367 * 86400, date);
	key_template(&k, material(1), "too long");
	template_add(&k, CKA_END_DATE, date, 8);
	calls_clear();
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "more than that");
	COUNT(calls("CreateKey"), 0, "is refused before a key is made");
	key_template(&k, material(1), "no date");
	template_add(&k, CKA_END_DATE, "", 0);
	template_add(&k, CKA_START_DATE, "", 0);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "an empty date is none");
}

/* A key that KMS made, and one of another kind, have their labels. */
static void
test_taken(void)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;

	account_make(
	    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/made-by-kms");
	key_template(&k, material(1), "made-by-kms");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "its label is taken");
	h = find_label("made-by-kms", CKO_SECRET_KEY);
	OK(same_key(h, h), "and it goes on working");
}

/* A set of import parameters that KMS refuses is replaced, once. A key that is
 * taken back is given material that nobody has, with a set of its own. */
static void
refuse_parameters(const char *exception, unsigned times)
{
	struct account before, after;
	struct key_template k;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	char label[64];

	account_read(&before);
	control("POST",
	    "/faults?operation=ImportKeyMaterial&fault=error&error=%s&count=%u",
	    exception, times);
	snprintf(label, sizeof(label), "%s-%u", exception, times);
	key_template(&k, material(1), label);
	calls_clear();
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    times == 1 ? CKR_OK : CKR_FUNCTION_FAILED, "%s", label);
	COUNT(calls("GetParametersForImport"), times + 1, "another set");
	COUNT(calls("ImportKeyMaterial"), times + 1, "for another import");
	account_read(&after);
	COUNT(after.count, before.count + 1, "no other key is made");
	COUNT(account_in(&after, "PendingImport"),
	    account_in(&before, "PendingImport"), "none waits");
	OK(times == 2 || same_key(h, h), "it is of use, or gone");
	control("DELETE", "/faults");
}

static void
test_refused_parameters(void)
{
	static const char *const exceptions[] = {"ExpiredImportTokenException",
	    "InvalidImportTokenException", "InvalidCiphertextException"};

	for (size_t i = 0; i < ELEMS(exceptions); i++) {
		refuse_parameters(exceptions[i], 1);
		refuse_parameters(exceptions[i], 2);
	}
}

static CK_ULONG
place_of(const struct external_key *o, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG at = o->material_at;

	while (o->t.t[at].type != type)
		at++;
	return (at);
}

/* What follows from an RSA key's modulus and exponents is computed, and compared
 * where some of it is given. */
static void
test_computed(void)
{
	static const CK_ATTRIBUTE_TYPE parts[] = {CKA_PRIME_1, CKA_PRIME_2,
	    CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT};
	struct external_key o;
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE h;
	char label[16];
	CK_ULONG at;

	for (size_t i = 0; i < 2 + ELEMS(parts); i++) {
		snprintf(label, sizeof(label), "computed %zu", i);
		external_key_make(&o, &external_key_rsa_2048, 0, label);
		for (size_t j = 0; j < ELEMS(parts); j++)
			if (i < 2 || j == i - 2)
				o.t.t[place_of(&o, parts[j])] =
				    o.t.t[--o.t.count];
		at = place_of(&o, CKA_PRIVATE_EXPONENT);
		if (i == 0)
			((CK_BYTE *)o.t.t[at].pValue)[100] ^= 2;
		template_add(&o.t, CKA_SIGN, &yes, sizeof(yes));
		if (RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h),
			i == 0 ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK,
			"an RSA key without some of its numbers, %zu", i) &&
		    i != 0) {
			RV(sign_text(h, &m), CKR_OK, "which signs");
			RV(p11->C_DestroyObject(rw, h), CKR_OK, "it goes");
		}
		external_key_free(&o);
	}
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_arguments();
	test_bad_templates();
	test_generous_template();
	test_calls();
	test_labels();
	test_ids();
	test_nameless();
	test_reimport();
	test_expiry();
	test_taken();
	test_refused_parameters();
	test_computed();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
