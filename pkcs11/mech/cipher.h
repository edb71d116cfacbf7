#ifndef CIPHER_H
#define CIPHER_H
#include "mech.h"

/*
 * AES with session keys, in this process. Modes of blocks and streams give
 * what they can at once; those with a tag give nothing of a ciphertext before
 * the tag is found to be right.
 */
extern const struct family cipher_ecb;
extern const struct family cipher_cbc;
extern const struct family cipher_cbc_pad; /* PKCS#7 */
extern const struct family cipher_ctr;
extern const struct family cipher_ofb;
extern const struct family cipher_cfb1;
extern const struct family cipher_cfb8;
extern const struct family cipher_cfb128;
extern const struct family cipher_gcm;
extern const struct family cipher_ccm;
extern const struct family cipher_xts;
extern const struct family cipher_cts; /* CBC with ciphertext stealing */
extern const struct family cipher_chacha20; /* not AES */
extern const struct family cipher_chacha20_poly1305; /* not AES */

#define AES_BLOCK 16
/* The parameter of CKM_AES_GCM, also in the form of old headers, which have no
 * ulIvBits: nobody looks at it. False: it is of another size. */
bool gcm_read_params(const CK_MECHANISM *, CK_GCM_PARAMS *);
/* Whether GCM takes such a vector and a tag of so many bits. */
bool gcm_is_valid(struct view iv, CK_ULONG tag_bits);

/* Whether CCM takes such a nonce, a text and a tag of so many bytes. */
bool ccm_is_valid(struct view nonce, CK_ULONG text_len, CK_ULONG tag_len);

/* Whether a nonce of ChaCha20-Poly1305 may be said to be so long. */
#define CHACHA20_NONCE 12 /* bytes */
bool chacha20_nonce_fits(CK_ULONG len);

/* op->cipher of that name, as OpenSSL calls it, still without the key. */
CK_RV cipher_open_named(struct call *, struct op *, const char *name);
/* The same for a mode of AES. */
CK_RV cipher_open(struct call *, struct op *, const char *mode);
/* The object's key, and the iv where the mode has one; no padding. */
CK_RV cipher_key(struct op *, const uint8_t *iv);
/* Appends to op->result what the cipher makes of it. */
CK_RV cipher_add(struct call *, struct op *, struct view);
#endif
