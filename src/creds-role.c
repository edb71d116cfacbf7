#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "creds-http.h"
#include "creds-mfa.h"
#include "sts.h"

#define FORM_MAX 16384
#define CHAIN_MAX 16 /* of roles that are taken one through the other */

/* The profiles on the way to this one. */
struct way {
	const char *name;
	const struct way *before;
	int length;
};

static const struct {
	const char *name;
	creds_load_fn *load;
} sources[] = {
    {"Environment", creds_env_load},
    {"EcsContainer", creds_container_load},
    {"Ec2InstanceMetadata", creds_imds_load},
};

static bool
is_role(const struct profile *p)
{
	return (profile_get(p, "role_arn") != NULL &&
		profile_get(p, "web_identity_token_file") == NULL);
}

static bool
has_keys(const struct profile *p)
{
	return (profile_get(p, "aws_access_key_id") != NULL ||
		profile_get(p, "aws_secret_access_key") != NULL);
}

static bool
is_on(const struct way *w, const char *name)
{
	for (; w != NULL; w = w->before)
		if (strcmp(w->name, name) == 0)
			return (true);
	return (false);
}

static enum err role_load(struct creds_search *, const struct way *,
    struct creds *, struct error_info *);

static enum err
named_source_load(struct creds_search *s, const char *name, struct creds *out,
    struct error_info *error)
{
	struct creds_search inner = *s;
	enum err e = ERR_CONFIG;
	size_t i = 0, count = sizeof(sources) / sizeof(sources[0]);

	inner.profile_chosen = false; /* the environment is asked for */
	while (i < count && strcmp(sources[i].name, name) != 0)
		i++;
	if (i == count)
		return (error_info_set(error, e,
		    "profile \"%s\": credential_source = %s is not one of "
		    "Environment, Ec2InstanceMetadata, EcsContainer",
		    s->profile->name, name));
	if ((e = sources[i].load(&inner, out, error)) == ERR_NO_CREDS)
		e = error_info_set(error, ERR_CREDS,
		    "profile \"%s\": there are no credentials where "
		    "credential_source = %s says",
		    s->profile->name, name);
	return (e);
}

static enum err
source_profile_load(struct creds_search *s, const char *name,
    const struct way *way, struct creds *out, struct error_info *error)
{
	struct profile other;
	struct creds_search inner = *s;
	const struct way here = {name, way, way->length + 1};
	enum err e;

	if (profile_other(s->profile, name, &other, NULL) != ERR_OK)
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": source_profile = %s is in neither the "
		    "config nor the credentials file%s",
		    s->profile->name, name,
		    profile_misplaced(s->profile, name)));
	/* one that names itself gives its keys */
	if (here.length > CHAIN_MAX ||
	    (is_on(way, name) &&
		(strcmp(name, s->profile->name) != 0 || !has_keys(&other))))
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": source_profile = %s leads back to a "
		    "profile that is being resolved",
		    s->profile->name, name));
	inner.profile = &other;
	inner.profile_chosen = true;
	if (is_role(&other) && !has_keys(&other))
		return (role_load(&inner, &here, out, error));
	if ((e = inner.load_profile(&inner, out, error)) == ERR_NO_CREDS)
		e = error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": source_profile = %s has no credentials",
		    s->profile->name, name);
	return (e);
}

static enum err
source_load(struct creds_search *s, const struct way *way, struct creds *out,
    struct error_info *error)
{
	const char *profile = profile_get(s->profile, "source_profile");
	const char *named = profile_get(s->profile, "credential_source");

	if ((profile != NULL) == (named != NULL))
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\" has role_arn and %s source_profile %s "
		    "credential_source: set one of them",
		    s->profile->name, profile != NULL ? "both" : "neither",
		    profile != NULL ? "and" : "nor"));
	return (profile != NULL
		    ? source_profile_load(s, profile, way, out, error)
		    : named_source_load(s, named, out, error));
}

/* What AWS would refuse without saying which setting is meant. */
static enum err
check_settings(const struct profile *p, struct error_info *error)
{
	const char *arn = profile_get(p, "role_arn");
	const char *external = profile_get(p, "external_id");
	const char *duration = profile_get(p, "duration_seconds");
	char *end = NULL;

	if (strlen(arn) < 20)
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": role_arn = %s is not the ARN of a role",
		    p->name, arn));
	if (external != NULL && strlen(external) < 2)
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": external_id is shorter than two "
		    "characters",
		    p->name));
	if (duration != NULL &&
	    (strtol(duration, &end, 10) < 900 || *end != '\0'))
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": duration_seconds = %s is not a number of "
		    "seconds from 900",
		    p->name, duration));
	return (ERR_OK);
}

static enum err
form_make(struct creds_search *s, struct buf *form, struct error_info *error)
{
	const struct profile *p = s->profile;
	const struct {
		const char *name, *setting;
	} more[] = {{"ExternalId", "external_id"},
	    {"DurationSeconds", "duration_seconds"}};
	const char *serial = profile_get(p, "mfa_serial"), *value;
	char name[65];
	enum err e;

	if ((e = sts_session_name(s, profile_get(p, "role_session_name"), name,
		 sizeof(name), error)) != ERR_OK ||
	    (e = form_put(form, "RoleArn", profile_get(p, "role_arn"))) !=
		ERR_OK ||
	    (e = form_put(form, "RoleSessionName", name)) != ERR_OK)
		return (e);
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++)
		if ((value = profile_get(p, more[i].setting)) != NULL &&
		    (e = form_put(form, more[i].name, value)) != ERR_OK)
			return (e);
	if (serial == NULL)
		return (ERR_OK);
	if ((e = form_put(form, "SerialNumber", serial)) != ERR_OK)
		return (e);
	return (form_put(form, "TokenCode", s->code));
}

/* ERR_NO_CREDS: there is no session yet, but a code for one. */
static enum err
session_load(struct creds_search *s, const char *serial, struct creds *out,
    struct error_info *error)
{
	enum err e = creds_mfa_load(s, out, error);

	if (e != ERR_NO_CREDS || s->code != NULL)
		return (e);
	return (error_info_set(error, ERR_CREDS,
	    "profile \"%s\" needs a code of the MFA device %s: log in with it "
	    "as the PIN, or use the profile once with the AWS command line",
	    s->profile->name, serial));
}

static enum err
role_load(struct creds_search *s, const struct way *way, struct creds *out,
    struct error_info *error)
{
	const char *serial = profile_get(s->profile, "mfa_serial");
	struct creds source = creds_empty(s->conf->arena);
	struct buf form = BUF_INIT(FORM_MAX);
	struct sts_request r = {.action = "AssumeRole", .creds = &source};
	enum err e;

	if (!is_role(s->profile))
		return (ERR_NO_CREDS);
	if ((e = check_settings(s->profile, error)) != ERR_OK)
		goto out;
	if (serial != NULL &&
	    (e = session_load(s, serial, out, error)) != ERR_NO_CREDS)
		goto out;
	if ((e = source_load(s, way, &source, error)) != ERR_OK ||
	    (e = form_make(s, &form, error)) != ERR_OK)
		goto out;
	r.form = buf_view(&form);
	e = sts_get_credentials(s, &r, out, error);
	/* where it cannot be kept, it is used all the same */
	if (e == ERR_OK && serial != NULL)
		(void)creds_mfa_keep(s, out, NULL);
out:
	buf_free(&form);
	creds_wipe(&source);
	return (e);
}

enum err
creds_role_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const struct way here = {s->profile->name, NULL, 1};

	return (role_load(s, &here, out, error));
}

bool
creds_role_needs_code(struct creds_search *s)
{
	struct creds unused = creds_empty(s->conf->arena);
	struct profile p = *s->profile;
	struct creds_search inner = *s;
	const char *next;
	bool needs = false;

	inner.profile = &p;
	for (int i = 0; i < CHAIN_MAX && is_role(&p) && !needs; i++) {
		if (profile_get(&p, "mfa_serial") != NULL) {
			needs = creds_mfa_load(&inner, &unused, NULL) != ERR_OK;
			break;
		}
		next = profile_get(&p, "source_profile");
		if (next == NULL || strcmp(next, p.name) == 0 ||
		    profile_other(s->profile, next, &p, NULL) != ERR_OK)
			break;
	}
	creds_wipe(&unused);
	return (needs);
}
