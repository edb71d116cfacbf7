#include "creds.h"
#include "env.h"

/* AWS_ACCESS_KEY_ID and its companions */
enum err
creds_env_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const char *id = env_get("AWS_ACCESS_KEY_ID");
	const char *secret = env_get("AWS_SECRET_ACCESS_KEY");

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
	return (
	    creds_set(out, id, secret, env_get("AWS_SESSION_TOKEN"), error));
}
