#ifndef MECH_H
#define MECH_H
#include "attr.h"
#include "op.h"

struct digest;

/* When a mechanism is there. */
enum mech_offer {
	OFFER_ALWAYS,
	OFFER_CBC_PAD, /* with keys in KMS only with aes-cbc-pad = yes */
	OFFER_DIGESTS, /* always served, listed only with digests = yes */
};

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
	    struct template, CK_OBJECT_HANDLE *);
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

/* One PKCS#11 mechanism is one row. */
struct mech {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key_type; /* CK_UNAVAILABLE_INFORMATION: takes no key */
	CK_FLAGS flags;
	CK_ULONG min, max; /* key sizes: bytes for AES, else bits */
	enum mech_offer offer;
	const struct family *kms; /* the work is done in KMS */
	const struct family *here; /* in this process */
	const struct maker *maker;
	const struct digest *digest; /* taken first; NULL: none */
};

extern const struct mech mechs[];
extern const size_t mech_count;

/* The row of that type with all those flags, or NULL. */
const struct mech *mech_find(CK_MECHANISM_TYPE, CK_FLAGS);
/* Whether the object's CKA_ALLOWED_MECHANISMS let it do this one. */
bool mech_is_allowed(const struct mech *, const struct object *);
/* Its CKF_... flags: those of the row, and messages where it signs. */
CK_FLAGS mech_flags(const struct mech *);
/* Whether the mechanism list names it: the first row of a type does. */
bool mech_is_listed(const struct mech *, const struct call *);
/* Of all rows of a type together; false: there is none. */
bool mech_info(const struct call *, CK_MECHANISM_TYPE, CK_MECHANISM_INFO *);
/* What does the work with that key; NULL: nothing can. */
const struct family *mech_family(
    const struct call *, const struct mech *, const struct object *);
/* Of an object's key in KMS, and the one beside it, which does that; NULL:
 * neither does. */
struct key *mech_key(const struct mech *, const struct object *);
/* Whether the object's key can do it now: KMS's list decides. */
bool mech_serves(
    const struct call *, const struct mech *, const struct object *);
#endif
