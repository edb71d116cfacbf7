#include <stdlib.h>
#include <openssl/crypto.h>
#include "creds-json.h"

struct creds_json *
creds_json_new(void)
{
	return (calloc(1, sizeof(struct creds_json)));
}

void
creds_json_free(struct creds_json *j)
{
	if (j == NULL)
		return;
	OPENSSL_cleanse(j, sizeof(*j));
	free(j);
}

enum err
creds_json_take(const struct creds_search *s, const struct creds_json *j,
    const char *what, struct creds *out, struct error_info *error)
{
	int64_t ms = 0;
	enum err e;

	if (j->access_key[0] == '\0' || j->secret[0] == '\0')
		return (error_info_set(error, ERR_CREDS, "%s gave no %s", what,
		    j->access_key[0] == '\0' ? "access key id"
					     : "secret access key"));
	if (j->expiration[0] != '\0' && !creds_read_date(j->expiration, &ms))
		return (error_info_set(error, ERR_CREDS,
		    "%s gave credentials that end at \"%s\", which is no date",
		    what, j->expiration));
	if (ms != 0 && creds_is_past(s, ms))
		return (error_info_set(error, ERR_CREDS,
		    "%s gave credentials that ended at %s", what,
		    j->expiration));
	e = creds_set(out, j->access_key, j->secret,
	    j->token[0] != '\0' ? j->token : NULL, error);
	if (e == ERR_CONFIG)
		e = error_info_set(error, ERR_CREDS,
		    "%s gave credentials that are not valid", what);
	out->expires_ms = ms;
	return (e);
}
