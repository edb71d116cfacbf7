/* Every function that names a session: before C_Initialize, after C_Finalize,
 * with handles that are none, without an operation, with NULL. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *v3;

struct result {
	const char *name;
	CK_RV rv;
};

static void
reset(CK_ULONG *n)
{
	*n = 64;
}

/* All of them, with arguments that are good but for the session. */
static size_t
all(CK_SESSION_HANDLE s, struct result *r)
{
	CK_MECHANISM m = {CKM_SHA256, NULL, 0};
	CK_ATTRIBUTE t = A(CKA_TOKEN, yes);
	CK_BYTE b[64] = {0};
	CK_ULONG n = sizeof(b);
	CK_OBJECT_HANDLE h = 0;
	CK_SESSION_INFO info;
	const struct result rows[] = {
#define DO(name, ...) {#name, (reset(&n), v3->name(s, ##__VA_ARGS__))}
	    DO(C_GetSessionInfo, &info),
	    DO(C_GetOperationState, b, &n),
	    DO(C_SetOperationState, b, n, 0, 0),
	    DO(C_Login, CKU_USER, b, 4),
	    DO(C_LoginUser, CKU_USER, b, 4, b, 4),
	    DO(C_Logout),
	    DO(C_InitPIN, b, 4),
	    DO(C_SetPIN, b, 4, b, 4),
	    DO(C_CreateObject, &t, 1, &h),
	    DO(C_CopyObject, 1, &t, 1, &h),
	    DO(C_DestroyObject, 1),
	    DO(C_GetObjectSize, 1, &n),
	    DO(C_GetAttributeValue, 1, &t, 1),
	    DO(C_SetAttributeValue, 1, &t, 1),
	    DO(C_FindObjectsInit, &t, 1),
	    DO(C_FindObjects, &h, 1, &n),
	    DO(C_FindObjectsFinal),
	    DO(C_EncryptInit, &m, 1),
	    DO(C_Encrypt, b, 1, b, &n),
	    DO(C_EncryptUpdate, b, 1, b, &n),
	    DO(C_EncryptFinal, b, &n),
	    DO(C_DecryptInit, &m, 1),
	    DO(C_Decrypt, b, 1, b, &n),
	    DO(C_DecryptUpdate, b, 1, b, &n),
	    DO(C_DecryptFinal, b, &n),
	    DO(C_DigestInit, &m),
	    DO(C_Digest, b, 1, b, &n),
	    DO(C_DigestUpdate, b, 1),
	    DO(C_DigestKey, 1),
	    DO(C_DigestFinal, b, &n),
	    DO(C_SignInit, &m, 1),
	    DO(C_Sign, b, 1, b, &n),
	    DO(C_SignUpdate, b, 1),
	    DO(C_SignFinal, b, &n),
	    DO(C_SignRecoverInit, &m, 1),
	    DO(C_SignRecover, b, 1, b, &n),
	    DO(C_VerifyInit, &m, 1),
	    DO(C_Verify, b, 1, b, 1),
	    DO(C_VerifyUpdate, b, 1),
	    DO(C_VerifyFinal, b, 1),
	    DO(C_VerifyRecoverInit, &m, 1),
	    DO(C_VerifyRecover, b, 1, b, &n),
	    DO(C_DigestEncryptUpdate, b, 1, b, &n),
	    DO(C_DecryptDigestUpdate, b, 1, b, &n),
	    DO(C_SignEncryptUpdate, b, 1, b, &n),
	    DO(C_DecryptVerifyUpdate, b, 1, b, &n),
	    DO(C_GenerateKey, &m, &t, 1, &h),
	    DO(C_GenerateKeyPair, &m, &t, 1, &t, 1, &h, &h),
	    DO(C_WrapKey, &m, 1, 2, b, &n),
	    DO(C_UnwrapKey, &m, 1, b, 1, &t, 1, &h),
	    DO(C_DeriveKey, &m, 1, &t, 1, &h),
	    DO(C_SeedRandom, b, 1),
	    DO(C_GenerateRandom, b, 1),
	    DO(C_GetFunctionStatus),
	    DO(C_CancelFunction),
	    DO(C_SessionCancel, CKF_SIGN),
	    DO(C_MessageEncryptInit, &m, 1),
	    DO(C_EncryptMessage, b, 1, b, 1, b, 1, b, &n),
	    DO(C_EncryptMessageBegin, b, 1, b, 1),
	    DO(C_EncryptMessageNext, b, 1, b, 1, b, &n, 0),
	    DO(C_MessageEncryptFinal),
	    DO(C_MessageDecryptInit, &m, 1),
	    DO(C_DecryptMessage, b, 1, b, 1, b, 1, b, &n),
	    DO(C_DecryptMessageBegin, b, 1, b, 1),
	    DO(C_DecryptMessageNext, b, 1, b, 1, b, &n, 0),
	    DO(C_MessageDecryptFinal),
	    DO(C_MessageSignInit, &m, 1),
	    DO(C_SignMessage, b, 1, b, 1, b, &n),
	    DO(C_SignMessageBegin, b, 1),
	    DO(C_SignMessageNext, b, 1, b, 1, b, &n),
	    DO(C_MessageSignFinal),
	    DO(C_MessageVerifyInit, &m, 1),
	    DO(C_VerifyMessage, b, 1, b, 1, b, 1),
	    DO(C_VerifyMessageBegin, b, 1),
	    DO(C_VerifyMessageNext, b, 1, b, 1, b, 1),
	    DO(C_MessageVerifyFinal),
	    DO(C_CloseSession),
	};

	memcpy(r, rows, sizeof(rows));
	return (ELEMS(rows));
}

/* PKCS#11 3.2, section 5.20: two have one answer, whatever the session. */
static CK_RV
want_of(const char *name, CK_RV want)
{
	return (want == CKR_SESSION_HANDLE_INVALID &&
			(strcmp(name, "C_GetFunctionStatus") == 0 ||
			    strcmp(name, "C_CancelFunction") == 0)
		    ? CKR_FUNCTION_NOT_PARALLEL
		    : want);
}

static void
check_all(CK_SESSION_HANDLE s, CK_RV want, const char *when)
{
	struct result r[128];
	size_t n = all(s, r);

	for (size_t i = 0; i < n; i++)
		RV(r[i].rv, want_of(r[i].name, want), "%s: %s", r[i].name,
		    when);
}

/* What needs an Init says so, whatever else is given. */
static void
test_no_operation(void)
{
	static const char *const need[] = {"C_FindObjects",
	    "C_FindObjectsFinal", "C_Encrypt", "C_EncryptUpdate",
	    "C_EncryptFinal", "C_Decrypt", "C_DecryptUpdate", "C_DecryptFinal",
	    "C_Digest", "C_DigestUpdate", "C_DigestFinal", "C_Sign",
	    "C_SignUpdate", "C_SignFinal", "C_SignRecover", "C_Verify",
	    "C_VerifyUpdate", "C_VerifyFinal", "C_VerifyRecover",
	    "C_DigestEncryptUpdate", "C_DecryptDigestUpdate",
	    "C_SignEncryptUpdate", "C_DecryptVerifyUpdate", "C_EncryptMessage",
	    "C_EncryptMessageBegin", "C_EncryptMessageNext",
	    "C_MessageEncryptFinal", "C_DecryptMessage",
	    "C_DecryptMessageBegin", "C_DecryptMessageNext",
	    "C_MessageDecryptFinal", "C_SignMessage", "C_SignMessageBegin",
	    "C_SignMessageNext", "C_MessageSignFinal", "C_VerifyMessage",
	    "C_VerifyMessageBegin", "C_VerifyMessageNext",
	    "C_MessageVerifyFinal"};
	CK_BYTE b[64] = {0};
	CK_ULONG n = 64;
	CK_OBJECT_HANDLE h = 0;
	CK_SESSION_HANDLE s = rw;
	const CK_RV got[] = {v3->C_FindObjects(s, &h, 1, &n),
	    v3->C_FindObjectsFinal(s), v3->C_Encrypt(s, b, 1, b, &n),
	    v3->C_EncryptUpdate(s, b, 1, b, &n), v3->C_EncryptFinal(s, b, &n),
	    v3->C_Decrypt(s, b, 1, b, &n), v3->C_DecryptUpdate(s, b, 1, b, &n),
	    v3->C_DecryptFinal(s, b, &n), v3->C_Digest(s, b, 1, b, &n),
	    v3->C_DigestUpdate(s, b, 1), v3->C_DigestFinal(s, b, &n),
	    v3->C_Sign(s, b, 1, b, &n), v3->C_SignUpdate(s, b, 1),
	    v3->C_SignFinal(s, b, &n), v3->C_SignRecover(s, b, 1, b, &n),
	    v3->C_Verify(s, b, 1, b, 1), v3->C_VerifyUpdate(s, b, 1),
	    v3->C_VerifyFinal(s, b, 1), v3->C_VerifyRecover(s, b, 1, b, &n),
	    v3->C_DigestEncryptUpdate(s, b, 1, b, &n),
	    v3->C_DecryptDigestUpdate(s, b, 1, b, &n),
	    v3->C_SignEncryptUpdate(s, b, 1, b, &n),
	    v3->C_DecryptVerifyUpdate(s, b, 1, b, &n),
	    v3->C_EncryptMessage(s, b, 1, b, 1, b, 1, b, &n),
	    v3->C_EncryptMessageBegin(s, b, 1, b, 1),
	    v3->C_EncryptMessageNext(s, b, 1, b, 1, b, &n, 0),
	    v3->C_MessageEncryptFinal(s),
	    v3->C_DecryptMessage(s, b, 1, b, 1, b, 1, b, &n),
	    v3->C_DecryptMessageBegin(s, b, 1, b, 1),
	    v3->C_DecryptMessageNext(s, b, 1, b, 1, b, &n, 0),
	    v3->C_MessageDecryptFinal(s),
	    v3->C_SignMessage(s, b, 1, b, 1, b, &n),
	    v3->C_SignMessageBegin(s, b, 1),
	    v3->C_SignMessageNext(s, b, 1, b, 1, b, &n),
	    v3->C_MessageSignFinal(s), v3->C_VerifyMessage(s, b, 1, b, 1, b, 1),
	    v3->C_VerifyMessageBegin(s, b, 1),
	    v3->C_VerifyMessageNext(s, b, 1, b, 1, b, 1),
	    v3->C_MessageVerifyFinal(s)};

	for (size_t i = 0; i < ELEMS(got); i++)
		RV(got[i], CKR_OPERATION_NOT_INITIALIZED, "%s without an Init",
		    need[i]);
}

static void
test_null(void)
{
	CK_MECHANISM m = {CKM_SHA256, NULL, 0}, bad = {CKM_SHA256, NULL, 3};
	CK_ATTRIBUTE t = A(CKA_TOKEN, yes);
	CK_BYTE b[64];
	CK_ULONG n = 64;
	CK_OBJECT_HANDLE h = 0;
	CK_SESSION_HANDLE s = rw;
	const struct result rows[] = {
#define NIL(name, ...) {#name, v3->name(s, __VA_ARGS__)}
	    NIL(C_GetSessionInfo, NULL),
	    NIL(C_Login, CKU_USER, NULL, 3),
	    NIL(C_LoginUser, CKU_USER, b, 4, NULL, 3),
	    NIL(C_InitPIN, NULL, 3),
	    NIL(C_SetPIN, b, 4, NULL, 3),
	    NIL(C_CreateObject, NULL, 1, &h),
	    NIL(C_CreateObject, &t, 1, NULL),
	    NIL(C_GetObjectSize, 1, NULL),
	    NIL(C_GetAttributeValue, 1, NULL, 1),
	    NIL(C_SetAttributeValue, 1, NULL, 1),
	    NIL(C_FindObjectsInit, NULL, 1),
	    NIL(C_EncryptInit, NULL, 1),
	    NIL(C_DecryptInit, NULL, 1),
	    NIL(C_DigestInit, NULL),
	    NIL(C_DigestInit, &bad),
	    NIL(C_SignInit, NULL, 1),
	    NIL(C_SignRecoverInit, NULL, 1),
	    NIL(C_VerifyInit, NULL, 1),
	    NIL(C_VerifyRecoverInit, NULL, 1),
	    NIL(C_MessageEncryptInit, NULL, 1),
	    NIL(C_MessageDecryptInit, NULL, 1),
	    NIL(C_MessageSignInit, NULL, 1),
	    NIL(C_MessageVerifyInit, NULL, 1),
	    NIL(C_GenerateKey, NULL, &t, 1, &h),
	    NIL(C_GenerateKey, &m, NULL, 1, &h),
	    NIL(C_GenerateKey, &m, &t, 1, NULL),
	    NIL(C_GenerateKeyPair, NULL, &t, 1, &t, 1, &h, &h),
	    NIL(C_GenerateKeyPair, &m, NULL, 1, &t, 1, &h, &h),
	    NIL(C_GenerateKeyPair, &m, &t, 1, NULL, 1, &h, &h),
	    NIL(C_GenerateKeyPair, &m, &t, 1, &t, 1, NULL, &h),
	    NIL(C_UnwrapKey, NULL, 1, b, 1, &t, 1, &h),
	    NIL(C_UnwrapKey, &m, 1, NULL, 1, &t, 1, &h),
	    NIL(C_UnwrapKey, &m, 1, b, 1, &t, 1, NULL),
	    NIL(C_GenerateRandom, NULL, 1),
	};

	for (size_t i = 0; i < ELEMS(rows); i++)
		RV(rows[i].rv, CKR_ARGUMENTS_BAD, "%s with NULL", rows[i].name);
	/* an operation ends with its arguments */
	NEED(p11->C_DigestInit(s, &m) == CKR_OK, "a digest");
	RV(p11->C_Digest(s, NULL, 3, b, &n), CKR_ARGUMENTS_BAD, "no input");
	RV(p11->C_Digest(s, b, 3, b, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "ends the digest");
	NEED(p11->C_DigestInit(s, &m) == CKR_OK, "a digest");
	RV(p11->C_DigestFinal(s, b, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the length");
	RV(p11->C_DigestFinal(s, b, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "ends it, too");
}

/* No session or object ever has a handle that another had. */
static void
test_handles(void)
{
	CK_OBJECT_CLASS data = CKO_DATA;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, data)};
	CK_OBJECT_HANDLE h = 0, last = 0;
	CK_SESSION_HANDLE s, last_session = rw;
	bool fine = true;

	for (int i = 0; i < 100; i++) {
		s = p11_session(0);
		fine &= s > last_session;
		last_session = s;
		fine &= p11->C_CreateObject(s, t, 1, &h) == CKR_OK && h > last;
		last = h;
		fine &= p11->C_CloseSession(s) == CKR_OK;
		fine &= p11->C_GetObjectSize(rw, h, &(CK_ULONG){0}) ==
			CKR_OBJECT_HANDLE_INVALID;
	}
	OK(fine, "handles count up, and end with what they are of");
}

static void
test_slots(void)
{
	CK_ULONG n = 0;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;

	RV(p11->C_GetSlotInfo(9, &slot), CKR_SLOT_ID_INVALID, "C_GetSlotInfo");
	RV(p11->C_GetTokenInfo(9, &token), CKR_SLOT_ID_INVALID,
	    "C_GetTokenInfo");
	RV(p11->C_GetMechanismList(9, NULL, &n), CKR_SLOT_ID_INVALID,
	    "C_GetMechanismList");
	RV(p11->C_CloseAllSessions(9), CKR_SLOT_ID_INVALID,
	    "C_CloseAllSessions");
	RV(p11->C_GetTokenInfo(0, &token), CKR_OK, "the token");
	OK((token.flags & (CKF_CLOCK_ON_TOKEN | CKF_WRITE_PROTECTED |
			      CKF_RESTORE_KEY_NOT_NEEDED |
			      CKF_PROTECTED_AUTHENTICATION_PATH |
			      CKF_DUAL_CRYPTO_OPERATIONS)) ==
		    (CKF_DUAL_CRYPTO_OPERATIONS | CKF_RESTORE_KEY_NOT_NEEDED) &&
		memcmp(token.utcTime, "                ", 16) == 0,
	    "two operations in one pass, no keys with a saved state, no clock");
}

int
main(void)
{
	CK_SESSION_HANDLE s;

	testenv_open();
	p11_load();
	v3 = p11_list_3_2();
	check_all(1, CKR_CRYPTOKI_NOT_INITIALIZED, "before C_Initialize");
	p11_start();
	check_all(0, CKR_SESSION_HANDLE_INVALID, "no session");
	check_all(77777, CKR_SESSION_HANDLE_INVALID, "another number");
	s = p11_session(0);
	RV(p11->C_CloseSession(s), CKR_OK, "C_CloseSession");
	check_all(s, CKR_SESSION_HANDLE_INVALID, "one that was closed");
	test_no_operation();
	test_null();
	test_handles();
	test_slots();
	p11_stop();
	check_all(rw, CKR_CRYPTOKI_NOT_INITIALIZED, "after C_Finalize");
	testenv_stop();
	return (tap_done());
}
