#ifndef EC_PARAMETERS_H
#define EC_PARAMETERS_H
#include "buf.h"

/* Whether these are explicit ECParameters (X9.62; RFC 3279, section 2.3.5) over
 * a prime field, and those of the curve with that NID of OpenSSL. A cofactor or
 * a seed is not looked at: neither makes another curve. */
bool ec_parameters_are(struct view der, int nid);
#endif
