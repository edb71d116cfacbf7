/* C_GetAttributeValue by all of the standard's rules, C_SetAttributeValue of
 * labels and ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "account.h"
#include "p11.h"
#include "cryptoki/cryptoki.h"

#define UNAVAILABLE CK_UNAVAILABLE_INFORMATION

static CK_OBJECT_HANDLE key;
static struct pair_handles pair;

/* What an imported AES key says of itself. */
static void
test_key(void)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		const char *name;
		CK_BBOOL want;
	} truths[] = {
	    {CKA_TOKEN, "CKA_TOKEN", CK_TRUE},
	    {CKA_PRIVATE, "CKA_PRIVATE", CK_TRUE},
	    {CKA_MODIFIABLE, "CKA_MODIFIABLE", CK_TRUE},
	    {CKA_COPYABLE, "CKA_COPYABLE", CK_FALSE},
	    {CKA_DESTROYABLE, "CKA_DESTROYABLE", CK_TRUE},
	    {CKA_LOCAL, "CKA_LOCAL", CK_FALSE},
	    {CKA_ENCRYPT, "CKA_ENCRYPT", CK_TRUE},
	    {CKA_DECRYPT, "CKA_DECRYPT", CK_TRUE},
	    {CKA_SIGN, "CKA_SIGN", CK_FALSE},
	    {CKA_VERIFY, "CKA_VERIFY", CK_FALSE},
	    {CKA_WRAP, "CKA_WRAP", CK_TRUE},
	    {CKA_UNWRAP, "CKA_UNWRAP", CK_TRUE},
	    {CKA_DERIVE, "CKA_DERIVE", CK_FALSE},
	    {CKA_TRUSTED, "CKA_TRUSTED", CK_FALSE},
	    {CKA_SENSITIVE, "CKA_SENSITIVE", CK_TRUE},
	    {CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE", CK_FALSE},
	    {CKA_EXTRACTABLE, "CKA_EXTRACTABLE", CK_FALSE},
	    {CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", CK_FALSE},
	    {CKA_WRAP_WITH_TRUSTED, "CKA_WRAP_WITH_TRUSTED", CK_FALSE},
	    {CKA_KEYFERRY_MULTI_REGION, "CKA_KEYFERRY_MULTI_REGION", CK_FALSE},
	};
	CK_MECHANISM_TYPE allowed[] = {CKM_KEYFERRY_KMS, CKM_AES_GCM};

	for (size_t i = 0; i < ELEMS(truths); i++)
		OK(attr_is(key, truths[i].type, &truths[i].want, 1), "%s",
		    truths[i].name);
	COUNT(attr_number(key, CKA_CLASS), CKO_SECRET_KEY, "CKA_CLASS");
	COUNT(attr_number(key, CKA_KEY_TYPE), CKK_AES, "CKA_KEY_TYPE");
	COUNT(attr_number(key, CKA_VALUE_LEN), 32, "CKA_VALUE_LEN");
	COUNT(attr_number(key, CKA_KEY_GEN_MECHANISM), UNAVAILABLE,
	    "CKA_KEY_GEN_MECHANISM");
	OK(attr_is_text(key, CKA_LABEL, "key"), "CKA_LABEL");
	OK(attr_is_text(key, CKA_START_DATE, ""), "CKA_START_DATE");
	OK(attr_is_text(key, CKA_END_DATE, ""), "CKA_END_DATE");
	OK(attr_is(key, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed)),
	    "CKA_ALLOWED_MECHANISMS");
	OK(attr_is_text(key, CKA_KEYFERRY_KEY_STATE, "Enabled"), "the state");
	OK(attr_is_text(key, CKA_KEYFERRY_ORIGIN, "EXTERNAL"), "the origin");
	OK(attr_is_text(key, CKA_KEYFERRY_KEY_SPEC, "SYMMETRIC_DEFAULT"),
	    "the KeySpec");
	OK(attr_is_text(key, CKA_KEYFERRY_KEY_USAGE, "ENCRYPT_DECRYPT"),
	    "the KeyUsage");
	OK(attr_is_text(key, CKA_KEYFERRY_REGIONS, "us-east-1"), "the Region");
	OK(attr_is_text(key, CKA_KEYFERRY_EXPIRATION_MODEL,
	       "KEY_MATERIAL_DOES_NOT_EXPIRE"),
	    "the expiration model");
	OK(attr_is_text(key, CKA_KEYFERRY_VALID_TO, ""), "no ValidTo");
	COUNT(attr(key, CKA_KEYFERRY_KEY_MATERIAL_ID, NULL, 0), 64,
	    "the id of the material");
}

/* Programs search for private keys with CKA_PRIVATE true, log in though no login is
 * required, and out again. */
static void
test_private(void)
{
	CK_BBOOL *const said[] = {&no, &yes};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_PRIVATE, yes)};
	CK_ATTRIBUTE of_pair[] = {A(CKA_CLASS, private_class),
	    A(CKA_PRIVATE, yes), A_BYTES(CKA_LABEL, "pair", 4)};
	CK_OBJECT_HANDLE h[4];
	CK_OBJECT_HANDLE made;
	struct key_template k;

	for (size_t i = 0; i < ELEMS(said); i++) {
		key_template(&k, material(9), "said");
		template_add(&k, CKA_PRIVATE, said[i], 1);
		RV(p11->C_CreateObject(rw, k.t, k.count, &made), CKR_OK,
		    "a key whose template says %d", (int)*said[i]);
		OK(attr_is(made, CKA_PRIVATE, &yes, 1), "is private");
		RV(p11->C_DestroyObject(rw, made), CKR_OK, "away with it");
	}
	RV(p11->C_Login(rw, CKU_USER, (CK_BYTE *)"1234", 4), CKR_OK, "login");
	COUNT(find(rw, t, ELEMS(t), h, ELEMS(h)), 1, "the secret key");
	COUNT(h[0], key, "is found");
	COUNT(find(rw, of_pair, ELEMS(of_pair), h, ELEMS(h)), 1, "the private");
	COUNT(h[0], pair.private, "is found");
	OK(attr_is(pair.public, CKA_PRIVATE, &no, 1), "no public key is");
	RV(p11->C_Logout(rw), CKR_OK, "logout");
	COUNT(find(rw, t, ELEMS(t), h, ELEMS(h)), 1, "without a login, too");
	OK(attr_is(key, CKA_PRIVATE, &yes, 1), "and no handle is lost");
}

/* Each failure by itself: code, and the length that is left behind. */
static void
test_failures(void)
{
	CK_BYTE room[64];
	struct {
		const char *what;
		CK_ATTRIBUTE a;
		CK_RV rv;
		CK_ULONG len;
	} cases[] = {
	    {"a length", {CKA_LABEL, NULL, 0}, CKR_OK, 3},
	    {"a length, with some given", {CKA_LABEL, NULL, 77}, CKR_OK, 3},
	    {"room enough", {CKA_LABEL, room, 3}, CKR_OK, 3},
	    {"more than enough", {CKA_LABEL, room, 64}, CKR_OK, 3},
	    {"too little", {CKA_LABEL, room, 2}, CKR_BUFFER_TOO_SMALL,
		UNAVAILABLE},
	    {"none", {CKA_LABEL, room, 0}, CKR_BUFFER_TOO_SMALL, UNAVAILABLE},
	    {"an empty value", {CKA_END_DATE, room, 64}, CKR_OK, 0},
	    {"an empty value without room", {CKA_END_DATE, room, 0}, CKR_OK, 0},
	    {"the value", {CKA_VALUE, room, 64}, CKR_ATTRIBUTE_SENSITIVE,
		UNAVAILABLE},
	    {"the value's length", {CKA_VALUE, NULL, 0},
		CKR_ATTRIBUTE_SENSITIVE, UNAVAILABLE},
	    {"an attribute of RSA keys", {CKA_MODULUS, room, 64},
		CKR_ATTRIBUTE_TYPE_INVALID, UNAVAILABLE},
	    {"an attribute of nothing here", {CKA_SUBJECT, room, 64},
		CKR_ATTRIBUTE_TYPE_INVALID, UNAVAILABLE},
	    {"another vendor's", {0xcf534301, room, 64},
		CKR_ATTRIBUTE_TYPE_INVALID, UNAVAILABLE},
	};
	CK_ATTRIBUTE a;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		a = cases[i].a;
		rv_is(p11->C_GetAttributeValue(rw, key, &a, 1), cases[i].rv,
		    "as listed", __FILE__, __LINE__, "%s", cases[i].what);
		COUNT(a.ulValueLen, cases[i].len, "%s: the length",
		    cases[i].what);
	}
}

/* All entries are filled, whatever becomes of the others. */
static void
test_many_attributes(void)
{
	CK_ULONG type = 0, len = 0;
	CK_BYTE value[32], label[2];
	char arn[256];
	CK_ATTRIBUTE t[] = {A(CKA_KEY_TYPE, type), A(CKA_VALUE, value),
	    A(CKA_LABEL, label), A_BYTES(CKA_MODULUS, value, sizeof(value)),
	    A(CKA_VALUE_LEN, len), A(CKA_UNIQUE_ID, arn)};
	CK_RV rv = p11->C_GetAttributeValue(rw, key, t, ELEMS(t));

	OK(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
		rv == CKR_BUFFER_TOO_SMALL,
	    "the code is one of those that apply");
	OK(t[0].ulValueLen == sizeof(type) && type == CKK_AES,
	    "what stands before a failure is filled");
	OK(t[1].ulValueLen == UNAVAILABLE && t[2].ulValueLen == UNAVAILABLE &&
		t[3].ulValueLen == UNAVAILABLE,
	    "each failure is marked");
	OK(t[4].ulValueLen == sizeof(len) && len == 32,
	    "what stands behind is filled");
	OK(strncmp(arn, "arn:aws:kms:us-east-1:111122223333:key/", 39) == 0 &&
		t[5].ulValueLen == 39 + 36,
	    "the unique id is the key's ARN");
}

static void
test_arguments(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};

	RV(p11->C_GetAttributeValue(rw, key, NULL, 1), CKR_ARGUMENTS_BAD,
	    "no template");
	RV(p11->C_GetAttributeValue(rw, key, NULL, 0), CKR_ARGUMENTS_BAD,
	    "no template, and no rows");
	RV(p11->C_GetAttributeValue(rw, key, t, 0), CKR_OK,
	    "a template without rows asks for nothing");
	RV(p11->C_GetAttributeValue(rw, 77777, t, 1), CKR_OBJECT_HANDLE_INVALID,
	    "no such object");
	RV(p11->C_GetAttributeValue(rw, CK_INVALID_HANDLE, t, 1),
	    CKR_OBJECT_HANDLE_INVALID, "the invalid handle");
	RV(p11->C_GetAttributeValue(77777, key, t, 1),
	    CKR_SESSION_HANDLE_INVALID, "no such session");
}

/* The wrapping key's fingerprint is what `sha256sum` says of the public half
 * that pkcs11-tool writes, and the log shows it. */
static void
check_fingerprint(void)
{
	unsigned char hash[32];
	CK_BYTE info[1024];
	char hex[65] = "";
	CK_ULONG len = attr(
	    pair.public, CKA_PUBLIC_KEY_INFO, info, sizeof(info));

	NEED(len <= sizeof(info) &&
		 EVP_Q_digest(NULL, "SHA256", NULL, info, len, hash, NULL) == 1,
	    "SHA-256 of it");
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	OK(attr_is_text(
	       pair.public, CKA_KEYFERRY_WRAPPING_KEY_FINGERPRINT, hex),
	    "its fingerprint");
	OK(strstr(testenv_read("log"), hex) != NULL, "the log shows it");
}

/* Both halves of an import pair. The modulus is what costs a call. */
static void
test_pair(void)
{
	CK_BYTE exponent[] = {1, 0, 1}, modulus[256], other[256];
	CK_MECHANISM_TYPE allowed[] = {CKM_RSA_PKCS_OAEP};

	calls_clear();
	OK(attr_is(pair.public, CKA_WRAP, &yes, 1) &&
		attr_is(pair.public, CKA_ENCRYPT, &no, 1),
	    "the public half wraps and does nothing else");
	OK(attr_is(pair.private, CKA_UNWRAP, &yes, 1) &&
		attr_is(pair.private, CKA_DECRYPT, &no, 1) &&
		attr_is(pair.private, CKA_SIGN, &no, 1),
	    "the private half unwraps and does nothing else");
	COUNT(attr_number(pair.public, CKA_KEY_TYPE), CKK_RSA, "it is RSA");
	COUNT(attr_number(pair.public, CKA_MODULUS_BITS), 2048, "of 2048 bits");
	OK(attr_is(
	       pair.private, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed)),
	    "it unwraps with OAEP");
	OK(attr_is_text(pair.private, CKA_LABEL, "pair") &&
		attr_is_text(pair.public, CKA_LABEL, "pair"),
	    "both have the label");
	OK(attr_is_text(pair.private, CKA_KEYFERRY_KEY_STATE, "PendingImport"),
	    "the key waits for its material");
	COUNT(calls("GetParametersForImport"), 0, "none of it fetches");
	COUNT(attr(pair.public, CKA_MODULUS, modulus, sizeof(modulus)), 256,
	    "the modulus");
	COUNT(calls("GetParametersForImport"), 1, "is fetched");
	OK(attr_is(pair.public, CKA_PUBLIC_EXPONENT, exponent, 3),
	    "the exponent");
	COUNT(attr(pair.private, CKA_MODULUS, other, sizeof(other)), 256,
	    "the private half's modulus");
	OK(memcmp(modulus, other, 256) == 0, "is the same");
	OK(attr(pair.public, CKA_PUBLIC_KEY_INFO, NULL, 0) > 256,
	    "the SubjectPublicKeyInfo");
	check_fingerprint();
	COUNT(calls("GetParametersForImport"), 1, "is there already");
	{
		CK_ATTRIBUTE a = A(CKA_PRIVATE_EXPONENT, other);

		RV(p11->C_GetAttributeValue(rw, pair.private, &a, 1),
		    CKR_ATTRIBUTE_SENSITIVE, "the private exponent");
		a.type = CKA_VALUE_LEN;
		RV(p11->C_GetAttributeValue(rw, pair.private, &a, 1),
		    CKR_ATTRIBUTE_TYPE_INVALID, "an attribute of AES keys");
	}
}

static CK_RV
set(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const char *value)
{
	char copy[300];
	CK_ATTRIBUTE a = {type, copy, strlen(value)};

	memcpy(copy, value, strlen(value) + 1);
	return (p11->C_SetAttributeValue(rw, h, &a, 1));
}

static void
test_set_label(void)
{
	struct account_key k;
	char too_long[252];

	RV(set(key, CKA_LABEL, "renamed"), CKR_OK, "a new label");
	OK(attr_is_text(key, CKA_LABEL, "renamed"), "is read back");
	COUNT(find_label("renamed", CKO_SECRET_KEY), key, "and finds the key");
	COUNT(find_label("key", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "the old one does not");
	OK(account_alias("alias/renamed", &k) &&
		!account_alias("alias/key", &k),
	    "KMS says the same");
	RV(set(key, CKA_LABEL, "renamed"), CKR_OK, "the same label again");
	RV(set(key, CKA_LABEL, "pair"), CKR_ATTRIBUTE_VALUE_INVALID,
	    "another key's label");
	OK(attr_is_text(key, CKA_LABEL, "renamed"), "changes nothing");
	RV(set(key, CKA_LABEL, ""), CKR_ATTRIBUTE_VALUE_INVALID,
	    "an empty label");
	memset(too_long, 'x', 251);
	too_long[251] = '\0';
	RV(set(key, CKA_LABEL, too_long), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a label of 251 bytes");
	RV(set(key, CKA_LABEL, "with a space"), CKR_OK, "one to be escaped");
	OK(attr_is_text(key, CKA_LABEL, "with a space"), "is read back");
	RV(set(pair.public, CKA_LABEL, "couple"), CKR_OK, "a pair's label");
	OK(attr_is_text(pair.private, CKA_LABEL, "couple"),
	    "is that of both halves");
	RV(set(key, CKA_LABEL, "key"), CKR_OK, "and back");
	RV(set(pair.public, CKA_LABEL, "pair"), CKR_OK, "the pair's, too");
}

static void
test_set_id(void)
{
	CK_BYTE uuid[16], now[16];

	NEED(attr(key, CKA_ID, uuid, 16) == 16, "the default id");
	RV(set(key, CKA_ID, "\x01\x02"), CKR_OK, "an id");
	OK(attr_is(key, CKA_ID, "\x01\x02", 2), "is read back");
	RV(set(pair.private, CKA_ID, "\x01\x02"), CKR_ATTRIBUTE_VALUE_INVALID,
	    "another key's id");
	COUNT(attr(pair.private, CKA_ID, now, 16), 16, "changes nothing");
	RV(set(key, CKA_ID, "\x03"), CKR_OK, "another id");
	RV(set(pair.private, CKA_ID, "\x01\x02"), CKR_OK,
	    "the old one is free for others");
	RV(set(key, CKA_ID, ""), CKR_ATTRIBUTE_VALUE_INVALID, "an empty id");
}

static void
test_set_rules(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "x", 1);
	CK_ATTRIBUTE two[] = {
	    A_BYTES(CKA_LABEL, "both", 4), A_BYTES(CKA_ID, "\x01\x02", 2)};
	const struct {
		const char *what;
		CK_ATTRIBUTE a;
		CK_RV rv;
	} cases[] = {
	    {"CKA_TOKEN", A(CKA_TOKEN, no), CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_EXTRACTABLE", A(CKA_EXTRACTABLE, no),
		CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_ENCRYPT", A(CKA_ENCRYPT, no), CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_LOCAL", A(CKA_LOCAL, no), CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_END_DATE", A_BYTES(CKA_END_DATE, "20960101", 8),
		CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_VALUE", A_BYTES(CKA_VALUE, material(1), 32),
		CKR_ATTRIBUTE_READ_ONLY},
	    {"CKA_UNIQUE_ID", A_BYTES(CKA_UNIQUE_ID, "x", 1),
		CKR_ATTRIBUTE_READ_ONLY},
	    {"an attribute of RSA keys", A_BYTES(CKA_MODULUS, "x", 1),
		CKR_TEMPLATE_INCONSISTENT},
	    {"a label of no bytes and some length", A_BYTES(CKA_LABEL, NULL, 3),
		CKR_ATTRIBUTE_VALUE_INVALID},
	};
	CK_ATTRIBUTE a;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		a = cases[i].a;
		rv_is(p11->C_SetAttributeValue(rw, key, &a, 1), cases[i].rv,
		    "as listed", __FILE__, __LINE__, "setting %s",
		    cases[i].what);
	}
	RV(p11->C_SetAttributeValue(ro, key, &label, 1), CKR_SESSION_READ_ONLY,
	    "a read-only session");
	RV(p11->C_SetAttributeValue(rw, 77777, &label, 1),
	    CKR_OBJECT_HANDLE_INVALID, "no such object");
	RV(p11->C_SetAttributeValue(rw, key, NULL, 1), CKR_ARGUMENTS_BAD,
	    "no template");
	RV(p11->C_SetAttributeValue(rw, key, NULL, 0), CKR_ARGUMENTS_BAD,
	    "no template, and no rows");
	RV(p11->C_SetAttributeValue(rw, key, &label, 0), CKR_OK,
	    "a template without rows changes nothing");
	/* the pair has the id: nothing of the template is done */
	RV(p11->C_SetAttributeValue(rw, key, two, 2),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a good label and a bad id");
	OK(attr_is_text(key, CKA_LABEL, "key"), "leave the label as it was");
	p11->C_CloseSession(ro);
}

/* Whether CKA_PUBLIC_KEY_INFO is the key's own KMS alone knows. */
static void
test_set_info(void)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_ATTRIBUTE public[] = {A(CKA_TOKEN, yes), A(CKA_EC_PARAMS, p256),
	    A_BYTES(CKA_LABEL, "ec", 2)};
	CK_ATTRIBUTE private[] = {
	    A(CKA_TOKEN, yes), A(CKA_SIGN, yes), A_BYTES(CKA_LABEL, "ec", 2)};
	CK_ATTRIBUTE info = A_BYTES(CKA_PUBLIC_KEY_INFO, "x", 1);
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	RV(p11->C_GenerateKeyPair(rw, &m, public, ELEMS(public), private,
	       ELEMS(private), &p.public, &p.private),
	    CKR_OK, "a pair that KMS makes");
	p11_stop();
	p11_start();
	h = find_label("ec", CKO_PRIVATE_KEY);
	control("POST", "/faults?operation=GetPublicKey&count=0&fault=error"
			"&error=AccessDeniedException");
	RV(p11->C_SetAttributeValue(rw, h, &info, 1), CKR_ACTION_PROHIBITED,
	    "CKA_PUBLIC_KEY_INFO, where KMS does not tell it");
	control("DELETE", "/faults");
	RV(p11->C_SetAttributeValue(rw, h, &info, 1),
	    CKR_ATTRIBUTE_VALUE_INVALID, "that of another key");
}

int
main(void)
{
	testenv_start();
	testenv_log("info");
	p11_start();
	key = key_make(material(1), "key");
	pair = pair_make("pair");
	test_key();
	test_private();
	test_failures();
	test_many_attributes();
	test_arguments();
	test_pair();
	test_set_label();
	test_set_id();
	test_set_rules();
	test_set_info();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
