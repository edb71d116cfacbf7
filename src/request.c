#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/rand.h>
#include "aws-error.h"
#include "request.h"

#define TARGET "TrentService."
#define HEADERS_MAX 32768
#define HEADERS_USUAL 1024 /* room from the start: growing costs */
#define ATTEMPT_MS \
	10000 /* KMS answers in far less: leaves time for another try */
#define ATTEMPT_LONGEST_MS 80000 /* twice as long after each that is over */
#define ATTEMPT_MIN_MS \
	100 /* a try is not worth it with less to be answered in */
#define SKEW_MS (4 * 60 * 1000) /* the service allows 5 minutes */

/* Never sent again once they may have arrived: a key would be there twice, and
 * an alias may be another's by then. The other operations may be repeated. */
static const char *const not_idempotent[] = {"CreateKey", "DeleteAlias"};

static bool
is_not_idempotent(const char *operation)
{
	for (size_t i = 0;
	     i < sizeof(not_idempotent) / sizeof(not_idempotent[0]); i++)
		if (strcmp(not_idempotent[i], operation) == 0)
			return (true);
	return (false);
}

void
request_init(struct request *k, struct client *c, const char *operation,
    struct view body, const struct deadline *d, struct buf *reply)
{
	*k = (struct request){.client = c,
	    .operation = operation,
	    .body = body,
	    .deadline = d,
	    .reply = reply,
	    .not_idempotent = is_not_idempotent(operation),
	    .headers = BUF_INIT(HEADERS_MAX)};
	(void)snprintf(k->target, sizeof(k->target), TARGET "%s", operation);
	k->fields[0] = (struct http_field){
	    "x-amzn-requestid", k->request_id, sizeof(k->request_id)};
	k->fields[1] = (struct http_field){
	    "x-amz-retry-after", k->retry_after_ms, sizeof(k->retry_after_ms)};
	k->fields[2] = (struct http_field){
	    "retry-after", k->retry_after, sizeof(k->retry_after)};
	k->fields[3] = (struct http_field){
	    "x-amzn-errortype", k->error_type, sizeof(k->error_type)};
	k->fields[4] = (struct http_field){"content-type",
	    k->error.content_type, sizeof(k->error.content_type)};
	k->fields[5] = (struct http_field){
	    "location", k->error.location, sizeof(k->error.location)};
	k->http = (struct http_request){.url = c->endpoint.url,
	    .body = body,
	    .timeout_ms = k->not_idempotent ? 0 : ATTEMPT_MS,
	    .not_idempotent = k->not_idempotent,
	    .direct = c->endpoint.loopback};
}

static void
release_creds(struct request *k)
{
	if (k->creds != NULL)
		creds_release(k->client->creds, k->creds);
	k->creds = NULL;
}

void
request_free(struct request *k)
{
	release_creds(k);
	buf_free(&k->headers);
}

/* One try */

static bool
clock_is_wrong(const struct request *k)
{
	const struct clock *clk = k->client->clock;
	int64_t ours = clk->wall_ms(clk->ctx) + k->skew_ms;

	return (llabs(k->response.date * 1000 - ours) > SKEW_MS);
}

static enum err
reply_error(struct request *k)
{
	struct error_info *f = &k->error;
	enum err e;

	if (f->status == 200)
		return (ERR_OK);
	e = aws_error_read(k->error_type, buf_view(k->reply), f);
	buf_reset(k->reply);
	/* a wrong secret key and a wrong clock look the same */
	if (e == ERR_CLOCK && k->response.date != 0 && !clock_is_wrong(k))
		e = ERR_BAD_CREDS;
	/* a gateway's answer says nothing about what KMS did */
	if (k->not_idempotent && f->exception[0] == '\0' && f->status >= 500)
		e = ERR_UNKNOWN;
	return (e);
}

static void
trace(const struct request *k, enum err e)
{
	const struct client *c = k->client;

	log_line(c->log, LOG_TRACE,
	    "KMS %s: %s, HTTP status %d%s%s, request id %s, %lld ms, try %d",
	    k->operation, err_name(e), k->error.status,
	    k->error.exception[0] != '\0' ? " " : "", k->error.exception,
	    k->request_id[0] != '\0' ? k->request_id : "none",
	    (long long)(c->clock->mono_ms(c->clock->ctx) - k->began_ms),
	    k->attempt);
}

static enum err
sign(struct request *k)
{
	struct client *c = k->client;
	struct signer_request sr = {.host = c->endpoint.host,
	    .target = k->target,
	    .body = k->body,
	    .creds = k->creds};
	struct crypto_guard guard;
	enum err e;

	k->skew_ms = c->skew_ms;
	sr.seconds = (c->clock->wall_ms(c->clock->ctx) + k->skew_ms) / 1000;
	buf_reset(&k->headers);
	crypto_enter(c->crypto, &guard);
	if ((e = buf_reserve(&k->headers, HEADERS_USUAL)) == ERR_OK)
		e = signer_headers(c->signer, &sr, &k->headers);
	crypto_leave(&guard);
	k->http.headers = buf_view(&k->headers);
	return (e);
}

enum err
request_begin_attempt(struct request *k)
{
	struct client *c = k->client;
	enum err e;

	k->attempt++;
	k->error = (struct error_info){.operation = k->operation};
	k->request_id[0] = k->error_type[0] = k->retry_after_ms[0] =
	    k->retry_after[0] = '\0';
	k->response = (struct http_reply){.body = k->reply,
	    .fields = k->fields,
	    .field_count = sizeof(k->fields) / sizeof(k->fields[0])};
	release_creds(k);
	if ((e = creds_acquire(
		 c->creds, NULL, k->deadline, &k->creds, &k->error)) != ERR_OK)
		return (e);
	k->began_ms = c->clock->mono_ms(c->clock->ctx);
	return (sign(k));
}

enum err
request_end_attempt(struct request *k, enum err e)
{
	struct client *c = k->client;

	k->error.status = k->response.status;
	memcpy(k->error.request_id, k->request_id, sizeof(k->request_id));
	if (e == ERR_OK && k->response.date != 0) {
		c->ahead_ms = k->response.date * 1000 -
			      c->clock->wall_ms(c->clock->ctx);
		c->has_date = true;
	}
	/* its header says what a body that is too long would have said */
	if (e == ERR_OK || (e == ERR_TOO_BIG && k->error_type[0] != '\0'))
		e = reply_error(k);
	else if (k->not_idempotent && k->response.sent)
		e = ERR_UNKNOWN;
	if (k->response.status != 0)
		retry_reply(&c->retry, c->clock, e == ERR_THROTTLED);
	trace(k, e);
	return (e);
}

/* What to do about a failure: how long to wait before another try, or NEVER. */
#define NEVER ((int64_t)-1)

static uint32_t
random_number(const struct client *c)
{
	struct crypto_guard guard;
	uint32_t r = 0;

	crypto_enter(c->crypto, &guard);
	if (RAND_bytes_ex(c->crypto->lib, (uint8_t *)&r, sizeof(r), 0) != 1)
		r = UINT32_MAX / 2;
	crypto_leave(&guard);
	return (r);
}

/* The wait that the service asks for, if it is longer. */
static int64_t
asked_wait_ms(const struct request *k, int64_t ms)
{
	int64_t asked = strtoll(k->retry_after_ms, NULL, 10);

	/* AWS's own header is held to [t, t + 5 s] of our wait t */
	if (asked > ms)
		ms = asked < ms + 5000 ? asked : ms + 5000;
	asked = strtoll(k->retry_after, NULL, 10);
	if (asked > 0 && asked < 86400 && asked * 1000 > ms)
		ms = asked * 1000;
	return (ms);
}

/* Whether all the time of the last try went by: curl's clock is not ours. */
static bool
was_slow(const struct request *k)
{
	const struct clock *clock = k->client->clock;
	int64_t took = clock->mono_ms(clock->ctx) - k->began_ms;

	return (k->http.timeout_ms != 0 && took >= k->http.timeout_ms / 10 * 9);
}

/* At most half of the time left goes into a wait, so that it leads to another
 * try whatever chance makes of it. */
static int64_t
retry_later(struct request *k, enum retry_reason why)
{
	struct client *c = k->client;
	uint32_t random = random_number(c);
	int64_t ms, most = deadline_left(k->deadline) / 2;
	bool slow = why != RETRY_THROTTLED && was_slow(k);
	/* the next try waits for its turn */
	bool turns = why == RETRY_THROTTLED &&
		     rate_limit_throttled(&c->rate_limit, k->operation,
			 c->clock, k->took_turn, random);

	k->failures++;
	if (slow && k->http.timeout_ms < ATTEMPT_LONGEST_MS)
		k->http.timeout_ms *= 2;
	if (most < ATTEMPT_MIN_MS)
		return (NEVER);
	if (retry_is_counted(&c->retry, why, turns, slow)) {
		if (++k->counted_failures >= c->retry.attempts ||
		    (k->retry_cost = retry_tokens_take(&c->retry, why)) < 0)
			return (NEVER);
	}
	if (turns)
		return (0);
	ms = retry_wait_ms(&c->retry, why, k->failures, random);
	return (asked_wait_ms(k, ms < most ? ms : most));
}

static int64_t
retry_soon(struct request *k)
{
	return (retry_later(
	    k, k->response.status != 0 ? RETRY_FAILED : RETRY_UNANSWERED));
}

static int64_t
retry_throttled(struct request *k)
{
	return (retry_later(k, RETRY_THROTTLED));
}

/* Only with other credentials: the same ones would be refused again. */
static int64_t
retry_with_new_creds(struct request *k)
{
	struct client *c = k->client;
	struct error_info why = {0};
	struct creds *other;
	bool changed;
	enum err e;

	if (k->creds_renewed)
		return (NEVER);
	k->creds_renewed = true;
	if ((e = creds_acquire(
		 c->creds, k->creds, k->deadline, &other, &why)) != ERR_OK) {
		/* what can be done about it is there, not at KMS */
		if (e == ERR_CREDS || e == ERR_CREDS_SERVICE) {
			k->result = e;
			k->result_error = why;
		}
		return (NEVER);
	}
	changed = other->serial != k->creds->serial;
	creds_release(c->creds, other);
	return (changed ? 0 : NEVER);
}

static int64_t
retry_with_new_date(struct request *k)
{
	struct client *c = k->client;
	int64_t skew = k->response.date * 1000 -
		       c->clock->wall_ms(c->clock->ctx);

	if (k->clock_corrected || k->response.date == 0)
		return (NEVER);
	k->clock_corrected = true;
	c->skew_ms = skew;
	log_line(c->log, LOG_INFO,
	    "this machine's clock is %lld s from AWS's: requests are dated "
	    "with AWS's, but set the clock",
	    (long long)(skew / 1000));
	return (0);
}

static int64_t (*const retry_delay[])(struct request *) = {
    [REMEDY_NONE] = NULL,
    [REMEDY_RETRY] = retry_soon,
    [REMEDY_SLOW] = retry_throttled,
    [REMEDY_CREDS] = retry_with_new_creds,
    [REMEDY_CLOCK] = retry_with_new_date,
};

bool
request_should_retry(struct request *k, enum err e, int64_t *wait_ms)
{
	enum err_remedy remedy = err_remedy(e);

	/* what went wrong before says more than that time ran out */
	if (e == ERR_DEADLINE && k->result != ERR_OK)
		return (false);
	k->result = e;
	k->result_error = k->error;
	if (e == ERR_OK)
		retry_tokens_put(&k->client->retry, k->retry_cost);
	*wait_ms = retry_delay[remedy] != NULL ? retry_delay[remedy](k) : NEVER;
	return (*wait_ms == 0 ||
		(*wait_ms > 0 && *wait_ms < deadline_left(k->deadline)));
}
