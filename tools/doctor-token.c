#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "client.h"
#include "config/key-list.h"
#include "doctor-token.h"
#include "env.h"

#define DEADLINE_MS 15000
#define SKEW_MS 60000 /* a clock that far off is worth a word */
#define NO_KEY "alias/keyferry/no-key" /* nobody has that name */
#define BODY_MAX 1024
#define REPLY_MAX 65536

struct patient {
	struct report *report;
	const struct config_token *config;
	struct client *client;
	struct kms kms;
};

/* What to do about a failure. */
static const struct {
	enum err err;
	const char *advice;
} remedies[] = {
    {ERR_NO_CREDS,
	"set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
    {ERR_NO_REGION, "set AWS_REGION, or region in keyferry.conf"},
    {ERR_CONFIG, "mend the setting: see keyferry.conf(5)"},
    {ERR_NETWORK, "see that the endpoint can be reached from here: names, "
		  "routes, firewalls, HTTPS_PROXY"},
    {ERR_PROXY, "put the proxy's name and password into HTTPS_PROXY"},
    {ERR_TLS, "set AWS_CA_BUNDLE, or ca-bundle, to the authority that signed "
	      "the server's certificate"},
    {ERR_DEADLINE, "see that the endpoint can be reached from here"},
    {ERR_REPLY, "see what answers at the endpoint: it is no KMS"},
    {ERR_BAD_CREDS, "renew the AWS credentials"},
    {ERR_CLOCK, "set this machine's clock, and check the secret access key"},
    {ERR_DENIED, "allow it in the IAM or key policy: see iam.md"},
    {ERR_DISABLED, "enable the key: aws kms enable-key"},
    {ERR_KEY_STATE, "see the key's state: aws kms describe-key"},
};

static const char *
advice_for(enum err e)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (remedies[i].err == e)
			return (remedies[i].advice);
	return (NULL);
}

static void
tell(struct patient *p, const char *check, enum report_status status,
    enum err e, const char *text)
{
	report_line(p->report, p->config->label, check, status,
	    e == ERR_OK ? NULL : advice_for(e), "%s", text);
}

static void
tell_failure(struct patient *p, const char *check, enum err e,
    const struct error_info *f)
{
	report_line(p->report, p->config->label, check, REPORT_FAILED,
	    advice_for(e), "%s%s%s%s%s", err_text(e),
	    f->exception[0] != '\0' ? ": " : "", f->exception,
	    f->message[0] != '\0' ? ": " : "", f->message);
}

static void
check_credentials(struct patient *p)
{
	struct error_info error = {.status = 0};
	char text[512], arn[KMS_ID_SIZE];
	enum err e = client_credentials(
	    p->client, &p->kms.deadline, text, sizeof(text), &error);

	if (e != ERR_OK) {
		tell_failure(p, "credentials", e, &error);
		return;
	}
	tell(p, "credentials", REPORT_OK, ERR_OK, text);
	p->kms.deadline = deadline_in(&clock_system, DEADLINE_MS);
	e = client_identity(p->client, &p->kms.deadline, arn, &error);
	if (e == ERR_OK)
		tell(p, "identity", REPORT_OK, ERR_OK, arn);
	else if (e == ERR_NETWORK || e == ERR_DEADLINE || e == ERR_TLS)
		report_line(p->report, p->config->label, "identity",
		    REPORT_NOTE, "keys work without STS: nothing to do",
		    "STS is not reached: %s", error.message);
	else
		tell_failure(p, "identity", e, &error);
}

/* Without the name and password that may be in it. */
static void
check_proxy(struct patient *p)
{
	const char *url = env_get("HTTPS_PROXY"), *at;

	if (url == NULL && (url = env_get("https_proxy")) == NULL &&
	    (url = env_get("ALL_PROXY")) == NULL)
		url = "none";
	at = strrchr(url, '@');
	report_line(p->report, p->config->label, "proxy", REPORT_OK, NULL,
	    "%s%s", at != NULL ? "with a password: " : "",
	    at != NULL ? at + 1 : url);
}

/* A question that KMS always answers, with its date. */
static bool
check_endpoint(struct patient *p)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&p->kms, NO_KEY, &meta);
	int64_t ahead;

	kms_key_free(&meta);
	if (e != ERR_OK && e != ERR_NOT_FOUND && e != ERR_DENIED) {
		tell_failure(p, "KMS", e, &p->kms.error);
		return (false);
	}
	tell(p, "KMS", REPORT_OK, ERR_OK,
	    strncmp(client_endpoint(p->client), "https:", 6) == 0
		? "it answers, and its certificate is accepted"
		: "it answers, without TLS");
	if (!client_has_service_time(p->client))
		return (true);
	ahead = client_service_ms(p->client) -
		clock_system.wall_ms(clock_system.ctx);
	report_line(p->report, p->config->label, "clock",
	    llabs(ahead) > SKEW_MS ? REPORT_FAILED : REPORT_OK,
	    llabs(ahead) > SKEW_MS ? "set this machine's clock" : NULL,
	    "%lld s from AWS's", (long long)(ahead / 1000));
	return (true);
}

/* May it be called? What else is wrong with the request does not count. */
static void
tell_permission(struct patient *p, const char *operation, enum err e)
{
	if (e == ERR_DENIED)
		report_line(p->report, p->config->label, operation, REPORT_NOTE,
		    advice_for(e), "denied: %s", p->kms.error.message);
	else if (e == ERR_OK || e == ERR_DRY_RUN)
		tell(p, operation, REPORT_OK, ERR_OK, "allowed");
	else
		tell_failure(p, operation, e, &p->kms.error);
}

/* The first key of the selection, or of the account; "": there is none. */
static void
find_key(struct patient *p, char key[KMS_ALIAS_SIZE])
{
	struct kms_page page = {.marker = ""};
	const char *list = p->config->keys;
	struct selector s;
	enum err e;

	key[0] = '\0';
	while (key[0] == '\0' && key_list_next(&list, &s))
		if (s.kind == SELECTOR_KEY || s.kind == SELECTOR_ALIAS)
			snprintf(key, KMS_ALIAS_SIZE, "%s", s.text);
	e = kms_list_keys(&p->kms, &page);
	tell_permission(p, "ListKeys", e);
	if (key[0] == '\0' && e == ERR_OK && page.rows.count != 0)
		memcpy(key, ((const struct kms_key_entry *)page.rows.ptr)->id,
		    KMS_ALIAS_SIZE);
	json_rows_free(&page.rows);
	page = (struct kms_page){.marker = ""};
	tell_permission(
	    p, "ListAliases", kms_list_aliases(&p->kms, NULL, &page));
	json_rows_free(&page.rows);
}

static const struct {
	const char *operation;
	enum key_usage usage;
	const char *members; /* of the request, with %s for the algorithm */
} dry_runs[] = {
    {"Encrypt", ENCRYPT_DECRYPT,
	"\"Plaintext\":\"AA==\",\"EncryptionAlgorithm\":\"%s\""},
    {"Sign", SIGN_VERIFY, "\"Message\":\"AA==\",\"SigningAlgorithm\":\"%s\""},
    {"GenerateMac", GENERATE_VERIFY_MAC,
	"\"Message\":\"AA==\",\"MacAlgorithm\":\"%s\""},
};

static void
dry_run(struct patient *p, size_t i, const struct kms_key *k)
{
	const struct transport *t = p->kms.transport;
	struct buf reply = BUF_INIT(REPLY_MAX);
	char body[BODY_MAX], members[256];
	enum err e;

	/* the first algorithm is as good as another */
	snprintf(members, sizeof(members), dry_runs[i].members,
	    k->algorithms.len != 0 ? (const char *)k->algorithms.ptr : "");
	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\",\"DryRun\":true,%s}",
	    k->arn, members);
	e = t->post(t->ctx, dry_runs[i].operation, view_str(body),
	    &p->kms.deadline, &reply, &p->kms.error);
	tell_permission(p, dry_runs[i].operation, e);
	buf_free(&reply);
}

static void
probe_key(struct patient *p, const char *key)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&p->kms, key, &meta);

	tell_permission(p, "DescribeKey", e);
	if (e == ERR_DENIED) {
		kms_key_free(&meta);
		meta = (struct kms_key)KMS_KEY_INIT;
		e = kms_describe_pair(&p->kms, key, &meta);
		tell_permission(p, "GetPublicKey", e);
	}
	if (e == ERR_OK)
		report_line(p->report, p->config->label, "probed with",
		    REPORT_OK, NULL, "%s, %s, %s, %s", meta.arn, meta.spec,
		    meta.words.usage, meta.words.state);
	for (size_t i = 0; i < sizeof(dry_runs) / sizeof(dry_runs[0]); i++)
		if (e == ERR_OK && meta.usage == dry_runs[i].usage)
			dry_run(p, i, &meta);
	kms_key_free(&meta);
}

static void
check_permissions(struct patient *p)
{
	static const char rest[] =
	    "CreateKey, GetParametersForImport, ImportKeyMaterial, "
	    "DeleteImportedKeyMaterial, CreateAlias, UpdateAlias, DeleteAlias, "
	    "ScheduleKeyDeletion, RotateKeyOnDemand, ReplicateKey";
	char key[KMS_ALIAS_SIZE];

	find_key(p, key);
	if (key[0] != '\0')
		probe_key(p, key);
	else
		tell(p, "keys", REPORT_NOTE, ERR_OK,
		    "there is no key to try operations with");
	tell(p, "import", REPORT_NOT_PROBED, ERR_OK, rest);
}

void
doctor_token(struct report *r, const struct crypto *crypto,
    const struct config_token *config)
{
	const struct client_conf conf = {.profile = config->profile,
	    .region = config->region,
	    .endpoint = config->endpoint,
	    .ca_bundle = config->ca_bundle,
	    .crypto = crypto,
	    .clock = &clock_system};
	struct patient p = {.report = r, .config = config};
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
	e = client_open(&conf, &p.client, &error);
	crypto_leave(&guard);
	if (e != ERR_OK) {
		tell_failure(&p, "settings", e, &error);
		return;
	}
	p.kms.transport = client_transport(p.client);
	p.kms.deadline = deadline_in(&clock_system, DEADLINE_MS);
	tell(&p, "Region", REPORT_OK, ERR_OK, client_region(p.client));
	tell(&p, "endpoint", REPORT_OK, ERR_OK, client_endpoint(p.client));
	check_proxy(&p);
	check_credentials(&p);
	p.kms.deadline = deadline_in(&clock_system, DEADLINE_MS);
	if (check_endpoint(&p))
		check_permissions(&p);
	client_close(p.client);
}
