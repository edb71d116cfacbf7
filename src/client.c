#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/rand.h>
#include "client.h"
#include "creds.h"
#include "endpoint.h"
#include "env.h"
#include "http.h"
#include "refusal.h"
#include "signer.h"

#define SERVICE "kms"
#define TARGET "TrentService."
#define ARENA_SIZE 4096
#define HEADERS_MAX 32768
#define HEADERS_USUAL 1024 /* room from the start: growing costs */
#define TRIES_DEFAULT 3
#define TRY_MS 10000 /* KMS answers in far less: leaves time for another try */
#define SOON_MS 50 /* first waits, doubled from try to try */
#define SLOW_MS 1000
#define WAIT_MOST_MS 20000
#define LAST_MS 100 /* a try is not worth it with less to be answered in */
#define SKEW_MS (4 * 60 * 1000) /* the service allows 5 minutes */

/* What these do twice is there twice: never sent again once they may have
 * arrived. The other operations may be repeated. */
static const char *const once[] = {"CreateKey"};

struct client {
	const struct crypto *crypto;
	const struct clock *clock;
	struct log *log;
	char *profile; /* chosen by configuration, or NULL */
	char region[64];
	struct endpoint endpoint;
	long tries; /* of a request that fails for a passing reason */
	struct transport transport;
	struct http *http;
	struct arena *arena;
	struct creds_store *creds;
	struct signer *signer;
	_Atomic int64_t skew_ms; /* the service's clock minus ours */
};

/* One post(): what its tries share. */
struct call {
	struct client *client;
	const char *operation;
	char target[128];
	struct view body;
	const struct deadline *deadline;
	struct buf *reply;
	bool once;
	int number; /* of the try, from 1 */
	int failures, throttles; /* among the tries */
	bool renewed, corrected; /* credentials, the clock */
	struct creds *creds; /* of the last try */
	int64_t skew_ms; /* likewise */
	struct fault fault; /* likewise */
	int64_t date; /* the service's, likewise, in seconds */
	char request_id[64], after_ms[32], after[32];
};

/* One try */

static bool
clock_is_wrong(const struct call *k)
{
	const struct clock *clk = k->client->clock;
	int64_t ours = clk->wall_ms(clk->ctx) + k->skew_ms;

	return (llabs(k->date * 1000 - ours) > SKEW_MS);
}

static enum err
judge(struct call *k)
{
	struct fault *f = &k->fault;
	enum err e;

	if (f->status == 200)
		return (ERR_OK);
	e = refusal_read(buf_view(k->reply), f);
	buf_reset(k->reply);
	/* a wrong secret key and a wrong clock look the same */
	if (e == ERR_CLOCK && k->date != 0 && !clock_is_wrong(k))
		e = ERR_BAD_CREDS;
	/* a gateway's answer says nothing about what KMS did */
	if (k->once && f->exception[0] == '\0' && f->status >= 500)
		e = ERR_UNKNOWN;
	return (e);
}

static void
trace(const struct call *k, enum err e, int64_t began_ms)
{
	const struct client *c = k->client;

	log_line(c->log, LOG_TRACE,
	    "KMS %s: %s, HTTP status %d%s%s, request id %s, %lld ms, try %d",
	    k->operation, err_name(e), k->fault.status,
	    k->fault.exception[0] != '\0' ? " " : "", k->fault.exception,
	    k->request_id[0] != '\0' ? k->request_id : "none",
	    (long long)(c->clock->mono_ms(c->clock->ctx) - began_ms),
	    k->number);
}

static enum err
send_once(struct call *k, struct view headers)
{
	struct client *c = k->client;
	const struct http_field fields[] = {
	    {"x-amzn-requestid", k->request_id, sizeof(k->request_id)},
	    {"x-amz-retry-after", k->after_ms, sizeof(k->after_ms)},
	    {"retry-after", k->after, sizeof(k->after)}};
	const struct http_request request = {.url = c->endpoint.url,
	    .headers = headers,
	    .body = k->body,
	    .most_ms = k->once ? 0 : TRY_MS,
	    .once = k->once,
	    .loopback = c->endpoint.loopback};
	struct http_reply reply = {.body = k->reply,
	    .fields = fields,
	    .field_count = sizeof(fields) / sizeof(fields[0])};
	int64_t began_ms = c->clock->mono_ms(c->clock->ctx);
	enum err e;

	e = http_post(c->http, &request, k->deadline, &reply, &k->fault);
	k->date = reply.date;
	k->fault.status = reply.status;
	memcpy(k->fault.request_id, k->request_id, sizeof(k->request_id));
	if (e == ERR_OK)
		e = judge(k);
	else if (k->once && reply.sent)
		e = ERR_UNKNOWN;
	trace(k, e, began_ms);
	return (e);
}

static enum err
try_once(struct call *k)
{
	struct client *c = k->client;
	struct signer_request sr = {
	    .host = c->endpoint.host, .target = k->target, .body = k->body};
	struct buf lines = BUF_INIT(HEADERS_MAX);
	struct crypto_guard guard;
	enum err e;

	memset(&k->fault, 0, sizeof(k->fault));
	k->request_id[0] = k->after_ms[0] = k->after[0] = '\0';
	k->date = 0;
	if (k->creds != NULL)
		creds_put(c->creds, k->creds);
	k->creds = NULL;
	if ((e = creds_get(
		 c->creds, NULL, k->deadline, &k->creds, &k->fault)) != ERR_OK)
		return (e);
	k->skew_ms = c->skew_ms;
	sr.creds = k->creds;
	sr.seconds = (c->clock->wall_ms(c->clock->ctx) + k->skew_ms) / 1000;
	crypto_enter(c->crypto, &guard);
	if ((e = buf_reserve(&lines, HEADERS_USUAL)) == ERR_OK)
		e = signer_headers(c->signer, &sr, &lines);
	crypto_leave(&guard);
	if (e == ERR_OK)
		e = send_once(k, buf_view(&lines));
	buf_free(&lines);
	return (e);
}

/* What to do about a failure: true to try again. */

/* Full jitter: many clients that failed together do not come back together. */
static int64_t
backoff_ms(const struct client *c, int64_t first, int n)
{
	struct crypto_guard guard;
	uint32_t r = 0;
	int64_t most = first;

	while (--n > 0 && most < WAIT_MOST_MS)
		most *= 2;
	if (most > WAIT_MOST_MS)
		most = WAIT_MOST_MS;
	crypto_enter(c->crypto, &guard);
	if (RAND_bytes_ex(c->crypto->lib, (uint8_t *)&r, sizeof(r), 0) != 1)
		r = UINT32_MAX / 2;
	crypto_leave(&guard);
	return ((int64_t)((double)most * r / UINT32_MAX));
}

static bool
again_soon(struct call *k)
{
	if (++k->failures >= k->client->tries)
		return (false);
	return (deadline_sleep(
	    k->deadline, backoff_ms(k->client, SOON_MS, k->failures)));
}

/*
 * Throttled requests do not count as tries: only the deadline ends them. At
 * most half of what is left goes into a wait, so that it leads to another try
 * whatever chance makes of it.
 */
static bool
again_slow(struct call *k)
{
	int64_t ms = backoff_ms(k->client, SLOW_MS, ++k->throttles), asked;
	int64_t most = deadline_left(k->deadline) / 2;

	if (most < LAST_MS)
		return (false);
	if (ms > most)
		ms = most;
	/* AWS's own header is held to [t, t + 5 s] of our wait t */
	if ((asked = strtoll(k->after_ms, NULL, 10)) > ms)
		ms = asked < ms + 5000 ? asked : ms + 5000;
	if ((asked = strtoll(k->after, NULL, 10)) > 0 && asked < 86400 &&
	    asked * 1000 > ms)
		ms = asked * 1000;
	return (deadline_sleep(k->deadline, ms));
}

/* Only with other credentials: the same ones would be refused again. */
static bool
again_creds(struct call *k)
{
	struct client *c = k->client;
	struct creds *other;
	bool changed;

	if (k->renewed)
		return (false);
	k->renewed = true;
	if (creds_get(c->creds, k->creds, k->deadline, &other, NULL) != ERR_OK)
		return (false);
	changed = other->serial != k->creds->serial;
	creds_put(c->creds, other);
	return (changed);
}

static bool
again_clock(struct call *k)
{
	struct client *c = k->client;
	int64_t skew = k->date * 1000 - c->clock->wall_ms(c->clock->ctx);

	if (k->corrected || k->date == 0)
		return (false);
	k->corrected = true;
	c->skew_ms = skew;
	log_line(c->log, LOG_INFO,
	    "this machine's clock is %lld s from AWS's: requests are dated "
	    "with AWS's, but set the clock",
	    (long long)(skew / 1000));
	return (true);
}

static bool (*const again[])(struct call *) = {
    [REMEDY_NONE] = NULL,
    [REMEDY_RETRY] = again_soon,
    [REMEDY_SLOW] = again_slow,
    [REMEDY_CREDS] = again_creds,
    [REMEDY_CLOCK] = again_clock,
};

static bool
sent_once_only(const char *operation)
{
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		if (strcmp(once[i], operation) == 0)
			return (true);
	return (false);
}

static enum err
post(void *ctx, const char *operation, struct view body,
    const struct deadline *d, struct buf *reply, struct fault *fault)
{
	struct call k = {.client = ctx,
	    .operation = operation,
	    .body = body,
	    .deadline = d,
	    .reply = reply,
	    .once = sent_once_only(operation)};
	enum err e, last = ERR_OK;
	bool more = true;

	(void)snprintf(k.target, sizeof(k.target), TARGET "%s", operation);
	while (more) {
		k.number++;
		e = try_once(&k);
		/* what went wrong before says more than that time ran out */
		if (e == ERR_DEADLINE && last != ERR_OK)
			break;
		last = e;
		*fault = k.fault;
		more = again[err_remedy(e)] != NULL && again[err_remedy(e)](&k);
	}
	if (k.creds != NULL)
		creds_put(k.client->creds, k.creds);
	return (last);
}

/* Opening */

static enum err
region_find(struct client *c, const char *chosen, const struct profile *p,
    struct fault *fault)
{
	const char *s = chosen != NULL && chosen[0] != '\0' ? chosen : NULL;

	if (s == NULL && (s = env_get("AWS_REGION")) == NULL &&
	    (s = env_get("AWS_DEFAULT_REGION")) == NULL &&
	    (s = profile_get(p, "region")) == NULL)
		return (fault_set(fault, ERR_NO_REGION,
		    "set AWS_REGION, or region in profile \"%s\"", p->name));
	/* one that is cut here is refused with the endpoint */
	(void)snprintf(c->region, sizeof(c->region), "%s", s);
	return (ERR_OK);
}

static enum err
tries_find(struct client *c, const struct profile *p, struct fault *fault)
{
	const char *s = env_get("AWS_MAX_ATTEMPTS");
	char *end;

	if (s == NULL && (s = profile_get(p, "max_attempts")) == NULL) {
		c->tries = TRIES_DEFAULT;
		return (ERR_OK);
	}
	c->tries = strtol(s, &end, 10);
	if (*end != '\0' || c->tries < 1 || c->tries > 1000)
		return (fault_set(fault, ERR_CONFIG,
		    "AWS_MAX_ATTEMPTS or max_attempts: \"%s\" is not a number "
		    "from 1 to 1000",
		    s));
	return (ERR_OK);
}

/* What the environment and the files say, and no more of them. */
static enum err
settings_find(struct client *c, const struct client_conf *conf,
    const struct profile *p, struct fault *fault)
{
	struct endpoint_conf ec = {.service = SERVICE,
	    .variable = "AWS_ENDPOINT_URL_KMS",
	    .region = c->region,
	    .url = conf->endpoint,
	    .profile = p};
	struct http_conf hc = {conf->crypto, conf->ca_bundle, conf->no_threads};
	enum err e;

	if ((e = region_find(c, conf->region, p, fault)) != ERR_OK ||
	    (e = endpoint_find(&ec, &c->endpoint, fault)) != ERR_OK ||
	    (e = tries_find(c, p, fault)) != ERR_OK)
		return (e);
	if ((hc.ca_bundle == NULL || hc.ca_bundle[0] == '\0') &&
	    (hc.ca_bundle = env_get("AWS_CA_BUNDLE")) == NULL)
		hc.ca_bundle = profile_get(p, "ca_bundle");
	return (http_open(&hc, &c->http));
}

static enum err
keys_open(struct client *c, const char *profile)
{
	struct creds_conf cc = {.clock = c->clock};
	struct signer_conf sc = {
	    .crypto = c->crypto, .region = c->region, .service = SERVICE};
	bool locked;
	enum err e;

	if (profile != NULL && profile[0] != '\0' &&
	    (c->profile = strdup(profile)) == NULL)
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
client_open(
    const struct client_conf *conf, struct client **out, struct fault *fault)
{
	struct profile profile = PROFILE_INIT;
	struct client *c;
	enum err e;

	memset(fault, 0, sizeof(*fault));
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (ERR_MEMORY);
	c->crypto = conf->crypto;
	c->clock = conf->clock;
	c->log = conf->log;
	c->transport = (struct transport){post, c};
	if ((e = profile_open(conf->profile, &profile, fault)) != ERR_OK ||
	    (e = settings_find(c, conf, &profile, fault)) != ERR_OK ||
	    (e = keys_open(c, conf->profile)) != ERR_OK)
		goto out;
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
client_endpoint(const struct client *c)
{
	return (c->endpoint.url);
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	http_close(c->http);
	signer_close(c->signer);
	creds_store_close(c->creds);
	arena_close(c->arena);
	free(c->profile);
	free(c);
}

/* The rest stays as it is: another thread may have been changing it when the
 * process forked. The arena is empty here already. */
void
client_abandon(struct client *c)
{
	if (c != NULL)
		http_abandon(c->http);
}
