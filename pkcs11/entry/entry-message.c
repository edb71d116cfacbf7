#include "operation/message.h"

/* The C_ functions of messages, and of ending operations. */

CK_RV
C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SessionCancel", session);

	if (rv == CKR_OK) {
		op_cancel(c.session->ops, flags);
		if ((flags & CKF_FIND_OBJECTS) != 0)
			find_end(&c.session->find);
	}
	return (call_end(&c, rv));
}

static CK_RV
run_init(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = message_init(&c, kind, m, key);
	return (call_end(&c, rv));
}

static CK_RV
run_final(const char *name, CK_SESSION_HANDLE session, enum op_kind kind)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = message_final(&c, kind);
	return (call_end(&c, rv));
}

static CK_RV
run_begin(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct param param)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = message_begin(&c, kind, param);
	return (call_end(&c, rv));
}

static CK_RV
run_crypt(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct param param, struct view aad, struct view in, struct out out)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = message_crypt(&c, kind, param, aad, in, out);
	return (call_end(&c, rv));
}

static CK_RV
run_crypt_begin(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct param param, struct view aad)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = message_crypt_begin(&c, kind, param, aad);
	return (call_end(&c, rv));
}

static CK_RV
run_crypt_next(const char *name, CK_SESSION_HANDLE session, enum op_kind kind,
    struct param param, struct view in, struct out out, CK_FLAGS flags)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, name, session);

	if (rv == CKR_OK)
		rv = message_crypt_next(&c, kind, param, in, out,
		    (flags & CKF_END_OF_MESSAGE) != 0);
	return (call_end(&c, rv));
}

CK_RV
C_MessageEncryptInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init("C_MessageEncryptInit", session, OP_MESSAGE_ENCRYPT,
	    mechanism, key));
}

CK_RV
C_EncryptMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR plain,
    CK_ULONG plain_len, CK_BYTE_PTR cipher, CK_ULONG_PTR cipher_len)
{
	return (run_crypt("C_EncryptMessage", session, OP_MESSAGE_ENCRYPT,
	    (struct param){param, param_len}, VIEW(aad, aad_len),
	    VIEW(plain, plain_len), (struct out){cipher, cipher_len}));
}

CK_RV
C_EncryptMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len)
{
	return (run_crypt_begin("C_EncryptMessageBegin", session,
	    OP_MESSAGE_ENCRYPT, (struct param){param, param_len},
	    VIEW(aad, aad_len)));
}

CK_RV
C_EncryptMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR plain, CK_ULONG plain_len,
    CK_BYTE_PTR cipher, CK_ULONG_PTR cipher_len, CK_FLAGS flags)
{
	return (run_crypt_next("C_EncryptMessageNext", session,
	    OP_MESSAGE_ENCRYPT, (struct param){param, param_len},
	    VIEW(plain, plain_len), (struct out){cipher, cipher_len}, flags));
}

CK_RV
C_MessageEncryptFinal(CK_SESSION_HANDLE session)
{
	return (
	    run_final("C_MessageEncryptFinal", session, OP_MESSAGE_ENCRYPT));
}

CK_RV
C_MessageDecryptInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init("C_MessageDecryptInit", session, OP_MESSAGE_DECRYPT,
	    mechanism, key));
}

CK_RV
C_DecryptMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR cipher,
    CK_ULONG cipher_len, CK_BYTE_PTR plain, CK_ULONG_PTR plain_len)
{
	return (run_crypt("C_DecryptMessage", session, OP_MESSAGE_DECRYPT,
	    (struct param){param, param_len}, VIEW(aad, aad_len),
	    VIEW(cipher, cipher_len), (struct out){plain, plain_len}));
}

CK_RV
C_DecryptMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len)
{
	return (run_crypt_begin("C_DecryptMessageBegin", session,
	    OP_MESSAGE_DECRYPT, (struct param){param, param_len},
	    VIEW(aad, aad_len)));
}

CK_RV
C_DecryptMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR cipher, CK_ULONG cipher_len,
    CK_BYTE_PTR plain, CK_ULONG_PTR plain_len, CK_FLAGS flags)
{
	return (run_crypt_next("C_DecryptMessageNext", session,
	    OP_MESSAGE_DECRYPT, (struct param){param, param_len},
	    VIEW(cipher, cipher_len), (struct out){plain, plain_len}, flags));
}

CK_RV
C_MessageDecryptFinal(CK_SESSION_HANDLE session)
{
	return (
	    run_final("C_MessageDecryptFinal", session, OP_MESSAGE_DECRYPT));
}

CK_RV
C_MessageSignInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init(
	    "C_MessageSignInit", session, OP_MESSAGE_SIGN, mechanism, key));
}

CK_RV
C_SignMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len,
    CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig, CK_ULONG_PTR sig_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SignMessage", session);

	if (rv == CKR_OK)
		rv = message_sign(&c, (struct param){param, param_len},
		    VIEW(data, data_len), (struct out){sig, sig_len});
	return (call_end(&c, rv));
}

CK_RV
C_SignMessageBegin(
    CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len)
{
	return (run_begin("C_SignMessageBegin", session, OP_MESSAGE_SIGN,
	    (struct param){param, param_len}));
}

CK_RV
C_SignMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG_PTR sig_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SignMessageNext", session);

	if (rv == CKR_OK)
		rv = message_sign_next(&c, (struct param){param, param_len},
		    VIEW(data, data_len), (struct out){sig, sig_len});
	return (call_end(&c, rv));
}

CK_RV
C_MessageSignFinal(CK_SESSION_HANDLE session)
{
	return (run_final("C_MessageSignFinal", session, OP_MESSAGE_SIGN));
}

CK_RV
C_MessageVerifyInit(
    CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
	return (run_init(
	    "C_MessageVerifyInit", session, OP_MESSAGE_VERIFY, mechanism, key));
}

CK_RV
C_VerifyMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG sig_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifyMessage", session);

	if (rv == CKR_OK)
		rv = message_verify(&c, (struct param){param, param_len},
		    VIEW(data, data_len), VIEW(sig, sig_len));
	return (call_end(&c, rv));
}

CK_RV
C_VerifyMessageBegin(
    CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len)
{
	return (run_begin("C_VerifyMessageBegin", session, OP_MESSAGE_VERIFY,
	    (struct param){param, param_len}));
}

CK_RV
C_VerifyMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG sig_len)
{
	struct view signature = VIEW(sig, sig_len);
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_VerifyMessageNext", session);

	if (rv == CKR_OK)
		rv = message_verify_next(&c, (struct param){param, param_len},
		    VIEW(data, data_len), sig == NULL ? NULL : &signature);
	return (call_end(&c, rv));
}

CK_RV
C_MessageVerifyFinal(CK_SESSION_HANDLE session)
{
	return (run_final("C_MessageVerifyFinal", session, OP_MESSAGE_VERIFY));
}
