/* Each kind of key that KMS imports, by its value and wrapped outside; KMS then
 * does with it what OpenSSL holds against the original. What KMS does not
 * import is refused before KMS hears of it. */
#include <stdio.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET, ec_type = CKK_EC,
		   edwards_type = CKK_EC_EDWARDS;

static CK_RV
create(
    const struct external_key *o, CK_ATTRIBUTE_TYPE flag, CK_OBJECT_HANDLE *h)
{
	struct key_template t = o->t;

	if (flag != 0)
		template_add(&t, flag, &yes, sizeof(yes));
	return (p11->C_CreateObject(rw, t.t, t.count, h));
}

/* By value, with that flag; KMS uses it as the flag says. */
static void
by_value(const struct external_key_kind *kind, size_t len,
    CK_ATTRIBUTE_TYPE flag, const char *usage)
{
	static unsigned n;
	struct account_key a;
	struct external_key o;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	char label[64], alias[80];

	snprintf(label, sizeof(label), "value-%u", n++);
	snprintf(alias, sizeof(alias), "alias/%s", label);
	external_key_make(&o, kind, len, label);
	RV(create(&o, flag, &h), CKR_OK, "%s, %zu bytes, flag 0x%lx",
	    kind->spec, o.len, flag);
	OK(account_alias(alias, &a) && strcmp(a.usage, usage) == 0 &&
		strcmp(a.spec, kind->spec) == 0,
	    "is a key of %s for %s", kind->spec, usage);
	OK(external_key_is(&o, label), "KMS has the very key");
	OK(attr_is(h, CKA_LOCAL, &no, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &no, 1) &&
		attr_number(h, CKA_CLASS) == kind->class,
	    "the object tells where it came from");
	external_key_free(&o);
}

static void
test_values(void)
{
	by_value(&external_key_aes, 0, 0, "ENCRYPT_DECRYPT");
	by_value(&external_key_aes, 0, CKA_DECRYPT, "ENCRYPT_DECRYPT");
	for (size_t i = 0; i < ELEMS(external_key_hmacs); i++) {
		const struct external_key_kind *k = &external_key_hmacs[i];

		by_value(k, 0, 0, "GENERATE_VERIFY_MAC");
		by_value(k, k->bits / 8 + 5, CKA_SIGN, "GENERATE_VERIFY_MAC");
		by_value(k, 128, CKA_VERIFY, "GENERATE_VERIFY_MAC");
	}
	for (size_t i = 0; i < ELEMS(external_key_rsas); i++)
		by_value(&external_key_rsas[i], 0, i == 0 ? 0 : CKA_SIGN,
		    "SIGN_VERIFY");
	by_value(&external_key_rsa_2048, 0, CKA_DECRYPT, "ENCRYPT_DECRYPT");
	for (size_t i = 0; i < ELEMS(external_key_ecs); i++) {
		by_value(&external_key_ecs[i], 0, i % 2 == 0 ? 0 : CKA_SIGN,
		    "SIGN_VERIFY");
		if (strcmp(external_key_ecs[i].group, "secp256k1") != 0)
			by_value(&external_key_ecs[i], 0, CKA_DERIVE,
			    "KEY_AGREEMENT");
	}
}

/* KMS refuses ImportType for what is no symmetric encryption key, so that an
 * import which comes in has none: the first, and the same material again. */
static void
no_import_type(const struct external_key_kind *kind)
{
	struct kms kms = account_kms();
	struct kms_import_in in = {.token = VIEW_STR("token"),
	    .material = VIEW_STR("material"),
	    .type = "EXISTING_KEY_MATERIAL"};
	struct account_key a;
	struct external_key o;
	CK_OBJECT_HANDLE h = 0;
	char alias[64];

	external_key_make(&o, kind, 0, kind->spec);
	for (int i = 0; i < 2; i++) {
		calls_clear();
		RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h), CKR_OK,
		    "%s, import %d", kind->spec, i + 1);
		COUNT(calls("ImportKeyMaterial"), 1, "is one request");
	}
	template_add(&o.t, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	calls_clear();
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h),
	    CKR_TEMPLATE_INCONSISTENT, "there is no new material for it");
	COUNT(calls(NULL), 0, "and KMS is not asked");
	snprintf(alias, sizeof(alias), "alias/%s", kind->spec);
	NEED(account_alias(alias, &a), "the key");
	in.key = a.id;
	OK(kms_import_key_material(&kms, &in) == ERR_UNSUPPORTED,
	    "KMS would have refused an ImportType");
	external_key_free(&o);
}

static void
test_no_import_type(void)
{
	no_import_type(&external_key_hmacs[1]);
	no_import_type(&external_key_rsa_2048);
	no_import_type(&external_key_ecs[0]);
}

/* A generic secret is the longest HMAC key that it has bytes for, or the one
 * that a mechanism in the template names. */
static void
test_generic(void)
{
	static const struct {
		size_t len;
		CK_MECHANISM_TYPE allowed;
		const char *spec; /* NULL: refused */
	} cases[] = {
	    {27, 0, NULL},
	    {28, 0, "HMAC_224"},
	    {31, 0, "HMAC_224"},
	    {32, 0, "HMAC_256"},
	    {48, 0, "HMAC_384"},
	    {63, 0, "HMAC_384"},
	    {64, 0, "HMAC_512"},
	    {128, 0, "HMAC_512"},
	    {129, 0, NULL},
	    {64, CKM_SHA224_HMAC, "HMAC_224"},
	    {64, CKM_SHA256_HMAC, "HMAC_256"},
	    {128, CKM_SHA384_HMAC, "HMAC_384"},
	    {32, CKM_SHA512_HMAC, NULL},
	    {32, CKM_AES_GCM, NULL},
	};
	struct account_key a;
	struct external_key o;
	CK_OBJECT_HANDLE h;
	char label[32], alias[48];

	for (size_t i = 0; i < ELEMS(cases); i++) {
		snprintf(label, sizeof(label), "generic-%zu", i);
		snprintf(alias, sizeof(alias), "alias/%s", label);
		external_key_make(
		    &o, &external_key_hmacs[0], cases[i].len, label);
		o.t.t[1].pValue = &generic_type;
		if (cases[i].allowed != 0)
			template_add(&o.t, CKA_ALLOWED_MECHANISMS,
			    &cases[i].allowed, sizeof(cases[i].allowed));
		calls_clear();
		rv_is(create(&o, 0, &h),
		    cases[i].spec != NULL ? CKR_OK
		    : cases[i].allowed == CKM_AES_GCM
			? CKR_TEMPLATE_INCONSISTENT
			: CKR_ATTRIBUTE_VALUE_INVALID,
		    "as listed", __FILE__, __LINE__, "%zu bytes, 0x%lx",
		    cases[i].len, cases[i].allowed);
		if (cases[i].spec != NULL)
			OK(account_alias(alias, &a) &&
				strcmp(a.spec, cases[i].spec) == 0,
			    "becomes %s", cases[i].spec);
		else
			COUNT(calls(NULL), 0, "KMS is not asked");
	}
}

/* Usage flags that no key of the kind has, or that KMS cannot unite. */
static void
test_usages(void)
{
	static const struct {
		const struct external_key_kind *kind;
		CK_ATTRIBUTE_TYPE a, b;
		CK_RV rv;
		const char *usage;
	} cases[] = {
	    {&external_key_aes, CKA_SIGN, 0, CKR_TEMPLATE_INCONSISTENT, NULL},
	    {&external_key_aes, CKA_DERIVE, 0, CKR_TEMPLATE_INCONSISTENT, NULL},
	    {&external_key_hmacs[1], CKA_ENCRYPT, 0, CKR_TEMPLATE_INCONSISTENT,
		NULL},
	    {&external_key_hmacs[1], CKA_DERIVE, 0, CKR_TEMPLATE_INCONSISTENT,
		NULL},
	    {&external_key_rsa_2048, CKA_DERIVE, 0, CKR_TEMPLATE_INCONSISTENT,
		NULL},
	    {&external_key_ecs[0], CKA_DECRYPT, 0, CKR_TEMPLATE_INCONSISTENT,
		NULL},
	    {&external_key_ecs[3], CKA_DERIVE, 0, CKR_TEMPLATE_INCONSISTENT,
		NULL},
	    {&external_key_rsa_2048, CKA_SIGN, CKA_DECRYPT, CKR_OK,
		"SIGN_VERIFY"},
	    {&external_key_rsa_2048, CKA_UNWRAP, 0, CKR_OK, "ENCRYPT_DECRYPT"},
	    {&external_key_ecs[0], CKA_SIGN, CKA_DERIVE, CKR_OK, "SIGN_VERIFY"},
	};
	struct account_key a;
	struct external_key o;
	CK_OBJECT_HANDLE h;
	char label[32], alias[48];

	for (size_t i = 0; i < ELEMS(cases); i++) {
		snprintf(label, sizeof(label), "usage-%zu", i);
		snprintf(alias, sizeof(alias), "alias/%s", label);
		external_key_make(&o, cases[i].kind, 0, label);
		if (cases[i].b != 0)
			template_add(&o.t, cases[i].b, &yes, sizeof(yes));
		calls_clear();
		rv_is(create(&o, cases[i].a, &h), cases[i].rv, "as listed",
		    __FILE__, __LINE__, "%s for 0x%lx and 0x%lx",
		    cases[i].kind->spec, cases[i].a, cases[i].b);
		if (cases[i].usage != NULL)
			OK(account_alias(alias, &a) &&
				strcmp(a.usage, cases[i].usage) == 0,
			    "is one for %s", cases[i].usage);
		else
			COUNT(calls(NULL), 0, "KMS is not asked");
		external_key_free(&o);
	}
}

/* One attribute of a good key damaged, left out, or another's. */
enum damage { MISSING, BYTE, EMPTY, FOREIGN };
static void
test_damaged(void)
{
	static const struct {
		const struct external_key_kind *kind;
		CK_ATTRIBUTE_TYPE type;
		enum damage damage;
		CK_RV rv;
	} cases[] = {
#define INCOMPLETE CKR_TEMPLATE_INCOMPLETE
#define INVALID CKR_ATTRIBUTE_VALUE_INVALID
	    {&external_key_rsa_2048, CKA_MODULUS, MISSING, INCOMPLETE},
	    {&external_key_rsa_2048, CKA_PUBLIC_EXPONENT, MISSING, INCOMPLETE},
	    {&external_key_rsa_2048, CKA_PRIVATE_EXPONENT, MISSING, INCOMPLETE},
	    {&external_key_rsa_2048, CKA_MODULUS, BYTE, INVALID},
	    {&external_key_rsa_2048, CKA_PRIVATE_EXPONENT, BYTE, INVALID},
	    {&external_key_rsa_2048, CKA_PRIME_1, BYTE, INVALID},
	    {&external_key_rsa_2048, CKA_PRIME_2, FOREIGN, INVALID},
	    {&external_key_rsa_2048, CKA_EXPONENT_1, BYTE, INVALID},
	    {&external_key_rsa_2048, CKA_EXPONENT_2, FOREIGN, INVALID},
	    {&external_key_rsa_2048, CKA_COEFFICIENT, BYTE, INVALID},
	    {&external_key_rsa_2048, CKA_MODULUS, FOREIGN, INVALID},
	    {&external_key_ecs[0], CKA_EC_PARAMS, MISSING, INCOMPLETE},
	    {&external_key_ecs[0], CKA_VALUE, MISSING, INCOMPLETE},
	    {&external_key_ecs[0], CKA_EC_PARAMS, BYTE,
		CKR_CURVE_NOT_SUPPORTED},
	    {&external_key_ecs[0], CKA_VALUE, EMPTY, INCOMPLETE},
	    {&external_key_hmacs[1], CKA_VALUE, MISSING, INCOMPLETE},
	    {&external_key_hmacs[1], CKA_VALUE, EMPTY, INVALID},
	};
	struct external_key o, other;
	CK_OBJECT_HANDLE h;
	CK_ULONG at;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		external_key_make(&o, cases[i].kind, 0, "damaged");
		memset(&other, 0, sizeof(other));
		for (at = o.material_at; o.t.t[at].type != cases[i].type;)
			at++;
		if (cases[i].damage == MISSING)
			o.t.t[at] = o.t.t[--o.t.count];
		else if (cases[i].damage == EMPTY)
			o.t.t[at].ulValueLen = 0;
		else if (cases[i].damage == BYTE)
			((CK_BYTE *)o.t.t[at]
				.pValue)[o.t.t[at].ulValueLen / 2] ^= 2;
		else {
			external_key_make(&other, cases[i].kind, 0, "other");
			o.t.t[at] = other.t.t[at];
		}
		calls_clear();
		rv_is(create(&o, 0, &h), cases[i].rv, "as listed", __FILE__,
		    __LINE__, "%s, attribute 0x%lx, damage %d",
		    cases[i].kind->spec, cases[i].type, cases[i].damage);
		COUNT(calls(NULL), 0, "KMS is not asked");
		external_key_free(&o);
		external_key_free(&other);
	}
}

static void
test_others(void)
{
	static const struct external_key_kind kinds[] = {
	    {"RSA of 1024 bits", CKO_PRIVATE_KEY, CKK_RSA, NULL, 1024, 0, 0},
	    {"RSA of 2056 bits", CKO_PRIVATE_KEY, CKK_RSA, NULL, 2056, 0, 0},
	    {"P-224", CKO_PRIVATE_KEY, CKK_EC, "P-224", 0, 0, 0},
	    {"brainpoolP256r1", CKO_PRIVATE_KEY, CKK_EC, "brainpoolP256r1", 0,
		0, 0},
	    {"AES-128", CKO_SECRET_KEY, CKK_AES, NULL, 128, 0, 0},
	    {"AES-192", CKO_SECRET_KEY, CKK_AES, NULL, 192, 0, 0},
	};
	static CK_BYTE ed25519[] = {6, 3, 0x2b, 0x65, 112}, seed[32] = {1};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, edwards_type), A(CKA_TOKEN, yes),
	    A(CKA_EC_PARAMS, ed25519), A(CKA_VALUE, seed)};
	struct external_key o;
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(kinds); i++) {
		external_key_make(&o, &kinds[i], 0, "refused");
		calls_clear();
		RV(create(&o, 0, &h),
		    kinds[i].type == CKK_EC ? CKR_CURVE_NOT_SUPPORTED
					    : CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s", kinds[i].spec);
		COUNT(calls(NULL), 0, "KMS is not asked");
		external_key_free(&o);
	}
	calls_clear();
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "Ed25519");
	COUNT(calls(NULL), 0, "KMS is not asked");
}

/* The public half, as programs write it beside the private half. */
static void
test_public(void)
{
	CK_BYTE number[2][2 + 256] = {{0}};
	struct external_key o, alien;
	CK_OBJECT_HANDLE h, made = CK_INVALID_HANDLE;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, "pair", 4), A_BYTES(CKA_MODULUS, NULL, 0),
	    A_BYTES(CKA_PUBLIC_EXPONENT, NULL, 0)};

	external_key_make(&o, &external_key_rsa_2048, 0, "pair");
	external_key_make(&alien, &external_key_rsa_2048, 0, "alien");
	RV(create(&o, CKA_SIGN, &h), CKR_OK, "the private half");
	t[4] = o.t.t[o.material_at];
	t[5] = o.t.t[o.material_at + 1];
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &made), CKR_OK,
	    "the public half beside it");
	COUNT(made, find_label("pair", CKO_PUBLIC_KEY),
	    "is the object that is there already");
	for (size_t i = 4; i < 6; i++) {
		memcpy(number[i - 4] + 2, t[i].pValue, t[i].ulValueLen);
		t[i].pValue = number[i - 4];
		t[i].ulValueLen += 2;
	}
	made = CK_INVALID_HANDLE;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &made), CKR_OK,
	    "with numbers that begin with zeros, too");
	COUNT(made, find_label("pair", CKO_PUBLIC_KEY), "it is that one");
	t[4] = alien.t.t[alien.material_at];
	made = 77;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &made),
	    CKR_ATTRIBUTE_VALUE_INVALID, "one that belongs to no key");
	COUNT(made, 77, "is no object");
	external_key_free(&o);
	external_key_free(&alien);
}

/* CKA_PUBLIC_KEY_INFO beside the private key must be its own. */
static void
test_infos(void)
{
	static const struct external_key_kind *const kinds[] = {
	    &external_key_rsas[0], &external_key_ecs[0]};
	struct external_key o, alien;
	CK_OBJECT_HANDLE h;
	unsigned char *der;
	int len;

	for (size_t i = 0; i < ELEMS(kinds); i++) {
		external_key_make(&o, kinds[i], 0, i == 0 ? "info" : "info 2");
		external_key_make(&alien, kinds[i], 0, "other info");
		der = NULL;
		len = i2d_PUBKEY(alien.pkey, &der);
		template_add(&o.t, CKA_PUBLIC_KEY_INFO, der, (size_t)len);
		calls_clear();
		RV(create(&o, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s: another's public key", kinds[i]->spec);
		COUNT(calls(NULL), 0, "KMS is not asked");
		OPENSSL_free(der);
		der = NULL;
		len = i2d_PUBKEY(o.pkey, &der);
		o.t.t[o.t.count - 1] = (CK_ATTRIBUTE)A_BYTES(
		    CKA_PUBLIC_KEY_INFO, der, (CK_ULONG)len);
		RV(create(&o, 0, &h), CKR_OK, "its own");
		RV(p11->C_DestroyObject(rw, h), CKR_OK, "away with it");
		OPENSSL_free(der);
		external_key_free(&o);
		external_key_free(&alien);
	}
}

/* A curve by its numbers is the one that has the name in KMS. */
static void
name_curve_by_numbers(struct external_key *o)
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	static unsigned char der[300], *end = der;

	EC_GROUP_set_asn1_flag(g, OPENSSL_EC_EXPLICIT_CURVE);
	for (CK_ULONG i = 0; i < o->t.count; i++)
		if (o->t.t[i].type == CKA_EC_PARAMS)
			o->t.t[i] = (CK_ATTRIBUTE)A_BYTES(CKA_EC_PARAMS, der,
			    (CK_ULONG)i2d_ECPKParameters(g, &end));
	EC_GROUP_free(g);
}

/* A point in the template must be the scalar's, in any form of it. */
static void
test_points(void)
{
	CK_BYTE point[80] = {4, 65};
	struct external_key o, alien;
	CK_OBJECT_HANDLE h;
	size_t len = 0;

	external_key_make(&o, &external_key_ecs[0], 0, "point");
	external_key_make(&alien, &external_key_ecs[0], 0, "alien");
	NEED(EVP_PKEY_get_octet_string_param(
		 alien.pkey, "pub", point + 2, 70, &len) == 1 &&
		 len == 65,
	    "another's point");
	template_add(&o.t, CKA_EC_POINT, point, 67);
	calls_clear();
	RV(create(&o, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID, "another's point");
	COUNT(calls(NULL), 0, "KMS is not asked");
	NEED(EVP_PKEY_get_octet_string_param(
		 o.pkey, "pub", point + 2, 70, &len) == 1,
	    "its own");
	RV(create(&o, 0, &h), CKR_OK, "its own point");
	name_curve_by_numbers(&o);
	RV(create(&o, 0, &h), CKR_OK, "with explicit parameters");
	o.t.t[o.t.count - 1] = (CK_ATTRIBUTE)A_BYTES(
	    CKA_EC_POINT, point + 2, 65);
	RV(create(&o, 0, &h), CKR_OK, "and bare, as some write it");
	point[1] = 33;
	point[2] = 2 | (point[66] & 1);
	for (CK_ULONG bare = 0; bare < 2; bare++) {
		o.t.t[o.t.count - 1] = (CK_ATTRIBUTE)A_BYTES(
		    CKA_EC_POINT, point + 2 * bare, 35 - 2 * bare);
		RV(create(&o, 0, &h), CKR_OK, "compressed, bare: %lu", bare);
	}
	point[2] ^= 1;
	RV(create(&o, 0, &h), CKR_ATTRIBUTE_VALUE_INVALID, "the opposite");
	OK(external_key_is(&o, "point"), "it is the key");
	COUNT(attr_number(h, CKA_KEY_TYPE), ec_type, "of type EC");
	external_key_free(&o);
	external_key_free(&alien);
}

static CK_RV
copy_in(struct external_key *o, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE here[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, o->value, o->len)};
	CK_ATTRIBUTE there[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE session_key;

	RV(p11->C_CreateObject(rw, here, ELEMS(here), &session_key), CKR_OK,
	    "the same key in the session");
	return (p11->C_CopyObject(rw, session_key, there, ELEMS(there), h));
}

static CK_RV
unwrap_in(struct external_key *o, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_ATTRIBUTE wrapping[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, o->value, o->len),
	    A(CKA_WRAP, yes), A(CKA_UNWRAP, yes), A(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE key;
	CK_BYTE blob[64];
	CK_ULONG len = sizeof(blob);

	RV(p11->C_CreateObject(rw, wrapping, ELEMS(wrapping), &key), CKR_OK,
	    "a wrapping key");
	RV(p11->C_WrapKey(rw, &kwp, key, key, blob, &len), CKR_OK, "wraps");
	return (p11->C_UnwrapKey(rw, &kwp, key, blob, len, t, ELEMS(t), h));
}

static CK_RV
pair_for(struct external_key *o, struct pair_handles *pair)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits), A(CKA_WRAP, yes)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes), A(CKA_UNWRAP_TEMPLATE, yes)};
	struct key_template inner;

	if (o != NULL) {
		external_key_describe(o, &inner);
		priv[2].pValue = inner.t;
		priv[2].ulValueLen = inner.count * sizeof(inner.t[0]);
	}
	return (p11->C_GenerateKeyPair(rw, &m, pub, ELEMS(pub), priv,
	    o != NULL ? 3 : 2, &pair->public, &pair->private));
}

/* Symmetric keys of KMS in China are SM4 keys of 16 bytes. */
static void
test_china_aes(void)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, len),
	    A_BYTES(CKA_LABEL, "china", 5)};
	struct pair_handles pair;
	struct external_key o;
	CK_OBJECT_HANDLE h;

	external_key_make(&o, &external_key_aes, 0, "china-aes");
	calls_clear();
	RV(create(&o, 0, &h), CKR_TEMPLATE_INCONSISTENT, "AES by value");
	RV(copy_in(&o, &h), CKR_TEMPLATE_INCONSISTENT, "by a copy");
	RV(unwrap_in(&o, &h), CKR_TEMPLATE_INCONSISTENT, "unwrapped here");
	RV(pair_for(&o, &pair), CKR_TEMPLATE_INCONSISTENT, "a pair for it");
	RV(pair_for(NULL, &pair), CKR_TEMPLATE_INCONSISTENT,
	    "a pair for what keyferry.conf says");
	RV(p11->C_GenerateKey(rw, &m, t, ELEMS(t), &h),
	    CKR_TEMPLATE_INCONSISTENT, "generated in KMS");
	COUNT(calls("CreateKey"), 0, "and KMS makes no key");
	external_key_free(&o);
	external_key_make(&o, &external_key_hmacs[1], 0, "china-hmac");
	RV(pair_for(&o, &pair), CKR_OK, "a pair for an HMAC key");
	external_key_free(&o);
}

/* In China KMS has no RSA_AES_KEY_WRAP: EC keys go by OAEP, RSA keys not. */
static void
test_china(void)
{
	static const char lines[] = "region = cn-north-1\n"
				    "wrapping = RSA_AES_KEY_WRAP_SHA_256";
	struct external_key o;
	CK_OBJECT_HANDLE h;

	p11_stop();
	testenv_config(NULL, lines, NULL);
	p11_start();
	for (size_t i = 0; i < ELEMS(external_key_ecs); i++) {
		external_key_make(
		    &o, &external_key_ecs[i], 0, external_key_ecs[i].group);
		calls_clear();
		if (strcmp(external_key_ecs[i].group, "P-521") == 0) {
			RV(create(&o, 0, &h), CKR_TEMPLATE_INCONSISTENT,
			    "P-521 does not fit into 2048 bits");
			COUNT(calls(NULL), 0, "KMS is not asked");
		} else {
			RV(create(&o, 0, &h), CKR_OK, "%s by OAEP",
			    external_key_ecs[i].spec);
			RV(p11->C_DestroyObject(rw, h), CKR_OK, "it goes");
		}
		external_key_free(&o);
	}
	external_key_make(&o, &external_key_rsa_2048, 0, "china-rsa");
	calls_clear();
	RV(create(&o, 0, &h), CKR_TEMPLATE_INCONSISTENT, "RSA");
	COUNT(calls(NULL), 0, "KMS is not asked");
	external_key_free(&o);
	for (size_t i = 0; i < ELEMS(external_key_hmacs); i++) {
		external_key_make(
		    &o, &external_key_hmacs[i], 0, external_key_hmacs[i].spec);
		RV(create(&o, 0, &h), CKR_OK, "%s by OAEP",
		    external_key_hmacs[i].spec);
		RV(p11->C_DestroyObject(rw, h), CKR_OK, "it goes");
		external_key_free(&o);
	}
	test_china_aes();
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_values();
	test_generic();
	test_no_import_type();
	test_usages();
	test_damaged();
	test_others();
	test_public();
	test_infos();
	test_points();
	test_china();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
