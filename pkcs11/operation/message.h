#ifndef MESSAGE_H
#define MESSAGE_H
#include "mech/mech.h"
#include "op.h"

/*
 * Message-based operations of PKCS#11 3.0: a process is begun once, and each
 * message under it is one operation. What goes wrong with a message ends the
 * message, not the process.
 *
 * kind is OP_MESSAGE_ENCRYPT, ..._DECRYPT, ..._SIGN or ..._VERIFY. param: what
 * the caller gives with the message; its ptr is written to where the standard
 * has it that the token makes a vector or a tag.
 */
struct param {
	CK_VOID_PTR ptr;
	CK_ULONG len;
};

/* No mechanism: ends what is under way. */
CK_RV message_init(
    struct call *, enum op_kind, const CK_MECHANISM *, CK_OBJECT_HANDLE);
/* C_Message...Final */
CK_RV message_final(struct call *, enum op_kind);

/* C_...MessageBegin of signing and verifying. */
CK_RV message_begin(struct call *, enum op_kind, struct param);
CK_RV message_sign(struct call *, struct param, struct view in, struct out);
/* out->len NULL: there is more to come. */
CK_RV message_sign_next(
    struct call *, struct param, struct view in, struct out);
CK_RV message_verify(
    struct call *, struct param, struct view in, struct view signature);
/* NULL: there is more to come. */
CK_RV message_verify_next(
    struct call *, struct param, struct view in, const struct view *signature);

/* Encryption and decryption: message-crypt.c. */
CK_RV message_crypt(struct call *, enum op_kind, struct param, struct view aad,
    struct view in, struct out);
CK_RV message_crypt_begin(
    struct call *, enum op_kind, struct param, struct view aad);
CK_RV message_crypt_next(struct call *, enum op_kind, struct param,
    struct view in, struct out, bool last);
/* The parameter of an Init, and the key, for message_init(). */
CK_RV message_crypt_init(struct call *, struct op *, const CK_MECHANISM *);

/* The message under way of a process; and whether that is one of parts. */
struct op *message_current(struct call *, enum op_kind);
/* CKR_OK: a process is there and no message in parts is under way (parts:
 * one is). */
CK_RV message_ready(struct call *, enum op_kind, bool parts);
/* Ends it; returns rv. */
CK_RV message_end(struct op *current, CK_RV rv);
#endif
