#ifndef CREDS_CACHE_H
#define CREDS_CACHE_H
#include "creds.h"

/*
 * A file of JSON in a folder that the AWS command line keeps, "DIGEST.json" of
 * a text. Nobody but root and the user can have written it, or it is refused.
 */
struct creds_cache {
	const char *folder; /* "~/.aws/sso/cache" */
	const char *digest; /* "SHA1", "SHA256" */
	const char *text; /* what the file is for */
};

/* Appends what is in it. *found: there is one. ERR_UNTRUSTED, ERR_CREDS, with
 * the reason in *error. */
enum err creds_cache_read(const struct creds_search *,
    const struct creds_cache *, bool *found, struct buf *, struct error_info *);
/* Puts that there, with mode 0600. The folder is made when it is missing. */
enum err creds_cache_write(const struct creds_search *,
    const struct creds_cache *, struct view, struct error_info *);
#endif
