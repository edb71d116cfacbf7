#ifndef LOCALKMS_ENCRYPTION_H
#define LOCALKMS_ENCRYPTION_H
#include "call/call.h"

/* Encrypts or decrypts under a key, whatever its family; for ReEncrypt and
 * the data keys, too. */
struct crypt {
	const struct key *key;
	const struct json_node *context; /* NULL: none */
	struct view algorithm; /* name */
	struct view in;
	struct buf *out;
	const char *material_id; /* of the material that did it, or NULL */
};
bool crypt_encrypt(struct call *, struct crypt *);
/* Finds the key itself where key is NULL. */
bool crypt_decrypt(struct call *, struct crypt *);
/* DryRun with IGNORE_CIPHERTEXT. */
bool crypt_ignores_ciphertext(const struct call *);
#endif
