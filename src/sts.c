#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "creds-http.h"
#include "creds-json.h"
#include "endpoint.h"
#include "env.h"
#include "signer.h"
#include "sts.h"
#include "xml.h"

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"
#define SKEW_MS (4 * 60 * 1000)
#define HEADERS_MAX 32768
#define BODY_MAX 65536
#define TRIES 3 /* of what is throttled */
#define FIRST_PAUSE_MS 500 /* then doubled */

/* Those that sts.amazonaws.com serves where AWS_STS_REGIONAL_ENDPOINTS is
 * "legacy". */
static const char *const legacy_regions[] = {"ap-northeast-1", "ap-south-1",
    "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
    "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2"};

static bool
is_legacy(const struct creds_search *s)
{
	const char *how = env_get("AWS_STS_REGIONAL_ENDPOINTS");

	if (how == NULL)
		how = profile_get(s->profile, "sts_regional_endpoints");
	if (how == NULL || strcasecmp(how, "legacy") != 0)
		return (false);
	for (size_t i = 0;
	     i < sizeof(legacy_regions) / sizeof(legacy_regions[0]); i++)
		if (strcmp(legacy_regions[i], s->conf->region) == 0)
			return (true);
	return (false);
}

static enum err
find_endpoint(const struct creds_search *s, struct endpoint *out,
    const char **region, struct error_info *error)
{
	struct endpoint_conf ec = {.service = "sts",
	    .variable = "AWS_ENDPOINT_URL_STS",
	    .region = s->conf->region,
	    .profile = s->profile};
	char usual[sizeof(out->host)];
	enum err e;

	*region = s->conf->region;
	if ((e = endpoint_find(&ec, out, error)) != ERR_OK || out->custom ||
	    !is_legacy(s))
		return (e);
	/* the global host is neither a FIPS nor a dual-stack endpoint */
	(void)snprintf(usual, sizeof(usual), "sts.%s.amazonaws.com", *region);
	if (strcmp(out->host, usual) != 0)
		return (ERR_OK);
	*region = "us-east-1";
	strcpy(out->host, "sts.amazonaws.com");
	strcpy(out->url, "https://sts.amazonaws.com/");
	return (e);
}

/* One request, dated with skew_ms added to our clock. */
struct attempt {
	const struct creds_search *search;
	const struct sts_request *request;
	struct endpoint endpoint;
	const char *region;
	struct view body;
	int64_t skew_ms;
	struct creds_http http;
	char code[64], message[192]; /* of an error */
};

static enum err
sign(const struct attempt *a, struct buf *headers)
{
	const struct creds_conf *conf = a->search->conf;
	struct signer_conf sc = {.crypto = conf->crypto,
	    .arena = conf->arena,
	    .region = a->region,
	    .service = "sts"};
	struct signer_request sr = {.host = a->endpoint.host,
	    .content_type = CONTENT_TYPE,
	    .target = "",
	    .body = a->body,
	    .creds = a->request->creds,
	    .seconds = (conf->clock->wall_ms(conf->clock->ctx) + a->skew_ms) /
		       1000};
	struct crypto_guard guard;
	struct signer *signer = NULL;
	enum err e;

	crypto_enter(conf->crypto, &guard);
	if ((e = signer_open(&sc, &signer)) == ERR_OK)
		e = signer_headers(signer, &sr, headers);
	signer_close(signer);
	crypto_leave(&guard);
	return (e);
}

static enum err
send_it(struct attempt *a, struct error_info *error)
{
	struct buf headers = BUF_INIT(HEADERS_MAX);
	enum err e;

	if (a->request->creds != NULL)
		e = sign(a, &headers);
	else
		e = header_put(&headers, "content-type", CONTENT_TYPE);
	a->http.what = "STS";
	a->http.request = (struct http_request){.url = a->endpoint.url,
	    .headers = buf_view(&headers),
	    .body = a->body,
	    .direct = a->endpoint.loopback};
	if (e == ERR_OK)
		e = creds_http_send(a->search, &a->http, error);
	buf_free(&headers);
	if (e != ERR_OK || a->http.status == 200)
		return (e);
	(void)xml_text(
	    buf_view(&a->http.body), "Code", a->code, sizeof(a->code));
	(void)xml_text(
	    buf_view(&a->http.body), "Message", a->message, sizeof(a->message));
	return (ERR_OK);
}

/* STS's own way to say so, which no status tells. */
static bool
is_throttled(const struct attempt *a)
{
	return (a->http.status == 400 &&
		err_from_reply(a->code, a->http.status) == ERR_THROTTLED);
}

static enum err
send_until_taken(struct attempt *a, struct error_info *error)
{
	int64_t pause = FIRST_PAUSE_MS;
	enum err e = send_it(a, error);

	for (int tries = 1; e == ERR_OK && tries < TRIES && is_throttled(a) &&
			    deadline_sleep(a->search->deadline, pause);
	     tries++) {
		pause *= 2;
		e = send_it(a, error);
	}
	return (e);
}

/* Refused for its date, which AWS's own can put right. */
static bool
clock_is_wrong(struct attempt *a)
{
	const struct clock *clk = a->search->conf->clock;
	int64_t skew = a->http.date * 1000 - clk->wall_ms(clk->ctx);

	if (a->http.status == 200 || a->http.date == 0 ||
	    err_from_reply(a->code, a->http.status) != ERR_CLOCK ||
	    llabs(skew - a->skew_ms) < SKEW_MS)
		return (false);
	a->skew_ms = skew;
	return (true);
}

static enum err
reply_take(struct attempt *a, struct creds *out, struct error_info *error)
{
	struct view v = buf_view(&a->http.body);
	struct creds_json *j;
	enum err e;

	if ((j = creds_json_new()) == NULL)
		return (ERR_MEMORY);
	if (xml_text(v, "AccessKeyId", j->access_key, sizeof(j->access_key)) &&
	    xml_text(v, "SecretAccessKey", j->secret, sizeof(j->secret)) &&
	    xml_text(v, "SessionToken", j->token, sizeof(j->token)) &&
	    xml_text(v, "Expiration", j->expiration, sizeof(j->expiration)))
		e = creds_json_take_new(a->search, j, "STS", out, error);
	else
		e = error_info_set(error, ERR_CREDS_SERVICE,
		    "STS's reply to %s was not understood", a->request->action);
	creds_json_free(j);
	return (e);
}

static enum err
refusal(const struct attempt *a, struct error_info *error)
{
	char why[CREDS_REASON_SIZE];
	enum err e = a->http.status >= 500 || a->http.status == 429 ||
			     is_throttled(a)
			 ? ERR_CREDS_SERVICE
			 : ERR_CREDS;

	if (a->code[0] == '\0')
		return (error_info_set(error, ERR_CREDS_SERVICE,
		    "profile \"%s\": %s: HTTP status %d without an AWS error%s",
		    a->search->profile->name, a->request->action,
		    a->http.status, creds_http_reason(&a->http, why)));
	return (error_info_set(error, e, "profile \"%s\": %s: %s%s%s",
	    a->search->profile->name, a->request->action, a->code,
	    a->message[0] != '\0' ? ": " : "", a->message));
}

enum err
sts_session_name(const struct creds_search *s, const char *name, char *out,
    size_t size, struct error_info *error)
{
	const struct clock *clk = s->conf->clock;

	if (name == NULL)
		(void)snprintf(out, size, PACKAGE_NAME "-%lld",
		    (long long)(clk->wall_ms(clk->ctx) / 1000));
	else if ((size_t)snprintf(out, size, "%s", name) >= size)
		return (error_info_set(error, ERR_CONFIG,
		    "the role session name is longer than 64 characters"));
	return (ERR_OK);
}

static enum err
body_put(const struct sts_request *r, struct buf *body)
{
	enum err e;

	if ((e = form_put(body, "Action", r->action)) != ERR_OK ||
	    (e = form_put(body, "Version", "2011-06-15")) != ERR_OK ||
	    (e = buf_puts(body, "&")) != ERR_OK)
		return (e);
	return (buf_append(body, r->form));
}

enum err
sts_get_credentials(const struct creds_search *s, const struct sts_request *r,
    struct creds *out, struct error_info *error)
{
	struct buf body = BUF_INIT(BODY_MAX);
	struct attempt a = {.search = s,
	    .request = r,
	    .http = CREDS_HTTP_INIT,
	    .skew_ms = s->conf->skew_ms != NULL ? *s->conf->skew_ms : 0};
	enum err e;

	if ((e = find_endpoint(s, &a.endpoint, &a.region, error)) != ERR_OK ||
	    (e = body_put(r, &body)) != ERR_OK)
		goto out;
	a.body = buf_view(&body);
	if ((e = send_until_taken(&a, error)) == ERR_OK && clock_is_wrong(&a))
		e = send_until_taken(&a, error);
	if (e == ERR_OK)
		e = a.http.status == 200 ? reply_take(&a, out, error)
					 : refusal(&a, error);
out:
	creds_http_free(&a.http);
	buf_free(&body);
	return (e);
}
