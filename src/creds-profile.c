#include "creds.h"
#include "profile.h"

#define ID "aws_access_key_id"
#define SECRET "aws_secret_access_key"

/* Static keys of one of the profile's two files; never half from each. */
static enum err
static_keys(const struct ini *ini, const char *section, const char *name,
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
creds_profile_load(const struct creds_conf *conf, const struct deadline *d,
    struct creds *out, struct error_info *error)
{
	struct profile p = PROFILE_INIT;
	enum err e;

	(void)d;
	if ((e = profile_open(conf->profile, &p, error)) == ERR_OK &&
	    (e = static_keys(&p.credentials, p.name, p.name, out, error)) ==
		ERR_NO_CREDS)
		e = static_keys(&p.config, p.section, p.name, out, error);
	profile_close(&p);
	return (e);
}
