#include "cryptoki.h"

/*
 * Functions of the standard that are not served yet. A function leaves this
 * file when it is; nothing else knows which are here.
 */
#pragma GCC diagnostic ignored "-Wunused-parameter"

CK_RV
C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE_PTR operation_state,
    CK_ULONG_PTR operation_state_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE_PTR operation_state,
    CK_ULONG operation_state_len, CK_OBJECT_HANDLE encryption_key,
    CK_OBJECT_HANDLE authentiation_key)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part,
    CK_ULONG part_len, CK_BYTE_PTR encrypted_part,
    CK_ULONG_PTR encrypted_part_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR encrypted_part,
    CK_ULONG encrypted_part_len, CK_BYTE_PTR part, CK_ULONG_PTR part_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR part,
    CK_ULONG part_len, CK_BYTE_PTR encrypted_part,
    CK_ULONG_PTR encrypted_part_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR encrypted_part,
    CK_ULONG encrypted_part_len, CK_BYTE_PTR part, CK_ULONG_PTR part_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key,
    CK_BYTE_PTR wrapped_key, CK_ULONG_PTR wrapped_key_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageEncryptInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_EncryptMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR plain,
    CK_ULONG plain_len, CK_BYTE_PTR cipher, CK_ULONG_PTR cipher_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_EncryptMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_EncryptMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR plain, CK_ULONG plain_len,
    CK_BYTE_PTR cipher, CK_ULONG_PTR cipher_len, CK_FLAGS flags)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageEncryptFinal(CK_SESSION_HANDLE session)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageDecryptInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DecryptMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR cipher,
    CK_ULONG cipher_len, CK_BYTE_PTR plain, CK_ULONG_PTR plain_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DecryptMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_DecryptMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR cipher, CK_ULONG cipher_len,
    CK_BYTE_PTR plain, CK_ULONG_PTR plain_len, CK_FLAGS flags)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageDecryptFinal(CK_SESSION_HANDLE session)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageSignInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_SignMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len,
    CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig, CK_ULONG_PTR sig_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_SignMessageBegin(
    CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_SignMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG_PTR sig_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageSignFinal(CK_SESSION_HANDLE session)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageVerifyInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_VerifyMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG sig_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_VerifyMessageBegin(
    CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_VerifyMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG sig_len)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
C_MessageVerifyFinal(CK_SESSION_HANDLE session)
{
	return (CKR_FUNCTION_NOT_SUPPORTED);
}
