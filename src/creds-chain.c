#include "creds.h"

/*
 * In the order of AWS's SDKs: the first that is configured is the one, and what
 * is wrong with it is said rather than passed over.
 * https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
static const struct {
	const char *name;
	creds_load_fn *load;
	bool of_profile; /* a source_profile may have them, too */
} chain[] = {
    {"environment", creds_env_load, false},
    {"role", creds_role_load, false},
    {"web identity", creds_web_identity_load, true},
    {"IAM Identity Center", creds_sso_load, true},
    {"credentials file", creds_credentials_file_load, true},
    {"aws login", creds_login_load, true},
    {"credential_process", creds_process_load, true},
    {"config file", creds_config_file_load, true},
    {"container", creds_container_load, false},
    {"instance metadata", creds_imds_load, false},
};

static enum err
load(struct creds_search *s, bool of_profile, struct creds *out,
    struct error_info *error)
{
	enum err e;

	for (size_t i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		if (of_profile && !chain[i].of_profile)
			continue;
		out->source = chain[i].name;
		if ((e = chain[i].load(s, out, error)) != ERR_NO_CREDS)
			return (e);
	}
	return (error_info_set(error, ERR_NO_CREDS,
	    "no AWS credentials in the environment, in profile \"%s\" or from "
	    "this machine%s",
	    s->profile->name, profile_misplaced(s->profile, s->profile->name)));
}

static enum err
profile_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	return (load(s, true, out, error));
}

enum err
creds_chain_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	struct profile p = PROFILE_INIT;
	enum err e;

	if ((e = profile_open(s->conf->profile, &p, error)) == ERR_OK) {
		s->profile = &p;
		s->load_profile = profile_load;
		e = load(s, false, out, error);
	}
	s->profile = NULL;
	profile_close(&p);
	return (e);
}

bool
creds_needs_code(const struct creds_conf *conf)
{
	struct creds_search s = {.conf = conf,
	    .profile_chosen = conf->profile != NULL &&
			      conf->profile[0] != '\0'};
	struct creds keys = creds_empty(conf->arena);
	struct profile p = PROFILE_INIT;
	bool needs = false;

	if (profile_open(conf->profile, &p, NULL) == ERR_OK) {
		s.profile = &p;
		needs = creds_env_load(&s, &keys, NULL) == ERR_NO_CREDS &&
			creds_role_needs_code(&s);
	}
	creds_wipe(&keys);
	profile_close(&p);
	return (needs);
}
