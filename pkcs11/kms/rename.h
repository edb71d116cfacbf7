#ifndef RENAME_H
#define RENAME_H
#include "keydata/names.h"
#include "token/call.h"
#include "token/key.h"

/*
 * Other names for a key, in place of those that the caller saw. At every moment
 * it is found by the old name or by the new one:
 *
 *   1 CreateAlias of the new one: KMS refuses it where it is another key's
 *   2 it is waited for until KMS shows it
 *   3 DeleteAlias of the old one, if it still leads to the key
 *
 * Where KMS refuses step 3, what was done is undone. Other labels that the key
 * has stay. Two renames of one key at once leave both
 * new names. Whoever renames has the key's lock (key-lock.h).
 */
struct rename {
	struct key *key; /* held */
	struct rename_step {
		enum name_kind kind;
		char from[KMS_ALIAS_SIZE]; /* "": there is none */
		char to[KMS_ALIAS_SIZE];
		char marker[KMS_ALIAS_SIZE]; /* of the old label; "": none */
		bool made; /* this call created `to`, and may delete it again */
		bool dropped; /* this call deleted `from` */
	} steps[2];
	size_t count;
};
#define RENAME_INIT         \
	{                   \
		.key = NULL \
	}

/*
 * Step 1 for both names, or for neither. A name is NULL where it stays as it
 * is. CKR_ATTRIBUTE_VALUE_INVALID: another key has it, or no alias can. A label
 * of another key can be shared by one that has an id of its own.
 */
CK_RV rename_begin(struct call *, struct rename *, struct key *,
    const struct view *label, const struct view *id);
/* Steps 2 and 3; the store knows the key by its new names afterwards. Where an
 * old name cannot be deleted, the key has its old names again, or the log says
 * which it has. rv: of
 * what came between; if that failed, the names that this call created are
 * deleted again, unless another call brought the key its material, which may
 * have been told that the key has these names. */
CK_RV rename_end(struct call *, struct rename *, CK_RV rv);

/* Whether the key could be given that name: an alias can hold it, and no other
 * key has it. An empty name is none, and fine. */
CK_RV rename_check(
    struct call *, const struct key *, enum name_kind, struct view name);
#endif
