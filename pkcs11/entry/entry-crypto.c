#include <stddef.h>
#include "token/call.h"
#include "operation/op.h"

/* The C_ functions of operations on data: one shape for all of them. */

static CK_RV
run_init(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = op_init(&c, kind, m, key);
	return (call_end(&c, rv));
}

static CK_RV
run_single(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct view in, struct out out)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = op_single(&c, kind, in, out);
	return (call_end(&c, rv));
}

static CK_RV
run_update(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct view in, const struct out *out)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = op_update(&c, kind, in, out);
	return (call_end(&c, rv));
}

static CK_RV
run_final(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct out out)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = op_final(&c, kind, out);
	return (call_end(&c, rv));
}

CK_RV
C_EncryptInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init("C_EncryptInit", session, OP_ENCRYPT, mechanism, key));
}

CK_RV
C_Encrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_single("C_Encrypt", session, OP_ENCRYPT, VIEW(in, in_len),
	    (struct out){out, out_len}));
}

CK_RV
C_EncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct out o = {out, out_len};

	return (run_update(
	    "C_EncryptUpdate", session, OP_ENCRYPT, VIEW(in, in_len), &o));
}

CK_RV
C_EncryptFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_final(
	    "C_EncryptFinal", session, OP_ENCRYPT, (struct out){out, out_len}));
}

CK_RV
C_DecryptInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init("C_DecryptInit", session, OP_DECRYPT, mechanism, key));
}

CK_RV
C_Decrypt(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_single("C_Decrypt", session, OP_DECRYPT, VIEW(in, in_len),
	    (struct out){out, out_len}));
}

CK_RV
C_DecryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	struct out o = {out, out_len};

	return (run_update(
	    "C_DecryptUpdate", session, OP_DECRYPT, VIEW(in, in_len), &o));
}

CK_RV
C_DecryptFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_final(
	    "C_DecryptFinal", session, OP_DECRYPT, (struct out){out, out_len}));
}

CK_RV
C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism)
{
	return (run_init(
	    "C_DigestInit", session, OP_DIGEST, mechanism, CK_INVALID_HANDLE));
}

CK_RV
C_Digest(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_single("C_Digest", session, OP_DIGEST, VIEW(in, in_len),
	    (struct out){out, out_len}));
}

CK_RV
C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len)
{
	return (run_update(
	    "C_DigestUpdate", session, OP_DIGEST, VIEW(in, in_len), NULL));
}

CK_RV
C_DigestKey(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_DigestKey", session);

	if (rv == CKR_OK)
		rv = op_digest_key(&c, key);
	return (call_end(&c, rv));
}

CK_RV
C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_final(
	    "C_DigestFinal", session, OP_DIGEST, (struct out){out, out_len}));
}

CK_RV
C_SignInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init("C_SignInit", session, OP_SIGN, mechanism, key));
}

CK_RV
C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_single("C_Sign", session, OP_SIGN, VIEW(in, in_len),
	    (struct out){out, out_len}));
}

CK_RV
C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len)
{
	return (run_update(
	    "C_SignUpdate", session, OP_SIGN, VIEW(in, in_len), NULL));
}

CK_RV
C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_final(
	    "C_SignFinal", session, OP_SIGN, (struct out){out, out_len}));
}

CK_RV
C_SignRecoverInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init(
	    "C_SignRecoverInit", session, OP_SIGN_RECOVER, mechanism, key));
}

CK_RV
C_SignRecover(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_single("C_SignRecover", session, OP_SIGN_RECOVER,
	    VIEW(in, in_len), (struct out){out, out_len}));
}

CK_RV
C_VerifyInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init("C_VerifyInit", session, OP_VERIFY, mechanism, key));
}

CK_RV
C_Verify(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_Verify", session);

	if (rv == CKR_OK)
		rv = op_verify(
		    &c, VIEW(in, in_len), VIEW(signature, signature_len));
	return (call_end(&c, rv));
}

CK_RV
C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len)
{
	return (run_update(
	    "C_VerifyUpdate", session, OP_VERIFY, VIEW(in, in_len), NULL));
}

CK_RV
C_VerifyFinal(
    CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG signature_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifyFinal", session);

	if (rv == CKR_OK)
		rv = op_verify_final(&c, VIEW(signature, signature_len));
	return (call_end(&c, rv));
}

CK_RV
C_VerifyRecoverInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init(
	    "C_VerifyRecoverInit", session, OP_VERIFY_RECOVER, mechanism, key));
}

CK_RV
C_VerifyRecover(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_single("C_VerifyRecover", session, OP_VERIFY_RECOVER,
	    VIEW(in, in_len), (struct out){out, out_len}));
}

static CK_RV
run_dual(const char *name, CK_SESSION_HANDLE session, enum op_kind other,
    CK_RV (*run)(struct call *, enum op_kind, struct view, struct out),
    struct view in, struct out out)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = run(&c, other, in, out);
	return (call_end(&c, rv));
}

CK_RV
C_DigestEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in,
    CK_ULONG in_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_dual("C_DigestEncryptUpdate", session, OP_DIGEST,
	    op_encrypt_with, VIEW(in, in_len), (struct out){out, out_len}));
}

CK_RV
C_SignEncryptUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in, CK_ULONG in_len,
    CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_dual("C_SignEncryptUpdate", session, OP_SIGN,
	    op_encrypt_with, VIEW(in, in_len), (struct out){out, out_len}));
}

CK_RV
C_DecryptDigestUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in,
    CK_ULONG in_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_dual("C_DecryptDigestUpdate", session, OP_DIGEST,
	    op_decrypt_with, VIEW(in, in_len), (struct out){out, out_len}));
}

CK_RV
C_DecryptVerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR in,
    CK_ULONG in_len, CK_BYTE_PTR out, CK_ULONG_PTR out_len)
{
	return (run_dual("C_DecryptVerifyUpdate", session, OP_VERIFY,
	    op_decrypt_with, VIEW(in, in_len), (struct out){out, out_len}));
}

CK_RV
C_GetOperationState(
    CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG_PTR state_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_GetOperationState", session);

	if (rv == CKR_OK)
		rv = op_save(&c, (struct out){state, state_len});
	return (call_end(&c, rv));
}

CK_RV
C_SetOperationState(CK_SESSION_HANDLE session, CK_BYTE_PTR state,
    CK_ULONG state_len, CK_OBJECT_HANDLE encryption_key,
    CK_OBJECT_HANDLE authentication_key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SetOperationState", session);

	if (rv == CKR_OK)
		rv = op_restore(&c, VIEW(state, state_len), encryption_key,
		    authentication_key);
	return (call_end(&c, rv));
}
