/* The client against a scripted server: what is sent, and what is done about
 * each failure. Waits take no time: the clock is a fake. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "client-env.h"
#include "sigv4.h"
#include "files.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define GOOD                                       \
	{                                          \
		.status = 200, .body = "{\"a\":1}" \
	}
#define REFUSED(type)                                              \
	{                                                          \
		.status = 400, .body = "{\"__type\":\"" type "\"}" \
	}
#define THROTTLED REFUSED("ThrottlingException")
#define BROKEN                                                                 \
	{                                                                      \
		.status = 500, .body = "{\"__type\":\"KMSInternalException\"}" \
	}
#define CUT                 \
	{                   \
		.status = 0 \
	}
#define HANG                 \
	{                    \
		.hang = true \
	}

static struct test_clock clk;
static struct outcome o;

/* The signature of a request, computed from what arrived. */
static bool
signature_holds(const char *request)
{
	static const char *const names[] = {
	    "content-type", "host", "x-amz-date", "x-amz-target"};
	char values[ELEMS(names)][256], hash[SIGV4_HEX_SIZE],
	    hex[SIGV4_HEX_SIZE];
	struct sigv4_header headers[ELEMS(names)];
	uint8_t key[SIGV4_KEY_SIZE];
	struct sigv4 *v4 = NULL;
	struct sigv4_request r = {.method = VIEW_STR("POST"),
	    .path = VIEW_STR("/"),
	    .headers = headers,
	    .header_count = ELEMS(names),
	    .region = VIEW_STR("eu-west-1"),
	    .service = VIEW_STR("kms")};
	const char *sent = strstr(request, "Signature=");
	bool ok;

	for (size_t i = 0; i < ELEMS(names); i++) {
		(void)snprintf(values[i], sizeof(values[i]), "%s",
		    test_header(request, names[i]));
		headers[i] = (struct sigv4_header){
		    view_str(names[i]), view_str(values[i])};
	}
	r.date = view_str(values[2]);
	r.payload_hash = VIEW(hash, sizeof(hash) - 1);
	ok = sent != NULL && sigv4_open(&test_crypto, &v4) == ERR_OK &&
	     sigv4_hash(v4, VIEW_STR("{}"), hash) == ERR_OK &&
	     sigv4_key(v4, VIEW_STR("secret"), VIEW(values[2], 8), r.region,
		 r.service, key) == ERR_OK &&
	     sigv4_sign(v4, &r, key, hex) == ERR_OK &&
	     strncmp(sent + 10, hex, strlen(hex)) == 0;
	sigv4_close(v4);
	return (ok);
}

static void
test_request(void)
{
	static const struct http_step steps[] = {GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;
	const char *r;

	test_env(http_server_url(s));
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK && strcmp(o.reply, "{\"a\":1}") == 0,
	    "the reply's body, and no proxy to this machine");
	r = http_server_request(s, 0);
	OK(strncmp(r, "POST / HTTP/1.1\r\n", 17) == 0, "POST /, HTTP/1.1");
	OK(strcmp(test_header(r, "X-Amz-Target"), "TrentService.Encrypt") == 0,
	    "X-Amz-Target");
	OK(strcmp(test_header(r, "Content-Type"),
	       "application/x-amz-json-1.1") == 0,
	    "Content-Type");
	OK(strcmp(test_header(r, "X-Amz-Security-Token"), "") == 0,
	    "no token where there is none");
	OK(strcmp(test_header(r, "User-Agent"),
	       PACKAGE_NAME "/" PACKAGE_VERSION " app/test-client") == 0,
	    "the program is named: %s", test_header(r, "User-Agent"));
	OK(signature_holds(r), "the signature is that of what arrived");
	for (int i = 0; i < 4; i++)
		test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(http_server_connections(s) == 1, "five requests on one connection");
	OK(signature_holds(http_server_request(s, 4)),
	    "and the fifth is signed");
	client_close(c);
	http_server_stop(s);
}

/* What the environment and the profile say of the application. */
static void
test_app_id(void)
{
	static const struct http_step steps[] = {GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	setenv("AWS_CONFIG_FILE",
	    file_write("config", "[default]\nsdk_ua_app_id = of the/profile\n"),
	    1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	client_close(c);
	setenv("AWS_SDK_UA_APP_ID",
	    "a\r\nb:12345678901234567890123456789012345"
	    "678901234567890",
	    1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	client_close(c);
	OK(strstr(test_header(http_server_request(s, 0), "User-Agent"),
	       " app/of-the-profile") != NULL,
	    "sdk_ua_app_id");
	OK(strcmp(test_header(http_server_request(s, 1), "User-Agent"),
	       PACKAGE_NAME
	       "/" PACKAGE_VERSION
	       " app/a--b-123456789012345678901234567890123456789012345") == 0,
	    "AWS_SDK_UA_APP_ID: %s",
	    test_header(http_server_request(s, 1), "User-Agent"));
	http_server_stop(s);
}

/* While a service is down, requests are tried again 100 times in all; each
 * success lets it be tried a little more. */
static void
test_retry_tokens(void)
{
	struct http_step steps[166],
	    good[6] = {GOOD, GOOD, GOOD, GOOD, GOOD, BROKEN};
	struct http_server *s;
	struct client *c;
	int before;

	for (size_t i = 0; i < 160; i++)
		steps[i] = (struct http_step)BROKEN;
	memcpy(steps + 160, good, sizeof(good));
	s = http_server_start(steps, 166, NULL);
	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	for (int i = 0; i < 60; i++)
		test_post(c, &clk.clock, "Encrypt", 60000, &o);
	OK(http_server_requests(s) == 160,
	    "60 requests that fail, 100 of them once more: %d",
	    http_server_requests(s));
	for (int i = 0; i < 5; i++)
		test_post(c, &clk.clock, "Encrypt", 60000, &o);
	OK(o.err == ERR_OK, "the service is back");
	before = http_server_requests(s);
	test_post(c, &clk.clock, "Encrypt", 60000, &o);
	OK(o.err != ERR_OK && http_server_requests(s) == before + 2,
	    "one more failure is tried again, once: %d",
	    http_server_requests(s) - before);
	client_close(c);
	http_server_stop(s);
}

/* clang-format off */
static const struct {
	const char *what, *operation;
	struct http_step steps[8];
	size_t count;
	enum err err;
	int requests; /* that the server saw */
	int sleeps;
	int64_t least_ms, timeout_ms; /* slept in all */
} rows[] = {
	{ "throttled five times, more than the tries", "Encrypt",
	  { THROTTLED, THROTTLED, THROTTLED, THROTTLED, THROTTLED, GOOD }, 6,
	  ERR_OK, 6, 5, 0, 31000 },
	{ "x-amz-retry-after", "Encrypt",
	  { { .status = 400, .body = "{\"__type\":\"ThrottlingException\"}",
	      .headers = "x-amz-retry-after: 3000\r\n" }, GOOD }, 2,
	  ERR_OK, 2, 1, 3000, 3000 },
	{ "x-amz-retry-after that asks too much", "Encrypt",
	  { { .status = 400, .body = "{\"__type\":\"ThrottlingException\"}",
	      .headers = "x-amz-retry-after: 50000\r\n" }, GOOD }, 2,
	  ERR_OK, 2, 1, 5000, 6000 },
	{ "Retry-After", "Encrypt",
	  { { .status = 429, .headers = "Retry-After: 7\r\n" }, GOOD }, 2,
	  ERR_OK, 2, 1, 7000, 7000 },
	{ "a failure inside KMS, twice", "Encrypt", { BROKEN, BROKEN, GOOD }, 3,
	  ERR_OK, 3, 2, 0, 150 },
	{ "a failure inside KMS, thrice", "Encrypt", { BROKEN }, 1,
	  ERR_SERVICE, 3, 2, 0, 150 },
	{ "503 without a body", "Encrypt", { { .status = 503 }, GOOD }, 2,
	  ERR_OK, 2, 1, 0, 50 },
	{ "a refusal", "Encrypt", { REFUSED("DisabledException") }, 1,
	  ERR_DISABLED, 1, 0, 0, 0 },
	{ "cut connections", "Encrypt", { CUT, CUT, GOOD }, 3,
	  ERR_OK, 3, 2, 0, 150 },
	{ "always cut", "Encrypt", { CUT }, 1, ERR_NETWORK, 3, 2, 0, 150 },
	{ "not HTTP", "Encrypt", { { .raw = "What?\r\n\r\n" } }, 1,
	  ERR_REPLY, 3, 2, 0, 150 },
	{ "a reply cut in its head", "Encrypt",
	  { { .raw = "HTTP/1.1 200 OK\r\nContent-" }, GOOD }, 2,
	  ERR_OK, 2, 1, 0, 50 },
	{ "a reply cut in its body", "Encrypt",
	  { { .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}" },
	    GOOD }, 2,
	  ERR_OK, 2, 1, 0, 50 },
	{ "a reply without a body or its length", "Encrypt",
	  { { .raw = "HTTP/1.1 200 OK\r\n\r\n" }, GOOD }, 2,
	  ERR_OK, 2, 1, 0, 50 },
	{ "a reply ended by the connection", "Encrypt",
	  { { .raw = "HTTP/1.1 200 OK\r\n\r\n{\"a\":1}" } }, 1,
	  ERR_OK, 1, 0, 0, 0 },
	{ "an empty reply of length 0", "Encrypt", { { .status = 200 } }, 1,
	  ERR_OK, 1, 0, 0, 0 },
	{ "a redirect, not followed", "Encrypt",
	  { { .status = 307, .headers = "Location: http://127.0.0.1:1/\r\n" } },
	  1, ERR_REPLY, 3, 2, 0, 150 },
	{ "403 without JSON", "Encrypt",
	  { { .status = 403, .body = "<html>Forbidden</html>" } }, 1,
	  ERR_DENIED, 1, 0, 0, 0 },
	{ "CreateKey, cut", "CreateKey", { CUT }, 1, ERR_UNKNOWN, 1, 0, 0, 0 },
	{ "CreateKey, reply cut in its body", "CreateKey",
	  { { .raw = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}" } }, 1,
	  ERR_UNKNOWN, 1, 0, 0, 0 },
	{ "CreateKey, a gateway's error", "CreateKey", { { .status = 502 } }, 1,
	  ERR_UNKNOWN, 1, 0, 0, 0 },
	{ "CreateKey, throttled", "CreateKey", { THROTTLED, THROTTLED, GOOD },
	  3, ERR_OK, 3, 2, 0, 3000 },
	{ "CreateKey, failed inside KMS", "CreateKey", { BROKEN, GOOD }, 2,
	  ERR_OK, 2, 1, 0, 50 },
};
/* clang-format on */

static void
test_row(size_t i)
{
	struct http_server *s = http_server_start(
	    rows[i].steps, rows[i].count, NULL);
	struct client *c;

	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, rows[i].operation, 60000, &o);
	OK(o.err == rows[i].err, "%s: %s (%s)", rows[i].what, err_name(o.err),
	    o.error.message);
	OK(http_server_requests(s) == rows[i].requests &&
		clk.sleeps == rows[i].sleeps,
	    "%s: %d requests, %d waits", rows[i].what, http_server_requests(s),
	    (int)clk.sleeps);
	OK(clk.slept_ms >= rows[i].least_ms &&
		clk.slept_ms <= rows[i].timeout_ms,
	    "%s: %lld ms", rows[i].what, (long long)clk.slept_ms);
	client_close(c);
	http_server_stop(s);
}

static void
test_fault(void)
{
	static const struct http_step steps[] = {
	    {.status = 400,
		.headers = "x-amzn-RequestId: id-1\r\n",
		.body = "{\"__type\":\"com.amazonaws.kms#NotFoundException\","
			"\"message\":\"no such key\"}"},
	    {.status = 403, .body = "<html>Forbidden</html>"}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_NOT_FOUND && o.error.status == 400 &&
		strcmp(o.error.exception, "NotFoundException") == 0 &&
		strcmp(o.error.message, "no such key") == 0 &&
		strcmp(o.error.request_id, "id-1") == 0,
	    "status, exception, message and request id");
	OK(o.reply[0] == '\0', "a refusal's body is no reply");
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_DENIED && o.error.status == 403 &&
		o.error.exception[0] == '\0' && o.error.request_id[0] == '\0' &&
		strstr(o.error.message, "403") != NULL,
	    "nothing is left of the error before: %s", o.error.message);
	client_close(c);
	http_server_stop(s);
}

/* What comes from a proxy, or leads elsewhere, is told as that. */
static void
test_strangers(void)
{
	static const struct http_step steps[] = {{.status = 407},
	    {.raw = "HTTP/1.1 407 Proxy Authentication Required\r\n"
		    "Proxy-Authenticate: Basic realm=\"x\"\r\n"
		    "Content-Length: 0\r\n\r\n"},
	    {.raw = "HTTP/1.1 302 Found\r\nLocation: https://in.example/\r\n"
		    "Content-Length: 0\r\n\r\n"},
	    {.raw = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}};
	static const char *const said[] = {"407 of the proxy: it wants",
	    "302 of the proxy, Location https://in.", "403 of the proxy"};
	static const struct http_step redirect[] = {{.status = 302,
	    .headers = "Location: https://portal.example/\r\n"}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_PROXY && strstr(o.error.message, "proxy") != NULL,
	    "407: %s", o.error.message);
	client_close(c);
	test_env("https://kms.example.invalid");
	setenv("https_proxy", http_server_url(s), 1);
	c = test_client(&clk.clock);
	for (size_t i = 0; i < ELEMS(said); i++) {
		test_post(c, &clk.clock, "Encrypt", 5000, &o);
		OK(o.err == ERR_PROXY &&
			strstr(o.error.message, said[i]) != NULL,
		    "in answer to CONNECT: %s", o.error.message);
	}
	client_close(c);
	http_server_stop(s);
	unsetenv("https_proxy");
	s = http_server_start(redirect, ELEMS(redirect), NULL);
	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_REPLY &&
		strstr(o.error.message, "Location https://portal.") != NULL,
	    "a redirect: %s", o.error.message);
	client_close(c);
	http_server_stop(s);
}

static void
test_too_large(void)
{
	static char body[70000];
	static struct http_step steps[] = {{.status = 200, .body = body}, GOOD};
	struct http_server *s;
	struct client *c;

	memset(body, ' ', sizeof(body) - 1);
	s = http_server_start(steps, ELEMS(steps), NULL);
	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_TOO_BIG && http_server_requests(s) == 1 &&
		o.reply[0] == '\0',
	    "a reply over the ceiling: %s", o.error.message);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK, "the next request works");
	client_close(c);
	http_server_stop(s);
}

/* The pool holds a connection that the server ends with the next request. */
static void
test_stale(void)
{
	static const struct http_step steps[] = {GOOD, CUT, GOOD, GOOD, GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK && http_server_requests(s) == 3 && clk.sleeps == 0,
	    "a stale connection is no failed try: %s", o.error.message);
	test_post(c, &clk.clock, "CreateKey", 5000, &o);
	OK(o.err == ERR_OK && http_server_connections(s) == 3,
	    "CreateKey does not trust a connection of the pool");
	client_close(c);
	http_server_stop(s);
}

static void
test_unreachable(void)
{
	struct client *c;

	test_env("http://127.0.0.1:1");
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "CreateKey", 5000, &o);
	OK(o.err == ERR_NETWORK && clk.sleeps == 2,
	    "CreateKey that was never sent is tried again: %s",
	    o.error.message);
	client_close(c);
}

static void
test_deadline(void)
{
	static const struct http_step hang[] = {HANG};
	static const struct http_step broken[] = {BROKEN, HANG};
	static const struct http_step throttled[] = {THROTTLED};
	static const struct http_step in_the_end[] = {THROTTLED, THROTTLED,
	    THROTTLED, THROTTLED, THROTTLED, THROTTLED, GOOD};
	struct http_server *s = http_server_start(hang, 1, NULL);
	int64_t began = clock_system.mono_ms(NULL);
	struct client *c;

	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 300, &o);
	OK(o.err == ERR_DEADLINE && http_server_requests(s) == 1,
	    "no reply before the deadline: %s", o.error.message);
	test_post(c, &clk.clock, "CreateKey", 300, &o);
	OK(o.err == ERR_UNKNOWN && http_server_requests(s) == 2,
	    "no reply to CreateKey");
	test_post(c, &clk.clock, "Encrypt", 0, &o);
	OK(o.err == ERR_DEADLINE && http_server_requests(s) == 2,
	    "nothing is sent after the deadline");
	OK(clock_system.mono_ms(NULL) - began >= 500, "both were waited for");
	client_close(c);
	http_server_stop(s);

	s = http_server_start(broken, ELEMS(broken), NULL);
	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 1000, &o);
	OK(o.err == ERR_SERVICE && o.error.status == 500,
	    "the failure before it says more than a deadline");
	client_close(c);
	http_server_stop(s);

	s = http_server_start(throttled, 1, NULL);
	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 20000, &o);
	OK(o.err == ERR_THROTTLED && clk.slept_ms < 20000,
	    "throttled to the end, without a wait beyond it: %d requests",
	    http_server_requests(s));
	client_close(c);
	http_server_stop(s);

	/* chance asks for 25 seconds and more as often as not */
	s = http_server_start(in_the_end, ELEMS(in_the_end), NULL);
	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 12000, &o);
	OK(o.err == ERR_OK, "waits grow no longer than there is time: %s",
	    o.error.message);
	client_close(c);
	http_server_stop(s);
}

/* So much time goes by as a try has; it is then cut. */
static void
take_long(void)
{
	clk.slept_ms += 10000;
}

static void
take_longer(void)
{
	clk.slept_ms += 80000;
}

/* A slow link: what a try has no time for is tried until the deadline. */
static void
test_slow(void)
{
	static const struct http_step slow[] = {{.hook = take_long},
	    {.hook = take_longer}, {.hook = take_longer}, {.hook = take_longer},
	    GOOD};
	static const struct http_step never[] = {{.hook = take_longer}};
	static const char *const modes[] = {NULL, "standard"};
	struct http_server *s;
	struct client *c;

	for (size_t i = 0; i < ELEMS(modes); i++) {
		s = http_server_start(slow, ELEMS(slow), NULL);
		test_env(http_server_url(s));
		if (modes[i] != NULL)
			setenv("AWS_RETRY_MODE", modes[i], 1);
		test_clock_init(&clk);
		c = test_client(&clk.clock);
		test_post(c, &clk.clock, "ImportKeyMaterial", 300000, &o);
		OK(o.err == (i == 0 ? ERR_OK : ERR_NETWORK),
		    "four tries that are too short, retry mode %s: %s",
		    i == 0 ? "not set" : modes[i], o.error.message);
		OK(http_server_requests(s) == (i == 0 ? 5 : 3), "%d requests",
		    http_server_requests(s));
		client_close(c);
		http_server_stop(s);
	}
	s = http_server_start(never, 1, NULL);
	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "ImportKeyMaterial", 300000, &o);
	OK(o.err == ERR_NETWORK && http_server_requests(s) == 4,
	    "and no longer: %d requests", http_server_requests(s));
	client_close(c);
	http_server_stop(s);
}

#define THREADS 80 /* more than the pool has connections */
#define ROUNDS 10

struct worker {
	pthread_t thread;
	struct client *client;
	int good;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct outcome *out = malloc(sizeof(*out));

	for (int i = 0; out != NULL && i < ROUNDS; i++) {
		test_post(w->client, NULL, "Encrypt", 60000, out);
		w->good += out->err == ERR_OK;
	}
	free(out);
	return (NULL);
}

static void
test_threads(void)
{
	static const struct http_step steps[] = {GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct worker w[THREADS];
	struct client *c;
	int good = 0;

	test_env(http_server_url(s));
	c = test_client(NULL);
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.client = c};
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			tap_bail();
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].good;
	}
	OK(good == THREADS * ROUNDS, "%d of %d requests by %d threads", good,
	    THREADS * ROUNDS, THREADS);
	OK(http_server_connections(s) <= 64, "on %d connections",
	    http_server_connections(s));
	client_close(c);
	http_server_stop(s);
}

int
main(void)
{
	test_crypto_open();
	test_clock_init(&clk);
	test_request();
	test_app_id();
	test_retry_tokens();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(i);
	test_fault();
	test_strangers();
	test_too_large();
	test_stale();
	test_unreachable();
	test_deadline();
	test_slow();
	test_threads();
	files_remove();
	return (tap_done());
}
