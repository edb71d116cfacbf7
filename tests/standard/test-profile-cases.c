/* The calls of the test cases of PKCS#11 Profiles 3.2, in their order: BL-M-1-32,
 * EXT-M-1-32, AUTH-M-1-32 and CERT-M-1-32. Names and values are this token's. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_SLOT_ID slots[8];
static CK_SESSION_HANDLE session;
static CK_UTF8CHAR pin[] = "1234";

/* How all of them begin: the library, its slots, a session. */
static void
begin(bool describes_slot, CK_FLAGS flags)
{
	CK_INFO info;
	CK_SLOT_INFO slot_info;
	CK_TOKEN_INFO token_info;
	CK_ULONG n = 0;

	RV(list->C_Initialize(NULL), CKR_OK, "C_Initialize");
	RV(list->C_GetInfo(&info), CKR_OK, "C_GetInfo");
	OK(info.cryptokiVersion.major == 3 && info.cryptokiVersion.minor == 2 &&
		info.flags == 0,
	    "3.2, and no flags");
	RV(list->C_GetSlotList(CK_TRUE, NULL, &n), CKR_OK, "how many slots");
	OK(n > 0 && n <= ELEMS(slots), "there are slots with tokens");
	RV(list->C_GetSlotList(CK_TRUE, slots, &n), CKR_OK, "which");
	if (describes_slot) {
		RV(list->C_GetSlotInfo(slots[0], &slot_info), CKR_OK,
		    "C_GetSlotInfo");
		OK((slot_info.flags & CKF_TOKEN_PRESENT) != 0, "a token");
		RV(list->C_GetTokenInfo(slots[0], &token_info), CKR_OK,
		    "C_GetTokenInfo");
		OK((~token_info.flags & (CKF_RNG | CKF_LOGIN_REQUIRED |
					    CKF_USER_PIN_INITIALIZED |
					    CKF_TOKEN_INITIALIZED)) == 0,
		    "a token to log in to");
	}
	RV(list->C_OpenSession(
	       slots[0], flags | CKF_SERIAL_SESSION, NULL, NULL, &session),
	    CKR_OK, "C_OpenSession");
}

static void
end(void)
{
	RV(list->C_CloseSession(session), CKR_OK, "C_CloseSession");
	RV(list->C_CloseAllSessions(slots[0]), CKR_OK, "C_CloseAllSessions");
	RV(list->C_Finalize(NULL), CKR_OK, "C_Finalize");
}

/* One C_FindObjects of up to max. */
static CK_ULONG
find_once(CK_ATTRIBUTE *t, CK_ULONG count, CK_OBJECT_HANDLE *h, CK_ULONG max)
{
	CK_ULONG n = 0;

	RV(list->C_FindObjectsInit(session, t, count), CKR_OK,
	    "C_FindObjectsInit");
	RV(list->C_FindObjects(session, h, max, &n), CKR_OK, "C_FindObjects");
	return (n);
}

static void
test_baseline(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h;

	begin(true, 0);
	COUNT(find_once(t, 1, &h, 1), 1, "an object of the token");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	end();
}

static void
test_extended(void)
{
	static const struct {
		CK_MECHANISM_TYPE type;
		CK_FLAGS flags;
	} rows[] = {{CKM_SHA512, CKF_DIGEST},
	    {CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR},
	    {CKM_RSA_PKCS, CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY |
			       CKF_WRAP | CKF_UNWRAP}};
	CK_MECHANISM_TYPE types[256];
	CK_MECHANISM_INFO info;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n = 0;

	begin(true, CKF_RW_SESSION);
	RV(list->C_GetMechanismList(slots[0], NULL, &n), CKR_OK, "how many");
	NEED(n > 0 && n <= ELEMS(types), "mechanisms");
	RV(list->C_GetMechanismList(slots[0], types, &n), CKR_OK, "which");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		RV(list->C_GetMechanismInfo(slots[0], rows[i].type, &info),
		    CKR_OK, "C_GetMechanismInfo");
		OK((~info.flags & rows[i].flags) == 0, "0x%lx", rows[i].type);
	}
	RV(list->C_Login(session, CKU_USER, pin, 4), CKR_OK, "C_Login");
	COUNT(find_once(t, 1, &h, 1), 1, "an object of the token");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_Logout(session), CKR_OK, "C_Logout");
	end();
}

/* The halves of a key in KMS have one label. */
static void
test_authentication(void)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A_BYTES(CKA_LABEL, "rsa", 3),
	    A(CKA_CLASS, class)};
	CK_BYTE modulus[1024], exponent[1024], text[300] = {5}, signature[256];
	CK_ATTRIBUTE numbers[] = {
	    A(CKA_MODULUS, modulus), A(CKA_PUBLIC_EXPONENT, exponent)};
	CK_MECHANISM m = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_ULONG n = sizeof(signature);
	CK_OBJECT_HANDLE public, private;

	begin(false, CKF_RW_SESSION);
	RV(list->C_Login(session, CKU_USER, pin, 4), CKR_OK, "C_Login");
	COUNT(find_once(t, 3, &public, 1), 1, "the public half");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_GetAttributeValue(session, public, numbers, 2), CKR_OK,
	    "its numbers");
	OK(numbers[0].ulValueLen == 256 && numbers[1].ulValueLen == 3 &&
		memcmp(exponent, "\1\0\1", 3) == 0,
	    "are there");
	class = CKO_PRIVATE_KEY;
	COUNT(find_once(t, 3, &private, 1), 1, "the private half");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_SignInit(session, &m, private), CKR_OK, "C_SignInit");
	RV(list->C_Sign(session, text, sizeof(text), signature, &n), CKR_OK,
	    "C_Sign");
	COUNT(n, 256, "a signature");
	RV(list->C_VerifyInit(session, &m, public), CKR_OK, "C_VerifyInit");
	RV(list->C_Verify(session, text, sizeof(text), signature, n), CKR_OK,
	    "which is good");
	RV(list->C_Logout(session), CKR_OK, "C_Logout");
	end();
}

/* A certificate of the key, in the token's folder. */
static void
add_certificate(void)
{
	struct kms k = account_kms();
	struct buf info = BUF_INIT(8192);
	EVP_PKEY *ca = EVP_EC_gen("P-256"), *of;
	X509 *x = X509_new();
	const unsigned char *p;
	unsigned char *der = NULL, *name = NULL;
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_OBJECT_HANDLE h;

	NEED(kms_get_public_key(&k, "alias/rsa", &info) == ERR_OK, "the key");
	p = info.ptr;
	of = d2i_PUBKEY(NULL, &p, (long)info.len);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_UTF8, (const unsigned char *)"rsa", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	ASN1_TIME_set_string(X509_getm_notBefore(x), "20250203040506Z");
	ASN1_TIME_set_string(X509_getm_notAfter(x), "20560708091011Z");
	X509_set_pubkey(x, of);
	NEED(X509_sign(x, ca, EVP_sha256()) > 0, "a certificate");
	{
		CK_ULONG n = (CK_ULONG)i2d_X509(x, &der);
		CK_ULONG m = (CK_ULONG)i2d_X509_NAME(
		    X509_get_subject_name(x), &name);
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, class),
		    A(CKA_CERTIFICATE_TYPE, type), A(CKA_TOKEN, yes),
		    A_BYTES(CKA_VALUE, der, n), A_BYTES(CKA_SUBJECT, name, m)};

		NEED(list->C_Initialize(NULL) == CKR_OK, "C_Initialize");
		rw = p11_session(CKF_RW_SESSION);
		NEED(p11->C_CreateObject(rw, t, ELEMS(t), &h) == CKR_OK,
		    "the token has it");
		RV(list->C_Finalize(NULL), CKR_OK, "C_Finalize");
	}
	OPENSSL_free(der);
	OPENSSL_free(name);
	X509_free(x);
	EVP_PKEY_free(of);
	EVP_PKEY_free(ca);
	buf_free(&info);
}

/* Without a login. */
static void
test_certificates(void)
{
	CK_OBJECT_CLASS class = 0;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0}, id = {CKA_ID, NULL, 0},
		     kind = A(CKA_CLASS, class);
	CK_BYTE bytes[4096], id_bytes[64];
	CK_OBJECT_HANDLE h[16], of_id[4];
	CK_ULONG n, certificates = 0;

	begin(false, 0);
	n = find_once(t, 1, h, ELEMS(h));
	for (CK_ULONG i = 0; i < n; i++) {
		RV(list->C_GetAttributeValue(session, h[i], &kind, 1), CKR_OK,
		    "the class");
		if (class != CKO_CERTIFICATE)
			continue;
		certificates++;
		value.pValue = NULL;
		RV(list->C_GetAttributeValue(session, h[i], &value, 1), CKR_OK,
		    "how long it is");
		NEED(value.ulValueLen <= sizeof(bytes), "a certificate");
		value.pValue = bytes;
		RV(list->C_GetAttributeValue(session, h[i], &value, 1), CKR_OK,
		    "the certificate");
		OK(bytes[0] == 0x30, "in DER");
		id.pValue = id_bytes;
		id.ulValueLen = sizeof(id_bytes);
		RV(list->C_GetAttributeValue(session, h[i], &id, 1), CKR_OK,
		    "its id");
	}
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	COUNT(certificates, 1, "the token's certificate");
	/* section 5.5: a half of its key is found by that id */
	OK(find_once(&id, 1, of_id, ELEMS(of_id)) >= 2, "and its key");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	end();
}

/* No module here is validated by anybody: there are no validation objects. */
static void
test_validation(void)
{
	CK_OBJECT_CLASS class = 0xa; /* CKO_VALIDATION */
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class)};
	CK_OBJECT_HANDLE h;
	CK_FLAGS flags = 77;

	RV(list->C_GetSessionValidationFlags(session, 1, &flags),
	    CKR_CRYPTOKI_NOT_INITIALIZED, "before C_Initialize");
	begin(false, CKF_RW_SESSION);
	COUNT(find_once(t, 1, &h, 1), 0, "no validation object");
	RV(list->C_FindObjectsFinal(session), CKR_OK, "C_FindObjectsFinal");
	RV(list->C_CreateObject(session, t, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "nor one by C_CreateObject");
	RV(list->C_GetSessionValidationFlags(session, 1, &flags), CKR_OK,
	    "C_GetSessionValidationFlags");
	COUNT(flags, 0, "nothing was validated");
	flags = 77;
	RV(list->C_GetSessionValidationFlags(session, 0x777, &flags), CKR_OK,
	    "of another type");
	COUNT(flags, 0, "no more so");
	RV(list->C_GetSessionValidationFlags(77777, 1, &flags),
	    CKR_SESSION_HANDLE_INVALID, "no session");
	RV(list->C_GetSessionValidationFlags(session, 1, NULL),
	    CKR_ARGUMENTS_BAD, "no place for them");
	RV(list->C_AsyncJoin(77777, pin, 1, NULL, 0),
	    CKR_SESSION_HANDLE_INVALID, "C_AsyncJoin of no session");
	RV(list->C_AsyncGetID(session, pin, &flags), CKR_FUNCTION_NOT_SUPPORTED,
	    "nothing is under way elsewhere");
	end();
}

int
main(void)
{
	char line[512];

	testenv_start();
	(void)account_make("RSA_2048", "SIGN_VERIFY", "alias/rsa");
	NEED(mkdir(testenv_path("certificates"), 0700) == 0, "a folder");
	snprintf(line, sizeof(line), "certificates = %s",
	    testenv_path("certificates"));
	testenv_config("digests = yes", line, NULL);
	p11_load();
	list = p11_list_3_2();
	add_certificate();
	test_certificates();
	test_validation();
	testenv_config("digests = yes", "login = required", NULL);
	test_baseline();
	test_extended();
	test_authentication();
	testenv_stop();
	return (tap_done());
}
