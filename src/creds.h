#ifndef CREDS_H
#define CREDS_H
#include "buf.h"
#include "clock.h"
#include "error-info.h"
#include "arena.h"

/* One set of AWS credentials. Never changed once it is shared. */
struct creds {
	char access_key[129];
	struct buf secret;
	struct buf token; /* session token; empty: none */
	int64_t expires_ms; /* on wall_ms's scale; 0: never */
	uint64_t serial; /* of this process: another set, another number */
	const char *source; /* for log lines */
	int refs; /* of the store's */
};

/*
 * A source of credentials: a row of the chain in creds-store.c. Fills in *out,
 * born empty. ERR_NO_CREDS: this source is not configured, ask the next one;
 * any other error ends the search.
 */
struct creds_conf;
typedef enum err creds_load_fn(const struct creds_conf *,
    const struct deadline *, struct creds *out, struct error_info *);
creds_load_fn creds_env_load, creds_profile_load;

/* Where credentials may come from. Strings outlive the store. */
struct creds_conf {
	const char *profile; /* chosen by configuration, else NULL or "" */
	const struct clock *clock;
	struct arena *arena; /* secrets are kept in it */
	creds_load_fn *load; /* NULL: the chain. Tests hand in their own. */
};

/* For sources: takes over an access key, a secret and a token (NULL: none).
 * ERR_CONFIG when one does not fit or has a character it cannot have. */
enum err creds_set(struct creds *, const char *access_key, const char *secret,
    const char *token, struct error_info *);

#endif
