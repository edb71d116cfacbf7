/* What the configuration says of new keys: tags, description and key policy,
 * in each Region; and the note that marks a key while it is being made. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "account.h"
#include "client.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define SETTINGS                                             \
	"tags = Owner=key ceremony, Cost-Centre = 4711,A=\n" \
	"description = Of the test, 2026\n"
#define DESCRIPTION "Of the test, 2026"
#define POLICY                                                        \
	"{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": " \
	"\"Allow\", \"Principal\": \"*\", \"Action\": \"kms:*\", "    \
	"\"Resource\": \"*\", \"Sid\": \"Of the file\"}]}\n"

static char key_id[256];

static CK_RV
create(unsigned n, const char *label, CK_OBJECT_HANDLE *h)
{
	struct key_template k;
	CK_RV rv;

	key_template(&k, material(n), label);
	rv = p11->C_CreateObject(rw, k.t, k.count, h);
	return (rv);
}

/* The member of a reply, as text to look in. */
static const char *
ask(struct kms *k, const char *operation, const char *more)
{
	static char text[8192];
	struct buf reply = BUF_INIT(sizeof(text) - 1);
	char body[512];
	enum err e;

	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"%s}", key_id, more);
	e = k->transport->post(k->transport->ctx, operation, view_str(body),
	    &k->deadline, &reply, &k->error);
	NEED(e == ERR_OK, "%s", operation);
	snprintf(text, sizeof(text), "%.*s", (int)reply.len,
	    (const char *)reply.ptr);
	buf_free(&reply);
	return (text);
}

/* The key whose ARN that is, as KMS has it in a Region. */
static void
check_key(struct kms *k, const char *what)
{
	const char *tags, *policy;

	tags = ask(k, "ListResourceTags", "");
	OK(strstr(tags, "\"TagKey\":\"Owner\",\"TagValue\":\"key ceremony\"") &&
		strstr(
		    tags, "\"TagKey\":\"Cost-Centre\",\"TagValue\":\"4711\"") &&
		strstr(tags, "\"TagKey\":\"A\",\"TagValue\":\"\""),
	    "%s has the tags", what);
	policy = ask(k, "GetKeyPolicy", ",\"PolicyName\":\"default\"");
	OK(strstr(policy, "Of the file") != NULL, "%s: and the policy", what);
	tags = ask(k, "DescribeKey", "");
	OK(strstr(tags, "\"Description\":\"" DESCRIPTION "\"") != NULL,
	    "%s: and the description, without a note", what);
}

static void
read_key(CK_OBJECT_HANDLE h)
{
	CK_ULONG len = attr(h, CKA_UNIQUE_ID, key_id, sizeof(key_id) - 1);

	NEED(len < sizeof(key_id), "its ARN");
	key_id[len] = '\0';
	memmove(key_id, strrchr(key_id, '/') + 1,
	    strlen(strrchr(key_id, '/') + 1) + 1);
}

static void
check_object(CK_OBJECT_HANDLE h, const char *what)
{
	struct kms k = account_kms();

	OK(attr_is_text(h, CKA_KEYFERRY_DESCRIPTION, DESCRIPTION),
	    "%s: the object shows it", what);
	read_key(h);
	check_key(&k, what);
}

/* Starts anew with these lines for the token and after it. */
static void
configure(const char *token, const char *more)
{
	char log[300], all[1024];

	p11_stop();
	snprintf(log, sizeof(log), "log = info:%s", testenv_path("log"));
	snprintf(all, sizeof(all), "%spolicy = %s\n%s", SETTINGS,
	    testenv_path("policy.json"), token);
	testenv_config(log, all, more);
	p11_start();
	testenv_write("log", "");
}

static void
test_kinds(void)
{
	CK_OBJECT_HANDLE h = 0;
	struct pair_handles p;

	RV(create(1, "by value", &h), CKR_OK, "a key by its value");
	check_object(h, "a key by its value");
	p = pair_generate("generated");
	check_object(p.private, "a key that KMS generates");
	p = pair_make("waits");
	check_object(p.private, "an import pair");
}

/* A template's tags stand beside the configuration's, whatever is multi-Region. */
static void
test_template(void)
{
	char wanted[] = "Owner=me, New=yes=no", tags[256] = "";
	CK_OBJECT_HANDLE h = 0;
	struct key_template k;
	struct kms kms = account_kms();

	key_template(&k, material(6), "tagged");
	template_add(&k, CKA_KEYFERRY_TAGS, wanted, strlen(wanted));
	template_add(&k, CKA_KEYFERRY_MULTI_REGION, &yes, sizeof(yes));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "a key with tags of its own");
	OK(attr_is(h, CKA_KEYFERRY_MULTI_REGION, &yes, 1),
	    "it is multi-Region, as its template says");
	attr(h, CKA_KEYFERRY_TAGS, tags, sizeof(tags) - 1);
	OK(strstr(tags, "Owner=me") != NULL &&
		strstr(tags, "New=yes=no") != NULL &&
		strstr(tags, "Cost-Centre=4711") != NULL &&
		strstr(tags, "key ceremony") == NULL,
	    "its tags are those of both, its own first: %s", tags);
	read_key(h);
	OK(strstr(ask(&kms, "ListResourceTags", ""),
	       "\"TagKey\":\"New\",\"TagValue\":\"yes=no\"") != NULL,
	    "KMS has them");
	control("POST", "/faults?operation=ListResourceTags&fault=error"
			"&count=0&error=AccessDeniedException");
	OK(attr(h, CKA_KEYFERRY_TAGS, tags, sizeof(tags)) ==
		CK_UNAVAILABLE_INFORMATION,
	    "where they may not be listed they cannot be read");
	faults_clear();
	memcpy(wanted, "aws:", 4);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a tag that KMS does not take");
}

/* It may be denied: then the note stays, and nothing fails. */
static void
test_denied(void)
{
	CK_BYTE text[256] = "";
	CK_OBJECT_HANDLE h = 0;

	control("POST", "/faults?operation=UpdateKeyDescription&fault=error"
			"&count=0&error=AccessDeniedException");
	RV(create(2, "denied", &h), CKR_OK, "UpdateKeyDescription is denied");
	faults_clear();
	attr(h, CKA_KEYFERRY_DESCRIPTION, text, sizeof(text) - 1);
	OK(strncmp((char *)text, DESCRIPTION " Keyferry import ",
	       strlen(DESCRIPTION " Keyferry import ")) == 0,
	    "the note stays behind the description");
	OK(strstr(testenv_read("log"), "keeps a note") != NULL,
	    "and the log says so");
}

static void
test_refused_tags(void)
{
	CK_OBJECT_HANDLE h = 0;

	control("POST", "/faults?operation=CreateKey&fault=error&count=1"
			"&error=TagException");
	RV(create(3, "tags", &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "KMS refuses the tags");
	faults_clear();
}

/* A policy that cannot be read: nothing is made. */
static void
test_policy(void)
{
	static const struct {
		const char *what, *text;
		mode_t mode;
	} rows[] = {{"no JSON", "Allow all", 0600}, {"empty", "", 0600},
	    {"no object", "[]", 0600}, {"cut off", "{\"Version\":", 0600},
	    {"others can write it", POLICY, 0666}};
	CK_OBJECT_HANDLE h = 0;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		testenv_write("policy.json", rows[i].text);
		NEED(chmod(testenv_path("policy.json"), rows[i].mode) == 0,
		    "mode");
		calls_clear();
		RV(create(4, "policy", &h), CKR_GENERAL_ERROR, "a policy: %s",
		    rows[i].what);
		COUNT(calls("CreateKey"), 0, "no key is made");
	}
	NEED(remove(testenv_path("policy.json")) == 0, "it goes");
	RV(create(4, "policy", &h), CKR_GENERAL_ERROR, "it is not there");
	OK(strstr(testenv_read("log"), "policy.json") != NULL,
	    "the log names it");
	testenv_write("policy.json", POLICY);
	NEED(chmod(testenv_path("policy.json"), 0600) == 0, "mode");
	RV(create(4, "policy", &h), CKR_OK, "it is read for each key anew");
}

/* The note finds what was made without a reply, also when the description is
 * another by then. */
static void
test_lost_reply(const char *then)
{
	struct account now;
	CK_OBJECT_HANDLE h = 0;
	size_t waiting, deleted;

	account_read(&now);
	waiting = account_in(&now, "PendingImport");
	deleted = account_in(&now, "PendingDeletion");
	control("POST", "/faults?operation=CreateKey&fault=cut-after&count=2");
	control("POST", "/faults?operation=ListKeys&fault=error&count=0"
			"&error=AccessDeniedException");
	RV(create(5, then, &h), CKR_DEVICE_ERROR, "two replies are lost");
	faults_clear();
	p11_stop();
	testenv_config(NULL, then, NULL);
	p11_start();
	RV(create(5, then, &h), CKR_OK, "the next call, with \"%s\"", then);
	account_read(&now);
	COUNT(account_in(&now, "PendingImport"), waiting,
	    "what was lost waits no more");
	COUNT(
	    account_in(&now, "PendingDeletion"), deleted + 2, "it is deleted");
}

static void
test_regions(void)
{
	struct client_conf conf = {
	    .clock = &clock_system, .region = "eu-west-1"};
	static struct crypto crypto;
	struct client *client = NULL;
	struct error_info error;
	struct kms k = {.transport = NULL};
	CK_OBJECT_HANDLE h = 0;

	configure("replicas = eu-west-1", NULL);
	RV(create(6, "two Regions", &h), CKR_OK, "a key for two Regions");
	check_object(h, "the primary");
	conf.crypto = &crypto;
	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK &&
		 client_open(&conf, &client, &error) == ERR_OK,
	    "a client there");
	k.transport = client_transport(client);
	k.deadline = deadline_in(&clock_system, 30000);
	check_key(&k, "the replica");
	client_close(client);
}

int
main(void)
{
	testenv_start();
	testenv_write("policy.json", POLICY);
	p11_start();
	configure("", NULL);
	test_kinds();
	test_template();
	test_denied();
	test_refused_tags();
	test_policy();
	test_regions();
	configure("", NULL);
	test_lost_reply("description = another");
	configure("", NULL);
	test_lost_reply("timeout = 21");
	p11_stop();
	testenv_stop();
	return (tap_done());
}
