#ifndef KEY_FORMS_H
#define KEY_FORMS_H
#include <openssl/evp.h>
#include "keydata/pkcs8.h"

/* Keys that OpenSSL made, in the form that PKCS#11 gives them. */

/* Components with leading zeros before them: in memory that is not freed. */
EVP_PKEY *rsa_make(size_t bits, size_t zeros, struct rsa_private *);
/* curve: OpenSSL's name. */
EVP_PKEY *ec_make(const char *curve, struct ec_private *);
/* The PKCS#8 that OpenSSL makes of a key. */
void pkcs8_by_openssl(EVP_PKEY *, struct buf *out);
/* The key that OpenSSL reads, which it found to be valid; else NULL. */
EVP_PKEY *pkcs8_valid(struct view der);

struct curve_row {
	const char *name; /* OpenSSL's */
	struct view params;
	size_t scalar_len, pkcs8_len;
	const char *order; /* hex */
};
#define CURVE_COUNT 4
extern const struct curve_row curve_rows[CURVE_COUNT];
#endif
