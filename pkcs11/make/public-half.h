#ifndef PUBLIC_HALF_H
#define PUBLIC_HALF_H
#include "cryptoki/template.h"
#include "token/call.h"

/*
 * The public half of a key in KMS is there with its private half. One that a
 * program writes beside it is the object that is already there; one that
 * belongs to no key of the token is refused.
 */
CK_RV public_half_find(struct call *, struct template, CK_OBJECT_HANDLE *);
#endif
