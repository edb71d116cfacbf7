/* The log's line about the caller: STS is asked once, and no call fails or
 * waits for long because it is not there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "client-env.h"
#include "files.h"
#include "identity.h"
#include "tap.h"

#define ARN "arn:aws:sts::111122223333:assumed-role/app/host"

static const struct http_step kms_good[] = {{.status = 200, .body = "{}"}};
static char path[512];

static struct client *
client_with_log(const char *level, struct log **log)
{
	struct client_conf conf = {
	    .crypto = &test_crypto, .clock = &clock_system, .name = "tok"};
	struct client *c = NULL;
	struct error_info error;
	char spec[600];

	(void)snprintf(path, sizeof(path), "%s", file_write("log", ""));
	(void)snprintf(spec, sizeof(spec), "%s:%s", level, path);
	NEED(log_open(spec, log) == ERR_OK, "the log");
	conf.log = *log;
	NEED(client_open(&conf, &c, &error) == ERR_OK, "%s", error.message);
	return (c);
}

static const char *
log_text(void)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd != -1 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd != -1)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return (text);
}

/* Two requests to KMS; how often STS is asked, and what the log says. */
static void
caller(const char *level, const struct http_step *kms,
    const struct http_step *sts, bool named, int asked, const char *said)
{
	struct http_server *k = http_server_start(kms, 1, NULL);
	struct http_server *s = http_server_start(sts, 1, NULL);
	int64_t began = clock_system.mono_ms(NULL);
	static struct outcome o;
	struct log *log = NULL;
	struct client *c;

	test_env(http_server_url(k));
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	if (named)
		setenv("AWS_ENDPOINT_URL_STS", http_server_url(s), 1);
	c = client_with_log(level, &log);
	for (int i = 0; i < 2; i++) {
		test_post(c, NULL, "Encrypt", 10000, &o);
		OK(o.err == (kms->status == 200 ? ERR_OK : ERR_NETWORK),
		    "KMS's answer counts: %s", err_name(o.err));
	}
	OK(http_server_requests(s) == asked, "STS is asked %d times, not %d",
	    http_server_requests(s), asked);
	OK(clock_system.mono_ms(NULL) - began < 5000, "without a long wait");
	OK(said == NULL ? log_text()[0] == '\0'
			: strstr(log_text(), said) != NULL,
	    "the log: %s", log_text());
	client_close(c);
	log_close(log);
	http_server_stop(k);
	http_server_stop(s);
}

/* A wrong secret key and a wrong clock have the same error: the date tells. */
static void
test_refused(int64_t ahead, enum err want)
{
	static char date[64];
	time_t t = (time_t)(clock_system.wall_ms(NULL) / 1000 + ahead);
	struct http_step refused[] = {{.status = 403,
	    .headers = date,
	    .body = "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code>"
		    "</Error></ErrorResponse>"}};
	struct http_server *s = http_server_start(refused, 1, NULL);
	struct deadline d = deadline_in(&clock_system, 5000);
	struct error_info error = {.status = 0};
	char arn[KMS_ID_SIZE];
	struct client *c;
	struct tm tm;
	enum err e;

	NEED(gmtime_r(&t, &tm) != NULL &&
		 strftime(date, sizeof(date),
		     "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) != 0,
	    "a date");
	test_env("http://127.0.0.1:1");
	setenv("AWS_ENDPOINT_URL_STS", http_server_url(s), 1);
	c = test_client(NULL);
	e = client_identity(c, &d, arn, &error);
	OK(e == want, "refused, %lld s ahead: %s", (long long)ahead,
	    err_name(e));
	client_close(c);
	http_server_stop(s);
}

int
main(void)
{
	static const struct http_step names[] = {{.status = 200,
	    .body = "<GetCallerIdentityResponse><GetCallerIdentityResult>"
		    "<Arn>" ARN "</Arn></GetCallerIdentityResult>"
		    "</GetCallerIdentityResponse>"}};
	static const struct http_step hangs[] = {{.hang = true}};
	static const struct http_step cut[] = {{.status = 0}};
	static const struct http_step denied[] = {{.status = 403,
	    .body = "<ErrorResponse><Error><Code>AccessDenied</Code></Error>"
		    "</ErrorResponse>"}};

	test_crypto_open();
	caller("info", kms_good, names, true, 1,
	    "profile default, access key AKIDEXAMPLE, caller " ARN "\n");
	caller("info", kms_good, hangs, true, 1, ", caller not known: ");
	caller("info", kms_good, cut, true, 1, ", caller not known: ");
	caller("info", kms_good, denied, true, 1,
	    ", caller not known: STS GetCallerIdentity: HTTP status 403 "
	    "AccessDenied\n");
	caller("info", kms_good, names, false, 0,
	    ", caller not known: AWS_ENDPOINT_URL_KMS is set, and no endpoint "
	    "of STS\n");
	caller("info", cut, names, true, 0,
	    ", caller not known: KMS did not answer\n");
	caller("error", kms_good, names, true, 0, NULL);
	test_refused(0, ERR_BAD_CREDS);
	test_refused(3600, ERR_CLOCK);
	return (tap_done());
}
