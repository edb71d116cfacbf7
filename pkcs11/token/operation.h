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

/*
 * Where an operation stands. A single part, and the last of parts, leave it
 * where it is if the caller only asks for a length or has too little room; any
 * other answer ends it (PKCS#11 3.2, section 5.2 and those of the functions).
 */
enum op_state {
	OP_INACTIVE, /* no Init, or it has ended */
	OP_WAITS_FOR_LOGIN, /* C_Login with CKU_CONTEXT_SPECIFIC */
	OP_READY, /* no input yet */
	OP_SINGLE_PART, /* the length of a single part was asked for */
	OP_SINGLE_PART_UNFIT, /* and its result did not fit */
	OP_PARTS, /* input comes through Update */
	OP_PARTS_UNFIT, /* what Final gives did not fit */
};

/* One operation, from its Init to its end. */
struct op {
	enum op_state state;
	const struct mech *mech;
	const struct family *family;
	enum op_kind kind; /* of a message: OP_ENCRYPT to OP_VERIFY */
	struct object object; /* its key, held; none for a digest */
	struct buf data; /* input so far, where it must be kept */
	struct buf result; /* between calls: all of it, which did not fit */
	struct buf signature; /* OP_VERIFY_SIGNATURE: the one given to Init */
	struct buf context; /* KMS: encryption context, NAME NUL VALUE NUL */
	/* what families keep between calls; freed with the operation */
	const struct digest *digest, *mgf; /* mgf: MGF1 with it */
	CK_ULONG param_len; /* a length out of the mechanism's parameter */
	CK_ULONG hedge; /* ML-DSA: CKH_... */
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
