#ifndef OBJECT_H
#define OBJECT_H
#include "token/call.h"
#include "cryptoki/template.h"

/* Handles to objects: a key in KMS, or what is kept here. */

/*
 * The object, held for the caller: give it back with object_put(). False: there
 * is none, or it is not to be seen.
 */
bool object_get(struct call *, CK_OBJECT_HANDLE, struct object *);
/* Lets its key in KMS be the other of the two that make up the object. */
void object_select_key(struct object *, struct key *);
/* Its CKA_KEY_TYPE; CK_UNAVAILABLE_INFORMATION when it is no key. */
CK_KEY_TYPE object_type(const struct object *);
/* Domain parameters have such a type, and are none. */
bool object_is_key(const struct object *);
/* Whether its secret half is in KMS. */
bool object_in_kms(const struct object *);
/* Whether it is a certificate out of the token's directory. */
bool is_token_certificate(const struct object *);

/* CKR_KEY_FUNCTION_NOT_PERMITTED for half of an import pair: there is no key
 * yet. What a key can do in its state, KMS says when it is used. */
CK_RV object_check_is_key(struct call *, const struct object *);
/* After a use that failed: if that was for the key's state, asks KMS for it.
 * The object stays as long as the key exists. */
void object_refresh_state(struct call *, const struct object *);
/* Why C_DestroyObject will not destroy the key; NULL: it will. */
const char *object_why_not_destroyable(struct call *, const struct key *);

/* How a key came to be, for what it says of itself. */
struct provenance {
	/* that made it here, or CK_UNAVAILABLE_INFORMATION */
	CK_MECHANISM_TYPE generator;
	/* what it was made of was always so */
	bool sensitive, unextractable;
};
#endif
