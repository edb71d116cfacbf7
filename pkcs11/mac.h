#ifndef MAC_H
#define MAC_H
#include "mech.h"

/* HMAC of a key in KMS: GenerateMac and VerifyMac. */
extern const struct family mac_hmac;
#endif
