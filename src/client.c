#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client-many.h"
#include "client.h"
#include "copy-text.h"
#include "env.h"
#include "identity.h"
#include "request.h"

#define SERVICE "kms"
#define ARENA_SIZE 4096
#define APP_ID_SIZE 51 /* AWS keeps 50 characters */

static enum err
wait_for_turn(struct request *k)
{
	struct client *c = k->client;
	const struct deadline *d = k->deadline;
	int64_t ms;

	if (!rate_limit_wait(&c->rate_limit, k->operation, d, &k->took_turn))
		return (ERR_DEADLINE);
	if ((ms = retry_pace_ms(&c->retry, d)) == 0)
		return (ERR_OK);
	return (ms > 0 && deadline_sleep(d, ms) ? ERR_OK : ERR_DEADLINE);
}

static enum err
post(void *ctx, const char *operation, struct view body,
    const struct deadline *d, struct buf *reply, struct error_info *error)
{
	struct client *c = ctx;
	struct request k;
	int64_t wait_ms = 0;
	enum err e;

	request_init(&k, c, operation, body, d, reply);
	do {
		if (wait_ms != 0)
			c->clock->sleep_ms(c->clock->ctx, wait_ms);
		if ((e = wait_for_turn(&k)) == ERR_OK)
			e = request_begin_attempt(&k);
		if (e == ERR_OK) {
			e = request_end_attempt(
			    &k, http_post(c->http, &k.http, d, &k.response,
				    &k.error));
			client_announce(&k);
		}
	} while (request_should_retry(&k, e, &wait_ms));
	*error = k.result_error;
	e = k.result;
	request_free(&k);
	return (e);
}

/* Opening */

static enum err
region_find(struct client *c, const char *chosen, const struct profile *p,
    struct error_info *error)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
	const char *s = chosen != NULL && chosen[0] != '\0' ? chosen : NULL;

	c->region_source = "region";
	for (size_t i = 0; s == NULL && i < 2; i++)
		if ((s = env_get(names[i])) != NULL)
			c->region_source = names[i];
	if (s == NULL && (s = profile_get(p, "region")) == NULL)
		return (error_info_set(error, ERR_NO_REGION,
		    "set AWS_REGION, or region in profile \"%s\"", p->name));
	/* one that is cut here is refused with the endpoint */
	(void)snprintf(c->region, sizeof(c->region), "%s", s);
	return (ERR_OK);
}

/* Names the application in AWS's logs; what a header cannot have becomes "-",
 * as in AWS's SDKs. */
static const char *
app_id_find(const struct profile *p, char id[APP_ID_SIZE])
{
	static const char punctuation[] = "!#$%&'*+-.^_`|~";
	const char *s = env_get("AWS_SDK_UA_APP_ID");

	if (s == NULL && (s = profile_get(p, "sdk_ua_app_id")) == NULL &&
	    ((s = program_invocation_short_name) == NULL || s[0] == '\0'))
		return (NULL);
	(void)snprintf(id, APP_ID_SIZE, "%s", s);
	for (char *c = id; *c != '\0'; c++)
		if ((*c < '0' || *c > '9') && (*c < 'A' || *c > 'Z') &&
		    (*c < 'a' || *c > 'z') && strchr(punctuation, *c) == NULL)
			*c = '-';
	return (id);
}

/* What the environment and the files say, and no more of them. */
static enum err
settings_find(struct client *c, const struct client_conf *conf,
    const struct profile *p, struct error_info *error)
{
	struct endpoint_conf ec = {.service = SERVICE,
	    .variable = "AWS_ENDPOINT_URL_KMS",
	    .region = c->region,
	    .url = conf->endpoint,
	    .profile = p};
	char app_id[APP_ID_SIZE];
	struct http_conf hc = {.crypto = conf->crypto,
	    .ca_bundle = conf->ca_bundle,
	    .app_id = app_id_find(p, app_id),
	    .certificates = conf->certificates,
	    .no_threads = conf->no_threads};
	enum err e;

	if ((e = region_find(c, conf->region, p, error)) != ERR_OK ||
	    (e = endpoint_find(&ec, &c->endpoint, error)) != ERR_OK ||
	    (e = retry_open(&c->retry, p, c->clock, error)) != ERR_OK)
		return (e);
	if ((hc.ca_bundle == NULL || hc.ca_bundle[0] == '\0') &&
	    (hc.ca_bundle = env_get("AWS_CA_BUNDLE")) == NULL)
		hc.ca_bundle = profile_get(p, "ca_bundle");
	if ((e = http_open(&hc, &c->http)) != ERR_OK)
		return (e);
	hc.certificates = NULL;
	return (http_open(&hc, &c->creds_http));
}

static enum err
keys_open(struct client *c, const char *profile)
{
	struct creds_conf cc = {.clock = c->clock,
	    .crypto = c->crypto,
	    .http = c->creds_http,
	    .region = c->region,
	    .skew_ms = &c->skew_ms,
	    .load = creds_chain_load};
	struct signer_conf sc = {
	    .crypto = c->crypto, .region = c->region, .service = SERVICE};
	bool locked;
	enum err e;

	if (profile != NULL && profile[0] != '\0' &&
	    (c->profile = copy_text(profile)) == NULL)
		return (ERR_MEMORY);
	if ((e = arena_open(ARENA_SIZE, &c->arena, &locked)) != ERR_OK)
		return (e);
	if (!locked)
		log_line(c->log, LOG_INFO,
		    "credentials could not be locked in memory: raise "
		    "RLIMIT_MEMLOCK");
	cc.profile = c->profile;
	cc.arena = sc.arena = c->arena;
	if ((e = creds_store_open(&cc, &c->creds)) != ERR_OK)
		return (e);
	return (signer_open(&sc, &c->signer));
}

enum err
client_open(const struct client_conf *conf, struct client **out,
    struct error_info *error)
{
	struct profile profile = PROFILE_INIT;
	struct client *c;
	enum err e;

	memset(error, 0, sizeof(*error));
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (ERR_MEMORY);
	c->crypto = conf->crypto;
	c->clock = conf->clock;
	c->log = conf->log;
	c->transport = (struct transport){post, client_post_many, c};
	rate_limit_init(&c->rate_limit);
	if (conf->name != NULL && (c->name = copy_text(conf->name)) == NULL) {
		e = ERR_MEMORY;
		goto out;
	}
	if ((e = profile_open(conf->profile, &profile, error)) != ERR_OK ||
	    (e = settings_find(c, conf, &profile, error)) != ERR_OK ||
	    (e = keys_open(c, conf->profile)) != ERR_OK)
		goto out;
	(void)snprintf(
	    c->profile_name, sizeof(c->profile_name), "%s", profile.name);
	*out = c;
	c = NULL;
out:
	profile_close(&profile);
	client_close(c);
	return (e);
}

const struct transport *
client_transport(struct client *c)
{
	return (&c->transport);
}

const char *
client_region(const struct client *c)
{
	return (c->region);
}

const char *
client_region_source(const struct client *c)
{
	return (c->region_source);
}

const char *
client_endpoint(const struct client *c)
{
	return (c->endpoint.url);
}

const char *
client_endpoint_source(const struct client *c)
{
	return (c->endpoint.source);
}

struct proxy
client_proxy(const struct client *c)
{
	return (proxy_find(c->endpoint.url, c->endpoint.loopback));
}

void
client_retry_text(const struct client *c, char *text, size_t size)
{
	(void)snprintf(text, size, "%s, %ld attempts",
	    retry_mode_text(&c->retry), c->retry.attempts);
}

bool
client_has_service_time(const struct client *c)
{
	return (c->has_date);
}

int64_t
client_service_ms(const struct client *c)
{
	return (c->clock->wall_ms(c->clock->ctx) + c->ahead_ms);
}

bool
client_needs_code(struct client *c)
{
	return (creds_store_needs_code(c->creds));
}

enum err
client_log_in(struct client *c, struct view code, const struct deadline *d,
    struct error_info *error)
{
	return (creds_log_in(c->creds, code, d, error));
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	http_close(c->http);
	http_close(c->creds_http);
	signer_close(c->signer);
	creds_store_close(c->creds);
	arena_close(c->arena);
	rate_limit_free(&c->rate_limit);
	retry_close(&c->retry);
	free(c->profile);
	free(c->name);
	free(c);
}

/* The rest stays as it is: another thread may have been changing it when the
 * process forked. The arena is wiped here already. */
void
client_abandon(struct client *c)
{
	if (c == NULL)
		return;
	http_abandon(c->http);
	http_abandon(c->creds_http);
}
