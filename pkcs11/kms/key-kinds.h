#ifndef KEY_KINDS_H
#define KEY_KINDS_H
#include "cryptoki/template.h"
#include "token/call.h"

/* Which keys KMS takes from outside, as templates name them. */

/* The KeySpec of a secret key of that length; not known: of the shortest that
 * its type or its mechanism (CKA_ALLOWED_MECHANISMS) has. NULL: none. */
const struct key_spec *key_kind_of_secret(
    struct template, CK_KEY_TYPE, bool known, size_t len);

/* CKR_ATTRIBUTE_VALUE_INVALID, and the reason. */
#define WHY_SECRETS                                                         \
	"an AES key has 32 bytes, an HMAC key 28 to 128 and not less than " \
	"its "                                                              \
	"hash"
#define WHY_PAIRS "private keys are RSA or EC"
CK_RV key_kind_refuse(struct call *, CK_KEY_TYPE, const char *why);
CK_RV key_kind_refuse_class(struct call *, CK_OBJECT_CLASS);

/*
 * What can be refused of an object for the token before its value is made or
 * unwrapped, so that nobody is asked to. A template for the session passes.
 * len: bytes of a secret key whose template does not say; 0: not known.
 */
CK_RV key_kind_check(struct call *, struct template, size_t len);
#endif
