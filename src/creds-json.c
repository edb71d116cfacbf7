#include <stdlib.h>
#include <openssl/crypto.h>
#include "creds-json.h"

#define SOON_MS (5 * 60 * 1000)

const struct json_field creds_json_of_machine[] = {
    CREDS_JSON_FIELD(access_key, "AccessKeyId"),
    CREDS_JSON_FIELD(secret, "SecretAccessKey"),
    CREDS_JSON_FIELD(token, "Token"),
    CREDS_JSON_FIELD(expiration, "Expiration"),
    JSON_END,
};

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

static enum err
take(const struct creds_json *j, const char *what, struct creds *out,
    struct error_info *error)
{
	enum err e;

	if (j->access_key[0] == '\0' || j->secret[0] == '\0')
		return (error_info_set(error, ERR_CREDS, "%s gave no %s", what,
		    j->access_key[0] == '\0' ? "access key id"
					     : "secret access key"));
	if (j->expiration[0] != '\0' &&
	    !creds_read_date(j->expiration, &out->expires_ms))
		return (error_info_set(error, ERR_CREDS,
		    "%s gave credentials that end at \"%s\", which is no date",
		    what, j->expiration));
	e = creds_set(out, j->access_key, j->secret,
	    j->token[0] != '\0' ? j->token : NULL, error);
	if (e == ERR_CONFIG)
		e = error_info_set(error, ERR_CREDS,
		    "%s gave credentials that are not valid", what);
	return (e);
}

static bool
have_ended(const struct creds_search *s, const struct creds *c)
{
	return (c->expires_ms != 0 && creds_is_past(s, c->expires_ms));
}

enum err
creds_json_take(const struct creds_search *s, const struct creds_json *j,
    const char *what, struct creds *out, struct error_info *error)
{
	enum err e;

	if ((e = take(j, what, out, error)) == ERR_OK && have_ended(s, out))
		e = error_info_set(error, ERR_CREDS,
		    "%s gave credentials that ended at %s", what,
		    j->expiration);
	return (e);
}

enum err
creds_json_take_new(const struct creds_search *s, const struct creds_json *j,
    const char *what, struct creds *out, struct error_info *error)
{
	const struct clock *clk = s->conf->clock;
	enum err e;

	if ((e = take(j, what, out, error)) == ERR_OK && have_ended(s, out))
		out->expires_ms = clk->wall_ms(clk->ctx) + SOON_MS;
	return (e);
}
