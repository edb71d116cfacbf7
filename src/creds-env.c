#include "creds.h"
#include "env.h"

/* `aws configure export-credentials` says when they end. An environment does
 * not change: whoever set it has to start the program anew. */
static enum err
end_find(
    const struct creds_search *s, struct creds *out, struct error_info *error)
{
	const char *end = env_get("AWS_CREDENTIAL_EXPIRATION");

	if (end == NULL)
		return (ERR_OK);
	if (!creds_read_date(end, &out->expires_ms))
		return (error_info_set(error, ERR_CONFIG,
		    "AWS_CREDENTIAL_EXPIRATION: \"%s\" is not a date", end));
	if (creds_is_past(s, out->expires_ms))
		return (error_info_set(error, ERR_CREDS,
		    "the credentials of the environment ended at %s, by "
		    "AWS_CREDENTIAL_EXPIRATION: set new ones and start the "
		    "program anew",
		    end));
	return (ERR_OK);
}

/* AWS_ACCESS_KEY_ID and its companions */
enum err
creds_env_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const char *id = env_get("AWS_ACCESS_KEY_ID");
	const char *secret = env_get("AWS_SECRET_ACCESS_KEY");
	enum err e;

	if (s->profile_chosen)
		return (ERR_NO_CREDS);
	if (id == NULL && secret == NULL)
		return (ERR_NO_CREDS);
	/* half a pair is a mistake: others' credentials must not step in */
	if (id == NULL || secret == NULL)
		return (error_info_set(error, ERR_CONFIG,
		    "%s is set, %s is not",
		    id != NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
		    id != NULL ? "AWS_SECRET_ACCESS_KEY"
			       : "AWS_ACCESS_KEY_ID"));
	if ((e = end_find(s, out, error)) != ERR_OK)
		return (e);
	return (
	    creds_set(out, id, secret, env_get("AWS_SESSION_TOKEN"), error));
}
