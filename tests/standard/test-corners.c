/* What suites of other makers look for beside the tables: each rule of PKCS#11
 * 3.2 with its variants, on session objects. No KMS is there. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET, ec_type = CKK_EC,
		   ed_type = CKK_EC_EDWARDS;
static CK_BYTE value[32] = {1, 2, 3}, iv[16],
	       p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_ULONG len_32 = 32;
static CK_MECHANISM aes_gen = {CKM_AES_KEY_GEN, NULL, 0},
		    ec_gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0},
		    kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0},
		    cbc = {CKM_AES_CBC, iv, sizeof(iv)},
		    base_and_data = {CKM_CONCATENATE_BASE_AND_DATA, NULL, 0};
static CK_KEY_DERIVATION_STRING_DATA data = {value, 8};
static CK_OBJECT_HANDLE kek;
#define AES A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, aes_type)

static CK_RV
create(CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	*h = CK_INVALID_HANDLE;
	return (p11->C_CreateObject(rw, t, n, h));
}

/* The ways to a session's secret key; more: the template beside what the way
 * needs. */
enum way { CREATED, GENERATED, UNWRAPPED, DERIVED, WAYS };
static const char *const way_names[] = {
    "created", "generated", "unwrapped", "derived"};

static CK_RV
make_by(
    enum way way, const CK_ATTRIBUTE *more, CK_ULONG count, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[12] = {AES};
	CK_ULONG n = 2, wrapped_len = 64;
	CK_BYTE wrapped[64];
	CK_OBJECT_HANDLE from = CK_INVALID_HANDLE;

	for (CK_ULONG i = 0; i < count; i++)
		t[n++] = more[i];
	*h = CK_INVALID_HANDLE;
	if (way == CREATED) {
		t[n++] = (CK_ATTRIBUTE)A(CKA_VALUE, value);
		return (p11->C_CreateObject(rw, t, n, h));
	}
	if (way == GENERATED) {
		t[n++] = (CK_ATTRIBUTE)A(CKA_VALUE_LEN, len_32);
		return (p11->C_GenerateKey(rw, &aes_gen, t, n, h));
	}
	if (make_by(CREATED, NULL, 0, &from) != CKR_OK)
		tap_bail();
	if (way == DERIVED) {
		CK_ATTRIBUTE base[] = {A(CKA_CLASS, secret_class),
		    A(CKA_KEY_TYPE, generic_type),
		    A_BYTES(CKA_VALUE, value, 24), A(CKA_DERIVE, yes)};

		NEED(create(base, ELEMS(base), &from) == CKR_OK, "a base");
		return (p11->C_DeriveKey(rw, &base_and_data, from, t, n, h));
	}
	NEED(p11->C_WrapKey(rw, &kwp, kek, from, wrapped, &wrapped_len) ==
		 CKR_OK,
	    "a key that was created without a word is wrapped");
	return (p11->C_UnwrapKey(rw, &kwp, kek, wrapped, wrapped_len, t, n, h));
}

static bool
is_true(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	return (attr_is(h, type, &yes, 1));
}

static bool
is_false(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	return (attr_is(h, type, &no, 1));
}

/* What nobody said, by each way. */
static void
test_defaults(void)
{
	static const CK_ATTRIBUTE_TYPE usages[] = {CKA_ENCRYPT, CKA_DECRYPT,
	    CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP};
	/* of each, bits of those that come with it */
	static const unsigned implied[] = {0x33, 0x22, 0x0c, 0x08, 0x30, 0x20};
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t;

	for (enum way w = CREATED; w < WAYS; w++) {
		RV(make_by(w, NULL, 0, &h), CKR_OK, "%s", way_names[w]);
		OK(is_false(h, CKA_SENSITIVE), "not sensitive");
		/* what the program has, or had wrapped, it may wrap again */
		OK(is_true(h, CKA_EXTRACTABLE) ==
			(w == CREATED || w == UNWRAPPED),
		    "extractable where it came from outside");
		OK(is_true(h, CKA_COPYABLE) && is_true(h, CKA_MODIFIABLE) &&
			is_true(h, CKA_DESTROYABLE),
		    "copied, changed and destroyed");
		OK(is_false(h, CKA_WRAP_WITH_TRUSTED) &&
			is_false(h, CKA_DERIVE) && is_false(h, CKA_TOKEN),
		    "and nothing that nobody asked for");
		OK(attr_is(h, CKA_LOCAL, w == GENERATED ? &yes : &no, 1),
		    "CKA_LOCAL");
		COUNT(attr_number(h, CKA_OBJECT_VALIDATION_FLAGS), 0,
		    "CKA_OBJECT_VALIDATION_FLAGS");
		for (size_t i = 0; i < ELEMS(usages); i++) {
			t = (CK_ATTRIBUTE){usages[i], &yes, 1};
			RV(make_by(w, &t, 1, &h), CKR_OK, "one usage");
			for (size_t j = 0; j < ELEMS(usages); j++)
				OK(attr_is(h, usages[j],
				       implied[i] >> j & 1 ? &yes : &no, 1),
				    "usage %zu of %zu", j, i);
		}
	}
}

/* A private key is sensitive, unless its template says that it may leave; and a
 * key for HMAC makes MACs, whatever else a template for all keys names. */
static void
test_other_defaults(void)
{
	static const struct {
		const char *what;
		CK_ATTRIBUTE t[2];
		CK_ULONG count;
		bool sensitive;
	} rows[] = {
	    {"no word", {{0}}, 0, true},
	    {"extractable", {A(CKA_EXTRACTABLE, yes)}, 1, false},
	    {"not extractable", {A(CKA_EXTRACTABLE, no)}, 1, true},
	    {"both", {A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, yes)}, 2, true},
	    {"for trusted keys",
		{A(CKA_EXTRACTABLE, yes), A(CKA_WRAP_WITH_TRUSTED, yes)}, 2,
		true},
	};
	CK_ATTRIBUTE t[6] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, ec_type), A(CKA_EC_PARAMS, p256),
	    A(CKA_VALUE, value)};
	CK_KEY_TYPE type = CKK_SHA256_HMAC;
	CK_ATTRIBUTE mac[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A(CKA_VALUE, value), A(CKA_ENCRYPT, yes)};
	CK_OBJECT_HANDLE h, public;
	CK_BYTE wrapped[256];
	CK_ULONG len = sizeof(wrapped);

	NEED(create(t, 4, &h) == CKR_OK &&
		 p11->C_WrapKey(rw, &kwp, kek, h, wrapped, &len) == CKR_OK,
	    "a private key is wrapped");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ATTRIBUTE unwrapped[] = {
		    t[0], t[1], rows[i].t[0], rows[i].t[1]};

		RV(p11->C_UnwrapKey(rw, &kwp, kek, wrapped, len, unwrapped,
		       2 + rows[i].count, &h),
		    CKR_OK, "%s", rows[i].what);
		OK(is_true(h, CKA_SENSITIVE) == rows[i].sensitive, "unwrapped");
		memcpy(t + 4, rows[i].t, sizeof(rows[i].t));
		RV(create(t, 4 + rows[i].count, &h), CKR_OK, "%s",
		    rows[i].what);
		OK(is_true(h, CKA_SENSITIVE) == rows[i].sensitive, "created");
		RV(p11->C_GenerateKeyPair(rw, &ec_gen, t + 2, 1, t + 4,
		       rows[i].count, &public, &h),
		    CKR_OK, "%s", rows[i].what);
		OK(is_true(h, CKA_SENSITIVE) == rows[i].sensitive, "generated");
	}
	RV(create(mac, ELEMS(mac), &h), CKR_OK, "a key for HMAC that encrypts");
	OK(is_true(h, CKA_SIGN) && is_true(h, CKA_VERIFY), "makes MACs");
}

/* A public key hides nothing: a usage that is named excludes none but CKA_WRAP. */
static void
test_public_defaults(void)
{
	struct keypair_ref ref = keypair_ref_rsa(1024);
	CK_BYTE modulus[128];
	CK_KEY_TYPE type = CKK_RSA;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class), A(CKA_KEY_TYPE, type),
	    A(CKA_MODULUS, modulus), A_BYTES(CKA_PUBLIC_EXPONENT, "\1\0\1", 3),
	    A(CKA_ENCRYPT, yes), A(CKA_VERIFY_RECOVER, no)};
	CK_OBJECT_HANDLE h;

	COUNT(attr(ref.public, CKA_MODULUS, modulus, 128), 128, "a modulus");
	RV(create(t, ELEMS(t), &h), CKR_OK, "a public key that encrypts");
	OK(is_true(h, CKA_ENCRYPT) && is_true(h, CKA_VERIFY) &&
		is_false(h, CKA_VERIFY_RECOVER) && is_false(h, CKA_WRAP),
	    "verifies, as it was not told otherwise");
	keypair_ref_free(&ref);
}

/* Kept as given, by each way, and shown. */
static void
test_kept(void)
{
	static CK_MECHANISM_TYPE list[] = {CKM_AES_CBC};
	static const struct {
		const char *what;
		CK_ATTRIBUTE a;
		CK_RV rv;
	} rows[] = {
	    {"a start", A_BYTES(CKA_START_DATE, "20200229", 8), CKR_OK},
	    {"an end", A_BYTES(CKA_END_DATE, "20991231", 8), CKR_OK},
	    {"no start", A_BYTES(CKA_START_DATE, "", 0), CKR_OK},
	    {"a start of 7 bytes", A_BYTES(CKA_START_DATE, "2020022", 7),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"the 30th of February", A_BYTES(CKA_START_DATE, "20200230", 8),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"no date", A_BYTES(CKA_END_DATE, "abcdefgh", 8),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"a mechanism", A(CKA_ALLOWED_MECHANISMS, list), CKR_OK},
	    {"no mechanism", A_BYTES(CKA_ALLOWED_MECHANISMS, NULL, 0),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"half a mechanism", A_BYTES(CKA_ALLOWED_MECHANISMS, list, 4),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"not to be copied", A(CKA_COPYABLE, no), CKR_OK},
	    {"CKA_UNIQUE_ID", A_BYTES(CKA_UNIQUE_ID, "1", 1),
		CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_OBJECT_VALIDATION_FLAGS",
		A(CKA_OBJECT_VALIDATION_FLAGS, len_32),
		CKR_ATTRIBUTE_READ_ONLY},
	};
	CK_OBJECT_HANDLE h;

	for (enum way w = CREATED; w < WAYS; w++)
		for (size_t i = 0; i < ELEMS(rows); i++) {
			RV(make_by(w, &rows[i].a, 1, &h), rows[i].rv, "%s, %s",
			    way_names[w], rows[i].what);
			if (rows[i].rv == CKR_OK)
				OK(attr_is(h, rows[i].a.type, rows[i].a.pValue,
				       rows[i].a.ulValueLen),
				    "and it is shown");
		}
}

/* A list of one mechanism allows that one: there are no empty lists. */
static void
test_allowed(void)
{
	CK_MECHANISM_TYPE list[] = {CKM_AES_CBC};
	CK_ATTRIBUTE one = A(CKA_ALLOWED_MECHANISMS, list);
	CK_MECHANISM ecb = {CKM_AES_ECB, NULL, 0},
		     cmac = {CKM_AES_CMAC, NULL, 0};
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);
	CK_OBJECT_HANDLE h, target;

	NEED(make_by(CREATED, NULL, 0, &target) == CKR_OK, "a key");
	for (enum way w = CREATED; w < WAYS; w++) {
		RV(make_by(w, &one, 1, &h), CKR_OK, "%s", way_names[w]);
		RV(p11->C_EncryptInit(rw, &ecb, h), CKR_MECHANISM_INVALID,
		    "another is not allowed: encrypt");
		RV(p11->C_DecryptInit(rw, &ecb, h), CKR_MECHANISM_INVALID,
		    "decrypt");
		RV(p11->C_SignInit(rw, &cmac, h), CKR_MECHANISM_INVALID,
		    "sign");
		RV(p11->C_VerifyInit(rw, &cmac, h), CKR_MECHANISM_INVALID,
		    "verify");
		RV(p11->C_WrapKey(rw, &kwp, h, target, out, &n),
		    CKR_MECHANISM_INVALID, "wrap");
		RV(p11->C_EncryptInit(rw, &cbc, h), CKR_OK, "that one is");
		RV(p11->C_EncryptInit(rw, NULL, 0), CKR_OK, "and over");
	}
}

/* PKCS#11 3.2, 4.1.1: one attribute twice. */
static void
test_twice(void)
{
	CK_ATTRIBUTE same[] = {
	    A_BYTES(CKA_LABEL, "a", 1), A_BYTES(CKA_LABEL, "a", 1)};
	CK_ATTRIBUTE other[] = {
	    A_BYTES(CKA_LABEL, "a", 1), A_BYTES(CKA_LABEL, "b", 1)};
	CK_ATTRIBUTE params[] = {
	    A(CKA_EC_PARAMS, p256), A(CKA_EC_PARAMS, p256)};
	CK_BYTE room[2][4];
	CK_ATTRIBUTE get[] = {A(CKA_LABEL, room[0]), A(CKA_LABEL, room[1])},
		     search[] = {A(CKA_TOKEN, no), A_BYTES(CKA_LABEL, "a", 1),
			 A_BYTES(CKA_LABEL, "a", 1)};
	CK_OBJECT_HANDLE h, copy, found[4];

	for (enum way w = CREATED; w < WAYS; w++) {
		RV(make_by(w, other, 2, &h), CKR_TEMPLATE_INCONSISTENT,
		    "%s: two values", way_names[w]);
		RV(make_by(w, same, 2, &h), CKR_OK, "%s: one value twice",
		    way_names[w]);
	}
	RV(p11->C_SetAttributeValue(rw, h, other, 2), CKR_TEMPLATE_INCONSISTENT,
	    "two values are set");
	OK(attr_is_text(h, CKA_LABEL, "a"), "neither is");
	RV(p11->C_SetAttributeValue(rw, h, same, 2), CKR_OK, "one, twice");
	RV(p11->C_CopyObject(rw, h, other, 2, &copy), CKR_TEMPLATE_INCONSISTENT,
	    "a copy has two values");
	RV(p11->C_CopyObject(rw, h, same, 2, &copy), CKR_OK, "or one");
	RV(p11->C_GenerateKeyPair(rw, &ec_gen, params, 2, same, 2, &h, &copy),
	    CKR_OK, "a pair");
	RV(p11->C_GenerateKeyPair(rw, &ec_gen, params, 1, other, 2, &h, &copy),
	    CKR_TEMPLATE_INCONSISTENT, "a pair with two values");
	NEED(find(rw, search, 3, found, 4) - 1 < 100,
	    "what is looked for twice is found");
	RV(p11->C_GetAttributeValue(rw, found[0], get, 2), CKR_OK,
	    "both are shown");
	OK(get[0].ulValueLen == get[1].ulValueLen, "the same");
}

/* Every function with a template says at once that it is none. */
static void
test_rows(void)
{
	static const CK_ULONG counts[] = {
	    1UL << 32, ~0UL, 1UL << 60, (~0UL / sizeof(CK_ATTRIBUTE)) + 2};
	CK_ATTRIBUTE t[] = {AES, A(CKA_VALUE, value)};
	CK_MECHANISM derive = base_and_data;
	CK_OBJECT_HANDLE h, a, b;
	CK_BYTE wrapped[40] = {0};

	NEED(make_by(CREATED, NULL, 0, &h) == CKR_OK, "a key");
	for (size_t i = 0; i < ELEMS(counts); i++) {
		CK_ULONG n = counts[i];

		RV(p11->C_CreateObject(rw, t, n, &a), CKR_ARGUMENTS_BAD,
		    "%lu rows", n);
		RV(p11->C_CopyObject(rw, h, t, n, &a), CKR_ARGUMENTS_BAD,
		    "a copy");
		RV(p11->C_GenerateKey(rw, &aes_gen, t, n, &a),
		    CKR_ARGUMENTS_BAD, "a key");
		RV(p11->C_GenerateKeyPair(rw, &ec_gen, t, n, t, 1, &a, &b),
		    CKR_ARGUMENTS_BAD, "a public half");
		RV(p11->C_GenerateKeyPair(rw, &ec_gen, t, 1, t, n, &a, &b),
		    CKR_ARGUMENTS_BAD, "a private half");
		RV(p11->C_UnwrapKey(rw, &kwp, kek, wrapped, 40, t, n, &a),
		    CKR_ARGUMENTS_BAD, "unwrapped");
		RV(p11->C_DeriveKey(rw, &derive, h, t, n, &a),
		    CKR_ARGUMENTS_BAD, "derived");
		RV(p11->C_FindObjectsInit(rw, t, n), CKR_ARGUMENTS_BAD,
		    "looked for");
		RV(p11->C_SetAttributeValue(rw, h, t, n), CKR_ARGUMENTS_BAD,
		    "set");
		RV(p11->C_GetAttributeValue(rw, h, t, n), CKR_ARGUMENTS_BAD,
		    "shown");
	}
}

/* A value that is longer than any is not looked at. */
static void
test_long_values(void)
{
	static CK_ATTRIBUTE inner = A_BYTES(CKA_LABEL, value, ~0UL);
	CK_ATTRIBUTE rows[] = {A_BYTES(CKA_LABEL, value, ~0UL),
	    A_BYTES(CKA_LABEL, value, 1UL << 32),
	    A_BYTES(CKA_ALLOWED_MECHANISMS, value, ~0UL - 7),
	    A_BYTES(CKA_WRAP_TEMPLATE, &inner, sizeof(inner) << 40),
	    A(CKA_WRAP_TEMPLATE, inner)};
	CK_OBJECT_HANDLE h, kept;

	NEED(make_by(CREATED, NULL, 0, &kept) == CKR_OK, "a key");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ATTRIBUTE twice[] = {rows[i], rows[i]};

		for (enum way w = CREATED; w < WAYS; w++)
			RV(make_by(w, twice, 2, &h),
			    CKR_ATTRIBUTE_VALUE_INVALID,
			    "%s: %lu bytes of 0x%lx", way_names[w],
			    rows[i].ulValueLen, rows[i].type);
	}
	RV(p11->C_CopyObject(rw, kept, rows, 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a copy");
	RV(p11->C_SetAttributeValue(rw, kept, rows, 1),
	    CKR_ATTRIBUTE_VALUE_INVALID, "set");
}

/* A sensitive base gives no key that is open, whatever the template says. */
static void
test_sensitive_base(void)
{
	CK_ULONG bit = 0, n16 = 16;
	CK_OBJECT_HANDLE other, base, h;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE, value),
	    A(CKA_DERIVE, yes), A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no)};
	CK_ATTRIBUTE open[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE_LEN, n16),
	    A(CKA_SENSITIVE, no)};
	CK_ATTRIBUTE extract[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE_LEN, n16),
	    A(CKA_EXTRACTABLE, yes)};
	CK_MECHANISM rows[] = {
	    {CKM_CONCATENATE_BASE_AND_DATA, &data, sizeof(data)},
	    {CKM_CONCATENATE_DATA_AND_BASE, &data, sizeof(data)},
	    {CKM_XOR_BASE_AND_DATA, &data, sizeof(data)},
	    {CKM_CONCATENATE_BASE_AND_KEY, &other, sizeof(other)},
	    {CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof(bit)}};

	NEED(create(t, 4, &other) == CKR_OK, "an open key");
	NEED(create(t, ELEMS(t), &base) == CKR_OK, "a sensitive base");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		if (rows[i].mechanism == CKM_XOR_BASE_AND_DATA)
			n16 = 8;
		RV(p11->C_DeriveKey(rw, &rows[i], base, open, 4, &h),
		    CKR_TEMPLATE_INCONSISTENT, "0x%lx, CKA_SENSITIVE false",
		    rows[i].mechanism);
		RV(p11->C_DeriveKey(rw, &rows[i], base, extract, 4, &h),
		    CKR_TEMPLATE_INCONSISTENT, "0x%lx, CKA_EXTRACTABLE true",
		    rows[i].mechanism);
		RV(p11->C_DeriveKey(rw, &rows[i], base, open, 3, &h), CKR_OK,
		    "nothing said");
		OK(is_true(h, CKA_SENSITIVE) && is_false(h, CKA_EXTRACTABLE),
		    "is as the base");
		n16 = 16;
	}
	rows[3].pParameter = &base;
	RV(p11->C_DeriveKey(rw, &rows[3], other, open, 4, &h),
	    CKR_TEMPLATE_INCONSISTENT, "the second key is sensitive");
	RV(p11->C_DeriveKey(rw, &rows[4], other, open, 2, &h),
	    CKR_TEMPLATE_INCOMPLETE, "a part of a key, of no length");
	n16 = 33;
	RV(p11->C_DeriveKey(rw, &rows[4], other, open, 4, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a part of more than the key");
}

/* 6.3.3: what is no name of a curve, and a curve that there is not. */
static void
test_curves(void)
{
	static CK_BYTE none[1],
	    null[] = {5, 0}, cut[] = {6, 8, 0x2a},
	    behind[] = {6, 3, 0x2b, 0x65, 0x70, 0},
	    unknown[] = {6, 3, 0x2a, 3, 4}, k1[] = {6, 5, 0x2b, 0x81, 4, 0, 9},
	    sequence[] = {0x30, 3, 2, 1, 1}, name[] = {0x13, 3, 'a', 'b', 'c'},
	    no_name[] = {0x13, 0}, short_name[] = "\x13\x09secp256r",
	    long_name[] = "\x13\x09secp256r1x",
	    other_case[] = "\x13\x09SECP256R1",
	    nul_name[] = "\x13\x0asecp256r1", number[] = {2, 1, 1},
	    empty[] = {6, 0}, open_end[] = {6, 2, 0x2a, 0x86};
	static const struct {
		const char *what;
		CK_BYTE *params;
		CK_ULONG len;
		CK_RV rv;
	} rows[] = {
	    {"nothing", none, 0, CKR_DOMAIN_PARAMS_INVALID},
	    {"implicitCA", null, sizeof(null), CKR_DOMAIN_PARAMS_INVALID},
	    {"a part of an OID", cut, sizeof(cut), CKR_DOMAIN_PARAMS_INVALID},
	    {"a byte behind it", behind, sizeof(behind),
		CKR_DOMAIN_PARAMS_INVALID},
	    {"a number", number, sizeof(number), CKR_DOMAIN_PARAMS_INVALID},
	    {"an OID of no bytes", empty, sizeof(empty),
		CKR_DOMAIN_PARAMS_INVALID},
	    {"an OID that does not end", open_end, sizeof(open_end),
		CKR_DOMAIN_PARAMS_INVALID},
	    {"parameters in a SEQUENCE", sequence, sizeof(sequence),
		CKR_CURVE_NOT_SUPPORTED},
	    {"another OID", unknown, sizeof(unknown), CKR_CURVE_NOT_SUPPORTED},
	    {"secp160k1", k1, sizeof(k1), CKR_CURVE_NOT_SUPPORTED},
	    {"a name", name, sizeof(name), CKR_CURVE_NOT_SUPPORTED},
	    {"no name", no_name, 2, CKR_DOMAIN_PARAMS_INVALID},
	    {"a part of a name", short_name, 10, CKR_DOMAIN_PARAMS_INVALID},
	    {"a byte behind a name", long_name, 12, CKR_DOMAIN_PARAMS_INVALID},
	    {"a name in capitals", other_case, 11, CKR_CURVE_NOT_SUPPORTED},
	    {"a name and a NUL", nul_name, 12, CKR_CURVE_NOT_SUPPORTED},
	};
	CK_BYTE point[67] = {4, 65, 4};
	CK_OBJECT_HANDLE a, b;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ATTRIBUTE params = {
		    CKA_EC_PARAMS, rows[i].params, rows[i].len};
		CK_ATTRIBUTE public[] = {A(CKA_CLASS, public_class),
		    A(CKA_KEY_TYPE, ec_type), A(CKA_EC_POINT, point), params};
		CK_ATTRIBUTE private[] = {A(CKA_CLASS, private_class),
		    A(CKA_KEY_TYPE, ec_type), A(CKA_VALUE, value), params};
		CK_ATTRIBUTE edwards[] = {A(CKA_CLASS, private_class),
		    A(CKA_KEY_TYPE, ed_type), A(CKA_VALUE, value), params};

		RV(p11->C_GenerateKeyPair(
		       rw, &ec_gen, &params, 1, NULL, 0, &a, &b),
		    rows[i].rv, "generate: %s", rows[i].what);
		RV(create(public, 4, &a), rows[i].rv, "a public key");
		RV(create(private, 4, &a), rows[i].rv, "a private key");
		RV(create(edwards, 4, &a), rows[i].rv, "an Edwards key");
	}
}

/* Attributes of one object that do not belong together. */
static void
test_inconsistent(void)
{
	CK_BYTE info[2][128], point[80], private_value[32];
	CK_OBJECT_HANDLE public[2], private[2], h;
	CK_ATTRIBUTE params = A(CKA_EC_PARAMS, p256),
		     open[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_ULONG n[2], point_len;

	for (int i = 0; i < 2; i++) {
		NEED(p11->C_GenerateKeyPair(rw, &ec_gen, &params, 1, open, 2,
			 &public[i], &private[i]) == CKR_OK,
		    "a pair");
		n[i] = attr(
		    public[i], CKA_PUBLIC_KEY_INFO, info[i], sizeof(info[i]));
	}
	point_len = attr(public[0], CKA_EC_POINT, point, sizeof(point));
	(void)attr(private[0], CKA_VALUE, private_value, 32);
	for (int i = 0; i < 2; i++) {
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
		    A(CKA_KEY_TYPE, ec_type), params,
		    A_BYTES(CKA_EC_POINT, point, point_len),
		    A_BYTES(CKA_PUBLIC_KEY_INFO, info[i], n[i])};
		CK_ATTRIBUTE s[] = {A(CKA_CLASS, private_class),
		    A(CKA_KEY_TYPE, ec_type), params,
		    A(CKA_VALUE, private_value),
		    A_BYTES(CKA_PUBLIC_KEY_INFO, info[i], n[i])};
		CK_RV want = i == 0 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID;

		RV(create(t, 5, &h), want, "CKA_PUBLIC_KEY_INFO of %d", i);
		RV(create(s, 5, &h), want, "CKA_PUBLIC_KEY_INFO of %d", i);
	}
	point[point_len - 1] ^= 1;
	{
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
		    A(CKA_KEY_TYPE, ec_type), params,
		    A_BYTES(CKA_EC_POINT, point, point_len)};

		RV(create(t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID,
		    "a point that is not on the curve");
	}
}

/* FIPS 197 says nothing of zeros: the first bytes are AES-128's of a key of
 * zeros, and SHA-1's of one byte "a". */
static void
test_check_values(void)
{
	CK_BYTE zeros[16] = {0}, aes[] = {0x66, 0xe9, 0x4b},
		sha[] = {0x86, 0xf7, 0xe4};
	CK_KEY_TYPE type = CKK_AES;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A(CKA_VALUE, zeros), A(CKA_CHECK_VALUE, aes)};
	CK_ATTRIBUTE empty = {CKA_CHECK_VALUE, NULL, 0},
		     maybe = A_BYTES(CKA_ENCRYPT, "\2", 1);
	CK_OBJECT_HANDLE h, none;

	RV(create(t, 3, &h), CKR_OK, "AES");
	OK(attr_is(h, CKA_CHECK_VALUE, aes, 3), "shows its check value");
	none = h;
	RV(p11->C_SetAttributeValue(rw, none, &t[3], 1),
	    CKR_ATTRIBUTE_READ_ONLY, "which cannot be set");
	RV(p11->C_SetAttributeValue(rw, none, &empty, 1), CKR_OK,
	    "but taken away");
	COUNT(attr(none, CKA_CHECK_VALUE, NULL, 0), 0, "none is left");
	RV(create(t, 4, &h), CKR_OK, "the right one is taken");
	RV(p11->C_CopyObject(rw, h, &empty, 1, &none), CKR_OK,
	    "and not into a copy");
	COUNT(attr(none, CKA_CHECK_VALUE, NULL, 0), 0, "which has none");
	RV(p11->C_SetAttributeValue(rw, h, &maybe, 1),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a truth is CK_TRUE or CK_FALSE");
	aes[2] ^= 1;
	RV(create(t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID, "another is refused");
	t[3].ulValueLen = 0;
	RV(create(t, 4, &h), CKR_OK, "none");
	COUNT(attr(h, CKA_CHECK_VALUE, NULL, 0), 0, "is none");
	type = CKK_GENERIC_SECRET;
	t[2] = (CK_ATTRIBUTE){CKA_VALUE, "a", 1};
	RV(create(t, 3, &h), CKR_OK, "a generic secret");
	OK(attr_is(h, CKA_CHECK_VALUE, sha, 3), "shows that of its hash");
}

int
main(void)
{
	base_and_data.pParameter = &data;
	base_and_data.ulParameterLen = sizeof(data);
	testenv_open();
	p11_start();
	{
		CK_ATTRIBUTE t[] = {AES, A(CKA_VALUE, value)};

		NEED(create(t, 3, &kek) == CKR_OK, "a wrapping key");
	}
	test_check_values();
	test_defaults();
	test_other_defaults();
	test_public_defaults();
	test_kept();
	test_allowed();
	test_twice();
	test_rows();
	test_long_values();
	test_sensitive_base();
	test_curves();
	test_inconsistent();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
