#ifndef LOCALKMS_ENCRYPTION_H
#define LOCALKMS_ENCRYPTION_H
#include "call/call.h"

/* Encrypts or decrypts under a key, whatever its family; for ReEncrypt and
 * the data keys, too. */
struct encryption {
	const struct key *key;
	const struct json_node *context; /* NULL: none */
	struct view algorithm; /* name */
	struct view in;
	struct buf *out;
	const char *material_id; /* of the material that did it, or NULL */
};
bool encrypt_under_key(struct call *, struct encryption *);
/* Finds the key itself where key is NULL. */
bool decrypt_under_key(struct call *, struct encryption *);
/* DryRun with IGNORE_CIPHERTEXT. */
bool dry_run_ignores_ciphertext(const struct call *);
#endif
