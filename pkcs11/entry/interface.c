#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "entry.h"
#include "token/module.h"

/* clang-format off */
#define FUNCTIONS_2_40(X)						\
	X(C_Initialize) X(C_Finalize) X(C_GetFunctionList)		\
	X(C_GetSlotList) X(C_GetSlotInfo) X(C_GetTokenInfo)		\
	X(C_GetMechanismList) X(C_GetMechanismInfo) X(C_InitToken)	\
	X(C_InitPIN) X(C_SetPIN) X(C_OpenSession) X(C_CloseSession)	\
	X(C_CloseAllSessions) X(C_GetSessionInfo)			\
	X(C_GetOperationState) X(C_SetOperationState) X(C_Login)	\
	X(C_Logout) X(C_CreateObject) X(C_CopyObject)			\
	X(C_DestroyObject) X(C_GetObjectSize) X(C_GetAttributeValue)	\
	X(C_SetAttributeValue) X(C_FindObjectsInit) X(C_FindObjects)	\
	X(C_FindObjectsFinal) X(C_EncryptInit) X(C_Encrypt)		\
	X(C_EncryptUpdate) X(C_EncryptFinal) X(C_DecryptInit)		\
	X(C_Decrypt) X(C_DecryptUpdate) X(C_DecryptFinal)		\
	X(C_DigestInit) X(C_Digest) X(C_DigestUpdate) X(C_DigestKey)	\
	X(C_DigestFinal) X(C_SignInit) X(C_Sign) X(C_SignUpdate)	\
	X(C_SignFinal) X(C_SignRecoverInit) X(C_SignRecover)		\
	X(C_VerifyInit) X(C_Verify) X(C_VerifyUpdate) X(C_VerifyFinal)	\
	X(C_VerifyRecoverInit) X(C_VerifyRecover)			\
	X(C_DigestEncryptUpdate) X(C_DecryptDigestUpdate)		\
	X(C_SignEncryptUpdate) X(C_DecryptVerifyUpdate)			\
	X(C_GenerateKey) X(C_GenerateKeyPair) X(C_WrapKey)		\
	X(C_UnwrapKey) X(C_DeriveKey) X(C_SeedRandom)			\
	X(C_GenerateRandom) X(C_GetFunctionStatus) X(C_CancelFunction)	\
	X(C_WaitForSlotEvent)

#define FUNCTIONS_3_0(X)						\
	X(C_GetInterfaceList) X(C_LoginUser)				\
	X(C_SessionCancel) X(C_MessageEncryptInit) X(C_EncryptMessage)	\
	X(C_EncryptMessageBegin) X(C_EncryptMessageNext)		\
	X(C_MessageEncryptFinal) X(C_MessageDecryptInit)		\
	X(C_DecryptMessage) X(C_DecryptMessageBegin)			\
	X(C_DecryptMessageNext) X(C_MessageDecryptFinal)		\
	X(C_MessageSignInit) X(C_SignMessage) X(C_SignMessageBegin)	\
	X(C_SignMessageNext) X(C_MessageSignFinal)			\
	X(C_MessageVerifyInit) X(C_VerifyMessage)			\
	X(C_VerifyMessageBegin) X(C_VerifyMessageNext)			\
	X(C_MessageVerifyFinal)

#define FUNCTIONS_3_2(X)						\
	X(C_EncapsulateKey) X(C_DecapsulateKey) X(C_VerifySignatureInit) \
	X(C_VerifySignature) X(C_VerifySignatureUpdate)			\
	X(C_VerifySignatureFinal) X(C_GetSessionValidationFlags)	\
	X(C_AsyncComplete) X(C_AsyncGetID) X(C_AsyncJoin)		\
	X(C_WrapKeyAuthenticated) X(C_UnwrapKeyAuthenticated)
/* clang-format on */

#define MEMBER(name) .name = name,

static const CK_FUNCTION_LIST list_2_40 = {
    .version = {2, 40}, .C_GetInfo = C_GetInfo, FUNCTIONS_2_40(MEMBER)};

/* The list a caller came through is the version that C_GetInfo tells. */
static CK_RV
get_info_3_0(CK_INFO_PTR info)
{
	return (entry_get_info(info, (CK_VERSION){3, 0}));
}

/* Only what stands between a program and the library asks a table: OpenSC's
 * pkcs11-spy does, which knows no version after 3.0, and in 0.26 hands on NULL
 * instead of a newer one. */
static CK_RV
get_interface_of_table(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
    CK_INTERFACE_PTR_PTR interface, CK_FLAGS flags)
{
	CK_VERSION known = {3, 0};

	return (C_GetInterface(name,
	    name != NULL && version == NULL ? &known : version, interface,
	    flags));
}

static const CK_FUNCTION_LIST_3_0 list_3_0 = {.version = {3, 0},
    .C_GetInfo = get_info_3_0,
    .C_GetInterface = get_interface_of_table,
    FUNCTIONS_2_40(MEMBER) FUNCTIONS_3_0(MEMBER)};

static CK_RV
get_info_3_2(CK_INFO_PTR info)
{
	return (entry_get_info(info, (CK_VERSION){3, 2}));
}

static const CK_FUNCTION_LIST_3_2 list_3_2 = {.version = {3, 2},
    .C_GetInfo = get_info_3_2,
    .C_GetInterface = get_interface_of_table,
    FUNCTIONS_2_40(MEMBER) FUNCTIONS_3_0(MEMBER) FUNCTIONS_3_2(MEMBER)};

static const CK_UTF8CHAR interface_name[] = "PKCS 11";

/* The standard's members are not const; nobody writes through them. */
#define UNCONST(p) ((void *)(uintptr_t)(p))

/* The newest comes first: it is what a program gets that names no version. */
#define INTERFACE_COUNT MODULE_INTERFACES
static const CK_INTERFACE interfaces[INTERFACE_COUNT] = {
    {UNCONST(interface_name), UNCONST(&list_3_2), CKF_INTERFACE_FORK_SAFE},
    {UNCONST(interface_name), UNCONST(&list_3_0), CKF_INTERFACE_FORK_SAFE},
    {UNCONST(interface_name), UNCONST(&list_2_40), CKF_INTERFACE_FORK_SAFE},
};

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	if (list == NULL)
		return (CKR_ARGUMENTS_BAD);
	*list = UNCONST(&list_2_40);
	return (CKR_OK);
}

CK_RV
C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count)
{
	CK_ULONG room;

	if (count == NULL)
		return (CKR_ARGUMENTS_BAD);
	room = *count;
	*count = INTERFACE_COUNT;
	if (list == NULL)
		return (CKR_OK);
	if (room < INTERFACE_COUNT)
		return (CKR_BUFFER_TOO_SMALL);
	memcpy(list, interfaces, sizeof(interfaces));
	return (CKR_OK);
}

/* Every list, of any version, begins with its version. */
static bool
interface_fits(const CK_INTERFACE *i, const char *name, const CK_VERSION *v,
    CK_FLAGS flags)
{
	const CK_VERSION *own = i->pFunctionList;

	return (
	    (name == NULL ||
		strcmp((const char *)i->pInterfaceName, name) == 0) &&
	    (v == NULL || (own->major == v->major && own->minor == v->minor)) &&
	    (i->flags & flags) == flags);
}

CK_RV
C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
    CK_INTERFACE_PTR_PTR interface, CK_FLAGS flags)
{
	if (interface == NULL)
		return (CKR_ARGUMENTS_BAD);
	for (size_t i = 0; i < INTERFACE_COUNT; i++) {
		if (interface_fits(
			&interfaces[i], (const char *)name, version, flags)) {
			*interface = module_interface(i, &interfaces[i]);
			return (CKR_OK);
		}
	}
	return (CKR_ARGUMENTS_BAD);
}
