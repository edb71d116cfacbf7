#include "cryptoki/template.h"
#include "token/call.h"
#include "token/mechanism.h"
#include "make/kem.h"
#include "make/unwrap.h"
#include "make/wrap-key.h"
#include "operation/op.h"

/* The C_ functions of PKCS#11 3.2: key encapsulation, keys that are wrapped
 * with data beside them, and signatures that are given before the data they
 * sign. */

CK_RV
C_EncapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE public_key, CK_ATTRIBUTE_PTR t, CK_ULONG count,
    CK_BYTE_PTR ciphertext, CK_ULONG_PTR ciphertext_len,
    CK_OBJECT_HANDLE_PTR key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_EncapsulateKey", session);

	if (rv == CKR_OK &&
	    (!mech_is_given(mechanism) || !template_is_good(t, count) ||
		ciphertext_len == NULL || (ciphertext != NULL && key == NULL)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = kem_encapsulate(&c, mechanism, public_key,
		    (struct template){t, count},
		    (struct out){ciphertext, ciphertext_len}, key);
	return (call_end(&c, rv));
}

CK_RV
C_DecapsulateKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE_PTR t, CK_ULONG count,
    CK_BYTE_PTR ciphertext, CK_ULONG ciphertext_len, CK_OBJECT_HANDLE_PTR key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_DecapsulateKey", session);

	if (rv == CKR_OK &&
	    (!mech_is_given(mechanism) || !template_is_good(t, count) ||
		ciphertext == NULL || key == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = kem_decapsulate(&c, mechanism, private_key,
		    (struct template){t, count},
		    VIEW(ciphertext, ciphertext_len), key);
	return (call_end(&c, rv));
}

CK_RV
C_WrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR associated,
    CK_ULONG associated_len, CK_BYTE_PTR wrapped, CK_ULONG_PTR wrapped_len)
{
	struct call c;
	struct out out = {wrapped, wrapped_len};
	struct view data = VIEW(associated, associated_len);
	CK_RV rv = call_begin_session(&c, "C_WrapKeyAuthenticated", session);

	if (rv == CKR_OK && (!mech_is_given(mechanism) || wrapped_len == NULL ||
				(associated == NULL && associated_len != 0)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = wrap_key(&c, mechanism, &data, wrapping_key, key, out);
	return (call_end(&c, rv));
}

CK_RV
C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE unwrapping_key, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
    CK_ATTRIBUTE_PTR t, CK_ULONG count, CK_BYTE_PTR associated,
    CK_ULONG associated_len, CK_OBJECT_HANDLE_PTR key)
{
	struct call c;
	struct view data = VIEW(associated, associated_len);
	CK_RV rv = call_begin_session(&c, "C_UnwrapKeyAuthenticated", session);

	if (rv == CKR_OK && (!mech_is_given(mechanism) || wrapped == NULL ||
				!template_is_good(t, count) || key == NULL ||
				(associated == NULL && associated_len != 0)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = unwrap_key(&c, mechanism, &data, unwrapping_key,
		    VIEW(wrapped, wrapped_len), (struct template){t, count},
		    key);
	return (call_end(&c, rv));
}

CK_RV
C_VerifySignatureInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE key, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifySignatureInit", session);

	if (rv == CKR_OK)
		rv = op_verify_signature_init(
		    &c, mechanism, key, VIEW(signature, signature_len));
	return (call_end(&c, rv));
}

CK_RV
C_VerifySignature(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifySignature", session);

	if (rv == CKR_OK)
		rv = op_verify_signature(&c, &VIEW(in, in_len));
	return (call_end(&c, rv));
}

CK_RV
C_VerifySignatureUpdate(
    CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifySignatureUpdate", session);

	if (rv == CKR_OK)
		rv = op_update(&c, OP_VERIFY_SIGNATURE, VIEW(in, in_len), NULL);
	return (call_end(&c, rv));
}

CK_RV
C_VerifySignatureFinal(CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifySignatureFinal", session);

	if (rv == CKR_OK)
		rv = op_verify_signature(&c, NULL);
	return (call_end(&c, rv));
}

/* Nobody validated this module: no flag of any type is ever set. */
CK_RV
C_GetSessionValidationFlags(CK_SESSION_HANDLE session,
    CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS *flags)
{
	struct call c;
	CK_RV rv = call_begin_session(
	    &c, "C_GetSessionValidationFlags", session);

	(void)type;
	if (rv == CKR_OK && flags == NULL)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		*flags = 0;
	return (call_end(&c, rv));
}
