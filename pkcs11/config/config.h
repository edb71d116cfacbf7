#ifndef CONFIG_H
#define CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cryptoki/cryptoki.h"
#include "err.h"

#define TOKEN_LABEL_MAX 32 /* CK_TOKEN_INFO */
#define SLOT_MAX 0x7fffffff /* programs keep slot ids in an int */

/* Words of keyferry.conf(5), in the order of config.c. */
enum config_login { LOGIN_NONE, LOGIN_REQUIRED };
enum config_show { SHOW_USABLE, SHOW_ALL };
enum config_destroy { DESTROY_DELETE_MATERIAL, DESTROY_SCHEDULE_DELETION };
enum config_destroy_generated {
	DESTROY_GENERATED_SCHEDULE_DELETION,
	DESTROY_GENERATED_REFUSE
};
enum config_two_usages {
	TWO_USAGES_PREFER,
	TWO_USAGES_BOTH,
	TWO_USAGES_REFUSE
};
enum config_generate { GENERATE_NO, GENERATE_NAMED, GENERATE_YES };

/* One [token NAME] section. Strings are NULL where nothing is said. */
struct config_token {
	char label[TOKEN_LABEL_MAX + 1]; /* NAME */
	/* CK_SLOT_ID: of the option, else of the name; no two are equal */
	long slot;
	char *region, *profile, *endpoint, *ca_bundle;
	char *certificates; /* directory of certificates; NULL: none */
	enum config_login login;
	bool removable; /* the slot shows CKF_REMOVABLE_DEVICE */
	enum config_show show;
	/* the selection of keys, and those that may be filled with material:
	 * see key-list.h; NULL: all keys, none vouched for */
	char *keys;
	bool adopt; /* any key that waits for material may be filled */
	enum config_generate generate; /* templates for which KMS makes a key */
	/* CKA_EC_POINT of every curve is shown in an OCTET STRING */
	bool octet_string_points;
	bool aes_cbc_pad; /* serve CKM_AES_CBC_PAD with KMS's ciphertext */
	enum config_destroy destroy; /* what C_DestroyObject does */
	/* the same for keys whose material KMS made */
	enum config_destroy_generated destroy_generated;
	long deletion_days; /* ScheduleKeyDeletion's window */
	/* days until imported material expires, where nothing else says it;
	 * 0: it does not expire */
	long valid_days;
	/* the same for what comes in by a renewal pair; 0: it keeps its end */
	long renewal_days;
	long warn_days; /* before the end, the log warns of it; 0: never */
	/* WrappingAlgorithm of import pairs; NULL: by the key */
	const char *wrapping;
	long wrapping_bits; /* size of their wrapping keys */
	char *import_sets; /* directory of sets that travel; NULL: none */
	char *tags; /* of new keys: see tag-list.h; NULL: none */
	char *description; /* of new keys; NULL: none */
	char *policy; /* file of their key policy; NULL: KMS's default */
	char *replicas; /* Regions that multi-Region keys go to as well */
	bool multi_region; /* new keys are multi-Region; so with replicas */
	enum config_two_usages two_usages; /* what asks for two gets this */
	const char *import; /* KeySpec of what import pairs are made for */
	long timeout; /* seconds for a call */
	long import_timeout; /* seconds for one that imports */
	long list_timeout; /* seconds for listing all keys */
	long refresh; /* seconds that a listing of keys stays good */
	/* seconds for which KMS must say the same before a name is deleted */
	long settle;
	/* why the token cannot be used: an option that looks misspelt; NULL:
	 * it can */
	char *fault;
};

/* keyferry.conf, or what stands for it without one. */
struct config {
	char *log; /* log_open()'s spec */
	char *state; /* directory for import tokens and unfinished imports */
	bool fips; /* use OpenSSL's FIPS provider */
	char *fips_config; /* file of `openssl fipsinstall`; NULL: OpenSSL's */
	char *file; /* that was read; NULL: none */
	/* to be told the log: lines, each ended by a newline; NULL: none */
	char *notes;
	bool digests; /* name digests in the mechanism list */
	struct config_token *tokens;
	size_t token_count; /* at least 1 */
	size_t token_cap;
};

/* How an option's value is written, and what holds it. */
enum option_kind {
	OPTION_STRING, /* char *: any text; high: its bytes at most; 0: any */
	OPTION_LOG, /* char *: log_open()'s spec */
	OPTION_PATH, /* char *: a path, "~/" being the user's home */
	OPTION_KEYS, /* char *: selectors of keys: see key-list.h */
	OPTION_TAGS, /* char *: tags: see tag-list.h */
	OPTION_BOOL, /* bool: yes or no */
	OPTION_NUMBER, /* long: from low to high */
	OPTION_CHOICE, /* an enum: the word's place among the words */
	OPTION_NAME, /* const char *: one of the words itself */
	OPTION_SIZE, /* long: one of the words, which are numbers */
};

/* One option of keyferry.conf is one row. */
struct option {
	const char *name;
	enum option_kind kind;
	size_t at; /* offset in struct config, or in struct config_token */
	/* the value without a line for it, as the file would have it; NULL:
	 * none, or one that is no text (the manual says which) */
	const char *standard;
	const char *const *words; /* those it can be, NULL behind them */
	long low, high;
};

/* A row with name NULL ends each. */
extern const struct option module_options[]; /* of struct config */
extern const struct option token_options[]; /* of struct config_token */

/* The row of that name, or NULL. */
const struct option *option_find(const struct option *, const char *name);
/* Sets the option in base. ERR_CONFIG: it cannot have that value. */
enum err option_set(const struct option *, void *base, const char *value);
/* The option whose name is at most two letters away from it, or NULL. */
const struct option *option_near(const struct option *, const char *name);
/* Says in words what values the option can have. */
void option_say_values(const struct option *, char *text, size_t size);
/* Sets all options as they are without a file. */
enum err options_set_standard(const struct option *, void *base);
/* Leaves nothing to free. */
void config_free(struct config *);
#endif
