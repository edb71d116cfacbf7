#ifndef LOCALKMS_POLICY_H
#define LOCALKMS_POLICY_H
#include "call/call.h"

/* The key's, or the default one that AWS gives. */
const char *policy_text(struct call *, const struct key *);
/* Sets the policy of the request. */
bool policy_set(struct call *, struct key *);
#endif
