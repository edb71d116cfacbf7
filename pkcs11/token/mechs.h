#ifndef MECHS_H
#define MECHS_H
#include "call.h"

struct digest;
struct family;
struct maker;

/* When a mechanism is there. */
enum mech_offer {
	OFFER_ALWAYS,
	OFFER_CBC_PAD, /* with keys in KMS only with aes-cbc-pad = yes */
	OFFER_DIGESTS, /* always served, listed only with digests = yes */
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
