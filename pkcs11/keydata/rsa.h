#ifndef RSA_H
#define RSA_H
#include "buf.h"
#include "cryptoki/cryptoki.h"
#include "arena.h"
#include "crypto.h"

/* The parts of an RSA private key, and whether they belong together. Each is a
 * number, the highest byte first; it may begin with zeros. */

/* The shortest that is used: 64 bytes. Some keys that are said to have 512 bits
 * have one less. */
#define RSA_BITS_MIN 505

/* In the order of RFC 8017, appendix A.1.2, of a key with two primes. */
enum rsa_part {
	RSA_PART_MODULUS,
	RSA_PART_PUBLIC_EXPONENT,
	RSA_PART_PRIVATE_EXPONENT,
	RSA_PART_PRIME_1,
	RSA_PART_PRIME_2,
	RSA_PART_EXPONENT_1, /* d mod (p - 1) */
	RSA_PART_EXPONENT_2, /* d mod (q - 1) */
	RSA_PART_COEFFICIENT, /* q^-1 mod p */
	RSA_PARTS
};
struct rsa_private {
	struct view part[RSA_PARTS];
};
/* What each part is called. */
struct rsa_part_name {
	CK_ATTRIBUTE_TYPE type;
	const char *openssl; /* OSSL_PKEY_PARAM_RSA_... */
};
extern const struct rsa_part_name rsa_part_names[RSA_PARTS];

/* The first part that is empty or 0, RSA_PARTS where all are there. */
enum rsa_part rsa_missing(const struct rsa_private *);
/*
 * Whether the parts may be one key: the modulus the product of two different
 * primes (as far as is told from being odd), the rest in range. ERR_DATA, also
 * when a part is missing. Not shown is that the exponents and the coefficient
 * fit.
 */
enum err rsa_check_primes(const struct rsa_private *, size_t *bits);
/* The same, of a key that KMS takes: of 2048, 3072 or 4096 bits. */
enum err rsa_check(const struct rsa_private *, size_t *bits);
/* That they do, of a key that passed the first check: ERR_DATA if not. Works in
 * memory of the arena. */
#define RSA_BYTES_MAX 2048
enum err rsa_check_exponents(const struct rsa_private *, struct arena *);
/*
 * Fills in the primes, exponents and coefficient whose views are empty, of a
 * key with a modulus and both exponents; bytes is where they are kept, a secret
 * buffer with room for RSA_PARTS * RSA_BYTES_MAX. ERR_DATA: the numbers that
 * are there cannot be those of one key with two primes. It may say ERR_OK of
 * some that are not: check what comes out.
 */
enum err rsa_complete(
    const struct crypto *, struct rsa_private *, struct buf *bytes);
/*
 * Whether an RSA key of somebody else's has a modulus of so many bits and an
 * exponent that a key can have (FIPS 186-5, A.1.1, ends at 256 bits), of at
 * least so many bits. With e = 1 everything encrypts to itself.
 */
bool rsa_is_public(struct view modulus, struct view exponent, size_t bits,
    size_t least_exponent_bits);
#endif
