#ifndef CREDS_H
#define CREDS_H
#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "crypto.h"
#include "error-info.h"
#include "http.h"
#include "profile.h"

/* One set of AWS credentials. Never changed once it is shared. */
struct creds {
	char access_key[129];
	struct buf secret;
	struct buf token; /* session token; empty: none */
	int64_t expires_ms; /* on wall_ms's scale; 0: never */
	int64_t renew_ms; /* when to look for others, on the same scale */
	uint64_t serial; /* of this process: another set, another number */
	const char *source; /* for log lines */
	int refs; /* of the store's */
};
/* Empty, with the ceilings of what may come. arena: of the secret key. */
struct creds creds_empty(struct arena *);
/* Wipes and frees what it owns. */
void creds_wipe(struct creds *);

/* Where credentials may come from. Strings outlive the store. */
struct creds_search;
typedef enum err creds_load_fn(
    struct creds_search *, struct creds *out, struct error_info *);
struct creds_conf {
	const char *profile; /* chosen by configuration, else NULL or "" */
	const struct clock *clock;
	struct arena *arena; /* secrets are kept in it */
	const struct crypto *crypto;
	struct http *http; /* for services that give credentials */
	const char *region; /* of the service that they are for */
	const _Atomic int64_t *skew_ms; /* AWS's clock minus ours */
	creds_load_fn *load; /* creds_chain_load, or a test's own */
};

/* One search for credentials: what a source may use. */
struct creds_search {
	const struct creds_conf *conf;
	const struct deadline *deadline;
	/* The profile was chosen by configuration: what happens to be in the
	 * environment does not count. */
	bool profile_chosen;
	/* of an MFA device, for a role that wants one; NULL: there is none */
	const char *code;
	const struct profile *profile; /* the one in use */
	creds_load_fn *load_profile; /* what that has itself, but for roles */
};

/*
 * A source of credentials: a row of the chain in creds-chain.c. Fills in *out,
 * born empty. ERR_NO_CREDS: this source is not configured, ask the next one;
 * any other error ends the search, and says in *error what to do about it.
 */
creds_load_fn creds_env_load, creds_process_load, creds_config_file_load,
    creds_credentials_file_load, creds_role_load, creds_web_identity_load,
    creds_sso_load, creds_login_load, creds_container_load, creds_imds_load;
/* All of them, in their order. */
creds_load_fn creds_chain_load;
/* Whether the role that the profile names wants a code of an MFA device, and
 * nobody has got a session with one yet. No network. */
bool creds_needs_code(const struct creds_conf *);
/* The same of the profile in use, for the chain. */
bool creds_role_needs_code(struct creds_search *);
/* For sources: takes over an access key, a secret and a token (NULL: none).
 * ERR_CONFIG when one does not fit or has a character it cannot have. */
enum err creds_set(struct creds *, const char *access_key, const char *secret,
    const char *token, struct error_info *);
/* Not empty, and nothing in it that would end a header's line. */
bool creds_is_plain(const char *);
/* When they end, as AWS writes it: "2026-01-31T23:59:59Z", also with parts of a
 * second, with "UTC" or with "+01:00". False: it is no such date. */
bool creds_read_date(const char *, int64_t *ms);
/* The other way round, to the second: "2026-01-31T23:59:59Z". */
#define CREDS_DATE_SIZE 32
void creds_write_date(int64_t ms, char out[CREDS_DATE_SIZE]);
/* A date that has passed, by this machine's clock. */
bool creds_is_past(const struct creds_search *, int64_t ms);

#endif
