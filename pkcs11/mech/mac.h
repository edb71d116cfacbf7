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
extern const struct family mac_cbc, mac_cbc_general; /* CBC-MAC: CKM_AES_MAC */
extern const struct family mac_poly1305;
extern const struct family mac_tls; /* of TLS 1.2 */

/* The MAC with a key of this process: HMAC with the digest or, if that is NULL,
 * CMAC with AES. *out, NULL before, is the caller's to free either way. */
CK_RV mac_open(
    struct call *, const struct digest *, struct view key, EVP_MAC_CTX **out);
/* For families: a parameter that is a length, of at most the whole value, into
 * op->param_len. CKR_MECHANISM_PARAM_INVALID. */
CK_RV mac_read_length(struct op *, const CK_MECHANISM *);
/* For families whose MAC has op->param_len bytes: that length; and whether the
 * MAC of finish() is this one. CKR_SIGNATURE_LEN_RANGE,
 * CKR_SIGNATURE_INVALID. */
size_t mac_bound(const struct op *, size_t more);
CK_RV mac_verify(struct call *, struct op *, struct view mac);
#endif
