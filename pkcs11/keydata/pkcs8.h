#ifndef PKCS8_H
#define PKCS8_H
#include "cryptoki/cryptoki.h"
#include "buf.h"
#include "crypto.h"

/*
 * PKCS#8 private keys (RFC 5208, DER), made of the attributes of PKCS#11 and
 * taken apart again. Written by hand: OpenSSL's own ways leave copies of the
 * key in memory. Numbers are big-endian, as CKA_MODULUS; those that are
 * written may begin with zeros, those that are read do not, but for a scalar,
 * which is as long as its curve has it.
 */

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
/* The attribute that each part is. */
extern const CK_ATTRIBUTE_TYPE rsa_part_types[RSA_PARTS];

struct ec_private {
	struct view params; /* CKA_EC_PARAMS: the DER of a curve's OID */
	struct view value; /* CKA_VALUE: the scalar */
	/* 04 X Y, as CKA_EC_POINT without its OCTET STRING; may be empty */
	struct view point;
};

/* The first part that is empty or 0, RSA_PARTS where all are there. */
enum rsa_part rsa_missing(const struct rsa_private *);
/*
 * Whether the parts may be one key that KMS takes: modulus of 2048, 3072 or
 * 4096 bits, the product of two different primes (as far as is told from
 * being odd), the rest in range. ERR_DATA, also when a part is missing. Not
 * shown is that the exponents and the coefficient fit.
 */
#define RSA_BYTES_MAX 512
enum err rsa_check(const struct rsa_private *, size_t *bits);
/* That they do, of a key that passed the first check: ERR_DATA if not. Works in
 * memory of the arena. */
enum err rsa_check_exponents(const struct rsa_private *, struct arena *);

/* Appends the key. out is of an arena. ERR_DATA when a part is missing. */
enum err pkcs8_write_rsa(const struct rsa_private *, struct buf *out);
/*
 * The same of a key on P-256, P-384, P-521 or secp256k1 (ERR_UNSUPPORTED for
 * another curve); its public point is computed. ERR_DATA when the scalar is
 * out of range or the point that was given is not its own.
 */
enum err pkcs8_write_ec(
    const struct crypto *, const struct ec_private *, struct buf *out);

/* *out gets the public point of the scalar (04 X Y). Errors as above. */
enum err ec_public_point(const struct crypto *, struct view params,
    struct view value, struct buf *out);
/* The length of a scalar of that curve, 0 for a curve that is unknown here. */
size_t ec_scalar_len(struct view params);

struct pkcs8 {
	CK_KEY_TYPE type; /* CKK_RSA or CKK_EC: which of the two it is */
	struct rsa_private rsa;
	struct ec_private ec; /* point: empty when absent or compressed */
};
/*
 * Takes a PrivateKeyInfo apart: *out borrows from der. ERR_DATA when it is not
 * strict DER of that form, with nothing behind it; ERR_UNSUPPORTED for keys of
 * other kinds, RSA keys of more than two primes, and curves without a name.
 */
enum err pkcs8_read(struct view der, struct pkcs8 *out);

/* Without leading zeros. */
struct view number_trim(struct view);
#endif
