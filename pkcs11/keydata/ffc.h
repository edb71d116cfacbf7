#ifndef FFC_H
#define FFC_H
#include "buf.h"
#include "clock.h"
#include "crypto.h"
#include "cryptoki/cryptoki.h"

/*
 * Keys of the finite-field kind: DSA, and Diffie-Hellman as PKCS#3 has it.
 * Numbers are big-endian, as CKA_PRIME; those given may begin with zeros.
 * Nothing here takes longer than a power of the longest prime.
 */
struct ffc_group {
	struct view prime, base;
	struct view subprime; /* of DSA; empty: not known, as with DH */
};
#define FFC_BITS_MIN 512
#define FFC_BITS_MAX 8192
#define FFC_BYTES_MAX (FFC_BITS_MAX / 8)

/* Of all of these, ERR_DATA says that the numbers are out of range, or that one
 * does not belong to the others. */

/* Whether the long prime is one is not looked at, which takes seconds: whoever
 * names the group is the one whom it harms. */
enum err ffc_check_group(const struct crypto *, const struct ffc_group *);
/* From 2 to prime - 2, and in the group that subprime says. */
enum err ffc_check_public(
    const struct crypto *, const struct ffc_group *, struct view public);
/* base to that power: *out gets as many bytes as the prime has. */
enum err ffc_public(const struct crypto *, const struct ffc_group *,
    struct view private, struct buf *out);
/* A new one. bits: how many it has; 0: as many as there may be. */
enum err ffc_new_private(const struct crypto *, const struct ffc_group *,
    size_t bits, struct buf *out);
/* What both sides have in common, as long as the prime. out: of the arena. */
enum err ffc_agree(const struct crypto *, const struct ffc_group *,
    struct view private, struct view public, struct buf *out);

/* New groups; ERR_DATA: of such lengths, in bits, there are none. ERR_DEADLINE:
 * it came before the primes. */
/* Prime, subprime and base. */
enum err ffc_generate_dsa(const struct crypto *, size_t prime, size_t subprime,
    const struct deadline *, struct buf numbers[3]);
/* A safe prime, for which 2 is a base: a published one where there is one. */
enum err ffc_generate_dh(const struct crypto *, size_t bits,
    const struct deadline *, struct buf *prime);

/* DER (RFC 3279, section 2.3): an AlgorithmIdentifier's content, and a whole
 * SubjectPublicKeyInfo, appended. */
#define FFC_DER_MAX (5 * FFC_BYTES_MAX)
enum err ffc_put_algorithm(
    CK_KEY_TYPE, const struct ffc_group *, struct buf *out);
enum err ffc_put_public(
    CK_KEY_TYPE, const struct ffc_group *, struct view public, struct buf *out);
/* False: it is neither that of DSA with its parameters nor that of PKCS#3. */
bool ffc_read_algorithm(struct view, CK_KEY_TYPE *, struct ffc_group *);
#endif
