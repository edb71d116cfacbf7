#include "call.h"
#include "object.h"

/* The C_ functions that make objects of others. */

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
