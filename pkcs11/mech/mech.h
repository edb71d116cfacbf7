#ifndef MECH_H
#define MECH_H
#include "object/attr.h"
#include "token/mechanism.h"
#include "token/operation.h"

struct derivation;
struct digest;

/*
 * What differs between schemes of work on data, written once. op holds what
 * they share. Any failure of a function ends the operation, but for those that
 * op.c answers without input: a length asked for, or too little room.
 */
struct family {
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
	/* Whether all of the input can be that much more than there was; NULL:
	 * it can. finish() looks, too. */
	bool (*length_fits)(const struct op *, size_t more);
	/* The bytes that update() of so many gives at once; NULL: none. */
	size_t (*update_len)(const struct op *, size_t more);
	bool exact; /* finish() leaves just as many as bound() says */
	bool buffers_input; /* in op->data: it can be done over */
	bool single_part_only; /* no Update */
	bool pads; /* AES: takes input of any length */
	int rsa_padding; /* RSA: one of OpenSSL's RSA_..._PADDING */
};

/* What makes keys; members NULL: not served. */
struct key_ops {
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
};

/* An update() that keeps its input in op->data, up to its ceiling. */
CK_RV op_buffer_input(struct call *, struct op *, struct view in);
/* The code for input of a length that cannot be. */
CK_RV op_length_error(const struct op *);
#endif
