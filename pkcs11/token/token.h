#ifndef TOKEN_H
#define TOKEN_H
#include <pthread.h>
#include "client.h"
#include "config/config.h"
#include "cryptoki/cryptoki.h"
#include "end-warnings.h"
#include "listing-turn.h"
#include "object-table.h"
#include "pubkey-cache.h"
#include "replicas.h"
#include "store.h"

#define TOKEN_PIN_MIN 4 /* bytes, with login = required */
#define TOKEN_PIN_MAX 255
#define SERIAL_LEN 16 /* CK_TOKEN_INFO */

/*
 * Certificates: those of the token, which are in the configured directory,
 * and session objects. One of the token that no name was given has the id and
 * the label of the KMS key that it certifies; without such a key the SHA-1 of
 * its public key and the subject's common name.
 */
struct certs {
	pthread_mutex_t lock; /* held while the directory is read */
	uint64_t stamp; /* of the directory as it was read last; 0: never */
	int64_t pubkeys_fetched_ms; /* all of them, last; 0: never */
};

/* One account and Region, seen through one section of the configuration. */
struct token {
	CK_SLOT_ID slot;
	const struct config_token *config;
	struct client *client; /* NULL: no Region, or a setting not valid */
	char why_absent[320]; /* why there is no client, in words */
	char serial[SERIAL_LEN +
		    1]; /* hex, of endpoint, Region, profile, label */
	char *state; /* its directory; NULL: no place for one */
	struct store store; /* keys in KMS */
	struct listing_turn listing; /* of all of them */
	struct object_table objects; /* what is kept here */
	struct pubkey_cache pubkeys;
	struct end_warnings end_warnings;
	struct regions regions; /* of replicas */
	/* the state directories of tokens of these Regions; may be NULL */
	char *region_states[REGIONS_MAX];
	struct client_conf conf; /* of clients of other Regions */
	struct certs certs;
	bool logged_in; /* under the sessions' lock */
};

/* What all tokens share; it outlives them. */
struct token_setup {
	const struct crypto *crypto;
	const struct clock *clock;
	struct log *log;
	struct arena *arena; /* for keys that are kept here */
	const char *file; /* the configuration's; NULL: none */
	const char *state; /* directory of the tokens' state; NULL: none */
	const char *when; /* for the log: "C_Initialize" */
	CK_OBJECT_HANDLE *last_object; /* the counter of handles, atomic */
	bool no_threads; /* no library may start threads */
};
/* t->config is set before. Never fails for what the configuration says: a token
 * that cannot be used is one that is not present, and the log says why.
 * ERR_MEMORY. */
enum err token_open(struct token *, const struct token_setup *);
void token_close(struct token *);
/* In a forked child, where the token's client was abandoned: opens one of its
 * own, as token_open() does. ERR_MEMORY also where the process has no file
 * descriptor left: the next call tries again. */
enum err token_reopen(struct token *, const struct token_setup *);
/* A client of another Region with the token's credentials, to be closed with
 * client_close(). No network. */
enum err token_open_region(const struct token *, const char *region,
    struct client **, struct error_info *);

/* Whether its slot shows CKF_REMOVABLE_DEVICE. */
bool token_is_removable(const struct token *);
void token_slot_info(const struct token *, CK_SLOT_INFO *);
/* All but the numbers of sessions. */
/* Whether the AWS role wants a code of an MFA device now. No network. */
bool token_needs_code(const struct token *);
void token_info(const struct token *, CK_TOKEN_INFO *);
/* Fills a fixed field of the standard's: padded with blanks, no NUL. */
void token_pad(CK_UTF8CHAR *field, size_t size, const char *s);
#endif
