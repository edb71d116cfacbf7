#ifndef LOCALKMS_CIPHER_H
#define LOCALKMS_CIPHER_H
#include "key/key.h"

/*
 * The ciphertext of a symmetric KMS key. AWS publishes no format; ours names
 * the key and the material, and is bound to the encryption context:
 *
 *   version 1 | key id 37 | material id 32 | salt 32 | IV 12 | text | tag 16
 *
 * AES-256-GCM under a key of its own, HMAC-SHA-256(material, salt), so that a
 * random IV is never used twice under one key. The header and the encryption
 * context are authenticated.
 */
#define CIPHER_OVERHEAD (1 + 37 + 32 + 32 + 12 + 16)

/* The algorithms, fetched from OpenSSL once. Thread-safe. */
struct cipher;
/* NULL: out of memory. */
struct cipher *cipher_new(void);
void cipher_free(struct cipher *);

/* context: the encryption context, serialised; may be empty. */
bool cipher_seal(const struct cipher *, const struct key *,
    const struct material *, struct view context, struct view clear,
    struct buf *out);

/* The header of a ciphertext. */
struct cipher_label {
	char key_id[KEY_ID_SIZE];
	char material_id[KEY_MATERIAL_ID_SIZE];
};
/* False: not a ciphertext of this format. */
bool cipher_read(struct view blob, struct cipher_label *);
/* False: encrypted by other material or with another context. */
bool cipher_open(const struct cipher *, const struct material *,
    struct view context, struct view blob, struct buf *clear);
#endif
