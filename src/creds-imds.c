#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "creds-http.h"
#include "creds-json.h"
#include "endpoint.h"
#include "env.h"

#define IPV4 "http://169.254.169.254"
#define IPV6 "http://[fd00:ec2::254]"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN_SECONDS "21600"
#define TRY_MS 1000
#define NAME_MAX_LEN 256
#define WHAT "the instance metadata service"

/* One that failed says so with status 200. */
struct complaint {
	char code[64], message[160];
};
static const struct json_field complaint_fields[] = {
    JSON_FIELD(struct complaint, code, "Code", WORD),
    JSON_FIELD(struct complaint, message, "Message", WORD),
    JSON_END,
};

struct imds {
	struct creds_search *search;
	char base[300]; /* without a "/" at its end */
	int tries;
	int64_t timeout_ms;
	struct buf token; /* a header, or empty: version 1 */
	struct creds_http http;
};

/* The environment, then the profile. */
static const char *
setting(const struct creds_search *s, const char *variable, const char *key)
{
	const char *value = env_get(variable);

	return (value != NULL ? value : profile_get(s->profile, key));
}

/* A number from 1 on, else usual. */
static long
number(const struct creds_search *s, const char *variable, const char *key,
    long usual)
{
	const char *value = setting(s, variable, key);
	long n = value != NULL ? strtol(value, NULL, 10) : usual;

	return (n >= 1 && n <= 60 ? n : usual);
}

static enum err
base_find(struct imds *i, struct error_info *error)
{
	const char *url = setting(i->search,
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
	    "ec2_metadata_service_endpoint");
	const char *mode = setting(i->search,
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	    "ec2_metadata_service_endpoint_mode");
	size_t n;

	if (url == NULL && mode != NULL && strcasecmp(mode, "ipv4") != 0 &&
	    strcasecmp(mode, "ipv6") != 0)
		return (error_info_set(error, ERR_CONFIG,
		    "ec2_metadata_service_endpoint_mode = %s is neither IPv4 "
		    "nor IPv6",
		    mode));
	if (url == NULL)
		url = mode != NULL && strcasecmp(mode, "ipv6") == 0 ? IPV6
								    : IPV4;
	n = strlen(url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	if ((strncasecmp(url, "http://", 7) != 0 &&
		strncasecmp(url, "https://", 8) != 0) ||
	    (size_t)snprintf(i->base, sizeof(i->base), "%.*s", (int)n, url) >=
		sizeof(i->base))
		return (error_info_set(error, ERR_CONFIG,
		    "ec2_metadata_service_endpoint = %s is not an address",
		    url));
	return (ERR_OK);
}

static enum err
send_it(struct imds *i, const char *method, struct view headers,
    const char *path, const char *name, struct error_info *error)
{
	char url[1024];

	if ((size_t)snprintf(url, sizeof(url), "%s%s%s", i->base, path, name) >=
	    sizeof(url))
		return (ERR_INTERNAL);
	i->http.what = WHAT;
	i->http.tries = i->tries;
	i->http.request = (struct http_request){.method = method,
	    .url = url,
	    .headers = headers,
	    .timeout_ms = i->timeout_ms,
	    /* so that it is known whether anybody was there */
	    .not_idempotent = true,
	    .direct = true};
	return (creds_http_send(i->search, &i->http, error));
}

/* A line of text that can stand in a header or in a path. */
static bool
line_take(const struct buf *b, char *out, size_t size)
{
	size_t n = 0;

	while (n < b->len && b->ptr[n] > ' ' && b->ptr[n] <= '~')
		n++;
	if (n == 0 || n >= size)
		return (false);
	memcpy(out, b->ptr, n);
	out[n] = '\0';
	return (true);
}

/* Where there is none to be had, version 1 is asked, unless that is off. */
static enum err
token_get(struct imds *i, struct error_info *error)
{
	static const char ttl[] =
	    "x-aws-ec2-metadata-token-ttl-seconds: " TOKEN_SECONDS;
	const char *off = setting(i->search, "AWS_EC2_METADATA_V1_DISABLED",
	    "ec2_metadata_v1_disabled");
	char token[1024];
	enum err e;

	e = send_it(
	    i, "PUT", VIEW(ttl, sizeof(ttl)), "/latest/api/token", "", error);
	/* nobody there: not an instance, which is no fault of the settings */
	if (!i->http.connected)
		return (e == ERR_MEMORY ? e : ERR_NO_CREDS);
	if (e == ERR_OK && i->http.status == 200 &&
	    line_take(&i->http.body, token, sizeof(token)))
		return (
		    header_put(&i->token, "x-aws-ec2-metadata-token", token));
	if (e == ERR_MEMORY || !env_is_true(off))
		return (e == ERR_MEMORY ? e : ERR_OK);
	return (error_info_set(error, ERR_CREDS_SERVICE,
	    WHAT " gave no token (is its hop limit too low for a container?), "
		 "and version 1 is disabled"));
}

static enum err
credentials_get(struct imds *i, const char *role, struct creds *out,
    struct error_info *error)
{
	struct complaint c = {"", ""};
	char why[CREDS_REASON_SIZE];
	struct creds_json *j = NULL;
	enum err e;

	if ((e = send_it(i, "GET", buf_view(&i->token), ROLES, role, error)) !=
	    ERR_OK)
		return (e);
	if (i->http.status != 200)
		return (error_info_set(error, ERR_CREDS_SERVICE,
		    WHAT ", role %s: HTTP status %d%s", role, i->http.status,
		    creds_http_reason(&i->http, why)));
	if ((j = creds_json_new()) == NULL)
		return (ERR_MEMORY);
	(void)json_decode(complaint_fields, buf_view(&i->http.body), &c);
	e = json_decode(creds_json_of_machine, buf_view(&i->http.body), j);
	if (e == ERR_OK && j->access_key[0] != '\0')
		e = creds_json_take_new(i->search, j, WHAT, out, error);
	else if (e != ERR_MEMORY)
		e = error_info_set(error, ERR_CREDS_SERVICE,
		    WHAT " gave no credentials for role %s%s%s%s%s", role,
		    c.code[0] != '\0' ? ": " : "", c.code,
		    c.message[0] != '\0' ? ": " : "", c.message);
	creds_json_free(j);
	return (e);
}

static enum err
role_get(struct imds *i, char *role, size_t size, struct error_info *error)
{
	char why[CREDS_REASON_SIZE];
	enum err e;

	e = send_it(i, "GET", buf_view(&i->token), ROLES, "", error);
	if (e != ERR_OK)
		return (e);
	if (i->http.status == 404)
		return (error_info_set(error, ERR_CREDS,
		    "this instance has no role: give it an instance profile"));
	if (i->http.status == 200 && line_take(&i->http.body, role, size))
		return (ERR_OK);
	return (error_info_set(error, ERR_CREDS_SERVICE,
	    WHAT " named no role: HTTP status %d%s", i->http.status,
	    creds_http_reason(&i->http, why)));
}

enum err
creds_imds_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	struct imds i = {.search = s,
	    .tries = (int)number(s, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
		"metadata_service_num_attempts", 1),
	    .timeout_ms = TRY_MS * number(s, "AWS_METADATA_SERVICE_TIMEOUT",
				       "metadata_service_timeout", 1),
	    .token = BUF_INIT(2048),
	    .http = CREDS_HTTP_INIT};
	char role[NAME_MAX_LEN];
	enum err e;

	if (env_is_true(env_get("AWS_EC2_METADATA_DISABLED")))
		return (ERR_NO_CREDS);
	if ((e = base_find(&i, error)) == ERR_OK &&
	    (e = token_get(&i, error)) == ERR_OK &&
	    (e = role_get(&i, role, sizeof(role), error)) == ERR_OK)
		e = credentials_get(&i, role, out, error);
	creds_http_free(&i.http);
	buf_free(&i.token);
	return (e);
}
