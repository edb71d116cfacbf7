#include "creds.h"

/*
 * In the order of AWS's SDKs: the first that is configured is the one, and what
 * is wrong with it is said rather than passed over.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
static const struct {
	const char *name;
	creds_load_fn *load;
} chain[] = {
    {"environment", creds_env_load},
    {"credentials file", creds_credentials_file_load},
    {"credential_process", creds_process_load},
    {"config file", creds_config_file_load},
};

static enum err
chain_load(struct creds_search *s, struct creds *out, struct error_info *error)
{
	enum err e;

	for (size_t i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		out->source = chain[i].name;
		if ((e = chain[i].load(s, out, error)) != ERR_NO_CREDS)
			return (e);
	}
	return (error_info_set(error, ERR_NO_CREDS,
	    "no AWS credentials in the environment or in profile \"%s\"",
	    s->profile->name));
}

enum err
creds_chain_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	struct profile p = PROFILE_INIT;
	enum err e;

	if ((e = profile_open(s->conf->profile, &p, error)) == ERR_OK) {
		s->profile = &p;
		e = chain_load(s, out, error);
	}
	s->profile = NULL;
	profile_close(&p);
	return (e);
}
