/* What is refused, in which order, and why: of functions, and of objects that
 * the token has no place for. No KMS is there. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET, ed_type = CKK_EC_EDWARDS;
static CK_BYTE value[32] = {1, 2, 3},
	       p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_MECHANISM aes_gen = {CKM_AES_KEY_GEN, NULL, 0},
		    ec_gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
#define AES A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, aes_type)

static CK_RV
create(CK_ATTRIBUTE *t, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	*h = CK_INVALID_HANDLE;
	return (p11->C_CreateObject(rw, t, n, h));
}

/* Functions that are about nothing else. */
static void
test_functions(void)
{
	CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "a digest");
	RV(p11->C_DigestUpdate(rw, value, 3), CKR_OK, "in parts");
	RV(p11->C_Digest(rw, value, 3, out, &n), CKR_OPERATION_ACTIVE,
	    "has no single part");
	RV(p11->C_SeedRandom(rw, NULL, 1), CKR_ARGUMENTS_BAD,
	    "a seed that is not there");
	RV(p11->C_GenerateRandom(rw, NULL, 1), CKR_ARGUMENTS_BAD,
	    "no place for random bytes");
	RV(p11->C_GetFunctionStatus(77777), CKR_FUNCTION_NOT_PARALLEL,
	    "C_GetFunctionStatus of no session");
	RV(p11->C_CancelFunction(77777), CKR_FUNCTION_NOT_PARALLEL,
	    "C_CancelFunction of no session");
	RV(p11->C_GetFunctionStatus(rw), CKR_FUNCTION_NOT_PARALLEL,
	    "C_GetFunctionStatus");
	RV(p11->C_CancelFunction(rw), CKR_FUNCTION_NOT_PARALLEL,
	    "C_CancelFunction");
}

/* Arguments, session, login, read-only, then the rest: 5.1.7. */
static void
test_order(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_ULONG n16 = 16;
	CK_BYTE ed[] = {6, 3, 0x2b, 0x65, 0x70};
	CK_OBJECT_CLASS data_class = CKO_DATA;
	CK_ATTRIBUTE by_value[] = {AES, A(CKA_VALUE, value)};
	CK_ATTRIBUTE aes128[] = {
	    AES, A_BYTES(CKA_VALUE, value, 16), A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE gen128[] = {A(CKA_VALUE_LEN, n16), A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE a_data[] = {A(CKA_CLASS, data_class), A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE edwards[] = {A(CKA_CLASS, private_class),
	    A(CKA_KEY_TYPE, ed_type), A(CKA_EC_PARAMS, ed), A(CKA_VALUE, value),
	    A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE token = A(CKA_TOKEN, yes), session = A(CKA_TOKEN, no),
		     pair_t[] = {A(CKA_EC_PARAMS, p256), A(CKA_TOKEN, yes)};
	CK_OBJECT_CLASS cert_class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_ATTRIBUTE cert[] = {A(CKA_CLASS, cert_class),
	    A(CKA_CERTIFICATE_TYPE, x509), A(CKA_SUBJECT, value),
	    A(CKA_VALUE, value), A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h, h2, from;

	NEED(create(by_value, ELEMS(by_value), &from) == CKR_OK,
	    "a session key");
	RV(p11->C_CreateObject(77777, aes128, 4, &h),
	    CKR_SESSION_HANDLE_INVALID, "no session");
	RV(p11->C_CreateObject(77777, NULL, 4, &h), CKR_SESSION_HANDLE_INVALID,
	    "nor a template");
	RV(p11->C_CreateObject(ro, NULL, 4, &h), CKR_ARGUMENTS_BAD,
	    "no template");
	RV(p11->C_CreateObject(ro, aes128, 4, &h), CKR_SESSION_READ_ONLY,
	    "AES-128 on the token");
	RV(p11->C_GenerateKey(ro, &aes_gen, gen128, 2, &h),
	    CKR_SESSION_READ_ONLY, "AES-128 by generation");
	RV(p11->C_CreateObject(ro, a_data, 2, &h), CKR_SESSION_READ_ONLY,
	    "data");
	RV(p11->C_CreateObject(ro, edwards, 5, &h), CKR_SESSION_READ_ONLY,
	    "Ed25519");
	RV(p11->C_CopyObject(ro, from, &token, 1, &h), CKR_SESSION_READ_ONLY,
	    "a copy");
	RV(p11->C_GenerateKeyPair(ro, &ec_gen, pair_t, 2, &token, 1, &h, &h2),
	    CKR_SESSION_READ_ONLY, "a pair");
	RV(p11->C_GenerateKeyPair(rw, &ec_gen, pair_t, 2, &session, 1, &h, &h2),
	    CKR_TEMPLATE_INCONSISTENT, "the public half alone on the token");
	RV(p11->C_GenerateKeyPair(rw, &ec_gen, pair_t, 2, NULL, 0, &h, &h2),
	    CKR_TEMPLATE_INCONSISTENT, "and nothing said of the other");
	RV(p11->C_CreateObject(ro, cert, 5, &h), CKR_TOKEN_WRITE_PROTECTED,
	    "a certificate, which has no place");
	(void)p11->C_CloseSession(ro);
}

static void
why_is(const char *why)
{
	CK_OBJECT_CLASS profile = CKO_PROFILE;
	CK_ULONG id = CKP_BASELINE_PROVIDER, n;
	CK_ATTRIBUTE by_id[] = {A(CKA_CLASS, profile), A(CKA_PROFILE_ID, id)};
	CK_OBJECT_HANDLE about;
	char text[1024];

	NEED(find(rw, by_id, 2, &about, 1) == 1, "the profile object");
	n = attr(about, CKA_KEYFERRY_LAST_ERROR, text, sizeof(text) - 1);
	text[n < sizeof(text) ? n : 0] = '\0';
	OK(strstr(text, why) != NULL, "because %s", text);
}

/* What KMS has no place for: one code, and the reason of docs/import.md. */
static void
test_no_place(void)
{
	static CK_BYTE ed[] = {6, 3, 0x2b, 0x65, 0x70};
	static CK_OBJECT_CLASS data_class = CKO_DATA,
			       domain = CKO_DOMAIN_PARAMETERS;
	static CK_KEY_TYPE ml_dsa = CKK_ML_DSA, ml_kem = CKK_ML_KEM,
			   dsa = CKK_DSA, dh = CKK_DH, hkdf = CKK_HKDF,
			   x_type = CKK_EC_MONTGOMERY;
	static CK_ULONG set = CKP_ML_DSA_44;
#define TOKEN A(CKA_TOKEN, yes)
#define PRIVATE(type) A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, type), TOKEN
	static const struct {
		const char *what;
		CK_ATTRIBUTE t[6];
		CK_ULONG count;
		const char *why;
	} rows[] = {
	    {"data", {A(CKA_CLASS, data_class), TOKEN, A(CKA_VALUE, value)}, 3,
		"KMS keeps keys alone, no object of CKO_DATA"},
	    {"domain parameters",
		{A(CKA_CLASS, domain), A(CKA_KEY_TYPE, dh), TOKEN,
		    A(CKA_PRIME, value), A(CKA_BASE, value)},
		5, "KMS keeps keys alone, no object of CKO_DOMAIN_PARAMETERS"},
	    {"AES-128", {AES, TOKEN, A_BYTES(CKA_VALUE, value, 16)}, 4,
		"an AES key has 32 bytes"},
	    {"AES-192", {AES, TOKEN, A_BYTES(CKA_VALUE, value, 24)}, 4,
		"an AES key has 32 bytes"},
	    {"a short HMAC key",
		{A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, generic_type),
		    TOKEN, A_BYTES(CKA_VALUE, value, 20)},
		4, "an HMAC key 28 to 128"},
	    {"HKDF",
		{A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, hkdf), TOKEN,
		    A(CKA_VALUE, value)},
		4, "KMS does not import this CKK_HKDF key"},
	    {"Ed25519",
		{PRIVATE(ed_type), A(CKA_EC_PARAMS, ed), A(CKA_VALUE, value)},
		5, "private keys are RSA or EC"},
	    {"X25519",
		{PRIVATE(x_type), A(CKA_EC_PARAMS, ed), A(CKA_VALUE, value)}, 5,
		"private keys are RSA or EC"},
	    {"ML-DSA",
		{PRIVATE(ml_dsa), A(CKA_PARAMETER_SET, set),
		    A(CKA_VALUE, value)},
		5, "private keys are RSA or EC"},
	    {"ML-KEM",
		{PRIVATE(ml_kem), A(CKA_PARAMETER_SET, set),
		    A(CKA_VALUE, value)},
		5, "private keys are RSA or EC"},
	    {"DSA", {PRIVATE(dsa), A(CKA_PRIME, value), A(CKA_VALUE, value)}, 5,
		"private keys are RSA or EC"},
	    {"DH", {PRIVATE(dh), A(CKA_PRIME, value), A(CKA_VALUE, value)}, 5,
		"private keys are RSA or EC"},
	};
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ATTRIBUTE t[6];

		memcpy(t, rows[i].t, sizeof(t));
		RV(create(t, rows[i].count, &h), CKR_ATTRIBUTE_VALUE_INVALID,
		    "%s", rows[i].what);
		why_is(rows[i].why);
	}
}

/* Classes that the standard has and the module has no objects of: none is found,
 * and none is made. Profile objects are there, and are not made either. */
static void
test_other_classes(void)
{
	static const struct {
		CK_OBJECT_CLASS class;
		CK_RV rv;
		CK_ULONG found;
	} rows[] = {{CKO_HW_FEATURE, CKR_ATTRIBUTE_VALUE_INVALID, 0},
	    {CKO_MECHANISM, CKR_ATTRIBUTE_VALUE_INVALID, 0},
	    {CKO_OTP_KEY, CKR_ATTRIBUTE_VALUE_INVALID, 0},
	    {0xa /* CKO_VALIDATION */, CKR_ATTRIBUTE_VALUE_INVALID, 0},
	    {0xb /* CKO_TRUST */, CKR_ATTRIBUTE_VALUE_INVALID, 0},
	    {CKO_VENDOR_DEFINED | 5, CKR_ATTRIBUTE_VALUE_INVALID, 0},
	    {CKO_PROFILE, CKR_ATTRIBUTE_READ_ONLY, 4}};
	CK_OBJECT_HANDLE h[8];

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_OBJECT_CLASS class = rows[i].class;
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_TOKEN, yes)};

		COUNT(find(rw, t, 1, h, ELEMS(h)), rows[i].found,
		    "objects of class 0x%lx", class);
		RV(create(t, 1, h), rows[i].rv, "one of the session");
		RV(create(t, 2, h), rows[i].rv, "one of the token");
	}
}

/* No class, or one that is no number: of the session and of the token. */
static void
test_no_class(void)
{
	static const char size[] = "CKA_CLASS has a value of the wrong size";
	static const struct {
		const char *what, *why;
		CK_ATTRIBUTE class;
		CK_RV rv;
	} rows[] = {
	    {"no class", "missing", A(CKA_KEY_TYPE, aes_type),
		CKR_TEMPLATE_INCOMPLETE},
	    {"half a class", size, {CKA_CLASS, &secret_class, 4},
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"an empty class", size, {CKA_CLASS, NULL, 0},
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"a class that is not there", size,
		{CKA_CLASS, NULL, sizeof(secret_class)},
		CKR_ATTRIBUTE_VALUE_INVALID},
	};
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ATTRIBUTE t[] = {rows[i].class, A(CKA_TOKEN, yes)};

		for (CK_ULONG n = 1; n <= ELEMS(t); n++) {
			RV(create(t, n, &h), rows[i].rv, "%s", rows[i].what);
			why_is(rows[i].why);
		}
	}
}

int
main(void)
{
	testenv_open();
	p11_start();
	test_functions();
	test_order();
	test_no_place();
	test_other_classes();
	test_no_class();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
