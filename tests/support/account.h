#ifndef ACCOUNT_H
#define ACCOUNT_H
#include <stddef.h>
#include "kms.h"

/*
 * A look at the keys themselves, past the module, by the project's own KMS
 * client. It shares counters and faults with the module: clear faults first.
 */

/* One key as KMS sees it. */
struct account_key {
	char id[KMS_ID_SIZE], state[KMS_WORD_SIZE], origin[KMS_WORD_SIZE];
	char spec[KMS_WORD_SIZE], usage[KMS_WORD_SIZE];
	char expiration_model[KMS_WORD_SIZE];
	double valid_to;
};
#define ACCOUNT_MAX 256
struct account {
	struct account_key keys[ACCOUNT_MAX];
	size_t count;
};
void account_read(struct account *);
/* How many keys are in that state. */
size_t account_in(const struct account *, const char *state);
/* The key behind an alias ("alias/x"); false: there is none. */
bool account_alias(const char *alias, struct account_key *);
/* Whether the alias leads to any key; to the key of that id. */
bool account_has_alias(const char *alias);
bool account_leads_to(const char *alias, const char *key_id);
/* A key with material of KMS's, and an alias if there is to be one ("alias/x",
 * may be NULL); ends the program when that fails. Its id, in static memory:
 * four at a time. */
const char *account_make(
    const char *spec, const char *usage, const char *alias);
/* A KMS client of the test's own; NULL deadline of 30 seconds. */
struct kms account_kms(void);
#endif
