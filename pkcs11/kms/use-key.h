#ifndef USE_KEY_H
#define USE_KEY_H
#include "token/call.h"

/*
 * Whether a use of the key that failed is to be tried again; pauses if so. KMS
 * has just made the key, or says when asked that it works with it, and the host
 * that was asked to does not know yet. tries: 0 at first.
 *
 *	do
 *		e = kms_sign(&c->kms, &in, &out);
 *	while (use_key_again(c, k, e, &tries));
 */
bool use_key_again(struct call *, const struct key *, enum err, int *tries);
/* After a use that failed, and that call_fail() knows of: if that was for the
 * key's state, asks KMS for it, unless use_key_again() did. Its objects stay as
 * long as the key exists. */
void use_key_failed(struct call *, const struct key *);
#endif
