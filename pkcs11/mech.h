#ifndef MECH_H
#define MECH_H
#include "call.h"
#include "op.h"

/* When a mechanism is there. */
enum mech_offer {
	OFFER_ALWAYS,
	OFFER_CBC_PAD, /* served and listed only with aes-cbc-pad = yes */
	OFFER_DIGESTS, /* always served, listed only with digests = yes */
};

/* What differs between schemes, written once. op holds what they share. */
struct family {
	/* Checks the parameter. Any failure ends the operation. */
	CK_RV (*init)(struct call *, struct op *, const CK_MECHANISM *);
	/* Takes input. */
	CK_RV (*update)(struct call *, struct op *, struct view);
	/* Makes op->result of the input. */
	CK_RV (*finish)(struct call *, struct op *);
	/* The most bytes that the result can have, with more input to come. */
	size_t (*bound)(const struct op *, size_t more);
	bool exact; /* the result has just that many */
};

/* One PKCS#11 mechanism is one row. */
struct mech {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key_type; /* CK_UNAVAILABLE_INFORMATION: takes no key */
	CK_FLAGS flags;
	CK_ULONG min, max; /* key sizes: bytes for AES, bits for RSA */
	enum mech_offer offer;
	const struct family *family; /* NULL: not an operation on data */
	const char *digest; /* OpenSSL's name, for a digest */
};

extern const struct mech mechs[];
extern const size_t mech_count;

/* The row of that type with all those flags that the token serves, or NULL. */
const struct mech *mech_find(const struct call *, CK_MECHANISM_TYPE, CK_FLAGS);
bool mech_is_served(const struct mech *, const struct call *);
bool mech_is_listed(const struct mech *, const struct call *);
/* Whether the object's key can do it now: KMS's list decides. */
bool mech_serves(const struct mech *, const struct object *);
#endif
