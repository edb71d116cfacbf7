#ifndef MECH_H
#define MECH_H
#include "object/attr.h"
#include "token/mechs.h"
#include "token/operation.h"

struct derivation;
struct digest;

/*
 * What differs between schemes of work on data, written once. op holds what
 * they share. Any failure of a function ends the operation, but for those that
 * only_length() in op.c answers.
 */
struct family {
	/* Head of the KMS algorithms' names, the digest's is the tail; a whole
	 * name where the mechanism has no digest. NULL: not in KMS. */
	const char *kms;
	/* Checks the parameter and the key's size, makes ready. */
	CK_RV (*init)(struct call *, struct op *, const CK_MECHANISM *);
	/* Takes input; may append to op->result what can be given at once. */
	CK_RV (*update)(struct call *, struct op *, struct view);
	/* Appends the rest to op->result. Not for OP_VERIFY. */
	CK_RV (*finish)(struct call *, struct op *);
	/* OP_VERIFY: whether the signature is that of the input. */
	CK_RV (*verify)(struct call *, struct op *, struct view signature);
	/* The most bytes that finish() can leave, with more input to come. */
	size_t (*bound)(const struct op *, size_t more);
	/* The bytes that update() of so many gives at once; NULL: none. */
	size_t (*step)(const struct op *, size_t more);
	bool exact; /* finish() leaves just as many as bound() says */
	bool keeps; /* input is kept in op->data: it can be done over */
	bool single; /* no Update: in one part alone */
};

/* What differs between mechanisms that make keys; members NULL: not served. */
struct maker {
	CK_RV(*generate)
	(struct call *, const CK_MECHANISM *, struct template,
	    CK_OBJECT_HANDLE *);
	CK_RV(*generate_pair)
	(struct call *, const CK_MECHANISM *, struct template public_t,
	    struct template private_t, CK_OBJECT_HANDLE *public_key,
	    CK_OBJECT_HANDLE *private_key);
	CK_RV(*derive)
	(struct call *, const CK_MECHANISM *, const struct object *base,
	    struct template, struct derivation *);
	/* key: what travels of it. *len: how long it will be, at most. */
	CK_RV(*wrap_len)
	(struct call *, const CK_MECHANISM *, const struct object *with,
	    size_t key_len, size_t *len);
	/* *out gets the wrapped key. */
	CK_RV(*wrap)
	(struct call *, const CK_MECHANISM *, const struct object *with,
	    struct view key, struct buf *out);
	/* *out, which is secret, gets the key's bytes: a secret key's value or
	 * a private key's PKCS#8. */
	CK_RV(*unwrap)
	(struct call *, const CK_MECHANISM *, const struct object *with,
	    struct view wrapped, struct buf *out);
	bool secrets; /* wraps secret keys alone */
	bool zeros; /* and may fill them up with zeros */
};

/* An update() that keeps its input in op->data, up to its ceiling. */
CK_RV op_buffer_input(struct call *, struct op *, struct view in);
/* The code for input of a length that cannot be. */
CK_RV op_length_error(const struct op *);
#endif
