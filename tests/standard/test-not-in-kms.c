/* What KMS cannot hold, by each way to a key of the token: by its value, unwrapped
 * by a key of the session and with an import pair, derived, copied, generated. The
 * code and the reason are those of docs/import.md, and no key is made. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "cryptoki/derive-params.h"
#include "p11.h"

static CK_BYTE value[160] = {1, 2, 3}, p224[] = {6, 5, 0x2b, 0x81, 4, 0, 0x21},
	       brainpool[] = {6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7},
	       ed25519[] = {6, 3, 0x2b, 0x65, 0x70},
	       x25519[] = {6, 3, 0x2b, 0x65, 0x6e};
static CK_ULONG bits_1024 = 1024, bits_2048 = 2048, bits_2056 = 2056;
static CK_OBJECT_CLASS data_class = CKO_DATA;
static CK_OBJECT_HANDLE kek, base, about;
static struct pair_handles import;

#define AES_WHY "an AES key has 32 bytes"
#define HMAC_WHY "an HMAC key 28 to 128 and not less than its hash"
#define TYPE_WHY "KMS does not import this "
#define RSA_WHY "2048, 3072 or 4096 bits"
#define CURVE_WHY "the curves are P-256, P-384, P-521 and secp256k1"
#define PAIR_WHY "private keys are RSA or EC"
static const struct kind {
	const char *name;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG len; /* of a secret key */
	CK_ATTRIBUTE size; /* of a pair */
	CK_MECHANISM_TYPE generator;
	CK_RV rv;
	CK_RV generates; /* what it answers, for the token */
	const char *why;
} kinds[] = {
#define INVALID CKR_ATTRIBUTE_VALUE_INVALID
#define NO_CURVE CKR_CURVE_NOT_SUPPORTED
#define SECRET(name, type, len, generator, why)                           \
	{                                                                 \
		name, CKO_SECRET_KEY, type, len, {0}, generator, INVALID, \
		    INVALID, why                                          \
	}
#define PAIR(name, type, attribute, value, generator, rv, generates, why) \
	{                                                                 \
		name, CKO_PRIVATE_KEY, type, 0, A(attribute, value),      \
		    generator, rv, generates, why                         \
	}
    SECRET("AES-128", CKK_AES, 16, CKM_AES_KEY_GEN, AES_WHY),
    SECRET("AES-192", CKK_AES, 24, CKM_AES_KEY_GEN, AES_WHY),
    SECRET("a MAC key of 27 bytes", CKK_GENERIC_SECRET, 27,
	CKM_GENERIC_SECRET_KEY_GEN, HMAC_WHY),
    SECRET("a MAC key of 129 bytes", CKK_GENERIC_SECRET, 129,
	CKM_GENERIC_SECRET_KEY_GEN, HMAC_WHY),
    SECRET("a MAC key shorter than its hash", CKK_SHA512_HMAC, 63,
	CKM_SHA512_KEY_GEN, HMAC_WHY),
    SECRET("a key of SHA-1", CKK_SHA_1_HMAC, 32, CKM_SHA_1_KEY_GEN,
	TYPE_WHY "CKK_SHA_1_HMAC"),
    SECRET("HKDF", CKK_HKDF, 32, CKM_HKDF_KEY_GEN, TYPE_WHY "CKK_HKDF"),
    SECRET("XTS", CKK_AES_XTS, 64, CKM_AES_XTS_KEY_GEN, TYPE_WHY "CKK_AES_XTS"),
    SECRET("ChaCha20", CKK_CHACHA20, 32, CKM_CHACHA20_KEY_GEN,
	TYPE_WHY "CKK_CHACHA20"),
    SECRET("Poly1305", CKK_POLY1305, 32, CKM_POLY1305_KEY_GEN,
	TYPE_WHY "CKK_POLY1305"),
    PAIR("RSA-1024", CKK_RSA, CKA_MODULUS_BITS, bits_1024,
	CKM_RSA_PKCS_KEY_PAIR_GEN, INVALID, INVALID, RSA_WHY),
    PAIR("RSA-2056", CKK_RSA, CKA_MODULUS_BITS, bits_2056,
	CKM_RSA_PKCS_KEY_PAIR_GEN, INVALID, INVALID, RSA_WHY),
    PAIR("P-224", CKK_EC, CKA_EC_PARAMS, p224, CKM_EC_KEY_PAIR_GEN, NO_CURVE,
	NO_CURVE, CURVE_WHY),
    PAIR("brainpoolP256r1", CKK_EC, CKA_EC_PARAMS, brainpool,
	CKM_EC_KEY_PAIR_GEN, NO_CURVE, NO_CURVE, CURVE_WHY),
    /* which KMS makes */
    PAIR("Ed25519", CKK_EC_EDWARDS, CKA_EC_PARAMS, ed25519,
	CKM_EC_EDWARDS_KEY_PAIR_GEN, INVALID, CKR_OK, PAIR_WHY),
    PAIR("X25519", CKK_EC_MONTGOMERY, CKA_EC_PARAMS, x25519,
	CKM_EC_MONTGOMERY_KEY_PAIR_GEN, INVALID, NO_CURVE, PAIR_WHY),
};

static void
why_is(const char *why)
{
	char text[1024];
	CK_ULONG n = attr(
	    about, CKA_KEYFERRY_LAST_ERROR, text, sizeof(text) - 1);

	text[n < sizeof(text) ? n : 0] = '\0';
	OK(strstr(text, why) != NULL, "because %s", text);
}

/* Nothing was asked for, and nothing is left. */
static void
refused(
    CK_RV got, CK_RV want, const char *name, const char *way, const char *why)
{
	RV(got, want, "%s, %s", name, way);
	why_is(why);
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
}

/* The key as one of the session, which may leave it. */
static CK_RV
make_here(const struct kind *k, CK_OBJECT_HANDLE *h)
{
	CK_OBJECT_CLASS class = k->class;
	CK_KEY_TYPE type = k->type;
	CK_MECHANISM m = {k->generator, NULL, 0};
	CK_ATTRIBUTE secret[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type),
	    A_BYTES(CKA_VALUE, value, k->len)};
	CK_ATTRIBUTE public[] = {k->size},
		     private[] = {A(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE other;

	return (class == CKO_SECRET_KEY
		    ? p11->C_CreateObject(rw, secret, ELEMS(secret), h)
		    : p11->C_GenerateKeyPair(
			  rw, &m, public, 1, private, 1, &other, h));
}

static CK_RV
unwrap(CK_MECHANISM *m, CK_OBJECT_HANDLE key, const struct kind *k,
    CK_BYTE *wrapped, CK_ULONG len)
{
	CK_OBJECT_CLASS class = k->class;
	CK_KEY_TYPE type = k->type;
	CK_ULONG n = k->len;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type),
	    A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, n)};
	CK_OBJECT_HANDLE h;

	return (p11->C_UnwrapKey(
	    rw, m, key, wrapped, len, t, k->len != 0 ? 4 : 3, &h));
}

static void
test_unwrap(const struct kind *k, CK_OBJECT_HANDLE from)
{
	CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0},
		     oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_BYTE wrapped[2048];
	CK_ULONG len = sizeof(wrapped);
	struct kind of_any_length = *k;

	NEED(p11->C_WrapKey(rw, &kwp, kek, from, wrapped, &len) == CKR_OK,
	    "%s, wrapped", k->name);
	calls_clear();
	refused(unwrap(&kwp, kek, k, wrapped, len), k->rv, k->name, "unwrapped",
	    k->why);
	/* what it is, only its bytes tell */
	of_any_length.len = 0;
	refused(unwrap(&kwp, kek, &of_any_length, wrapped, len), k->rv, k->name,
	    "unwrapped without a length", k->why);
	if (k->type != CKK_RSA && k->type != CKK_EC)
		refused(unwrap(&oaep, import.private, k, wrapped, 256), k->rv,
		    k->name, "unwrapped into KMS", k->why);
}

/* C_CopyObject has no code for curves. */
static void
test_copy(const struct kind *k, CK_OBJECT_HANDLE from)
{
	CK_ATTRIBUTE token = A(CKA_TOKEN, yes);
	CK_OBJECT_HANDLE h;

	calls_clear();
	refused(p11->C_CopyObject(rw, from, &token, 1, &h), INVALID, k->name,
	    "copied", k->why);
}

static void
test_secret(const struct kind *k)
{
	CK_KEY_TYPE type = k->type;
	CK_ULONG n = k->len;
	struct hkdf_params p = {.bExtract = CK_TRUE,
	    .bExpand = CK_TRUE,
	    .prfHashMechanism = CKM_SHA256,
	    .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM hkdf = {CKM_HKDF_DERIVE, &p, sizeof(p)},
		     generator = {k->generator, NULL, 0};
	CK_ATTRIBUTE create[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_VALUE, value, n)};
	CK_ATTRIBUTE derive[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, type), A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, n)};
	CK_OBJECT_HANDLE h;

	calls_clear();
	refused(p11->C_CreateObject(rw, create, ELEMS(create), &h), k->rv,
	    k->name, "by value", k->why);
	refused(p11->C_DeriveKey(rw, &hkdf, base, derive, ELEMS(derive), &h),
	    k->rv, k->name, "derived", k->why);
	refused(p11->C_GenerateKey(rw, &generator, derive + 2, 2, &h),
	    k->generates, k->name, "generated", "KMS makes no key");
	if (k->type == CKK_CHACHA20 || k->type == CKK_POLY1305)
		refused(p11->C_GenerateKey(rw, &generator, derive + 2, 1, &h),
		    k->generates, k->name, "generated without a length",
		    "KMS makes no key");
}

static void
test_pair(const struct kind *k)
{
	CK_MECHANISM m = {k->generator, NULL, 0};
	CK_ATTRIBUTE public[] = {k->size}, token = A(CKA_TOKEN, yes);
	CK_OBJECT_HANDLE h[2];

	if (k->generates == CKR_OK)
		return;
	calls_clear();
	refused(
	    p11->C_GenerateKeyPair(rw, &m, public, 1, &token, 1, &h[0], &h[1]),
	    k->generates, k->name, "generated", "KMS makes no key");
}

static void
test_data(void)
{
	struct hkdf_params p = {.bExtract = CK_TRUE,
	    .prfHashMechanism = CKM_SHA256,
	    .ulSaltType = CKF_HKDF_SALT_NULL};
	CK_MECHANISM hkdf = {CKM_HKDF_DATA, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, data_class), A(CKA_TOKEN, yes), A(CKA_VALUE, value)};
	CK_ATTRIBUTE here[] = {A(CKA_CLASS, data_class), A(CKA_VALUE, value)};
	CK_OBJECT_HANDLE h, from;
	const char *why = "KMS keeps keys alone, no object of CKO_DATA";

	NEED(p11->C_CreateObject(rw, here, 2, &from) == CKR_OK, "data");
	calls_clear();
	refused(p11->C_CreateObject(rw, t, 3, &h), INVALID, "data", "by value",
	    why);
	refused(p11->C_CopyObject(rw, from, t + 1, 1, &h), INVALID, "data",
	    "copied", why);
	refused(p11->C_DeriveKey(rw, &hkdf, base, t, 2, &h), INVALID, "data",
	    "derived", why);
}

/* One key with two usages, under two-usages = refuse. */
static void
test_two_usages(void)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0},
		     kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_ATTRIBUTE size = A(CKA_MODULUS_BITS, bits_2048);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_SIGN, yes), A(CKA_DECRYPT, yes),
	    A(CKA_TOKEN, yes), A(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE here[] = {t[2], t[3], t[5]};
	CK_BYTE wrapped[2048];
	CK_ULONG len = sizeof(wrapped);
	CK_OBJECT_HANDLE h, other, from;
	const char *name = "two usages", *why = "two-usages = refuse";

	NEED(p11->C_GenerateKeyPair(rw, &m, &size, 1, here, 3, &other, &from) ==
		     CKR_OK &&
		 p11->C_WrapKey(rw, &kwp, kek, from, wrapped, &len) == CKR_OK,
	    "a key with two usages");
	calls_clear();
	refused(p11->C_CopyObject(rw, from, t + 4, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, name, "copied", why);
	refused(p11->C_UnwrapKey(rw, &kwp, kek, wrapped, len, t, 5, &h),
	    CKR_TEMPLATE_INCONSISTENT, name, "unwrapped", why);
	refused(p11->C_GenerateKeyPair(rw, &m, &size, 1, t + 2, 3, &other, &h),
	    CKR_TEMPLATE_INCONSISTENT, name, "generated", why);
}

static void
make_all(void)
{
	CK_ATTRIBUTE wraps[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, value, 32)};
	CK_OBJECT_CLASS profile = CKO_PROFILE;
	CK_ULONG id = CKP_BASELINE_PROVIDER;
	CK_ATTRIBUTE by_id[] = {A(CKA_CLASS, profile), A(CKA_PROFILE_ID, id)};

	NEED(find(rw, by_id, 2, &about, 1) == 1 &&
		 p11->C_CreateObject(rw, wraps, 3, &kek) == CKR_OK,
	    "the profile object, and a key that wraps");
	base = base_key(CKK_GENERIC_SECRET, value, 32, yes);
	import = pair_make("import");
}

int
main(void)
{
	CK_OBJECT_HANDLE from;

	testenv_start();
	testenv_config(NULL, "two-usages = refuse", NULL);
	p11_start();
	make_all();
	for (size_t i = 0; i < ELEMS(kinds); i++) {
		NEED(make_here(&kinds[i], &from) == CKR_OK,
		    "%s, of the session", kinds[i].name);
		test_unwrap(&kinds[i], from);
		test_copy(&kinds[i], from);
		if (kinds[i].class == CKO_SECRET_KEY)
			test_secret(&kinds[i]);
		else
			test_pair(&kinds[i]);
	}
	test_data();
	test_two_usages();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
