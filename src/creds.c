#include <string.h>
#include "creds.h"

/* An access key goes into a header and so does a token: nothing there may end
 * the line. */
static bool
plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return (false);
	return (true);
}

enum err
creds_set(struct creds *c, const char *access_key, const char *secret,
    const char *token, struct error_info *error)
{
	enum err e;

	if (strlen(access_key) >= sizeof(c->access_key) || !plain(access_key) ||
	    (token != NULL && !plain(token)))
		return (error_info_set(error, ERR_CONFIG,
		    "the AWS access key id or session token is not valid"));
	strcpy(c->access_key, access_key);
	if ((e = buf_puts(&c->secret, secret)) != ERR_OK ||
	    (token != NULL && (e = buf_puts(&c->token, token)) != ERR_OK))
		return (
		    e == ERR_TOO_BIG
			? error_info_set(error, ERR_CONFIG,
			      "the AWS secret key or session token is too long")
			: e);
	return (ERR_OK);
}
