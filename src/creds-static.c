#include "creds.h"

#define ID "aws_access_key_id"
#define SECRET "aws_secret_access_key"

/* The keys that one of the profile's two files has; never half from each. */
static enum err
keys_load(const struct ini *ini, const char *section, const char *name,
    struct creds *out, struct error_info *error)
{
	const char *id, *secret, *token;

	if (section == NULL)
		return (ERR_NO_CREDS);
	id = ini_get(ini, section, "", ID);
	secret = ini_get(ini, section, "", SECRET);
	token = ini_get(ini, section, "", "aws_session_token");
	if (id == NULL && secret == NULL)
		return (ERR_NO_CREDS);
	if (id == NULL || secret == NULL || id[0] == '\0' || secret[0] == '\0')
		return (error_info_set(error, ERR_CONFIG,
		    "AWS profile \"%s\" has only one of %s and %s", name, ID,
		    SECRET));
	return (creds_set(out, id, secret,
	    token != NULL && token[0] != '\0' ? token : NULL, error));
}

enum err
creds_credentials_file_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const struct profile *p = s->profile;

	return (keys_load(&p->credentials, p->name, p->name, out, error));
}

enum err
creds_config_file_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const struct profile *p = s->profile;

	return (keys_load(&p->config, p->section, p->name, out, error));
}
