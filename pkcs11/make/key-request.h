#ifndef KEY_REQUEST_H
#define KEY_REQUEST_H
#include "kms/provision.h"
#include "cryptoki/template.h"

/* What templates ask of a key in KMS, in the words of KMS. */

/* Whether the template asks for a key in KMS, and the session can make one. */
CK_RV key_request_place(struct call *, struct template);
/* The usages that the template's flags ask for: bits of enum key_usage. */
unsigned key_request_uses(struct template);
/*
 * A key in KMS has one usage; programs ask for all that they know, or for
 * none. Signing comes first; the log hears what was left out. wanted: bits of
 * key_request_uses(), of both halves of a pair.
 */
CK_RV key_request_use(
    struct call *, const struct spec *, unsigned wanted, enum key_usage *);
/* A name out of both templates of a pair: they may not contradict each other.
 * ptr NULL: none is said. */
CK_RV key_request_name(struct call *, struct template public_t,
    struct template private_t, CK_ATTRIBUTE_TYPE, struct view *name);
/* All that one template asks: place, usage, names, expiry. The spec is set. */
CK_RV key_request_read(struct call *, struct template, struct provision *);
#endif
