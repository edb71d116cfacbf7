#ifndef OP_H
#define OP_H
#include <openssl/evp.h>
#include "cryptoki.h"
#include "kms.h"

struct call;
struct key;
struct mech;

/* The operations that a session can have under way, one of each. */
enum op_kind { OP_ENCRYPT, OP_DECRYPT, OP_DIGEST, OP_COUNT };

/* One operation, from its Init to its end. */
struct op {
	const struct mech *mech; /* NULL: none is active */
	enum op_kind kind;
	struct key *key; /* held; NULL for a digest */
	CK_OBJECT_HANDLE handle; /* of that key's object */
	bool multi; /* input came through Update */
	bool finished; /* result is there, and did not fit yet */
	struct buf data; /* input so far, where it must be kept */
	struct buf result;
	struct buf
	    context; /* KMS's encryption context: name NUL value NUL ... */
	EVP_MD_CTX *md;
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
/* Wipes and ends it. */
void op_end(struct op *);
#endif
