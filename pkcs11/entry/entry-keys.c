#include "cryptoki/template.h"
#include "token/call.h"
#include "token/mechanism.h"
#include "make/copy.h"
#include "make/create.h"
#include "make/derive-key.h"
#include "make/generate.h"
#include "make/unwrap.h"
#include "make/wrap-key.h"

/* The C_ functions that make objects, and the one that wraps a key. */

CK_RV
C_CreateObject(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR t, CK_ULONG count,
    CK_OBJECT_HANDLE_PTR object)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_CreateObject", session);

	if (rv == CKR_OK &&
	    (t == NULL || !template_is_good(t, count) || object == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = object_create(&c, (struct template){t, count}, object);
	return (call_end(&c, rv));
}

CK_RV
C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    CK_ATTRIBUTE_PTR t, CK_ULONG count, CK_OBJECT_HANDLE_PTR copy)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_CopyObject", session);

	if (rv == CKR_OK && (!template_is_good(t, count) || copy == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = object_copy(&c, object, (struct template){t, count}, copy);
	return (call_end(&c, rv));
}

CK_RV
C_GenerateKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_ATTRIBUTE_PTR t, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_GenerateKey", session);

	if (rv == CKR_OK && (!mech_is_given(mechanism) ||
				!template_is_good(t, count) || key == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = generate_key(
		    &c, mechanism, (struct template){t, count}, key);
	return (call_end(&c, rv));
}

CK_RV
C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_ATTRIBUTE_PTR public_t, CK_ULONG public_count,
    CK_ATTRIBUTE_PTR private_t, CK_ULONG private_count,
    CK_OBJECT_HANDLE_PTR public_key, CK_OBJECT_HANDLE_PTR private_key)
{
	struct call c;
	struct template public_rows = {public_t, public_count};
	struct template private_rows = {private_t, private_count};
	CK_RV rv = call_begin_session(&c, "C_GenerateKeyPair", session);

	if (rv == CKR_OK && (!mech_is_given(mechanism) ||
				!template_is_good(public_t, public_count) ||
				!template_is_good(private_t, private_count) ||
				public_key == NULL || private_key == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, public_rows);
	if (rv == CKR_OK)
		rv = call_check_place(&c, private_rows);
	if (rv == CKR_OK)
		rv = generate_pair(&c, mechanism, public_rows, private_rows,
		    public_key, private_key);
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

	if (rv == CKR_OK &&
	    (!mech_is_given(mechanism) || !template_is_good(t, count)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && key == NULL &&
	    derive_key_has_handle(mechanism->mechanism))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, rows);
	if (rv == CKR_OK)
		rv = derive_key(&c, mechanism, base, rows, &made);
	if (rv == CKR_OK && key != NULL)
		*key = made;
	return (call_end(&c, rv));
}

CK_RV
C_UnwrapKey(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE unwrapping_key, CK_BYTE_PTR wrapped, CK_ULONG wrapped_len,
    CK_ATTRIBUTE_PTR t, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_UnwrapKey", session);

	if (rv == CKR_OK && (!mech_is_given(mechanism) || wrapped == NULL ||
				!template_is_good(t, count) || key == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = call_check_place(&c, (struct template){t, count});
	if (rv == CKR_OK)
		rv = unwrap_key(&c, mechanism, NULL, unwrapping_key,
		    VIEW(wrapped, wrapped_len), (struct template){t, count},
		    key);
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

	if (rv == CKR_OK && (!mech_is_given(mechanism) || wrapped_len == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = wrap_key(&c, mechanism, NULL, wrapping_key, key, out);
	return (call_end(&c, rv));
}
