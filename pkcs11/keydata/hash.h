#ifndef HASH_H
#define HASH_H
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "cryptoki/cryptoki.h"

/* A hash, by every name it goes under: one row. */
struct digest {
	CK_MECHANISM_TYPE mechanism;
	CK_RSA_PKCS_MGF_TYPE mgf; /* MGF1 with it; 0: PKCS#11 has none */
	size_t len; /* bytes of its value */
	const char *name; /* OpenSSL's */
	const char
	    *kms; /* tail of a KMS algorithm's name; NULL: KMS has none */
	/* CKD_...: of ANSI X9.63 and of SP 800-56A with it; 0: none */
	CK_ULONG kdf, kdf_sp800;
	CK_KEY_TYPE hmac; /* of keys for HMAC with it alone */
	CK_MECHANISM_TYPE hmac_mechanism;
	/* N of its OID 2.16.840.1.101.3.4.2.N; 0: it has another */
	uint8_t oid;
};
extern const struct digest digests[];
extern const size_t digest_count;
/* Of fixed lengths (FIPS 204, section 5.4.1), as no mechanism but
 * CKM_HASH_ML_DSA_SHAKE... has them. */
extern const struct digest digest_shake128, digest_shake256;

/* clang-format off */
enum { ROW_SHA1, ROW_SHA224, ROW_SHA256, ROW_SHA384, ROW_SHA512,
	ROW_SHA512_224, ROW_SHA512_256,
	ROW_SHA3_224, ROW_SHA3_256, ROW_SHA3_384, ROW_SHA3_512 };
/* clang-format on */
#define DIGEST_SHA1 (&digests[ROW_SHA1])
#define DIGEST_SHA224 (&digests[ROW_SHA224])
#define DIGEST_SHA256 (&digests[ROW_SHA256])
#define DIGEST_SHA384 (&digests[ROW_SHA384])
#define DIGEST_SHA512 (&digests[ROW_SHA512])
#define DIGEST_SHA512_224 (&digests[ROW_SHA512_224])
#define DIGEST_SHA512_256 (&digests[ROW_SHA512_256])
#define DIGEST_SHA3_224 (&digests[ROW_SHA3_224])
#define DIGEST_SHA3_256 (&digests[ROW_SHA3_256])
#define DIGEST_SHA3_384 (&digests[ROW_SHA3_384])
#define DIGEST_SHA3_512 (&digests[ROW_SHA3_512])

/* The row of a digest's mechanism, or NULL. */
const struct digest *digest_find(CK_MECHANISM_TYPE);
/* The row of the digest of an HMAC's mechanism, or NULL. */
const struct digest *digest_of_hmac(CK_MECHANISM_TYPE);
/* The row of a type of keys for HMAC with one hash, or NULL. */
const struct digest *digest_of_hmac_key(CK_KEY_TYPE);
/* The row of an MGF1, or NULL. */
const struct digest *digest_of_mgf(CK_RSA_PKCS_MGF_TYPE);
/* Which hash a DigestInfo (RFC 8017, section 9.2) of a hash that KMS signs
 * holds; leaves the hash itself in *v. NULL: none of them. */
const struct digest *digest_of_info(struct view *v);
#endif
