#ifndef STS_H
#define STS_H
#include "creds.h"

/* A request to AWS STS that gives credentials. */
struct sts_request {
	const char *action; /* "AssumeRole" */
	struct view form; /* its parameters, but Action and Version */
	const struct creds *creds; /* signs it; NULL: it is not signed */
};

/* The endpoint is that of the profile in use. ERR_CREDS when STS refuses,
 * ERR_CREDS_SERVICE, ERR_CONFIG, ERR_MEMORY. */
enum err sts_get_credentials(const struct creds_search *,
    const struct sts_request *, struct creds *out, struct error_info *);
/* The name of a role's session: that one, or one of ours for NULL. ERR_CONFIG
 * when it is too long. */
enum err sts_session_name(const struct creds_search *, const char *name,
    char *out, size_t size, struct error_info *);
#endif
