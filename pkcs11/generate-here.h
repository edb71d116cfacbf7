#ifndef GENERATE_HERE_H
#define GENERATE_HERE_H
#include "mech.h"

/* Session keys made in this process, by OpenSSL. */
extern const struct maker make_secret; /* AES, generic secrets */
extern const struct maker make_rsa;
extern const struct maker make_ec; /* Weierstrass, Edwards, Montgomery */
#endif
