#include "token/call.h"

/*
 * Functions of the standard that are not served yet. A function leaves this
 * file when it is; nothing else knows which are here.
 */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static CK_RV
refuse(const char *name, CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	return (call_end(&c, rv == CKR_OK ? CKR_FUNCTION_NOT_SUPPORTED : rv));
}

CK_RV
C_AsyncComplete(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function,
    CK_ASYNC_DATA_PTR result)
{
	return (refuse("C_AsyncComplete", session));
}

CK_RV
C_AsyncGetID(
    CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ULONG_PTR id)
{
	return (refuse("C_AsyncGetID", session));
}

CK_RV
C_AsyncJoin(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ULONG id,
    CK_BYTE_PTR data, CK_ULONG data_len)
{
	return (refuse("C_AsyncJoin", session));
}
