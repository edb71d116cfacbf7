#ifndef WRAPPING_ALGORITHM_H
#define WRAPPING_ALGORITHM_H
#include "cryptoki/cryptoki.h"
#include "token/key.h"

/* A WrappingAlgorithm of KMS is one row. */
struct wrapping_algorithm {
	const char *kms;
	CK_MECHANISM_TYPE mechanism;
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mgf;
	const char *digest; /* OpenSSL's name of the hash */
	size_t digest_len;
};
/* NULL: not known here. */
const struct wrapping_algorithm *wrapping_algorithm_find(const char *kms);

/* The mechanism of C_UnwrapKey that goes with the algorithm;
 * CK_UNAVAILABLE_INFORMATION for one that is not known here. */
CK_MECHANISM_TYPE wrapping_algorithm_mechanism(const char *algorithm);

/* Whether what the algorithm wraps with an RSA key of bits can have that many
 * bytes. */
bool wrapping_algorithm_fits(const char *algorithm, CK_ULONG bits, size_t len);

/*
 * Whether material of len bytes for a key of that KeySpec can be imported by
 * the algorithm with a wrapping key of bits: KMS takes it so, and it fits.
 * len 0: of the longest material that the KeySpec has.
 */
bool wrapping_algorithm_can_carry(
    const char *algorithm, CK_ULONG bits, const char *key_spec, size_t len);
/*
 * The first algorithm that can carry any key of the KeySpec with a wrapping
 * key of bits: the preferred one (may be NULL), the KeySpec's own, others. The
 * mechanism must be among those allowed (CK_MECHANISM_TYPE after another; none:
 * any), and so must OAEP's hash if hashes are among them: no mechanism tells
 * it. In the China Regions KMS has no RSA_AES_KEY_WRAP. NULL: there is none.
 */
const char *wrapping_algorithm_choose(const char *preferred,
    const struct key_spec *, CK_ULONG bits, struct view allowed,
    const char *region);

/* Whether keys of that KeySpec are SM4 keys of 16 bytes in that Region:
 * SYMMETRIC_DEFAULT in the China Regions. PKCS#11 has no key type for them. */
bool wrapping_algorithm_is_of_sm4(const struct key_spec *, const char *region);

/*
 * Whether the mechanism of C_UnwrapKey says what the algorithm does:
 * CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, CKR_MECHANISM_PARAM_INVALID.
 * Parameters that are absent or 0 are fine (pkcs11-tool passes no OAEP
 * parameters, OpenSSL's provider hash or MGF 0): the algorithm stands for them.
 * The AES key of CKM_RSA_AES_KEY_WRAP may have any of its lengths, which the
 * wrapped key itself shows to KMS.
 */
CK_RV wrapping_algorithm_check(const char *algorithm, const CK_MECHANISM *);
#endif
