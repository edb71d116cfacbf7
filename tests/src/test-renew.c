/* What the client puts right by itself: credentials that were replaced, and a
 * clock that is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "client-env.h"
#include "files.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define GOOD                                \
	{                                   \
		.status = 200, .body = "{}" \
	}
#define HOUR_MS (3600 * 1000)

static struct test_clock clk;
static struct outcome o;

static const char *
keys_write(const char *id)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "[default]\naws_access_key_id = %s\naws_secret_access_key = x\n",
	    id);
	return (file_write("credentials", text));
}

static void
keys_replace(void)
{
	(void)keys_write("NEW");
}

static bool
signed_by(struct http_server *s, int i, const char *id)
{
	char want[64];

	(void)snprintf(want, sizeof(want), "Credential=%s/", id);
	return (strstr(http_server_request(s, i), want) != NULL);
}

#define EXPIRED        \
	.status = 400, \
	.body = "{\"__type\":\"ExpiredTokenException\",\"message\":\"m\"}"

static void
test_replaced(void)
{
	static const struct http_step steps[] = {
	    GOOD, {EXPIRED, .hook = keys_replace}, GOOD, {EXPIRED}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_SHARED_CREDENTIALS_FILE", keys_write("OLD"), 1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK && signed_by(s, 0, "OLD"), "the first credentials");
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK && http_server_requests(s) == 3 &&
		signed_by(s, 1, "OLD") && signed_by(s, 2, "NEW"),
	    "refused ones are looked for again, and the request is repeated");
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_BAD_CREDS && http_server_requests(s) == 4 &&
		strcmp(o.error.exception, "ExpiredTokenException") == 0,
	    "the same ones again are not sent again");
	OK(clk.sleeps == 0, "without a wait");
	client_close(c);
	http_server_stop(s);
}

/* Date headers are made for the moment: the client's clock is the wrong one. */
static char date_header[64];

static void
date_make(void)
{
	time_t now = time(NULL);
	struct tm tm;

	(void)gmtime_r(&now, &tm);
	(void)strftime(date_header, sizeof(date_header),
	    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

/* Seconds from the X-Amz-Date of a request to now. */
static double
date_off(struct http_server *s, int i)
{
	struct tm tm = {0};
	const char *date = test_header(http_server_request(s, i), "X-Amz-Date");

	if (strptime(date, "%Y%m%dT%H%M%SZ", &tm) == NULL)
		return (1e9);
	return (difftime(time(NULL), timegm(&tm)));
}

#define BAD_SIGNATURE                          \
	.status = 400, .headers = date_header, \
	.body = "{\"__type\":\"InvalidSignatureException\"}"

static void
test_clock_wrong(int64_t wrong_ms)
{
	static const struct http_step steps[] = {
	    {BAD_SIGNATURE}, GOOD, GOOD, {BAD_SIGNATURE}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;
	double wrong = (double)wrong_ms / 1000;

	date_make();
	test_env(http_server_url(s));
	test_clock_init(&clk);
	clk.wrong_ms = wrong_ms;
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK && http_server_requests(s) == 2, "clock off by %g s",
	    wrong);
	OK(date_off(s, 0) + wrong > -60 && date_off(s, 0) + wrong < 60,
	    "the first request has this machine's date");
	OK(date_off(s, 1) > -60 && date_off(s, 1) < 60,
	    "the second has the service's");
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_OK && http_server_requests(s) == 3 &&
		date_off(s, 2) > -60 && date_off(s, 2) < 60,
	    "the next call knows it from the start");
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_BAD_CREDS && http_server_requests(s) == 4,
	    "with the date right, the secret key is wrong: %s",
	    err_name(o.err));
	clk.wrong_ms = 0;
	client_close(c);
	http_server_stop(s);
}

static void
test_clock_right(void)
{
	static const struct http_step steps[] = {{BAD_SIGNATURE},
	    {.status = 400, .body = "{\"__type\":\"RequestExpired\"}"}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	date_make();
	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_BAD_CREDS && http_server_requests(s) == 1,
	    "clock right: a wrong secret key, sent once");
	test_post(c, &clk.clock, "Encrypt", 5000, &o);
	OK(o.err == ERR_CLOCK && http_server_requests(s) == 2,
	    "no Date to go by: an error, sent once");
	client_close(c);
	http_server_stop(s);
}

static void
test_settings(void)
{
	struct client_conf conf = {
	    .crypto = &test_crypto, .clock = &clock_system};
	struct client *c = NULL;
	struct error_info error;

	test_env("http://127.0.0.1:1");
	unsetenv("AWS_REGION");
	OK(client_open(&conf, &c, &error) == ERR_NO_REGION && c == NULL,
	    "no Region: %s", error.message);
	setenv("AWS_DEFAULT_REGION", "eu-west-2", 1);
	NEED(client_open(&conf, &c, &error) == ERR_OK, "AWS_DEFAULT_REGION");
	OK(strcmp(client_region(c), "eu-west-2") == 0, "is the Region");
	OK(strcmp(client_endpoint(c), "http://127.0.0.1:1/") == 0, "endpoint");
	client_close(c);
	setenv("AWS_REGION", "eu-west-3", 1);
	NEED(client_open(&conf, &c, &error) == ERR_OK, "AWS_REGION");
	OK(strcmp(client_region(c), "eu-west-3") == 0, "comes before it");
	client_close(c);
	conf.region = "eu-central-1";
	conf.endpoint = "http://127.0.0.1:2";
	NEED(client_open(&conf, &c, &error) == ERR_OK, "configuration");
	OK(strcmp(client_region(c), "eu-central-1") == 0 &&
		strcmp(client_endpoint(c), "http://127.0.0.1:2/") == 0,
	    "comes before both");
	client_close(c);
	c = NULL;
	setenv("AWS_MAX_ATTEMPTS", "0", 1);
	OK(client_open(&conf, &c, &error) == ERR_CONFIG && c == NULL, "%s",
	    error.message);
	setenv("AWS_MAX_ATTEMPTS", "many", 1);
	OK(client_open(&conf, &c, &error) == ERR_CONFIG && c == NULL, "%s",
	    error.message);
	unsetenv("AWS_MAX_ATTEMPTS");
	conf.profile = "none";
	OK(client_open(&conf, &c, &error) == ERR_CONFIG && c == NULL, "%s",
	    error.message);
}

static void
test_attempts(const char *variable, const char *config, int want)
{
	static const struct http_step steps[] = {{.status = 500}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;

	test_env(http_server_url(s));
	if (variable != NULL)
		setenv("AWS_MAX_ATTEMPTS", variable, 1);
	setenv("AWS_CONFIG_FILE", file_write("config", config), 1);
	c = test_client(&clk.clock);
	test_post(c, &clk.clock, "Encrypt", 60000, &o);
	OK(o.err == ERR_SERVICE && http_server_requests(s) == want,
	    "%d attempts", http_server_requests(s));
	client_close(c);
	http_server_stop(s);
}

int
main(void)
{
	test_crypto_open();
	test_clock_init(&clk);
	test_replaced();
	test_clock_wrong(HOUR_MS);
	test_clock_wrong(-HOUR_MS);
	test_clock_wrong(5 * 60 * 1000);
	test_clock_right();
	test_settings();
	test_attempts("5", "[default]\nmax_attempts = 2\n", 5);
	test_attempts(NULL, "[default]\nmax_attempts = 2\n", 2);
	files_remove();
	return (tap_done());
}
