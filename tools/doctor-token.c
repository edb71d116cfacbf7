#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "doctor-check.h"
#include "doctor-permissions.h"
#include "doctor-token.h"
#include "endpoint.h"
#include "identity.h"

#define SKEW_MS 60000 /* a clock that far off is worth a word */
#define NO_KEY "alias/keyferry/no-key" /* nobody has that name */

static void
check_settings(struct token_check *t)
{
	const char *source = client_endpoint_source(t->client);
	char retry[64];

	doctor_tell(t, "Region", REPORT_OK, ERR_OK, "%s, by %s",
	    client_region(t->client), client_region_source(t->client));
	doctor_tell(t, "endpoint", REPORT_OK, ERR_OK, "%s%s%s",
	    client_endpoint(t->client), source != NULL ? ", by " : "",
	    source != NULL ? source : "");
	client_retry_text(t->client, retry, sizeof(retry));
	doctor_tell(t, "retry mode", REPORT_OK, ERR_OK, "%s", retry);
}

/* Without the name and password that may be in it. */
static void
check_proxy(struct token_check *t)
{
	struct proxy p = client_proxy(t->client);
	const char *host = strstr(client_endpoint(t->client), "//"), *at;
	char name[256];

	if (p.url == NULL) {
		doctor_tell(t, "proxy", REPORT_OK, ERR_OK, "none");
		return;
	}
	if (host != NULL && endpoint_host(host + 2, name, sizeof(name)) &&
	    proxy_excepts(&p, name)) {
		doctor_tell(t, "proxy", REPORT_OK, ERR_OK,
		    "none for %s, by no_proxy", name);
		return;
	}
	at = strrchr(p.url, '@');
	doctor_tell(t, "proxy", REPORT_OK, ERR_OK, "%s%s, by %s%s%s",
	    at != NULL ? "with a password: " : "", at != NULL ? at + 1 : p.url,
	    p.variable, p.except != NULL ? ", but not for " : "",
	    p.except != NULL ? p.except : "");
}

static void
check_credentials(struct token_check *t)
{
	struct error_info error = {.status = 0};
	char text[512], arn[KMS_ID_SIZE];
	enum err e = client_credentials(
	    t->client, &t->kms.deadline, text, sizeof(text), &error);

	if (e != ERR_OK) {
		doctor_tell_failure(t, "credentials", e, &error);
		return;
	}
	doctor_tell(t, "credentials", REPORT_OK, ERR_OK, "%s", text);
	t->kms.deadline = deadline_in(&clock_system, DOCTOR_DEADLINE_MS);
	e = client_identity(t->client, &t->kms.deadline, arn, &error);
	if (e == ERR_OK)
		doctor_tell(t, "identity", REPORT_OK, ERR_OK, "%s", arn);
	else if (e == ERR_NETWORK || e == ERR_DEADLINE || e == ERR_TLS)
		report_line(t->report, t->config->label, "identity",
		    REPORT_NOTE, "keys work without STS: nothing to do",
		    "STS is not reached: %s", error.message);
	else
		doctor_tell_failure(t, "identity", e, &error);
}

/* Of the server, or of who answers in its place. */
static void
check_certificates(struct token_check *t)
{
	const struct certificate_list *l = &t->certificates;
	time_t now = time(NULL), end;
	const struct certificate *c;
	struct tm tm;
	char date[32];
	bool ended;

	for (size_t i = 0; i < l->count; i++) {
		c = &l->of[i];
		end = (time_t)c->end;
		if (gmtime_r(&end, &tm) == NULL ||
		    strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm) ==
			0)
			date[0] = '\0';
		ended = end < now;
		report_line(t->report, t->config->label, "certificate",
		    ended ? REPORT_FAILED
			  : (l->accepted ? REPORT_OK : REPORT_NOTE),
		    ended ? "set this machine's clock if it is wrong, or have "
			    "the server's certificate renewed"
			  : NULL,
		    "%zu of %zu: %s, issued by %s, %s %s", i + 1, l->count,
		    c->subject, c->issuer, ended ? "ended" : "until", date);
	}
}

static void
check_clock(struct token_check *t)
{
	int64_t ahead;

	if (!client_has_service_time(t->client))
		return;
	ahead = client_service_ms(t->client) -
		clock_system.wall_ms(clock_system.ctx);
	report_line(t->report, t->config->label, "clock",
	    llabs(ahead) > SKEW_MS ? REPORT_FAILED : REPORT_OK,
	    llabs(ahead) > SKEW_MS ? "set this machine's clock" : NULL,
	    "%lld s from AWS's", (long long)(ahead / 1000));
}

/* A question that KMS always answers, with its date. */
static bool
check_endpoint(struct token_check *t)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&t->kms, NO_KEY, &meta);

	kms_key_free(&meta);
	if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_DENIED) {
		doctor_tell_failure(t, "KMS", e, &t->kms.error);
		check_certificates(t);
		return (false);
	}
	doctor_tell(t, "KMS", REPORT_OK, ERR_OK, "%s",
	    t->certificates.count != 0
		? "it answers, and its certificate is accepted"
		: "it answers, without TLS");
	check_certificates(t);
	check_clock(t);
	return (true);
}

void
doctor_token(struct report *r, const struct crypto *crypto,
    const struct config_token *config)
{
	struct token_check t = {.report = r, .config = config};
	const struct client_conf conf = {.profile = config->profile,
	    .region = config->region,
	    .endpoint = config->endpoint,
	    .ca_bundle = config->ca_bundle,
	    .crypto = crypto,
	    .clock = &clock_system,
	    .certificates = &t.certificates};
	struct error_info error = {.status = 0};
	struct crypto_guard guard;
	enum err e;

	if (config->fault != NULL) {
		report_line(r, config->label, "option", REPORT_FAILED,
		    "mend the line: the token is not there until then", "%s",
		    config->fault);
		return;
	}
	crypto_enter(crypto, &guard);
	e = client_open(&conf, &t.client, &error);
	crypto_leave(&guard);
	if (e != ERR_OK) {
		doctor_tell_failure(&t, "settings", e, &error);
		return;
	}
	t.kms.transport = client_transport(t.client);
	t.kms.deadline = deadline_in(&clock_system, DOCTOR_DEADLINE_MS);
	check_settings(&t);
	check_proxy(&t);
	check_credentials(&t);
	t.kms.deadline = deadline_in(&clock_system, DOCTOR_DEADLINE_MS);
	if (check_endpoint(&t))
		doctor_permissions(&t);
	client_close(t.client);
}
