/* The functions of PKCS#11 3.0 and 3.2, held to their codes as those before
 * them are. */
#include <string.h>
#include "checked-calls.h"

static CK_FUNCTION_LIST_3_2 *real;

/* clang-format off */
#define CALL(name, parameters, arguments)				\
	static CK_RV checked_##name parameters				\
	{ return (checked_code(#name, real->name arguments)); }
#define INIT(name)							\
	CALL(name, (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE k), \
	    (s, m, k))
#define FINAL(name) CALL(name, (CK_SESSION_HANDLE s), (s))
#define CRYPT(name)							\
	CALL(name, (CK_SESSION_HANDLE s, void *p, CK_ULONG pn, CK_BYTE *a, \
	    CK_ULONG an, CK_BYTE *in, CK_ULONG n, CK_BYTE *out,		\
	    CK_ULONG *out_n), (s, p, pn, a, an, in, n, out, out_n))
#define CRYPT_BEGIN(name)						\
	CALL(name, (CK_SESSION_HANDLE s, void *p, CK_ULONG pn, CK_BYTE *a, \
	    CK_ULONG an), (s, p, pn, a, an))
#define CRYPT_NEXT(name)						\
	CALL(name, (CK_SESSION_HANDLE s, void *p, CK_ULONG pn, CK_BYTE *in, \
	    CK_ULONG n, CK_BYTE *out, CK_ULONG *out_n, CK_FLAGS f),	\
	    (s, p, pn, in, n, out, out_n, f))
#define BEGIN(name)							\
	CALL(name, (CK_SESSION_HANDLE s, void *p, CK_ULONG pn), (s, p, pn))
#define SIGN(name)							\
	CALL(name, (CK_SESSION_HANDLE s, void *p, CK_ULONG pn, CK_BYTE *in, \
	    CK_ULONG n, CK_BYTE *out, CK_ULONG *out_n),			\
	    (s, p, pn, in, n, out, out_n))
#define VERIFY(name)							\
	CALL(name, (CK_SESSION_HANDLE s, void *p, CK_ULONG pn, CK_BYTE *in, \
	    CK_ULONG n, CK_BYTE *sig, CK_ULONG sig_n),			\
	    (s, p, pn, in, n, sig, sig_n))
CALL(C_LoginUser, (CK_SESSION_HANDLE s, CK_USER_TYPE u, CK_BYTE *pin,
    CK_ULONG n, CK_BYTE *name, CK_ULONG name_n), (s, u, pin, n, name, name_n))
CALL(C_SessionCancel, (CK_SESSION_HANDLE s, CK_FLAGS f), (s, f))
INIT(C_MessageEncryptInit)
CRYPT(C_EncryptMessage)
CRYPT_BEGIN(C_EncryptMessageBegin)
CRYPT_NEXT(C_EncryptMessageNext)
FINAL(C_MessageEncryptFinal)
INIT(C_MessageDecryptInit)
CRYPT(C_DecryptMessage)
CRYPT_BEGIN(C_DecryptMessageBegin)
CRYPT_NEXT(C_DecryptMessageNext)
FINAL(C_MessageDecryptFinal)
INIT(C_MessageSignInit)
SIGN(C_SignMessage)
BEGIN(C_SignMessageBegin)
SIGN(C_SignMessageNext)
FINAL(C_MessageSignFinal)
INIT(C_MessageVerifyInit)
VERIFY(C_VerifyMessage)
BEGIN(C_VerifyMessageBegin)
VERIFY(C_VerifyMessageNext)
FINAL(C_MessageVerifyFinal)
CALL(C_EncapsulateKey, (CK_SESSION_HANDLE s, CK_MECHANISM *m,
    CK_OBJECT_HANDLE k, CK_ATTRIBUTE *t, CK_ULONG n, CK_BYTE *c, CK_ULONG *cn,
    CK_OBJECT_HANDLE *h), (s, m, k, t, n, c, cn, h))
CALL(C_DecapsulateKey, (CK_SESSION_HANDLE s, CK_MECHANISM *m,
    CK_OBJECT_HANDLE k, CK_ATTRIBUTE *t, CK_ULONG n, CK_BYTE *c, CK_ULONG cn,
    CK_OBJECT_HANDLE *h), (s, m, k, t, n, c, cn, h))
CALL(C_VerifySignatureInit, (CK_SESSION_HANDLE s, CK_MECHANISM *m,
    CK_OBJECT_HANDLE k, CK_BYTE *sig, CK_ULONG n), (s, m, k, sig, n))
CALL(C_VerifySignature, (CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n),
    (s, in, n))
CALL(C_VerifySignatureUpdate, (CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n),
    (s, in, n))
FINAL(C_VerifySignatureFinal)
CALL(C_GetSessionValidationFlags, (CK_SESSION_HANDLE s,
    CK_SESSION_VALIDATION_FLAGS_TYPE t, CK_FLAGS *f), (s, t, f))
CALL(C_AsyncComplete, (CK_SESSION_HANDLE s, CK_UTF8CHAR *f, CK_ASYNC_DATA *d),
    (s, f, d))
CALL(C_AsyncGetID, (CK_SESSION_HANDLE s, CK_UTF8CHAR *f, CK_ULONG *id),
    (s, f, id))
CALL(C_AsyncJoin, (CK_SESSION_HANDLE s, CK_UTF8CHAR *f, CK_ULONG id, CK_BYTE *d,
    CK_ULONG n), (s, f, id, d, n))
CALL(C_WrapKeyAuthenticated, (CK_SESSION_HANDLE s, CK_MECHANISM *m,
    CK_OBJECT_HANDLE w, CK_OBJECT_HANDLE k, CK_BYTE *a, CK_ULONG an,
    CK_BYTE *out, CK_ULONG *n), (s, m, w, k, a, an, out, n))
CALL(C_UnwrapKeyAuthenticated, (CK_SESSION_HANDLE s, CK_MECHANISM *m,
    CK_OBJECT_HANDLE w, CK_BYTE *in, CK_ULONG n, CK_ATTRIBUTE *t,
    CK_ULONG count, CK_BYTE *a, CK_ULONG an, CK_OBJECT_HANDLE *h),
    (s, m, w, in, n, t, count, a, an, h))

CK_FUNCTION_LIST_3_2 *
checked_calls_3_2(
    CK_FUNCTION_LIST_3_2 *module, const CK_FUNCTION_LIST *first)
{
	static CK_FUNCTION_LIST_3_2 list;

	real = module;
	list = *module;
	/* the functions of before are in the same order in both */
	memcpy(&list, first, sizeof(*first));
	list.version = module->version;
	list.C_GetInfo = module->C_GetInfo;
#define CHECKED(name) list.name = checked_##name;
	CHECKED(C_LoginUser) CHECKED(C_SessionCancel)
	CHECKED(C_MessageEncryptInit) CHECKED(C_EncryptMessage)
	CHECKED(C_EncryptMessageBegin) CHECKED(C_EncryptMessageNext)
	CHECKED(C_MessageEncryptFinal) CHECKED(C_MessageDecryptInit)
	CHECKED(C_DecryptMessage) CHECKED(C_DecryptMessageBegin)
	CHECKED(C_DecryptMessageNext) CHECKED(C_MessageDecryptFinal)
	CHECKED(C_MessageSignInit) CHECKED(C_SignMessage)
	CHECKED(C_SignMessageBegin) CHECKED(C_SignMessageNext)
	CHECKED(C_MessageSignFinal) CHECKED(C_MessageVerifyInit)
	CHECKED(C_VerifyMessage) CHECKED(C_VerifyMessageBegin)
	CHECKED(C_VerifyMessageNext) CHECKED(C_MessageVerifyFinal)
	CHECKED(C_EncapsulateKey) CHECKED(C_DecapsulateKey)
	CHECKED(C_VerifySignatureInit) CHECKED(C_VerifySignature)
	CHECKED(C_VerifySignatureUpdate) CHECKED(C_VerifySignatureFinal)
	CHECKED(C_GetSessionValidationFlags) CHECKED(C_AsyncComplete)
	CHECKED(C_AsyncGetID) CHECKED(C_AsyncJoin)
	CHECKED(C_WrapKeyAuthenticated) CHECKED(C_UnwrapKeyAuthenticated)
	return (&list);
}
/* clang-format on */
