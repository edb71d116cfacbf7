#ifndef SIGN_H
#define SIGN_H
#include "mech.h"

/* Signatures: made in KMS or with a session key, verified in this process. */
extern const struct family sign_pkcs1; /* RSASSA-PKCS1-v1_5 */
extern const struct family sign_pss; /* RSASSA-PSS */
extern const struct family sign_ecdsa; /* r and s, each as wide as n */
#endif
