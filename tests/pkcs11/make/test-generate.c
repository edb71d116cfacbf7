/* C_GenerateKey and C_GenerateKeyPair on the token: every kind of key that KMS
 * makes, what is refused before any call, names, and nothing half-made. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

static CK_ULONG n16 = 16, n24 = 24, n28 = 28, n31 = 31, n32 = 32, n48 = 48,
		n64 = 64, n1024 = 1024, n2048 = 2048, n3072 = 3072,
		n4096 = 4096, set1 = 1, set2 = 2, set3 = 3, set9 = 9;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       p384[] = {6, 5, 0x2b, 0x81, 4, 0, 34},
	       p521[] = {6, 5, 0x2b, 0x81, 4, 0, 35},
	       p256k1[] = {6, 5, 0x2b, 0x81, 4, 0, 10},
	       p224[] = {6, 5, 0x2b, 0x81, 4, 0, 33},
	       ed_oid[] = {6, 3, 0x2b, 0x65, 0x70},
	       ed_name[] = {19, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5',
		   '5', '1', '9'},
	       f4[] = {1, 0, 1}, f4_long[] = {0, 0, 1, 0, 1}, f3[] = {3};
static CK_MECHANISM_TYPE aes_others[] = {CKM_AES_CBC, CKM_AES_CTR},
			 oaep_alone[] = {CKM_RSA_PKCS_OAEP},
			 sha1_alone[] = {CKM_SHA1_RSA_PKCS};
static CK_KEY_TYPE sha256_type = CKK_SHA256_HMAC, sha384_type = CKK_SHA384_HMAC;

/* What is asked for, and what KMS then has. */
static const struct kind {
	const char *spec, *usage;
	CK_MECHANISM_TYPE mechanism;
	CK_KEY_TYPE type;
	CK_ATTRIBUTE size; /* in the public half's template */
	CK_ATTRIBUTE_TYPE flags[4]; /* of the private half or secret key */
	bool newer; /* OpenSSL 3.5 has it */
} kinds[] = {
    {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", CKM_AES_KEY_GEN, CKK_AES,
	A(CKA_VALUE_LEN, n32), {CKA_ENCRYPT, CKA_DECRYPT}, false},
    {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", CKM_AES_KEY_GEN, CKK_AES,
	A(CKA_VALUE_LEN, n32), {CKA_WRAP, CKA_UNWRAP, CKA_SIGN, CKA_DECRYPT},
	false},
    {"HMAC_224", "GENERATE_VERIFY_MAC", CKM_GENERIC_SECRET_KEY_GEN,
	CKK_GENERIC_SECRET, A(CKA_VALUE_LEN, n28), {CKA_SIGN}, false},
    {"HMAC_256", "GENERATE_VERIFY_MAC", CKM_GENERIC_SECRET_KEY_GEN,
	CKK_GENERIC_SECRET, A(CKA_VALUE_LEN, n32), {CKA_SIGN, CKA_VERIFY},
	false},
    {"HMAC_384", "GENERATE_VERIFY_MAC", CKM_GENERIC_SECRET_KEY_GEN,
	CKK_GENERIC_SECRET, A(CKA_VALUE_LEN, n48), {0}, false},
    {"HMAC_512", "GENERATE_VERIFY_MAC", CKM_GENERIC_SECRET_KEY_GEN,
	CKK_GENERIC_SECRET, A(CKA_VALUE_LEN, n64), {CKA_SIGN}, false},
    {"HMAC_224", "GENERATE_VERIFY_MAC", CKM_SHA224_KEY_GEN, CKK_GENERIC_SECRET,
	A(CKA_VALUE_LEN, n28), {CKA_SIGN}, false},
    {"HMAC_512", "GENERATE_VERIFY_MAC", CKM_SHA512_KEY_GEN, CKK_GENERIC_SECRET,
	A(CKA_VALUE_LEN, n64), {0}, false},
    {"RSA_2048", "SIGN_VERIFY", CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA,
	A(CKA_MODULUS_BITS, n2048), {CKA_SIGN, CKA_DECRYPT}, false},
    {"RSA_2048", "ENCRYPT_DECRYPT", CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA,
	A(CKA_MODULUS_BITS, n2048), {CKA_DECRYPT, CKA_UNWRAP}, false},
    {"RSA_3072", "SIGN_VERIFY", CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA,
	A(CKA_MODULUS_BITS, n3072), {0}, false},
    {"RSA_4096", "SIGN_VERIFY", CKM_RSA_PKCS_KEY_PAIR_GEN, CKK_RSA,
	A(CKA_MODULUS_BITS, n4096), {CKA_SIGN_RECOVER}, false},
    {"ECC_NIST_P256", "SIGN_VERIFY", CKM_EC_KEY_PAIR_GEN, CKK_EC,
	A(CKA_EC_PARAMS, p256), {CKA_SIGN, CKA_DERIVE}, false},
    {"ECC_NIST_P256", "KEY_AGREEMENT", CKM_EC_KEY_PAIR_GEN, CKK_EC,
	A(CKA_EC_PARAMS, p256), {CKA_DERIVE}, false},
    {"ECC_NIST_P384", "SIGN_VERIFY", CKM_EC_KEY_PAIR_GEN, CKK_EC,
	A(CKA_EC_PARAMS, p384), {CKA_SIGN}, false},
    {"ECC_NIST_P521", "SIGN_VERIFY", CKM_EC_KEY_PAIR_GEN, CKK_EC,
	A(CKA_EC_PARAMS, p521), {0}, false},
    {"ECC_SECG_P256K1", "SIGN_VERIFY", CKM_EC_KEY_PAIR_GEN, CKK_EC,
	A(CKA_EC_PARAMS, p256k1), {CKA_SIGN}, false},
    {"ECC_NIST_EDWARDS25519", "SIGN_VERIFY", CKM_EC_EDWARDS_KEY_PAIR_GEN,
	CKK_EC_EDWARDS, A(CKA_EC_PARAMS, ed_name), {CKA_SIGN}, false},
    {"ECC_NIST_EDWARDS25519", "SIGN_VERIFY", CKM_EC_EDWARDS_KEY_PAIR_GEN,
	CKK_EC_EDWARDS, A(CKA_EC_PARAMS, ed_oid), {CKA_SIGN}, false},
    {"ML_DSA_44", "SIGN_VERIFY", CKM_ML_DSA_KEY_PAIR_GEN, CKK_ML_DSA,
	A(CKA_PARAMETER_SET, set1), {CKA_SIGN}, true},
    {"ML_DSA_65", "SIGN_VERIFY", CKM_ML_DSA_KEY_PAIR_GEN, CKK_ML_DSA,
	A(CKA_PARAMETER_SET, set2), {CKA_SIGN}, true},
    {"ML_DSA_87", "SIGN_VERIFY", CKM_ML_DSA_KEY_PAIR_GEN, CKK_ML_DSA,
	A(CKA_PARAMETER_SET, set3), {0}, true},
    {"ML_KEM_512", "ENCAPSULATE_DECAPSULATE", CKM_ML_KEM_KEY_PAIR_GEN,
	CKK_ML_KEM, A(CKA_PARAMETER_SET, set1), {CKA_DECAPSULATE}, true},
    {"ML_KEM_768", "ENCAPSULATE_DECAPSULATE", CKM_ML_KEM_KEY_PAIR_GEN,
	CKK_ML_KEM, A(CKA_PARAMETER_SET, set2), {CKA_DECAPSULATE}, true},
    {"ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", CKM_ML_KEM_KEY_PAIR_GEN,
	CKK_ML_KEM, A(CKA_PARAMETER_SET, set3), {0}, true},
};

#define KIND_EC 12

static bool
is_pair(const struct kind *k)
{
	return (k->type != CKK_AES && k->type != CKK_GENERIC_SECRET);
}

static void
add_flags(struct key_template *t, const struct kind *k)
{
	template_add(t, CKA_TOKEN, &yes, sizeof(yes));
	for (size_t i = 0; i < ELEMS(k->flags) && k->flags[i] != 0; i++)
		template_add(t, k->flags[i], &yes, sizeof(yes));
}

/* The key, or both halves. */
static CK_RV
generate(const struct kind *k, const char *label, const CK_BYTE *id,
    struct pair_handles *made)
{
	CK_MECHANISM m = {k->mechanism, NULL, 0};
	struct key_template pub = {.count = 0}, priv = {.count = 0};
	struct key_template *size = is_pair(k) ? &pub : &priv;

	made->public = CK_INVALID_HANDLE;
	size->t[size->count++] = k->size;
	add_flags(&priv, k);
	if (label != NULL)
		template_add(&priv, CKA_LABEL, label, strlen(label));
	if (id != NULL)
		template_add(&priv, CKA_ID, id, 2);
	if (is_pair(k))
		return (p11->C_GenerateKeyPair(rw, &m, pub.t, pub.count, priv.t,
		    priv.count, &made->public, &made->private));
	return (p11->C_GenerateKey(rw, &m, priv.t, priv.count, &made->private));
}

static void
check_half(const struct kind *k, CK_OBJECT_HANDLE h, CK_OBJECT_CLASS class,
    const char *what)
{
	COUNT(attr_number(h, CKA_CLASS), class, "%s: its class", what);
	COUNT(attr_number(h, CKA_KEY_TYPE), k->type, "%s: its type", what);
	COUNT(attr_number(h, CKA_KEY_GEN_MECHANISM),
	    k->type == CKK_GENERIC_SECRET ? CKM_GENERIC_SECRET_KEY_GEN
					  : k->mechanism,
	    "%s: what made it", what);
	OK(attr_is(h, CKA_LOCAL, &yes, 1), "%s: it was made there", what);
	if (class == CKO_PUBLIC_KEY)
		return;
	OK(attr_is(h, CKA_ALWAYS_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &yes, 1) &&
		attr_is(h, CKA_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_EXTRACTABLE, &no, 1),
	    "%s: and was never anywhere else", what);
}

static void
check_account(const struct kind *k, const char *label, const char *what)
{
	struct account_key a;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	if (!OK(account_alias(alias, &a), "%s: the label is an alias", what))
		return;
	OK(strcmp(a.spec, k->spec) == 0 && strcmp(a.usage, k->usage) == 0 &&
		strcmp(a.origin, "AWS_KMS") == 0 &&
		strcmp(a.state, "Enabled") == 0,
	    "%s: KMS has %s %s %s %s", what, a.spec, a.usage, a.origin,
	    a.state);
}

static void
test_kind(size_t i)
{
	const struct kind *k = &kinds[i];
	struct pair_handles made;
	char label[32], what[96];
	CK_BYTE id[2] = {0x77, (CK_BYTE)i};
	CK_RV rv;

	snprintf(label, sizeof(label), "made-%zu", i);
	snprintf(what, sizeof(what), "%zu %s %s", i, k->spec, k->usage);
	calls_clear();
	rv = generate(k, label, id, &made);
	if (k->newer && rv == CKR_TEMPLATE_INCONSISTENT) {
		tap_skip("OpenSSL 3.5 has it", k->spec);
		return;
	}
	if (!RV(rv, CKR_OK, "%s", what))
		return;
	COUNT(calls("CreateKey"), 1, "%s: one CreateKey", what);
	COUNT(calls("CreateAlias"), 2, "%s: two names", what);
	COUNT(calls("DescribeKey"), 1, "%s: the id is looked at", what);
	COUNT(calls(NULL), 4, "%s: no other call", what);
	check_half(k, made.private,
	    is_pair(k) ? CKO_PRIVATE_KEY : CKO_SECRET_KEY, what);
	OK(attr_is_text(made.private, CKA_LABEL, label) &&
		attr_is(made.private, CKA_ID, id, 2),
	    "%s: its names", what);
	if (is_pair(k)) {
		check_half(k, made.public, CKO_PUBLIC_KEY, what);
		OK(attr_is_text(made.public, CKA_LABEL, label) &&
			attr_is(made.public, CKA_ID, id, 2),
		    "%s: those of the other half", what);
	}
	check_account(k, label, what);
}

/* Made by a template, refused by it. */
static const struct bad {
	const char *what;
	CK_MECHANISM_TYPE mechanism;
	CK_ATTRIBUTE pub[3], priv[3];
	CK_RV rv;
} bads[] = {
    {"no length", CKM_AES_KEY_GEN, {{0}}, {{0}}, CKR_TEMPLATE_INCOMPLETE},
    {"AES-128", CKM_AES_KEY_GEN, {{0}}, {A(CKA_VALUE_LEN, n16)},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"AES-192", CKM_AES_KEY_GEN, {{0}}, {A(CKA_VALUE_LEN, n24)},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"an AES key to sign", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_SIGN, yes)}, CKR_TEMPLATE_INCONSISTENT},
    {"an extractable key", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_EXTRACTABLE, yes)},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"another class", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_CLASS, private_class)},
	CKR_TEMPLATE_INCONSISTENT},
    {"another type", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_KEY_TYPE, rsa_type)},
	CKR_TEMPLATE_INCONSISTENT},
    {"a value", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_VALUE, p256)}, CKR_ATTRIBUTE_READ_ONLY},
    {"an end", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), {CKA_END_DATE, "20960101", 8}},
	CKR_TEMPLATE_INCONSISTENT},
    {"CKA_LOCAL", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_LOCAL, yes)}, CKR_ATTRIBUTE_READ_ONLY},
    {"an HMAC key of 31 bytes", CKM_GENERIC_SECRET_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n31)}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"one of 1024", CKM_GENERIC_SECRET_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n1024)}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"SHA-384 with 32 bytes", CKM_GENERIC_SECRET_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_KEY_TYPE, sha384_type)},
	CKR_TEMPLATE_INCONSISTENT},
    {"an HMAC key to encrypt", CKM_GENERIC_SECRET_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_ENCRYPT, yes)},
	CKR_TEMPLATE_INCONSISTENT},
    {"SHA-1, which KMS has not", CKM_SHA_1_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32)}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"SHA-256 with 48 bytes", CKM_SHA256_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n48)}, CKR_ATTRIBUTE_VALUE_INVALID},
    {"an AES key for mechanisms of others", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), A(CKA_ALLOWED_MECHANISMS, aes_others)},
	CKR_TEMPLATE_INCONSISTENT},
    {"one for none", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), {CKA_ALLOWED_MECHANISMS, aes_others, 0}},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"one for half a mechanism", CKM_AES_KEY_GEN, {{0}},
	{A(CKA_VALUE_LEN, n32), {CKA_ALLOWED_MECHANISMS, aes_others, 4}},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"a signing RSA key for OAEP alone", CKM_RSA_PKCS_KEY_PAIR_GEN,
	{A(CKA_MODULUS_BITS, n2048)},
	{A(CKA_SIGN, yes), A(CKA_ALLOWED_MECHANISMS, oaep_alone)},
	CKR_TEMPLATE_INCONSISTENT},
    {"one for SHA-1 alone", CKM_RSA_PKCS_KEY_PAIR_GEN,
	{A(CKA_MODULUS_BITS, n2048)},
	{A(CKA_SIGN, yes), A(CKA_ALLOWED_MECHANISMS, sha1_alone)},
	CKR_TEMPLATE_INCONSISTENT},
    {"no modulus bits", CKM_RSA_PKCS_KEY_PAIR_GEN, {{0}}, {{0}},
	CKR_TEMPLATE_INCOMPLETE},
    {"RSA-1024", CKM_RSA_PKCS_KEY_PAIR_GEN, {A(CKA_MODULUS_BITS, n1024)}, {{0}},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"exponent 3", CKM_RSA_PKCS_KEY_PAIR_GEN,
	{A(CKA_MODULUS_BITS, n2048), A(CKA_PUBLIC_EXPONENT, f3)}, {{0}},
	CKR_TEMPLATE_INCONSISTENT},
    {"RSA to derive", CKM_RSA_PKCS_KEY_PAIR_GEN, {A(CKA_MODULUS_BITS, n2048)},
	{A(CKA_DERIVE, yes)}, CKR_TEMPLATE_INCONSISTENT},
    {"a modulus", CKM_RSA_PKCS_KEY_PAIR_GEN,
	{A(CKA_MODULUS_BITS, n2048), A(CKA_MODULUS, p256)}, {{0}},
	CKR_ATTRIBUTE_READ_ONLY},
    {"always authenticated", CKM_RSA_PKCS_KEY_PAIR_GEN,
	{A(CKA_MODULUS_BITS, n2048)}, {A(CKA_ALWAYS_AUTHENTICATE, yes)},
	CKR_ATTRIBUTE_VALUE_INVALID},
    {"no curve", CKM_EC_KEY_PAIR_GEN, {{0}}, {{0}}, CKR_TEMPLATE_INCOMPLETE},
    {"P-224", CKM_EC_KEY_PAIR_GEN, {A(CKA_EC_PARAMS, p224)}, {{0}},
	CKR_CURVE_NOT_SUPPORTED},
    {"half an OID", CKM_EC_KEY_PAIR_GEN, {{CKA_EC_PARAMS, p256, 9}}, {{0}},
	CKR_DOMAIN_PARAMS_INVALID},
    {"Ed25519 as EC", CKM_EC_KEY_PAIR_GEN, {A(CKA_EC_PARAMS, ed_oid)}, {{0}},
	CKR_CURVE_NOT_SUPPORTED},
    {"P-256 as Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, {A(CKA_EC_PARAMS, p256)},
	{{0}}, CKR_CURVE_NOT_SUPPORTED},
    {"a curve for the private half", CKM_EC_KEY_PAIR_GEN,
	{A(CKA_EC_PARAMS, p256)}, {A(CKA_EC_PARAMS, p256)},
	CKR_ATTRIBUTE_READ_ONLY},
    {"EC to decrypt", CKM_EC_KEY_PAIR_GEN, {A(CKA_EC_PARAMS, p256)},
	{A(CKA_DECRYPT, yes)}, CKR_TEMPLATE_INCONSISTENT},
    {"P-256K1 to derive", CKM_EC_KEY_PAIR_GEN, {A(CKA_EC_PARAMS, p256k1)},
	{A(CKA_DERIVE, yes)}, CKR_TEMPLATE_INCONSISTENT},
    {"no parameter set", CKM_ML_DSA_KEY_PAIR_GEN, {{0}}, {{0}},
	CKR_TEMPLATE_INCOMPLETE},
    {"a set that is none", CKM_ML_KEM_KEY_PAIR_GEN,
	{A(CKA_PARAMETER_SET, set9)}, {{0}}, CKR_PARAMETER_SET_NOT_SUPPORTED},
    {"a mechanism that makes nothing", CKM_ECDSA, {{0}}, {{0}},
	CKR_MECHANISM_INVALID},
};

static CK_ULONG
take(CK_ATTRIBUTE *to, const CK_ATTRIBUTE *from)
{
	CK_ULONG n = 0;

	while (n < 3 && (from[n].type != 0 || from[n].pValue != NULL)) {
		to[n] = from[n];
		n++;
	}
	return (n);
}

static void
test_bad(void)
{
	CK_ATTRIBUTE pub[4], priv[4];
	CK_OBJECT_HANDLE a, b;
	CK_MECHANISM_INFO info;
	CK_ULONG n, k;
	CK_RV rv;

	calls_clear();
	for (size_t i = 0; i < ELEMS(bads); i++) {
		CK_MECHANISM m = {bads[i].mechanism, NULL, 0};

		a = b = 77;
		n = take(pub, bads[i].pub);
		k = take(priv, bads[i].priv);
		priv[k++] = (CK_ATTRIBUTE)A(CKA_TOKEN, yes);
		rv = p11->C_GetMechanismInfo(0, m.mechanism, &info) == CKR_OK &&
			     (info.flags & CKF_GENERATE) != 0
			 ? p11->C_GenerateKey(rw, &m, priv, k, &a)
			 : p11->C_GenerateKeyPair(
			       rw, &m, pub, n, priv, k, &a, &b);
		rv_is(rv, bads[i].rv, "as listed", __FILE__, __LINE__, "%s",
		    bads[i].what);
		if (a != 77 || b != 77)
			OK(false, "and the handle is left alone");
	}
	COUNT(calls(NULL), 0, "KMS heard nothing of any of them");
}

static void
test_arguments(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0},
		     with = {CKM_AES_KEY_GEN, p256, 1},
		     bad = {CKM_AES_KEY_GEN, NULL, 1},
		     pair = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, n32)};
	CK_OBJECT_HANDLE h;

	calls_clear();
	RV(p11->C_GenerateKey(rw, NULL, t, 2, &h), CKR_ARGUMENTS_BAD,
	    "no mechanism");
	RV(p11->C_GenerateKey(rw, &m, NULL, 2, &h), CKR_ARGUMENTS_BAD,
	    "no template");
	RV(p11->C_GenerateKey(rw, &m, t, 2, NULL), CKR_ARGUMENTS_BAD,
	    "no place");
	RV(p11->C_GenerateKey(rw, &bad, t, 2, &h), CKR_ARGUMENTS_BAD,
	    "a parameter of no bytes");
	RV(p11->C_GenerateKey(rw, &with, t, 2, &h), CKR_MECHANISM_PARAM_INVALID,
	    "a parameter");
	RV(p11->C_GenerateKey(rw, &pair, t, 2, &h), CKR_MECHANISM_INVALID,
	    "a mechanism of pairs");
	RV(p11->C_GenerateKeyPair(rw, &m, t, 2, t, 2, &h, &h),
	    CKR_MECHANISM_INVALID, "one of keys, for pairs");
	RV(p11->C_GenerateKey(ro, &m, t, 2, &h), CKR_SESSION_READ_ONLY,
	    "a read-only session");
	RV(p11->C_GenerateKey(77777, &m, t, 2, &h), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
	p11->C_CloseSession(ro);
}

/* A name in use is refused before anything is made, but for a label with an id
 * of its own; none at all is fine. */
static void
test_names(void)
{
	const struct kind *aes = &kinds[0], *ec = &kinds[KIND_EC];
	static const CK_BYTE id[2] = {0x55, 1}, other[2] = {0x55, 2};
	struct pair_handles a, b;
	CK_BYTE uuid[16];

	NEED(generate(aes, "named", id, &a) == CKR_OK, "a key with names");
	calls_clear();
	RV(generate(aes, "named", NULL, &b), CKR_ATTRIBUTE_VALUE_INVALID,
	    "its label again");
	RV(generate(ec, "other", id, &b), CKR_ATTRIBUTE_VALUE_INVALID,
	    "its id, another label");
	COUNT(calls("CreateKey"), 0, "nothing was made for it");
	RV(generate(ec, "named", other, &b), CKR_OK, "its label, another id");
	OK(attr_is_text(b.private, CKA_LABEL, "named"), "both have it");
	RV(generate(aes, NULL, NULL, &a), CKR_OK, "a key without names");
	RV(generate(aes, NULL, NULL, &b), CKR_OK, "another");
	OK(a.private != b.private, "they are two");
	COUNT(attr(a.private, CKA_ID, uuid, 16), 16, "with ids of their own");
	key_make(material(1), "imported");
	RV(generate(aes, "imported", NULL, &b), CKR_ATTRIBUTE_VALUE_INVALID,
	    "the label of an imported key");
}

static void
test_templates(void)
{
	struct pair_handles h;
	CK_MECHANISM rsa = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		     hmac = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, n2048),
	    A(CKA_PUBLIC_EXPONENT, f4), A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_TOKEN, yes), A(CKA_VERIFY, yes),
	    A(CKA_ENCRYPT, yes), {CKA_LABEL, "generous", 8}};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_PRIVATE, yes),
	    A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no), A(CKA_SIGN, yes),
	    A(CKA_DECRYPT, yes), A(CKA_UNWRAP, yes),
	    {CKA_LABEL, "generous", 8}};
	CK_ATTRIBUTE sha[] = {A(CKA_TOKEN, yes), A(CKA_KEY_TYPE, sha256_type),
	    A(CKA_VALUE_LEN, n32)};

	RV(p11->C_GenerateKeyPair(rw, &rsa, pub, ELEMS(pub), priv, ELEMS(priv),
	       &h.public, &h.private),
	    CKR_OK, "a template with all that programs ask for");
	OK(attr_is(h.private, CKA_SIGN, &yes, 1) &&
		attr_is(h.private, CKA_DECRYPT, &no, 1) &&
		attr_is(h.public, CKA_VERIFY, &yes, 1),
	    "it signs");
	pub[1] = (CK_ATTRIBUTE)A(CKA_PUBLIC_EXPONENT, f4_long);
	pub[7].ulValueLen = priv[7].ulValueLen = 4;
	RV(p11->C_GenerateKeyPair(rw, &rsa, pub, ELEMS(pub), priv, ELEMS(priv),
	       &h.public, &h.private),
	    CKR_OK, "an exponent with zeros before it");
	RV(p11->C_GenerateKey(rw, &hmac, sha, ELEMS(sha), &h.private), CKR_OK,
	    "an HMAC key by the name of its hash");
}

/* The lists that Parsec gives with its kinds of keys: KMS keeps none, and the
 * key shows all that it does. */
static void
test_allowed_mechanisms(void)
{
	static CK_MECHANISM_TYPE pkcs1[] = {CKM_RSA_PKCS, CKM_SHA1_RSA_PKCS},
				 pss[] = {CKM_SHA256_RSA_PKCS_PSS},
				 oaep[] = {CKM_RSA_PKCS_OAEP, CKM_RSA_PKCS},
				 ecdsa[] = {CKM_ECDSA}, gcm[] = {CKM_AES_GCM};
	static const struct {
		const struct kind *kind;
		CK_ATTRIBUTE_TYPE usage;
		CK_MECHANISM_TYPE *list;
		size_t len;
	} rows[] = {{&kinds[8], CKA_SIGN, pkcs1, sizeof(pkcs1)},
	    {&kinds[8], CKA_SIGN, pss, sizeof(pss)},
	    {&kinds[8], CKA_DECRYPT, oaep, sizeof(oaep)},
	    {&kinds[KIND_EC], CKA_SIGN, ecdsa, sizeof(ecdsa)},
	    {&kinds[0], CKA_ENCRYPT, gcm, sizeof(gcm)}};
	CK_BYTE shown[512];
	struct pair_handles h;
	CK_RV rv;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_MECHANISM m = {rows[i].kind->mechanism, NULL, 0};
		CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes),
		    {rows[i].usage, &yes, sizeof(yes)},
		    {CKA_ALLOWED_MECHANISMS, rows[i].list, rows[i].len},
		    rows[i].kind->size};

		rv = is_pair(rows[i].kind)
			 ? p11->C_GenerateKeyPair(
			       rw, &m, t + 3, 1, t, 3, &h.public, &h.private)
			 : p11->C_GenerateKey(rw, &m, t, 4, &h.private);
		if (RV(rv, CKR_OK, "list %zu is taken", i))
			OK(attr(h.private, CKA_ALLOWED_MECHANISMS, shown,
			       sizeof(shown)) >= sizeof(CK_MECHANISM_TYPE),
			    "and the key shows what KMS has");
	}
}

/* The new key does what it was made for. */
static void
test_use(void)
{
	CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0},
		     hmac = {CKM_SHA256_HMAC, NULL, 0};
	CK_BYTE text[] = "text", out[256];
	CK_ULONG len = sizeof(out);
	struct pair_handles h;

	NEED(generate(&kinds[0], NULL, NULL, &h) == CKR_OK, "an AES key");
	OK(same_key(h.private, h.private), "encrypts and decrypts");
	NEED(
	    generate(&kinds[KIND_EC], NULL, NULL, &h) == CKR_OK, "a P-256 key");
	NEED(p11->C_SignInit(rw, &ecdsa, h.private) == CKR_OK &&
		 p11->C_Sign(rw, text, 4, out, &len) == CKR_OK && len == 64,
	    "signs");
	RV(p11->C_VerifyInit(rw, &ecdsa, h.public), CKR_OK, "its other half");
	RV(p11->C_Verify(rw, text, 4, out, len), CKR_OK, "verifies");
	NEED(generate(&kinds[3], NULL, NULL, &h) == CKR_OK, "an HMAC key");
	len = sizeof(out);
	OK(p11->C_SignInit(rw, &hmac, h.private) == CKR_OK &&
		p11->C_Sign(rw, text, 4, out, &len) == CKR_OK && len == 32,
	    "makes a MAC");
}

static void
begin(const char *line)
{
	p11_stop();
	testenv_config(NULL, line, NULL);
	p11_start();
	calls_clear();
}

/* Which keys KMS makes of its own: by default only those with a label. */
static void
test_allowed(void)
{
	struct pair_handles h;

	begin(NULL);
	RV(generate(&kinds[0], NULL, NULL, &h), CKR_TEMPLATE_INCOMPLETE,
	    "none");
	RV(generate(&kinds[KIND_EC], "", NULL, &h), CKR_TEMPLATE_INCOMPLETE,
	    "empty");
	COUNT(calls(NULL), 0, "KMS hears nothing of it");
	RV(generate(&kinds[KIND_EC], "allowed", NULL, &h), CKR_OK,
	    "with a label");
	begin("generate = no");
	RV(generate(&kinds[0], "forbidden", NULL, &h), CKR_ACTION_PROHIBITED,
	    "generate = no");
	COUNT(calls(NULL), 0, "KMS hears nothing of it");
	(void)pair_make(NULL);
	begin("generate = yes");
	RV(generate(&kinds[0], NULL, NULL, &h), CKR_OK, "generate = yes");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_allowed();
	for (size_t i = 0; i < ELEMS(kinds); i++)
		test_kind(i);
	test_bad();
	test_arguments();
	test_names();
	test_templates();
	test_allowed_mechanisms();
	test_use();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
