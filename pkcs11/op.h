#ifndef OP_H
#define OP_H
#include <openssl/evp.h>
#include "store.h"

/* The longest input that is kept here as a whole. */
#define OP_DATA_MAX ((size_t)1 << 30)

struct call;
struct digest;
struct family;
struct mech;

/* The operations that a session can have under way, one of each. */
enum op_kind {
	OP_ENCRYPT,
	OP_DECRYPT,
	OP_DIGEST,
	OP_SIGN,
	OP_VERIFY,
	OP_SIGN_RECOVER,
	OP_VERIFY_RECOVER,
	OP_VERIFY_GIVEN, /* of a signature that Init was given */
	/* processes of messages (message.c) */
	OP_MESSAGE_ENCRYPT,
	OP_MESSAGE_DECRYPT,
	OP_MESSAGE_SIGN,
	OP_MESSAGE_VERIFY,
	/* and the message under way of each, in the same order */
	OP_NOW_ENCRYPT,
	OP_NOW_DECRYPT,
	OP_NOW_SIGN,
	OP_NOW_VERIFY,
	OP_COUNT
};

/* One operation, from its Init to its end. */
struct op {
	const struct mech *mech; /* NULL: none is active */
	const struct family *family;
	enum op_kind kind; /* of a message: OP_ENCRYPT to OP_VERIFY */
	struct object object; /* its key, held; none for a digest */
	bool multi; /* input came through Update */
	bool single; /* a single part was asked for, and is not done yet */
	bool locked; /* waits for C_Login with CKU_CONTEXT_SPECIFIC */
	bool finished; /* result is there, and did not fit yet */
	struct buf data; /* input so far, where it must be kept */
	struct buf result;
	struct buf given; /* OP_VERIFY_GIVEN: the signature */
	struct buf context; /* KMS: encryption context, NAME NUL VALUE NUL */
	/* what families keep between calls; freed with the operation */
	const struct digest *digest, *mgf; /* mgf: MGF1 with it */
	CK_ULONG number; /* a length out of the mechanism's parameter */
	size_t held; /* bytes of input that a cipher waits with */
	size_t left; /* bytes of input that may still come, where few may */
	EVP_MD_CTX *md;
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	EVP_PKEY *pkey;
};

/* Where the caller wants a result: its length comes in and goes out. */
struct out {
	CK_BYTE *ptr; /* NULL: only the length is asked for */
	CK_ULONG *len;
};

CK_RV op_init(
    struct call *, enum op_kind, const CK_MECHANISM *, CK_OBJECT_HANDLE);
CK_RV op_single(struct call *, enum op_kind, struct view in, struct out);
/* out may be NULL where Update gives nothing back. */
CK_RV op_update(
    struct call *, enum op_kind, struct view in, const struct out *);
CK_RV op_final(struct call *, enum op_kind, struct out);
/* C_Verify and C_VerifyFinal. */
CK_RV op_verify(struct call *, struct view in, struct view signature);
CK_RV op_verify_final(struct call *, struct view signature);
/* C_VerifySignatureInit; C_VerifySignature, or without input the Final. */
CK_RV op_given_init(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE,
    struct view signature);
CK_RV op_given_verify(struct call *, const struct view *in);
/* C_DigestEncryptUpdate, C_SignEncryptUpdate: in goes to the hash or signature,
 * and to OP_ENCRYPT. C_DecryptDigestUpdate, C_DecryptVerifyUpdate: what
 * OP_DECRYPT makes of it goes there. */
CK_RV op_encrypt_with(
    struct call *, enum op_kind other, struct view in, struct out);
CK_RV op_decrypt_with(
    struct call *, enum op_kind other, struct view in, struct out);
/* C_DigestKey: a secret key that is here is part of the input. */
CK_RV op_digest_key(struct call *, CK_OBJECT_HANDLE);
/* Wipes and ends it. */
void op_end(struct op *);

/* For families. An update() that keeps its input in op->data, up to its
 * ceiling: */
CK_RV op_keep(struct call *, struct op *, struct view in);
/* The code for input of a length that cannot be. */
CK_RV op_bad_length(const struct op *);

/* Ends those of a session that the flags (CKF_ENCRYPT, ...) stand for. */
void op_cancel(struct op ops[OP_COUNT], CK_FLAGS);
/* *to, which is none, becomes one like it that goes its own way. ERR_MEMORY. */
enum err op_copy(struct op *to, const struct op *);
/* What Update, a single part or the last part, and their like of a signature
 * do with an operation that is active, arguments that are good. */
CK_RV op_more(struct call *, struct op *, struct view in, const struct out *);
CK_RV op_last(struct call *, struct op *, struct view in, struct out);
CK_RV op_last_verify(
    struct call *, struct op *, const struct view *in, struct view signature);
#endif
