#ifndef PKCS8_H
#define PKCS8_H
#include "buf.h"
#include "crypto.h"
#include "ffc.h"
#include "parameter-set.h"
#include "rsa.h"

/*
 * PKCS#8 private keys (RFC 5208, DER), made of the attributes of PKCS#11 and
 * taken apart again. Written by hand: OpenSSL's own ways leave copies of the
 * key in memory. Numbers are big-endian, as CKA_MODULUS; those that are
 * written may begin with zeros, those that are read do not, but for a scalar,
 * which is as long as its curve has it.
 */

struct ec_private {
	struct view params; /* CKA_EC_PARAMS: the DER of a curve's OID */
	struct view value; /* CKA_VALUE: the scalar */
	/* in any form, without CKA_EC_POINT's OCTET STRING; may be empty */
	struct view point;
};

struct private_of_set { /* ML-DSA, ML-KEM; a seed or a value, or both */
	const struct parameter_set *set;
	struct view seed; /* CKA_SEED */
	struct view value; /* CKA_VALUE */
};

struct ffc_private { /* DSA, PKCS#3 */
	struct ffc_group group;
	struct view value; /* CKA_VALUE */
};

/* Appends the key. out is of an arena. ERR_DATA when a part is missing. */
enum err pkcs8_write_rsa(const struct rsa_private *, struct buf *out);
/*
 * The same of a key on P-256, P-384, P-521 or secp256k1 (ERR_UNSUPPORTED for
 * another curve); its public point is computed. ERR_DATA when the scalar is
 * out of range or the point that was given is not its own.
 */
enum err pkcs8_write_ec(
    const struct crypto *, const struct ec_private *, struct buf *out);

/* The same of a key with a parameter set (RFC 9881, RFC 9935): all that is
 * there. That a seed and a value belong together is not looked at. */
enum err pkcs8_write_of_set(const struct private_of_set *, struct buf *out);

/* The same of a key of that type, CKK_DSA or CKK_DH. */
enum err pkcs8_write_ffc(
    CK_KEY_TYPE, const struct ffc_private *, struct buf *out);

struct pkcs8 {
	/* which it is: CKK_RSA, CKK_EC, CKK_DSA, CKK_DH, CKK_ML_DSA or
	 * CKK_ML_KEM */
	CK_KEY_TYPE type;
	struct rsa_private
	    rsa; /* a part may be empty that follows from others */
	struct ec_private ec; /* point: empty when absent or compressed */
	struct private_of_set of_set;
	struct ffc_private ffc; /* whether it is a key is not looked at */
};
/*
 * Takes a PrivateKeyInfo apart: *out borrows from der. ERR_DATA when it is not
 * strict DER of that form, with nothing behind it; ERR_UNSUPPORTED for keys of
 * other kinds, RSA keys of more than two primes, and curves without a name.
 */
enum err pkcs8_read(struct view der, struct pkcs8 *out);
#endif
