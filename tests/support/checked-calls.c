/*
 * The module's function list. A code that PKCS#11 3.2 does not list for a
 * function turns the test red that got it, whatever the test looks for.
 */
#include <string.h>
#include "checked-calls.h"
#include "tap.h"

static const struct {
	const char *function;
	CK_RV rv;
} codes[] = {
#define CODE(function, name, number) {#function, number},
#include "../standard/functions.def"
#include "../standard/more-codes.def"
};

static CK_FUNCTION_LIST *real;

CK_RV
checked_code(const char *function, CK_RV rv)
{
	size_t i = 0, count = sizeof(codes) / sizeof(codes[0]);

	while (i < count &&
	       (codes[i].rv != rv || strcmp(codes[i].function, function) != 0))
		i++;
	if (i == count)
		OK(false, "%s: 0x%lx is none of its codes", function, rv);
	return (rv);
}

/* clang-format off */
#define CALL1(name, T0) \
	static CK_RV checked_##name(T0 a) \
	{ return (checked_code(#name, real->name(a))); }
#define CALL2(name, T0, T1) \
	static CK_RV checked_##name(T0 a, T1 b) \
	{ return (checked_code(#name, real->name(a, b))); }
#define CALL3(name, T0, T1, T2) \
	static CK_RV checked_##name(T0 a, T1 b, T2 c) \
	{ return (checked_code(#name, real->name(a, b, c))); }
#define CALL4(name, T0, T1, T2, T3) \
	static CK_RV checked_##name(T0 a, T1 b, T2 c, T3 d) \
	{ return (checked_code(#name, real->name(a, b, c, d))); }
#define CALL5(name, T0, T1, T2, T3, T4) \
	static CK_RV checked_##name(T0 a, T1 b, T2 c, T3 d, T4 e) \
	{ return (checked_code(#name, real->name(a, b, c, d, e))); }
#define CALL6(name, T0, T1, T2, T3, T4, T5) \
	static CK_RV checked_##name(T0 a, T1 b, T2 c, T3 d, T4 e, T5 f) \
	{ return (checked_code(#name, real->name(a, b, c, d, e, f))); }
#define CALL8(name, T0, T1, T2, T3, T4, T5, T6, T7) \
	static CK_RV checked_##name(T0 a, T1 b, T2 c, T3 d, T4 e, T5 f, T6 g, T7 h) \
	{ return (checked_code(#name, real->name(a, b, c, d, e, f, g, h))); }
CALL1(C_Initialize, void *)
CALL1(C_Finalize, void *)
CALL1(C_GetInfo, CK_INFO *)
CALL3(C_GetSlotList, CK_BYTE, CK_SLOT_ID *, CK_ULONG *)
CALL2(C_GetSlotInfo, CK_SLOT_ID, CK_SLOT_INFO *)
CALL2(C_GetTokenInfo, CK_SLOT_ID, CK_TOKEN_INFO *)
CALL3(C_GetMechanismList, CK_SLOT_ID, CK_MECHANISM_TYPE *, CK_ULONG *)
CALL3(C_GetMechanismInfo, CK_SLOT_ID, CK_MECHANISM_TYPE, CK_MECHANISM_INFO *)
CALL4(C_InitToken, CK_SLOT_ID, CK_BYTE *, CK_ULONG, CK_BYTE *)
CALL3(C_InitPIN, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL5(C_SetPIN, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG)
CALL5(C_OpenSession, CK_SLOT_ID, CK_FLAGS, void *, CK_NOTIFY,
    CK_SESSION_HANDLE *)
CALL1(C_CloseSession, CK_SESSION_HANDLE)
CALL1(C_CloseAllSessions, CK_SLOT_ID)
CALL2(C_GetSessionInfo, CK_SESSION_HANDLE, CK_SESSION_INFO *)
CALL3(C_GetOperationState, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)
CALL5(C_SetOperationState, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG,
    CK_OBJECT_HANDLE, CK_OBJECT_HANDLE)
CALL4(C_Login, CK_SESSION_HANDLE, CK_USER_TYPE, CK_BYTE *, CK_ULONG)
CALL1(C_Logout, CK_SESSION_HANDLE)
CALL4(C_CreateObject, CK_SESSION_HANDLE, CK_ATTRIBUTE *, CK_ULONG,
    CK_OBJECT_HANDLE *)
CALL5(C_CopyObject, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ATTRIBUTE *,
    CK_ULONG, CK_OBJECT_HANDLE *)
CALL2(C_DestroyObject, CK_SESSION_HANDLE, CK_OBJECT_HANDLE)
CALL3(C_GetObjectSize, CK_SESSION_HANDLE, CK_OBJECT_HANDLE, CK_ULONG *)
CALL4(C_GetAttributeValue, CK_SESSION_HANDLE, CK_OBJECT_HANDLE,
    CK_ATTRIBUTE *, CK_ULONG)
CALL4(C_SetAttributeValue, CK_SESSION_HANDLE, CK_OBJECT_HANDLE,
    CK_ATTRIBUTE *, CK_ULONG)
CALL3(C_FindObjectsInit, CK_SESSION_HANDLE, CK_ATTRIBUTE *, CK_ULONG)
CALL4(C_FindObjects, CK_SESSION_HANDLE, CK_OBJECT_HANDLE *, CK_ULONG,
    CK_ULONG *)
CALL1(C_FindObjectsFinal, CK_SESSION_HANDLE)
CALL3(C_EncryptInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
CALL5(C_Encrypt, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG *)
CALL5(C_EncryptUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG *)
CALL3(C_EncryptFinal, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)
CALL3(C_DecryptInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
CALL5(C_Decrypt, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG *)
CALL5(C_DecryptUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG *)
CALL3(C_DecryptFinal, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)
CALL2(C_DigestInit, CK_SESSION_HANDLE, CK_MECHANISM *)
CALL5(C_Digest, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
CALL3(C_DigestUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL2(C_DigestKey, CK_SESSION_HANDLE, CK_OBJECT_HANDLE)
CALL3(C_DigestFinal, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)
CALL3(C_SignInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
CALL5(C_Sign, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *)
CALL3(C_SignUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL3(C_SignFinal, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *)
CALL3(C_SignRecoverInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
CALL5(C_SignRecover, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG *)
CALL3(C_VerifyInit, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE)
CALL5(C_Verify, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG)
CALL3(C_VerifyUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL3(C_VerifyFinal, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL3(C_VerifyRecoverInit, CK_SESSION_HANDLE, CK_MECHANISM *,
    CK_OBJECT_HANDLE)
CALL5(C_VerifyRecover, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *,
    CK_ULONG *)
CALL5(C_DigestEncryptUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG,
    CK_BYTE *, CK_ULONG *)
CALL5(C_DecryptDigestUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG,
    CK_BYTE *, CK_ULONG *)
CALL5(C_SignEncryptUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG,
    CK_BYTE *, CK_ULONG *)
CALL5(C_DecryptVerifyUpdate, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG,
    CK_BYTE *, CK_ULONG *)
CALL5(C_GenerateKey, CK_SESSION_HANDLE, CK_MECHANISM *, CK_ATTRIBUTE *,
    CK_ULONG, CK_OBJECT_HANDLE *)
CALL8(C_GenerateKeyPair, CK_SESSION_HANDLE, CK_MECHANISM *, CK_ATTRIBUTE *,
    CK_ULONG, CK_ATTRIBUTE *, CK_ULONG, CK_OBJECT_HANDLE *, CK_OBJECT_HANDLE *)
CALL6(C_WrapKey, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE,
    CK_OBJECT_HANDLE, CK_BYTE *, CK_ULONG *)
CALL8(C_UnwrapKey, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE,
    CK_BYTE *, CK_ULONG, CK_ATTRIBUTE *, CK_ULONG, CK_OBJECT_HANDLE *)
CALL6(C_DeriveKey, CK_SESSION_HANDLE, CK_MECHANISM *, CK_OBJECT_HANDLE,
    CK_ATTRIBUTE *, CK_ULONG, CK_OBJECT_HANDLE *)
CALL3(C_SeedRandom, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL3(C_GenerateRandom, CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG)
CALL1(C_GetFunctionStatus, CK_SESSION_HANDLE)
CALL1(C_CancelFunction, CK_SESSION_HANDLE)
CALL3(C_WaitForSlotEvent, CK_FLAGS, CK_SLOT_ID *, void *)

CK_FUNCTION_LIST *
checked_calls(CK_FUNCTION_LIST *module)
{
	static CK_FUNCTION_LIST list;

	real = module;
	list = *module;
#define CHECKED(name) list.name = checked_##name;
	CHECKED(C_Initialize) CHECKED(C_Finalize) CHECKED(C_GetInfo)
	CHECKED(C_GetSlotList) CHECKED(C_GetSlotInfo)
	CHECKED(C_GetTokenInfo) CHECKED(C_GetMechanismList)
	CHECKED(C_GetMechanismInfo) CHECKED(C_InitToken) CHECKED(C_InitPIN)
	CHECKED(C_SetPIN) CHECKED(C_OpenSession) CHECKED(C_CloseSession)
	CHECKED(C_CloseAllSessions) CHECKED(C_GetSessionInfo)
	CHECKED(C_GetOperationState) CHECKED(C_SetOperationState)
	CHECKED(C_Login) CHECKED(C_Logout) CHECKED(C_CreateObject)
	CHECKED(C_CopyObject) CHECKED(C_DestroyObject)
	CHECKED(C_GetObjectSize) CHECKED(C_GetAttributeValue)
	CHECKED(C_SetAttributeValue) CHECKED(C_FindObjectsInit)
	CHECKED(C_FindObjects) CHECKED(C_FindObjectsFinal)
	CHECKED(C_EncryptInit) CHECKED(C_Encrypt) CHECKED(C_EncryptUpdate)
	CHECKED(C_EncryptFinal) CHECKED(C_DecryptInit) CHECKED(C_Decrypt)
	CHECKED(C_DecryptUpdate) CHECKED(C_DecryptFinal)
	CHECKED(C_DigestInit) CHECKED(C_Digest) CHECKED(C_DigestUpdate)
	CHECKED(C_DigestKey) CHECKED(C_DigestFinal) CHECKED(C_SignInit)
	CHECKED(C_Sign) CHECKED(C_SignUpdate) CHECKED(C_SignFinal)
	CHECKED(C_SignRecoverInit) CHECKED(C_SignRecover)
	CHECKED(C_VerifyInit) CHECKED(C_Verify) CHECKED(C_VerifyUpdate)
	CHECKED(C_VerifyFinal) CHECKED(C_VerifyRecoverInit)
	CHECKED(C_VerifyRecover) CHECKED(C_DigestEncryptUpdate)
	CHECKED(C_DecryptDigestUpdate) CHECKED(C_SignEncryptUpdate)
	CHECKED(C_DecryptVerifyUpdate) CHECKED(C_GenerateKey)
	CHECKED(C_GenerateKeyPair) CHECKED(C_WrapKey) CHECKED(C_UnwrapKey)
	CHECKED(C_DeriveKey) CHECKED(C_SeedRandom)
	CHECKED(C_GenerateRandom) CHECKED(C_GetFunctionStatus)
	CHECKED(C_CancelFunction) CHECKED(C_WaitForSlotEvent)
	return (&list);
}
/* clang-format on */
