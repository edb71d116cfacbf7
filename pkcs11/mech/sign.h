#ifndef SIGN_H
#define SIGN_H
#include "mech.h"

/* Signatures: made in KMS or with a session key, verified in this process. */
extern const struct family sign_pkcs1; /* RSASSA-PKCS1-v1_5 */
extern const struct family sign_pss; /* RSASSA-PSS */
extern const struct family sign_x509; /* RSA without padding */
extern const struct family sign_ecdsa; /* r and s, each as wide as n */
extern const struct family sign_dsa; /* each as wide as q */
extern const struct family sign_eddsa;
extern const struct family sign_mldsa;
extern const struct family sign_mldsa_hashed; /* HashML-DSA */
extern const struct family sign_mldsa_of_hash; /* of a hash that was made */
/* C_VerifyRecover: what a signature holds. */
extern const struct family recover_pkcs1;
extern const struct family recover_x509;

/* What these have in common. */

#define SIGNATURE_MAX 2048 /* bytes: of RSA with 16384 bits */

/* Takes the key, where it is here, and begins the mechanism's hash. */
CK_RV sign_begin(struct call *, struct op *);
/* Hashes, or keeps what is to be signed as it is. */
CK_RV sign_update(struct call *, struct op *, struct view);
/* The hash of the input (in hash), or the input. */
CK_RV sign_input(struct op *, uint8_t hash[EVP_MAX_MD_SIZE], struct view *);
/* KMS signs a hash, whose algorithm is op->digest. */
CK_RV sign_in_kms(struct call *, struct op *, struct view hash);
/* Padding and the like. */
typedef bool sign_set(const struct op *, EVP_PKEY_CTX *);
/* With op->pkey; set may be NULL. */
CK_RV sign_local(struct call *, struct op *, sign_set *, struct view in);
CK_RV verify_local(
    struct call *, struct op *, sign_set *, struct view in, struct view sig);
/* Bits of the key of a signature that is under way. */
size_t sign_bits(const struct op *);
#endif
