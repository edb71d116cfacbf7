#ifndef DIGEST_H
#define DIGEST_H
#include "mech.h"

/* SHA-1, SHA-2 and SHA-3, in this process. */
extern const struct family digest_any;
#endif
