#ifndef OP_H
#define OP_H
#include "token/operation.h"

struct call;

/* op-init.c: which mechanism, which key, which family. */
CK_RV op_init(
    struct call *, enum op_kind, const CK_MECHANISM *, CK_OBJECT_HANDLE);
/* C_VerifySignatureInit */
CK_RV op_verify_signature_init(struct call *, const CK_MECHANISM *,
    CK_OBJECT_HANDLE, struct view signature);
/* Ends those of a session that the flags (CKF_ENCRYPT, ...) stand for. */
void op_cancel(struct op ops[OP_COUNT], CK_FLAGS);

/* op.c: the operation of the session, from its Init to its end. */
CK_RV op_single(struct call *, enum op_kind, struct view in, struct out);
/* out may be NULL where Update gives nothing back. */
CK_RV op_update(
    struct call *, enum op_kind, struct view in, const struct out *);
CK_RV op_final(struct call *, enum op_kind, struct out);
/* C_Verify and C_VerifyFinal. */
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
/* C_DigestKey: a secret key that is here is part of the input. */
CK_RV op_digest_key(struct call *, CK_OBJECT_HANDLE);

/* *to, which is none, becomes one like it that goes its own way. ERR_MEMORY. */
enum err op_copy(struct op *to, const struct op *);
/* What Update, a single part or the last part, and their like of a signature
 * do with an operation that is active, arguments that are good. */
CK_RV op_run_update(
    struct call *, struct op *, struct view in, const struct out *);
CK_RV op_run_final(struct call *, struct op *, struct view in, struct out);
CK_RV op_run_verify(
    struct call *, struct op *, const struct view *in, struct view signature);
#endif
