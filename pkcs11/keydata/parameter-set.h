#ifndef PARAMETER_SET_H
#define PARAMETER_SET_H
#include "buf.h"
#include "crypto.h"
#include "cryptoki/cryptoki.h"

/* A parameter set of ML-DSA (FIPS 204) or ML-KEM (FIPS 203): one row. */
struct parameter_set {
	CK_KEY_TYPE type;
	CK_ULONG number; /* CKA_PARAMETER_SET: CKP_... */
	/* The last two bytes of its OID, behind DER_NIST. */
	uint8_t oid[2];
	const char *name; /* OpenSSL's */
	/* bytes: CKA_SEED, CKA_VALUE of either half, and a signature or the
	 * ciphertext of an encapsulation */
	size_t seed, private, public, output;
};
#define PARAMETER_SET_SEED_MAX 64
#define PARAMETER_SET_PRIVATE_MAX 4896
#define PARAMETER_SET_PUBLIC_MAX 2592
#define PARAMETER_SET_OUTPUT_MAX 4627
#define PARAMETER_SET_OID_LEN 11 /* bytes (RFC 9881, RFC 9935) */

/* Whether keys of that type have parameter sets. */
bool parameter_set_has(CK_KEY_TYPE);
/* The row of that number, or NULL. */
const struct parameter_set *parameter_set_find(CK_KEY_TYPE, CK_ULONG number);
/* The row of an OID in DER, or NULL. */
const struct parameter_set *parameter_set_of_oid(struct view);
/* Its OID in DER. */
void parameter_set_put_oid(
    const struct parameter_set *, uint8_t oid[PARAMETER_SET_OID_LEN]);
/* False: OpenSSL has no keys of that type, here. */
bool key_type_is_in_openssl(const struct crypto *, CK_KEY_TYPE);
#endif
