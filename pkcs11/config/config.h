#ifndef CONFIG_H
#define CONFIG_H
#include <stdbool.h>
#include <stdint.h>
#include "cryptoki/cryptoki.h"
#include "error-info.h"

#define TOKEN_LABEL_MAX 32 /* CK_TOKEN_INFO */

/* One [token NAME] section. Strings are NULL where nothing is said; those
 * that are const are one of a few words. */
struct config_token {
	char label[TOKEN_LABEL_MAX + 1]; /* NAME */
	char *region, *profile, *endpoint, *ca_bundle;
	char *certificates; /* directory of certificates; NULL: none */
	const char *login; /* "none" or "required" */
	bool aes_cbc_pad; /* serve CKM_AES_CBC_PAD with KMS's ciphertext */
	const char *show; /* "usable" keys, or "all" */
	const char *destroy; /* "delete-material" or "schedule-deletion" */
	long deletion_days; /* ScheduleKeyDeletion's window */
	const char
	    *wrapping; /* WrappingAlgorithm of import pairs, by default */
	const char *wrapping_bits; /* and their size */
	char *replicas; /* Regions that multi-Region keys go to as well */
	bool multi_region; /* new keys are multi-Region; so with replicas */
	const char *two_usages; /* "prefer", "both" or "refuse" */
	const char *import; /* KeySpec of what import pairs are made for */
	long timeout; /* seconds for a call */
	long import_timeout; /* seconds for one that imports */
	long list_timeout; /* seconds for listing all keys */
	long refresh; /* seconds that a listing of keys stays good */
};

/* keyferry.conf, or what stands for it without one. */
struct config {
	char *log; /* log_open()'s spec */
	char *state; /* directory for import tokens and unfinished imports */
	bool digests; /* name digests in the mechanism list */
	struct config_token *tokens;
	size_t token_count; /* at least 1 */
};

/*
 * Finds and reads the file: $KEYFERRY_CONFIG, else init_args ("config=PATH",
 * may be NULL), else the user's, else the system's. *error tells what is wrong
 * when it returns ERR_CONFIG or ERR_FILE. On failure nothing is left to free.
 */
enum err config_load(
    const char *init_args, struct config *, struct error_info *);
void config_free(struct config *);
#endif
