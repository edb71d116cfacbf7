/* The retry modes of AWS's SDKs: what each says of tries, waits and the rate of
 * sending, and what comes of it on the wire. Waits take no time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client-env.h"
#include "files.h"
#include "request.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define GOOD                                       \
	{                                          \
		.status = 200, .body = "{\"a\":1}" \
	}
#define THROTTLED                                                             \
	{                                                                     \
		.status = 400, .body = "{\"__type\":\"ThrottlingException\"}" \
	}
#define BROKEN                                                                 \
	{                                                                      \
		.status = 500, .body = "{\"__type\":\"KMSInternalException\"}" \
	}
#define TOKENS 500

static struct test_clock clk;
static struct outcome o;

/* clang-format off */
static const struct {
	const char *mode, *attempts, *new_retries; /* of the environment */
	const char *config;
	const char *text;
	int tries; /* of a request that always fails */
	int throttled; /* of one that is always throttled; 0: to its end */
	int cost[RETRY_REASONS];
	int64_t first_ms[RETRY_REASONS]; /* the longest first wait */
} rows[] = {
	{ NULL, NULL, NULL, "", "none is set", 3, 0,
	  { 5, 10, 5 }, { 50, 50, 1000 } },
	{ NULL, NULL, "false", "", "none is set", 3, 0,
	  { 5, 10, 5 }, { 50, 50, 1000 } },
	{ NULL, "2", NULL, "", "none is set", 2, 2,
	  { 5, 10, 5 }, { 50, 50, 1000 } },
	{ "standard", NULL, NULL, "", "standard", 3, 3,
	  { 5, 10, 5 }, { 1000, 1000, 1000 } },
	{ "Standard", "4", "no", "", "standard", 4, 4,
	  { 5, 10, 5 }, { 1000, 1000, 1000 } },
	{ NULL, NULL, NULL, "retry_mode = standard\nmax_attempts = 5\n",
	  "standard", 5, 5, { 5, 10, 5 }, { 1000, 1000, 1000 } },
	{ "legacy", NULL, NULL, "retry_mode = standard\n", "legacy", 5, 5,
	  { 0, 0, 0 }, { 1000, 1000, 1000 } },
	{ NULL, NULL, "true", "", "standard of 2026", 3, 3,
	  { 14, 14, 5 }, { 50, 50, 1000 } },
	{ NULL, NULL, "TRUE", "retry_mode = standard\n", "standard of 2026",
	  3, 3, { 14, 14, 5 }, { 50, 50, 1000 } },
	{ "legacy", NULL, "true", "", "legacy", 5, 5,
	  { 0, 0, 0 }, { 1000, 1000, 1000 } },
	{ "adaptive", NULL, NULL, "", "adaptive", 3, 3,
	  { 5, 10, 5 }, { 1000, 1000, 1000 } },
	{ "adaptive", NULL, "true", "", "adaptive of 2026", 3, 3,
	  { 14, 14, 5 }, { 50, 50, 1000 } },
};
/* clang-format on */

static void
set(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
}

static void
environment(size_t i, const char *url)
{
	char config[256];

	test_env(url);
	set("AWS_RETRY_MODE", rows[i].mode);
	set("AWS_MAX_ATTEMPTS", rows[i].attempts);
	set("AWS_NEW_RETRIES_2026", rows[i].new_retries);
	(void)snprintf(config, sizeof(config), "[default]\n%s", rows[i].config);
	setenv("AWS_CONFIG_FILE", file_write("config", config), 1);
}

static int
tries(size_t i, const struct http_step *step, enum err *e)
{
	struct http_server *s = http_server_start(step, 1, NULL);
	struct client *c;
	int n;

	environment(i, http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 300000, &o);
	n = http_server_requests(s);
	*e = o.err;
	client_close(c);
	http_server_stop(s);
	return (n);
}

static void
test_waits(size_t i)
{
	struct client *c;
	struct retry *r;

	environment(i, "http://127.0.0.1:1");
	c = test_client(&clk.clock);
	r = &c->retry;
	OK(strcmp(retry_mode_text(r), rows[i].text) == 0, "%s",
	    retry_mode_text(r));
	for (int n = 0; n < RETRY_REASONS; n++) {
		const enum retry_reason why = (enum retry_reason)n;
		int64_t most = rows[i].first_ms[n];

		OK(retry_wait_ms(r, why, 1, UINT32_MAX) == most &&
			retry_wait_ms(r, why, 2, UINT32_MAX) == 2 * most &&
			retry_wait_ms(r, why, 3, UINT32_MAX) == 4 * most &&
			retry_wait_ms(r, why, 30, UINT32_MAX) == 20000,
		    "%s %d: waits of %lld ms, doubled to 20 s", rows[i].text, n,
		    (long long)most);
		OK(retry_wait_ms(r, why, 1, 0) == 1 &&
			retry_wait_ms(r, why, 1, UINT32_MAX / 2) <= most / 2 &&
			retry_wait_ms(r, why, 1, UINT32_MAX / 2) >=
			    most / 2 - 1,
		    "any part of which chance takes");
		OK(retry_tokens_take(r, why) == rows[i].cost[why] &&
			r->tokens == TOKENS - rows[i].cost[why],
		    "%d tokens", rows[i].cost[why]);
		retry_tokens_put(r, rows[i].cost[why]);
		OK(r->tokens == TOKENS, "which come back, and no more");
	}
	client_close(c);
}

static void
test_row(size_t i)
{
	static const struct http_step broken = BROKEN, throttled = THROTTLED;
	enum err e;
	int n;

	test_waits(i);
	n = tries(i, &broken, &e);
	OK(e == ERR_SERVICE && n == rows[i].tries, "%s: %d tries", rows[i].text,
	    n);
	n = tries(i, &throttled, &e);
	OK(e == ERR_THROTTLED &&
		(rows[i].throttled != 0 ? n == rows[i].throttled : n > 8),
	    "%s: throttled %d times", rows[i].text, n);
}

static void
test_refused(void)
{
	struct client_conf conf = {.crypto = &test_crypto, .clock = &clk.clock};
	struct client *c = NULL;
	struct error_info error;

	test_env("http://127.0.0.1:1");
	setenv("AWS_RETRY_MODE", "often", 1);
	OK(client_open(&conf, &c, &error) == ERR_CONFIG &&
		strstr(error.message, "\"often\" is not standard") != NULL,
	    "%s", error.message);
	setenv("AWS_RETRY_MODE", "standard", 1);
	setenv("AWS_CONFIG_FILE",
	    file_write("config", "[default]\nmax_attempts = 0\n"), 1);
	OK(client_open(&conf, &c, &error) == ERR_CONFIG &&
		strstr(error.message, "\"0\" is not a number") != NULL,
	    "%s", error.message);
}

/* Operations of which AWS takes few a second wait for their turn in every mode,
 * unless the number of attempts is set. */
static void
test_turns(void)
{
	static const struct http_step steps[] = {
	    THROTTLED, THROTTLED, THROTTLED, THROTTLED, THROTTLED, GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	setenv("AWS_RETRY_MODE", "standard", 1);
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "GetParametersForImport", 60000, &o);
	OK(o.err == ERR_OK && http_server_requests(s) == 6,
	    "a turn comes in the end: %s", err_name(o.err));
	client_close(c);
	http_server_stop(s);
	s = http_server_start(steps, ELEMS(steps), NULL);
	test_env(http_server_url(s));
	setenv("AWS_MAX_ATTEMPTS", "2", 1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "GetParametersForImport", 60000, &o);
	OK(o.err == ERR_THROTTLED && http_server_requests(s) == 2,
	    "AWS_MAX_ATTEMPTS ends it: %d requests", http_server_requests(s));
	client_close(c);
	http_server_stop(s);
}

static bool
is_about(double got, double want)
{
	return (fabs(got - want) < 0.001);
}

/* The figures are what botocore's adaptive mode makes of the same replies. */
static void
test_send_rate(void)
{
	struct send_rate r;
	int64_t t;

	send_rate_init(&r, 0);
	for (t = 50; t < 5000; t += 50) {
		send_rate_reply(&r, t, false);
		if (send_rate_take(&r, t, 0) != 0)
			break;
	}
	OK(t == 5000, "nobody waits while all goes well");
	send_rate_reply(&r, 5000, true);
	OK(is_about(r.per_second, 14), "throttled at 20 a second: %f",
	    r.per_second);
	OK(send_rate_take(&r, 5000, 60000) == 72 &&
		send_rate_take(&r, 5000, 60000) == 143,
	    "requests wait, one behind the other");
	OK(send_rate_take(&r, 5000, 200) == -1 &&
		send_rate_take(&r, 5000, 60000) == 215,
	    "one without time for it takes no place");
	for (t = 5100; t <= 15000; t += 100) {
		send_rate_reply(&r, t, false);
		if (t == 5100)
			OK(is_about(r.per_second, 14.70067), "it grows: %f",
			    r.per_second);
		if (t == 7000)
			OK(is_about(r.per_second, 19.95946), "%f",
			    r.per_second);
	}
	OK(is_about(r.per_second, 20), "to twice what is sent: %f",
	    r.per_second);
	send_rate_reply(&r, 15100, true);
	OK(is_about(r.per_second, 7), "throttled again: %f", r.per_second);
	send_rate_reply(&r, 15200, true);
	OK(is_about(r.per_second, 4.9), "and again: %f", r.per_second);
	send_rate_reply(&r, 15300, false);
	OK(is_about(r.per_second, 5.24203), "%f", r.per_second);
	send_rate_free(&r);
}

/* How long first tries waited after one was throttled. */
static int64_t
slept_after_throttling(const char *mode)
{
	static const struct http_step steps[] = {THROTTLED, GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;
	int64_t slept;

	test_env(http_server_url(s));
	setenv("AWS_RETRY_MODE", mode, 1);
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 60000, &o);
	slept = clk.slept_ms;
	for (int i = 0; i < 4; i++)
		test_post(c, &clk.clock, "Encrypt", 60000, &o);
	slept = clk.slept_ms - slept;
	OK(o.err == ERR_OK && http_server_requests(s) == 6, "%s: %s", mode,
	    err_name(o.err));
	client_close(c);
	http_server_stop(s);
	return (slept);
}

static enum err
ask(void *arg, size_t i, struct buf *body)
{
	(void)arg, (void)i;
	return (buf_puts(body, "{}"));
}

static enum err
take(void *arg, size_t i, enum err e, struct view reply,
    const struct error_info *error)
{
	int *good = arg;

	(void)i, (void)reply, (void)error;
	*good += e == ERR_OK;
	return (e);
}

static void
test_adaptive(void)
{
	static const struct http_step steps[] = {THROTTLED, GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	int good = 0;
	struct batch b = {"DescribeKey", 10, 1024, 1024, ask, take, &good};
	const struct transport *t;
	struct client *c;
	int64_t ms;

	ms = slept_after_throttling("standard");
	OK(ms == 0, "standard never holds back a first try: %lld ms",
	    (long long)ms);
	ms = slept_after_throttling("adaptive");
	OK(ms >= 1000 && ms <= 8000, "adaptive does: %lld ms", (long long)ms);
	test_env(http_server_url(s));
	setenv("AWS_RETRY_MODE", "adaptive", 1);
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	t = client_transport(c);
	OK(t->post_many(t->ctx, &b,
	       &(struct deadline){
		   &clk.clock, clk.clock.mono_ms(clk.clock.ctx) + 60000},
	       &o.error) == ERR_OK &&
		good == 10 && http_server_requests(s) == 11,
	    "many at once: %d", good);
	OK(clk.slept_ms >= 2000, "not all at once: %lld ms",
	    (long long)clk.slept_ms);
	client_close(c);
	http_server_stop(s);
}

int
main(void)
{
	test_crypto_open();
	test_clock_init(&clk);
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(i);
	test_refused();
	test_turns();
	test_send_rate();
	test_adaptive();
	files_remove();
	return (tap_done());
}
