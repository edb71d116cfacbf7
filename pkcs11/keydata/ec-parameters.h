#ifndef EC_PARAMETERS_H
#define EC_PARAMETERS_H
#include "buf.h"

/* Whether these are explicit ECParameters (X9.62; RFC 3279, section 2.3.5) over
 * a prime field, and those of the curve with that NID of OpenSSL, whose
 * cofactor is 1. A seed may be any: it makes no other curve. */
bool ec_parameters_are(struct view der, int nid);
#endif
