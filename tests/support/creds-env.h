#ifndef CREDS_ENV_H
#define CREDS_ENV_H
#include "creds-store.h"

/* What the tests of the sources of credentials share. */
extern struct creds_conf test_creds_conf; /* of the chain */

void test_creds_open(void);
void test_creds_close(void);
/* A folder that is removed at the end. */
const char *test_creds_home(void);
/* An empty environment but for PATH and that HOME, and these files; NULL: none. */
void test_creds_files(const char *credentials, const char *config);

/* What one search came to. */
struct found {
	enum err err;
	struct error_info error;
	char id[129], secret[257], token[4096];
	int64_t expires_ms;
	int64_t took_ms;
};
/* At most ms; profile: chosen by configuration, or NULL. */
struct found *test_creds_find(const char *profile, int64_t ms);
/* Whether the AWS command line finds credentials, in the environment as it is,
 * whose access key id ends with those four characters. */
bool test_creds_awscli(const char *profile, const char *end_of_id);
/* Whether there is one that can be asked. */
bool test_has_awscli(void);
/* Whether these were found; token "": none. */
bool test_creds_are(const struct found *, const char *id, const char *secret,
    const char *token);
/* Whether it failed so, with that in its message. */
bool test_creds_failed(const struct found *, enum err, const char *message);
#endif
