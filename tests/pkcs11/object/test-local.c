/* Session objects: C_CreateObject, their attributes, and what changes them. */
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_KEY_TYPE ec_type = CKK_EC, ed_type = CKK_EC_EDWARDS,
		   x_type = CKK_EC_MONTGOMERY,
		   generic_type = CKK_GENERIC_SECRET;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_BYTE ed25519[] = {6, 3, 0x2b, 0x65, 0x70};
static CK_BYTE x25519[] = {6, 3, 0x2b, 0x65, 0x6e};

static CK_RV
create(CK_ATTRIBUTE *t, CK_ULONG count, CK_OBJECT_HANDLE *h)
{
	*h = CK_INVALID_HANDLE;
	return (p11->C_CreateObject(rw, t, count, h));
}

static CK_RV
set(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, void *value, CK_ULONG len)
{
	CK_ATTRIBUTE a = {type, value, len};

	return (p11->C_SetAttributeValue(rw, h, &a, 1));
}

static bool
is_bool(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BBOOL want)
{
	return (attr_is(h, type, &want, sizeof(want)));
}

static void
test_data(void)
{
	CK_BYTE oid[] = {6, 1, 42};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, data_class),
	    A_BYTES(CKA_LABEL, "note", 4), A_BYTES(CKA_APPLICATION, "app", 3),
	    A(CKA_OBJECT_ID, oid), A_BYTES(CKA_VALUE, "some bytes", 10)};
	CK_OBJECT_HANDLE h, other;
	CK_ULONG size = 0;
	CK_BYTE id[64], id2[64];

	RV(create(t, ELEMS(t), &h), CKR_OK, "a data object");
	OK(attr_is_text(h, CKA_VALUE, "some bytes"), "has its value");
	OK(attr_is_text(h, CKA_APPLICATION, "app"), "and application");
	OK(attr_is(h, CKA_OBJECT_ID, oid, sizeof(oid)), "and object id");
	OK(is_bool(h, CKA_TOKEN, CK_FALSE), "is a session object");
	OK(is_bool(h, CKA_MODIFIABLE, CK_TRUE), "modifiable");
	OK(is_bool(h, CKA_COPYABLE, CK_TRUE), "copyable");
	OK(is_bool(h, CKA_DESTROYABLE, CK_TRUE), "destroyable");
	COUNT(attr_number(h, CKA_KEY_TYPE), CK_UNAVAILABLE_INFORMATION,
	    "is no key");
	RV(p11->C_GetObjectSize(rw, h, &size), CKR_OK, "its size");
	OK(size >= 10 + 3 + 3 + 4 && size < 4096, "%lu bytes", size);
	RV(set(h, CKA_VALUE, "changed", 7), CKR_OK, "its value changes");
	OK(attr_is_text(h, CKA_VALUE, "changed"), "to what was set");
	RV(create(t, 1, &other), CKR_OK, "one without anything");
	COUNT(attr(other, CKA_VALUE, NULL, 0), 0, "has an empty value");
	COUNT(attr(h, CKA_UNIQUE_ID, id, sizeof(id)), 32, "a unique id");
	OK(attr(other, CKA_UNIQUE_ID, id2, sizeof(id2)) == 32 &&
		memcmp(id, id2, 32) != 0,
	    "is another's of another");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed");
	RV(p11->C_DestroyObject(rw, h), CKR_OBJECT_HANDLE_INVALID,
	    "once and for all");
	RV(p11->C_GetObjectSize(rw, h, &size), CKR_OBJECT_HANDLE_INVALID,
	    "no more size");
}

/* Templates that are no object. */
static void
test_refusals(void)
{
	CK_BYTE value[33] = {1};
	CK_ULONG len = 32;
	CK_OBJECT_CLASS odd_class = 77, domain = CKO_DOMAIN_PARAMETERS;
	CK_KEY_TYPE odd_type = 0x777, des = CKK_DES3;
	CK_OBJECT_HANDLE h;
#define CASE(what, rv, ...)                                             \
	do {                                                            \
		CK_ATTRIBUTE t[] = {__VA_ARGS__};                       \
		RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), rv, what); \
	} while (0)
#define AES A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, aes_type)

	CASE("no class", CKR_TEMPLATE_INCOMPLETE, A(CKA_KEY_TYPE, aes_type));
	CASE("no key type", CKR_TEMPLATE_INCOMPLETE, A(CKA_CLASS, secret_class),
	    A_BYTES(CKA_VALUE, value, 16));
	CASE("no value", CKR_TEMPLATE_INCOMPLETE, AES);
	CASE("an unknown class", CKR_ATTRIBUTE_VALUE_INVALID,
	    A(CKA_CLASS, odd_class));
	CASE("domain parameters", CKR_ATTRIBUTE_VALUE_INVALID,
	    A(CKA_CLASS, domain), A(CKA_KEY_TYPE, ec_type));
	CASE("an unknown key type", CKR_ATTRIBUTE_VALUE_INVALID,
	    A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, odd_type),
	    A_BYTES(CKA_VALUE, value, 16));
	CASE("DES", CKR_ATTRIBUTE_VALUE_INVALID, A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, des), A_BYTES(CKA_VALUE, value, 24));
	CASE("a secret key of type EC", CKR_ATTRIBUTE_VALUE_INVALID,
	    A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, ec_type),
	    A_BYTES(CKA_VALUE, value, 32));
	for (CK_ULONG n = 0; n <= 33; n++)
		if (n != 16 && n != 24 && n != 32)
			CASE("AES of another length",
			    CKR_ATTRIBUTE_VALUE_INVALID, AES,
			    A_BYTES(CKA_VALUE, value, n));
	CASE("CKA_VALUE_LEN", CKR_ATTRIBUTE_READ_ONLY, AES,
	    A_BYTES(CKA_VALUE, value, 32), A(CKA_VALUE_LEN, len));
	CASE("an attribute twice", CKR_OK, AES, A_BYTES(CKA_VALUE, value, 32),
	    A_BYTES(CKA_VALUE, value, 32));
	CASE("with different values", CKR_TEMPLATE_INCONSISTENT, AES,
	    A_BYTES(CKA_VALUE, value, 32), A_BYTES(CKA_VALUE, value, 16));
	CASE("an attribute of another class", CKR_TEMPLATE_INCONSISTENT, AES,
	    A_BYTES(CKA_VALUE, value, 32), A_BYTES(CKA_MODULUS, value, 32));
	CASE("an unknown attribute", CKR_ATTRIBUTE_TYPE_INVALID, AES,
	    A_BYTES(CKA_VALUE, value, 32), A_BYTES(0x7654, value, 32));
	CASE("CKA_LOCAL, which nobody sets", CKR_ATTRIBUTE_READ_ONLY, AES,
	    A_BYTES(CKA_VALUE, value, 32), A(CKA_LOCAL, yes));
	CASE("CKA_TRUSTED", CKR_ATTRIBUTE_READ_ONLY, AES,
	    A_BYTES(CKA_VALUE, value, 32), A(CKA_TRUSTED, yes));
	CASE("a boolean of eight bytes", CKR_ATTRIBUTE_VALUE_INVALID, AES,
	    A_BYTES(CKA_VALUE, value, 32), A_BYTES(CKA_ENCRYPT, value, 8));
	CASE("a value that is not there", CKR_ATTRIBUTE_VALUE_INVALID, AES,
	    A_BYTES(CKA_VALUE, NULL, 32));
	CASE("a generic secret of no bytes", CKR_ATTRIBUTE_VALUE_INVALID,
	    A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, generic_type),
	    A_BYTES(CKA_VALUE, value, 0));
}

static void
test_secrets(void)
{
	static const CK_KEY_TYPE types[] = {CKK_GENERIC_SECRET, CKK_SHA_1_HMAC,
	    CKK_SHA224_HMAC, CKK_SHA256_HMAC, CKK_SHA384_HMAC, CKK_SHA512_HMAC,
	    CKK_SHA3_256_HMAC, CKK_HKDF};
	static const CK_ULONG lens[] = {16, 24, 32};
	CK_BYTE value[32] = {7, 8, 9};
	CK_KEY_TYPE type;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A_BYTES(CKA_VALUE, value, 5), A(CKA_EXTRACTABLE, yes),
	    A(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(types); i++) {
		type = types[i];
		RV(create(t, 5, &h), CKR_OK, "a key of type 0x%lx", type);
		COUNT(attr_number(h, CKA_VALUE_LEN), 5, "its length");
		OK(attr_is(h, CKA_VALUE, value, 5), "its value");
	}
	type = CKK_AES;
	for (size_t i = 0; i < ELEMS(lens); i++) {
		t[2].ulValueLen = lens[i];
		RV(create(t, 5, &h), CKR_OK, "AES of %lu bytes", lens[i]);
		COUNT(attr_number(h, CKA_VALUE_LEN), lens[i], "its length");
	}
	OK(is_bool(h, CKA_LOCAL, CK_FALSE), "was not made here");
	OK(is_bool(h, CKA_ALWAYS_SENSITIVE, CK_FALSE), "not always sensitive");
	OK(is_bool(h, CKA_NEVER_EXTRACTABLE, CK_FALSE),
	    "not never extractable");
	COUNT(attr_number(h, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION,
	    "by no mechanism of ours");
	RV(create(t, 3, &h), CKR_OK, "one of which nothing is said");
	OK(is_bool(h, CKA_SENSITIVE, CK_FALSE), "is not sensitive");
	OK(is_bool(h, CKA_EXTRACTABLE, CK_TRUE), "the program's own");
	OK(attr_is(h, CKA_VALUE, value, t[2].ulValueLen), "which it may read");
	t[4].pValue = &yes;
	RV(create(t, 5, &h), CKR_OK, "a sensitive one");
	OK(is_bool(h, CKA_PRIVATE, CK_TRUE), "private");
	OK(is_bool(h, CKA_ALWAYS_SENSITIVE, CK_FALSE),
	    "but not always sensitive");
	OK(is_bool(h, CKA_NEVER_EXTRACTABLE, CK_FALSE),
	    "nor never extractable");
	COUNT(attr(h, CKA_VALUE, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "and does not show its value");
	RV(p11->C_GetAttributeValue(
	       rw, h, (CK_ATTRIBUTE[]){{CKA_VALUE, value, 32}}, 1),
	    CKR_ATTRIBUTE_SENSITIVE, "as it says");
}

/* PKCS#11 3.2, section 4.8.2: what a template leaves open. */
static void
test_defaults(void)
{
	CK_BYTE value[32] = {3};
	CK_ULONG flags = 7;
	CK_ATTRIBUTE t[] = {AES, A(CKA_VALUE, value), A(CKA_ENCRYPT, yes)};
	CK_OBJECT_HANDLE h;

	RV(create(t, ELEMS(t), &h), CKR_OK, "a key that encrypts");
	OK(is_bool(h, CKA_ENCRYPT, CK_TRUE) &&
		is_bool(h, CKA_DECRYPT, CK_TRUE) &&
		is_bool(h, CKA_SIGN, CK_FALSE) && is_bool(h, CKA_WRAP, CK_TRUE),
	    "decrypts what it encrypted, also keys, and signs nothing");
	COUNT(attr_number(h, CKA_OBJECT_VALIDATION_FLAGS), 0,
	    "nobody validated it");
	RV(set(h, CKA_OBJECT_VALIDATION_FLAGS, &flags, sizeof(flags)),
	    CKR_ATTRIBUTE_READ_ONLY, "and nobody says so");
	RV(create(t, 1UL << 32, &h), CKR_ARGUMENTS_BAD,
	    "a template of more rows than there can be");
	RV(create(t, ELEMS(t) - 1, &h), CKR_OK, "a key without a usage");
	OK(is_bool(h, CKA_SIGN, CK_TRUE) && is_bool(h, CKA_WRAP, CK_TRUE) &&
		is_bool(h, CKA_DERIVE, CK_FALSE),
	    "has all but CKA_DERIVE");
	RV(set(h, CKA_COPYABLE, &no, 1), CKR_OK, "may be copied no more");
	RV(set(h, CKA_COPYABLE, &yes, 1), CKR_ATTRIBUTE_READ_ONLY, "for good");
	RV(p11->C_CopyObject(rw, h, NULL, 0, &h), CKR_ACTION_PROHIBITED,
	    "nor is it");
}

static void
test_changes(void)
{
	CK_BYTE value[16] = {1};
	CK_ATTRIBUTE t[] = {AES, A(CKA_VALUE, value), A(CKA_EXTRACTABLE, yes),
	    A(CKA_SENSITIVE, no), A(CKA_MODIFIABLE, yes),
	    A(CKA_DESTROYABLE, yes)};
	CK_ATTRIBUTE two[] = {
	    A_BYTES(CKA_LABEL, "both", 4), A(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n = 16;

	RV(create(t, ELEMS(t), &h), CKR_OK, "a key that shows its value");
	RV(set(h, CKA_LABEL, "a label", 7), CKR_OK, "a label");
	RV(set(h, CKA_ID, "id", 2), CKR_OK, "an id");
	RV(set(h, CKA_ENCRYPT, &no, 1), CKR_OK, "a usage");
	OK(is_bool(h, CKA_ENCRYPT, CK_FALSE), "is gone");
	RV(set(h, CKA_SENSITIVE, &yes, 1), CKR_OK, "becomes sensitive");
	COUNT(attr(h, CKA_VALUE, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "and shows its value no more");
	RV(set(h, CKA_SENSITIVE, &no, 1), CKR_ATTRIBUTE_READ_ONLY,
	    "and stays so");
	RV(set(h, CKA_SENSITIVE, &yes, 1), CKR_OK, "saying so again is fine");
	RV(p11->C_SetAttributeValue(rw, h, two, 2), CKR_ATTRIBUTE_READ_ONLY,
	    "a template that fails in its second attribute");
	OK(attr_is_text(h, CKA_LABEL, "a label"), "changes not even the first");
	RV(set(h, CKA_WRAP_WITH_TRUSTED, &yes, 1), CKR_OK,
	    "wrapped by trusted keys alone");
	RV(set(h, CKA_WRAP_WITH_TRUSTED, &no, 1), CKR_ATTRIBUTE_READ_ONLY,
	    "and stays so");
	RV(set(h, CKA_EXTRACTABLE, &no, 1), CKR_OK, "is not extractable");
	RV(set(h, CKA_EXTRACTABLE, &yes, 1), CKR_ATTRIBUTE_READ_ONLY,
	    "and stays so");
	RV(set(h, CKA_VALUE, value, 16), CKR_ATTRIBUTE_READ_ONLY, "the value");
	RV(set(h, CKA_VALUE_LEN, &n, sizeof(n)), CKR_ATTRIBUTE_READ_ONLY,
	    "its length");
	RV(set(h, CKA_CLASS, &secret_class, sizeof(secret_class)),
	    CKR_ATTRIBUTE_READ_ONLY, "the class");
	RV(set(h, CKA_TOKEN, &yes, 1), CKR_ATTRIBUTE_READ_ONLY, "the token");
	RV(set(h, CKA_UNIQUE_ID, "x", 1), CKR_ATTRIBUTE_READ_ONLY,
	    "the unique id");
	RV(set(h, CKA_MODULUS, "x", 1), CKR_TEMPLATE_INCONSISTENT,
	    "what it has not");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed");
	t[5].pValue = &no;
	RV(create(t, ELEMS(t), &h), CKR_OK, "one that is not modifiable");
	RV(set(h, CKA_LABEL, "x", 1), CKR_ACTION_PROHIBITED, "is not changed");
	t[6].pValue = &no;
	RV(create(t, ELEMS(t), &h), CKR_OK, "nor destroyable");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED, "stays");
}

static void
test_templates(void)
{
	CK_KEY_TYPE inner_type = CKK_AES;
	CK_BYTE value[16] = {1}, label[8];
	CK_ATTRIBUTE inner[] = {
	    A(CKA_KEY_TYPE, inner_type), A_BYTES(CKA_LABEL, "in", 2)};
	CK_ATTRIBUTE t[] = {
	    AES, A(CKA_VALUE, value), A(CKA_UNWRAP_TEMPLATE, inner)};
	CK_KEY_TYPE got_type = 0;
	CK_ATTRIBUTE got[2] = {{0, NULL, 0}, {0, NULL, 0}};
	CK_OBJECT_HANDLE h;

	RV(create(t, ELEMS(t), &h), CKR_OK, "a key with an unwrap template");
	memset(inner, 0, sizeof(inner));
	COUNT(attr(h, CKA_UNWRAP_TEMPLATE, NULL, 0), sizeof(got),
	    "two attributes");
	COUNT(attr(h, CKA_UNWRAP_TEMPLATE, got, sizeof(got)), sizeof(got),
	    "types and lengths");
	OK(got[0].type == CKA_KEY_TYPE && got[0].ulValueLen == 8 &&
		got[1].type == CKA_LABEL && got[1].ulValueLen == 2,
	    "as they were given");
	got[0].pValue = &got_type;
	got[1].pValue = label;
	COUNT(attr(h, CKA_UNWRAP_TEMPLATE, got, sizeof(got)), sizeof(got),
	    "and values");
	OK(got_type == CKK_AES && memcmp(label, "in", 2) == 0, "too");
	got[1].ulValueLen = 1;
	COUNT(attr(h, CKA_UNWRAP_TEMPLATE, got, sizeof(got)),
	    CK_UNAVAILABLE_INFORMATION, "too little room within");
	OK(got[1].ulValueLen == CK_UNAVAILABLE_INFORMATION, "says where");
}

/* Pairs out of OpenSSL. */
static size_t
number(EVP_PKEY *p, const char *name, CK_BYTE *out)
{
	BIGNUM *n = NULL;
	int len;

	NEED(EVP_PKEY_get_bn_param(p, name, &n) == 1, "%s", name);
	len = BN_bn2bin(n, out);
	BN_free(n);
	return ((size_t)len);
}

static bool
has_info(CK_OBJECT_HANDLE h, EVP_PKEY *p)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(p, &der);
	bool same = len > 0 &&
		    attr_is(h, CKA_PUBLIC_KEY_INFO, der, (size_t)len);

	OPENSSL_free(der);
	return (same);
}

/* All of the last five that are not given are computed, and fit. */
static void
test_rsa_parts(const CK_ATTRIBUTE *all)
{
	CK_ATTRIBUTE t[12], swapped = all[7];
	CK_BYTE wrong[256];
	CK_OBJECT_HANDLE h;

	memcpy(t, all, 5 * sizeof(*t));
	t[5] = (CK_ATTRIBUTE)A(CKA_SENSITIVE, no);
	for (unsigned given = 0; given < 32; given++) {
		CK_ULONG n = 6, same = 0, i;

		for (i = 0; i < 5; i++)
			if ((given >> i & 1) != 0)
				t[n++] = all[5 + i];
		RV(create(t, n, &h), CKR_OK, "numbers %#x of an RSA key",
		    given);
		for (i = 5; i < 10; i++)
			same += attr_is(
			    h, all[i].type, all[i].pValue, all[i].ulValueLen);
		COUNT(same, 5, "and the rest");
		if (n == 6)
			continue;
		memcpy(wrong, t[n - 1].pValue, t[n - 1].ulValueLen);
		wrong[40] ^= 4;
		t[n - 1].pValue = wrong;
		RV(create(t, n, &h), CKR_ATTRIBUTE_VALUE_INVALID, "a bad one");
	}
	swapped.type = CKA_EXPONENT_2;
	t[6] = swapped;
	RV(create(t, 7, &h), CKR_OK, "the exponent of the second prime");
	OK(attr_is(h, CKA_PRIME_2, all[5].pValue, all[5].ulValueLen),
	    "says which one that is");
	t[4].pValue = all[2].pValue;
	RV(create(t, 6, &h), CKR_ATTRIBUTE_VALUE_INVALID, "the modulus as d");
	t[4].pValue = all[9].pValue;
	t[4].ulValueLen = all[9].ulValueLen;
	RV(create(t, 6, &h), CKR_ATTRIBUTE_VALUE_INVALID, "another number");
	t[4].ulValueLen = 0;
	RV(create(t, 6, &h), CKR_ATTRIBUTE_VALUE_INVALID, "an empty one");
}

static void
test_rsa(void)
{
	static const char *names[] = {OSSL_PKEY_PARAM_RSA_N,
	    OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
	    OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2,
	    OSSL_PKEY_PARAM_RSA_COEFFICIENT1};
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_MODULUS,
	    CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2,
	    CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT};
	CK_BYTE n[8][256];
	CK_ATTRIBUTE t[10] = {
	    A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, rsa_type)};
	EVP_PKEY *p = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < 8; i++)
		t[2 + i] = (CK_ATTRIBUTE){
		    types[i], n[i], number(p, names[i], n[i])};
	RV(create(t, 10, &h), CKR_OK, "an RSA private key");
	OK(has_info(h, p), "its public half");
	COUNT(attr(h, CKA_PRIVATE_EXPONENT, NULL, 0),
	    CK_UNAVAILABLE_INFORMATION, "is sensitive");
	OK(attr_is(h, CKA_MODULUS, n[0], 256), "but for the modulus");
	RV(create(t, 4, &h), CKR_TEMPLATE_INCOMPLETE, "without an exponent");
	RV(create(t, 2, &h), CKR_TEMPLATE_INCOMPLETE, "without a number");
	test_rsa_parts(t);
	t[0].pValue = &public_class;
	RV(create(t, 4, &h), CKR_OK, "an RSA public key");
	COUNT(attr_number(h, CKA_MODULUS_BITS), 2048, "its bits");
	OK(has_info(h, p), "its bytes");
	OK(is_bool(h, CKA_PRIVATE, CK_FALSE), "is not private");
	RV(create(t, 3, &h), CKR_TEMPLATE_INCOMPLETE, "without an exponent");
	n[1][0] = 2;
	t[3].ulValueLen = 1;
	RV(create(t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID, "an even exponent");
	EVP_PKEY_free(p);
}

/* CKA_PUBLIC_KEY_INFO of the key, and with a compressed point, which then are
 * the same; and that of another key. */
static void
test_given_info(CK_ATTRIBUTE *t, CK_ULONG count, EVP_PKEY *p)
{
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	EVP_PKEY *compressed = EVP_PKEY_dup(p);
	EVP_PKEY *keys[] = {p, compressed, other};
	CK_ATTRIBUTE with[8];
	CK_OBJECT_HANDLE h;

	NEED(EVP_PKEY_set_utf8_string_param(compressed,
		 OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		 OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED) == 1,
	    "a compressed point");
	memcpy(with, t, count * sizeof(*t));
	for (size_t i = 0; i < ELEMS(keys); i++) {
		unsigned char *der = NULL;
		int len = i2d_PUBKEY(keys[i], &der);

		with[count] = (CK_ATTRIBUTE){
		    CKA_PUBLIC_KEY_INFO, der, (CK_ULONG)len};
		RV(create(with, count + 1, &h),
		    keys[i] == other ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK,
		    "CKA_PUBLIC_KEY_INFO of %d bytes", len);
		OK(keys[i] == other || has_info(h, p), "as the key has it");
		OPENSSL_free(der);
	}
	EVP_PKEY_free(compressed);
	EVP_PKEY_free(other);
}

static void
test_ec(void)
{
	CK_BYTE d[32], der[67] = {4, 65}, bad[67];
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, ec_type), A(CKA_EC_PARAMS, p256), A(CKA_VALUE, d),
	    A(CKA_EC_POINT, bad)};
	CK_ATTRIBUTE pub[] = {A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, ec_type), A(CKA_EC_PARAMS, p256),
	    A(CKA_EC_POINT, der)};
	EVP_PKEY *p = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	size_t len = 0;
	CK_OBJECT_HANDLE h;

	t[3].ulValueLen = number(p, OSSL_PKEY_PARAM_PRIV_KEY, d);
	NEED(EVP_PKEY_get_octet_string_param(
		 p, OSSL_PKEY_PARAM_PUB_KEY, der + 2, 65, &len) == 1,
	    "a point");
	memcpy(bad, der, sizeof(der));
	RV(create(t, 5, &h), CKR_OK, "an EC private key and its point");
	bad[0] = 2 | (der[66] & 1);
	memcpy(bad + 1, der + 3, 32);
	t[4].ulValueLen = 33;
	RV(create(t, 5, &h), CKR_OK, "compressed and bare");
	bad[0] ^= 1;
	RV(create(t, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID, "the opposite point");
	memcpy(bad, der, sizeof(der));
	t[4].ulValueLen = sizeof(bad);
	bad[40] ^= 1;
	RV(create(t, 5, &h), CKR_ATTRIBUTE_VALUE_INVALID, "and another point");
	RV(create(t, 4, &h), CKR_OK, "and without");
	OK(attr_is(h, CKA_EC_POINT, der, 67), "its point is computed");
	OK(has_info(h, p), "and its public half");
	test_given_info(t, 4, p);
	RV(create(t, 3, &h), CKR_TEMPLATE_INCOMPLETE, "no value");
	memset(d, 0xff, sizeof(d));
	t[3].ulValueLen = 32;
	RV(create(t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a value above the order");
	RV(create(pub, 4, &h), CKR_OK, "an EC public key");
	OK(has_info(h, p), "its bytes");
	test_given_info(pub, 4, p);
	pub[3].pValue = der + 2;
	pub[3].ulValueLen = 65;
	RV(create(pub, 4, &h), CKR_OK, "one with the point as it is");
	OK(attr_is(h, CKA_EC_POINT, der, 67), "gets its OCTET STRING");
	pub[3].pValue = bad;
	pub[3].ulValueLen = 67;
	RV(create(pub, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a point that is not on the curve");
	pub[3].ulValueLen = 50;
	RV(create(pub, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID, "or too short");
	p256[9] = 99;
	RV(create(pub, 4, &h), CKR_CURVE_NOT_SUPPORTED, "an unknown curve");
	p256[9] = 7;
	EVP_PKEY_free(p);
}

static void
test_raw(const char *name, CK_KEY_TYPE *type, CK_BYTE *params)
{
	CK_BYTE d[32], der[34] = {4, 32};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    A_BYTES(CKA_KEY_TYPE, type, sizeof(*type)),
	    A_BYTES(CKA_EC_PARAMS, params, 5), A(CKA_VALUE, d)};
	EVP_PKEY *p = EVP_PKEY_Q_keygen(NULL, NULL, name);
	size_t len = 32;
	CK_OBJECT_HANDLE h;

	NEED(EVP_PKEY_get_raw_private_key(p, d, &len) == 1, "%s", name);
	NEED(EVP_PKEY_get_raw_public_key(p, der + 2, &len) == 1, "%s", name);
	RV(create(t, 4, &h), CKR_OK, "a private key on %s", name);
	OK(attr_is(h, CKA_EC_POINT, der + 2, 32), "its point, as it is");
	OK(has_info(h, p), "and its public half");
	t[3].ulValueLen = 31;
	RV(create(t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID, "a short value");
	t[0].pValue = &public_class;
	t[3] = (CK_ATTRIBUTE){CKA_EC_POINT, der, 34};
	RV(create(t, 4, &h), CKR_OK, "a public key on %s", name);
	OK(has_info(h, p), "its bytes");
	EVP_PKEY_free(p);
}

/* Who sees what, and for how long. */
static void
test_sessions(void)
{
	CK_BYTE value[32] = {1};
	CK_ATTRIBUTE t[] = {
	    AES, A(CKA_VALUE, value), A_BYTES(CKA_LABEL, "mine", 4)};
	CK_ATTRIBUTE look[] = {A_BYTES(CKA_LABEL, "mine", 4), A(CKA_TOKEN, no)};
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_OBJECT_HANDLE h, seen[4];

	calls_clear();
	RV(p11->C_CreateObject(ro, t, ELEMS(t), &h), CKR_OK,
	    "a read-only session makes one");
	COUNT(find(rw, look, 2, seen, 4), 1, "another session finds it");
	OK(seen[0] == h, "by the same handle");
	RV(set(h, CKA_ID, "x", 1), CKR_OK, "and changes it");
	RV(p11->C_CloseSession(ro), CKR_OK, "its session ends");
	COUNT(find(rw, look, 2, seen, 4), 0, "and it is gone");
	RV(set(h, CKA_ID, "x", 1), CKR_OBJECT_HANDLE_INVALID, "for all");
	COUNT(calls(NULL), 0, "KMS heard nothing of that");
	ro = p11_session(0);
	t[3] = (CK_ATTRIBUTE)A(CKA_TOKEN, yes);
	RV(p11->C_CreateObject(ro, t, 4, &h), CKR_SESSION_READ_ONLY,
	    "nor makes such a session a token object");
}

/* PKCS#11 3.2, section 4.6.3: one that is elsewhere. */
static void
test_certificate_by_url(void)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_BYTE hash[20] = {1};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_CERTIFICATE_TYPE, type),
	    A_BYTES(CKA_SUBJECT, "0\0", 2), A_BYTES(CKA_VALUE, NULL, 0),
	    A_BYTES(CKA_URL, "http://example.com", 18),
	    A(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, hash),
	    A(CKA_HASH_OF_ISSUER_PUBLIC_KEY, hash)};
	CK_OBJECT_HANDLE h;

	for (CK_ULONG n = 3; n < ELEMS(t); n++)
		RV(create(t, n, &h), CKR_TEMPLATE_INCOMPLETE,
		    "a certificate with %lu attributes", n);
	RV(create(t, ELEMS(t), &h), CKR_OK, "with all that it needs");
	COUNT(attr(h, CKA_VALUE, NULL, 0), 0, "it has no value");
	OK(attr_is_text(h, CKA_URL, "http://example.com"), "but a URL");
	COUNT(attr(h, CKA_UNIQUE_ID, NULL, 0), 32, "and a unique id, as all");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_data();
	test_refusals();
	test_secrets();
	test_defaults();
	test_changes();
	test_templates();
	test_rsa();
	test_ec();
	test_raw("ED25519", &ed_type, ed25519);
	test_raw("X25519", &x_type, x25519);
	test_sessions();
	test_certificate_by_url();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
