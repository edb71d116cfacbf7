#ifndef FAKE_OPERATIONS_H
#define FAKE_OPERATIONS_H
#include "error-info.h"
#include "fake-store.h"

/* What the fake KMS does with a request: one function an operation. */
struct operation;
struct request {
	const struct operation *operation;
	char key[256], alias[257], target[256];
	char spec[32], usage[32], origin[32], type[32], description[256];
	struct buf token, material;
};
typedef enum err operation_fn(
    const struct request *, struct buf *reply, struct error_info *);

/* What it uses. */
enum operation_use {
	USES_NEW_KEY,
	USES_KEY, /* reads it; also by an alias */
	CHANGES_KEY,
	CHANGES_ALIAS,
	USES_KEYS, /* the list of them */
	USES_ALIASES, /* the list of them, all or a key's */
};
struct operation {
	const char *name;
	enum operation_use use;
	operation_fn *perform;
};
const struct operation *fake_operation(const char *name); /* or ends */

#define FAKE_BLOB_LEN 256 /* what comes wrapped */
bool fake_kms_unwrap(struct view blob, struct buf *material);
const char *fake_kms_public_key(void); /* base64 */
/* Of the key's material, a PrivateKeyInfo: base64, static memory. */
const char *fake_kms_public_half(const struct fake_key *);
void fake_operations_reset(unsigned rules);
bool is_alias(const char *name);
#endif
