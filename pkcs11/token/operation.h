#ifndef OPERATION_H
#define OPERATION_H
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
	OP_VERIFY_SIGNATURE, /* C_VerifySignatureInit */
	/* processes of messages (message.c) */
	OP_MESSAGE_ENCRYPT,
	OP_MESSAGE_DECRYPT,
	OP_MESSAGE_SIGN,
	OP_MESSAGE_VERIFY,
	/* and the message under way of each, in the same order */
	OP_CURRENT_MESSAGE_ENCRYPT,
	OP_CURRENT_MESSAGE_DECRYPT,
	OP_CURRENT_MESSAGE_SIGN,
	OP_CURRENT_MESSAGE_VERIFY,
	OP_COUNT
};

/* One operation, from its Init to its end. */
struct op {
	const struct mech *mech; /* NULL: none is active */
	const struct family *family;
	enum op_kind kind; /* of a message: OP_ENCRYPT to OP_VERIFY */
	struct object object; /* its key, held; none for a digest */
	bool in_parts; /* input came through Update */
	/* a single part was asked for, and is not done yet */
	bool single_part_pending;
	/* a single part, or the end of parts with a key in KMS, was answered by
	 * CKR_BUFFER_TOO_SMALL */
	bool did_not_fit;
	bool needs_login; /* by C_Login with CKU_CONTEXT_SPECIFIC */
	bool finished; /* result is there, and did not fit yet */
	struct buf data; /* input so far, where it must be kept */
	struct buf result;
	struct buf signature; /* OP_VERIFY_SIGNATURE: the one given to Init */
	struct buf context; /* KMS: encryption context, NAME NUL VALUE NUL */
	/* what families keep between calls; freed with the operation */
	const struct digest *digest, *mgf; /* mgf: MGF1 with it */
	CK_ULONG param_len; /* a length out of the mechanism's parameter */
	size_t buffered; /* bytes of input that a cipher waits with */
	/* bytes of input that may still come, where there is a limit */
	size_t remaining;
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

/* Wipes and ends it. */
void op_end(struct op *);
#endif
