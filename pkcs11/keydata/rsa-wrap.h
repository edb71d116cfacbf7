#ifndef RSA_WRAP_H
#define RSA_WRAP_H
#include <openssl/evp.h>
#include "buf.h"
#include "crypto.h"

struct arena;

/* How keys are wrapped for an RSA key. */
struct rsa_oaep {
	const char *digest, *mgf; /* of OAEP and its MGF1, as OpenSSL says */
	struct view label;
};

/*
 * RSAES-OAEP (RFC 8017, section 7.1), appended to out. ERR_DATA: the key is too
 * short for what it wraps.
 */
enum err rsa_oaep_wrap(const struct crypto *, EVP_PKEY *,
    const struct rsa_oaep *, struct view key, struct buf *out);
/*
 * CKM_RSA_AES_KEY_WRAP (PKCS#11 3.0, section 2.1.24), appended to out: a new
 * AES key of aes_len bytes under the RSA key, and behind it the key under that,
 * by RFC 5649. ERR_DATA: the key is empty.
 */
enum err rsa_aes_wrap(const struct crypto *, struct arena *, EVP_PKEY *,
    const struct rsa_oaep *, size_t aes_len, struct view key, struct buf *out);
#endif
