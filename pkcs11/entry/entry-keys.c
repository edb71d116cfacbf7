#include "token/call.h"
#include "make/copy.h"
#include "make/derive-key.h"
#include "make/wrap-key.h"

/* The C_ functions that make objects from other objects. */

CK_RV
C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_PTR t, CK_ULONG count, CK_OBJECT_HANDLE_PTR copy)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_CopyObject", session);

	if (rv == CKR_OK && ((t == NULL && count != 0) || copy == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = object_copy(&c, object, (struct template){t, count}, copy);
	return (call_end(&c, rv));
}

CK_RV
C_DeriveKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE base, CK_ATTRIBUTE_PTR t, CK_ULONG count,
    CK_OBJECT_HANDLE_PTR key)
{
	struct call c;
	struct template rows = {t, count};
	CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
	CK_RV rv = call_begin_session(&c, "C_DeriveKey", session);

	if (rv == CKR_OK && (mechanism == NULL || (t == NULL && count != 0)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && key == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = derive_key(&c, mechanism, base, rows, &made);
	if (rv == CKR_OK)
		*key = made;
	return (call_end(&c, rv));
}

CK_RV
C_WrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR wrapped,
    CK_ULONG_PTR wrapped_len)
{
	struct call c;
	struct out out = {wrapped, wrapped_len};
	CK_RV rv = call_begin_session(&c, "C_WrapKey", session);

	if (rv == CKR_OK && (mechanism == NULL || wrapped_len == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = wrap_key(&c, mechanism, wrapping_key, key, out);
	return (call_end(&c, rv));
}
