#ifndef MAC_H
#define MAC_H
#include "mech.h"

/* HMAC of a key in KMS: GenerateMac and VerifyMac. */
extern const struct family mac_kms_hmac;
/* With a session key, in this process. */
extern const struct family mac_hmac;
extern const struct family mac_cmac;
/* The same, whose parameter says how many bytes of the value are given. */
extern const struct family mac_kms_hmac_general;
extern const struct family mac_hmac_general;
extern const struct family mac_cmac_general;
extern const struct family mac_gmac;
extern const struct family mac_tls; /* of TLS 1.2 */
#endif
