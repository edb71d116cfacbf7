#ifndef PUBLIC_HALF_H
#define PUBLIC_HALF_H
#include "cryptoki/template.h"
#include "token/call.h"

/*
 * The public half of a key in KMS is there with its private half. One that a
 * program writes beside it is the object that is already there; one that
 * belongs to no key of the token is refused.
 *
 * The template must have passed attr_check() and hold CKA_KEY_TYPE. Its public
 * values (modulus and exponent, or curve and point, or CKA_VALUE) decide, not
 * its names; CKA_ID or else CKA_LABEL only spare a listing of all keys. *handle
 * becomes that of the public key. CKR_ATTRIBUTE_VALUE_INVALID: no key of the
 * token has these values; else what the failure of KMS is.
 */
CK_RV public_half_find(
    struct call *, struct template, CK_OBJECT_HANDLE *handle);
/*
 * That of a key which was just made by that mechanism, of the public template:
 * the token's object, or with CKA_TOKEN false a session object of the same
 * values, where there can be one.
 */
CK_RV public_half_make(struct call *, const struct key *, struct template,
    CK_MECHANISM_TYPE generator, CK_OBJECT_HANDLE *);
#endif
