#ifndef OP_H
#define OP_H
#include "token/operation.h"

struct call;

/*
 * What C_EncryptInit, C_Encrypt, C_EncryptUpdate, C_EncryptFinal and their like
 * do, once the session is found. Init finds the key and holds it until the
 * operation ends: by its last part, or by a failure. It goes on after
 * CKR_BUFFER_TOO_SMALL and after a call that only asks for the length of the
 * result (out.ptr NULL), which never asks KMS.
 *
 * All functions: CKR_OPERATION_NOT_INITIALIZED without an Init,
 * CKR_USER_NOT_LOGGED_IN while a key with CKA_ALWAYS_AUTHENTICATE waits for
 * C_Login, CKR_OPERATION_ACTIVE where parts and a single part would mix,
 * CKR_ARGUMENTS_BAD for a NULL that the standard does not allow, and what
 * cryptoki/rv.c makes of a failure of KMS.
 */

/*
 * op-init.c: finds the mechanism, the key and the family that does the work.
 * Without a mechanism, ends the operation that is active.
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_OPERATION_ACTIVE,
 * CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_SIZE_RANGE,
 * CKR_KEY_FUNCTION_NOT_PERMITTED, in the order of the standard.
 */
CK_RV op_init(
    struct call *, enum op_kind, const CK_MECHANISM *, CK_OBJECT_HANDLE key);
/* C_VerifySignatureInit. The signature is copied. */
CK_RV op_verify_signature_init(struct call *, const CK_MECHANISM *,
    CK_OBJECT_HANDLE key, struct view signature);
/* Ends those of a session that the flags (CKF_ENCRYPT, ...) stand for. */
void op_cancel(struct op ops[OP_COUNT], CK_FLAGS);

/* op.c: the operation of the session, from its Init to its end. */

/* C_Encrypt, C_Decrypt, C_Digest, C_Sign and the Recover pair. Too long an
 * input is CKR_DATA_LEN_RANGE or CKR_ENCRYPTED_DATA_LEN_RANGE. */
CK_RV op_single(struct call *, enum op_kind, struct view in, struct out);
/* out is NULL where Update gives nothing back: of signatures and digests.
 * CKR_FUNCTION_NOT_SUPPORTED if the mechanism takes a single part only. */
CK_RV op_update(
    struct call *, enum op_kind, struct view in, const struct out *);
CK_RV op_final(struct call *, enum op_kind, struct out);
/* C_Verify and C_VerifyFinal. CKR_SIGNATURE_INVALID,
 * CKR_SIGNATURE_LEN_RANGE. The operation has ended in any case. */
CK_RV op_verify(struct call *, struct view in, struct view signature);
CK_RV op_verify_final(struct call *, struct view signature);
/* C_VerifySignature, or without input C_VerifySignatureFinal. */
CK_RV op_verify_signature(struct call *, const struct view *in);
/* C_DigestEncryptUpdate, C_SignEncryptUpdate: in goes to the hash or signature,
 * and to OP_ENCRYPT. C_DecryptDigestUpdate, C_DecryptVerifyUpdate: what
 * OP_DECRYPT makes of it goes there. */
CK_RV op_encrypt_with(
    struct call *, enum op_kind other, struct view in, struct out);
CK_RV op_decrypt_with(
    struct call *, enum op_kind other, struct view in, struct out);
/* C_DigestKey: the value of a secret key in this process is hashed.
 * CKR_KEY_HANDLE_INVALID, CKR_KEY_INDIGESTIBLE for any other. */
CK_RV op_digest_key(struct call *, CK_OBJECT_HANDLE);

/* op-saved.c: C_GetOperationState of a digest. CKR_STATE_UNSAVEABLE where
 * anything else is under way; CKR_OPERATION_NOT_INITIALIZED where that is a
 * search, messages or data recovery, of which nobody saves a state. */
CK_RV op_save(struct call *, struct out);
/* C_SetOperationState: takes the place of all that the session has under way.
 * CKR_SAVED_STATE_INVALID, CKR_KEY_NOT_NEEDED. */
CK_RV op_restore(struct call *, struct view state,
    CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key);

/* For messages (message.c), whose operations are not in their own place. */

/* *to, which is none, becomes one like it that goes its own way. ERR_MEMORY. */
enum err op_copy(struct op *to, const struct op *);
/* What Update, a single part or the last part, and their like of a signature
 * do with an operation that is active, and with arguments that are good. */
CK_RV op_run_update(
    struct call *, struct op *, struct view in, const struct out *);
CK_RV op_run_final(struct call *, struct op *, struct view in, struct out);
CK_RV op_run_verify(
    struct call *, struct op *, const struct view *in, struct view signature);
/*
 * PKCS#11 3.0, section 5.2: true if the caller only asked for the length or has
 * less than so many bytes of room. *out.len is then the length and *rv the
 * answer, CKR_OK or CKR_BUFFER_TOO_SMALL. The length is never 0.
 */
bool op_answer_length(struct out out, size_t need, CK_RV *rv);
#endif
