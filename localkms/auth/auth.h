#ifndef LOCALKMS_AUTH_H
#define LOCALKMS_AUTH_H
#include <stdbool.h>
#include "http/web.h"
#include "message/exception.h"
#include "store/store.h"

/*
 * Verifies the SigV4 signature of a request as AWS does, with AWS's exceptions.
 * There is one user, whose credentials the store generated; sessions come from
 * STS.
 */
struct auth;

#define AUTH_ACCESS_SIZE 129
#define AUTH_SECRET_SIZE 129

/* The caller, as the signature names it. */
struct caller {
	char region[KEY_REGION_SIZE];
	char access_key[160];
	char arn[512];
};

/* NULL: no memory, or the store does not give its secrets. */
struct auth *auth_open(struct store *, const char *account);
void auth_close(struct auth *);
/* Sets other credentials than the store's, before the first request, as
 * "ID:SECRET". False: not of that form. */
bool auth_set(struct auth *, const char *credentials);
const char *auth_access_key(const struct auth *);
const char *auth_secret_key(const struct auth *);
/* The secret that session tokens are derived from: SESSION_SECRET_SIZE
 * bytes. */
const uint8_t *auth_session_secret(const struct auth *);

/* wall_ms: the front end's time. service: "kms" or "sts". */
bool auth_check(struct auth *, const struct web_request *, const char *service,
    int64_t wall_ms, struct caller *, struct exception *);
#endif
