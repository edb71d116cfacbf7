/* Roles and web identities: what STS is asked, and what comes of its replies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "creds-env.h"
#include "files.h"
#include "http-server.h"
#include "client-env.h"
#include "tap.h"
#include "testenv.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = s\n"
#define ROLE(name) "role_arn = arn:aws:iam::111122223333:role/" name "\n"
#define CREDENTIALS(id)                                                    \
	"<AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser><Credentials>" \
	"<AccessKeyId>" id "</AccessKeyId><SecretAccessKey>s&amp;/+"       \
	"</SecretAccessKey><SessionToken>t</SessionToken>"                 \
	"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
#define REPLY(action, id)                                                   \
	"<" action                                                          \
	"Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"     \
	"<" action "Result>" CREDENTIALS(id) "</" action "Result></" action \
					     "Response>"
#define GIVES(id)                                              \
	{                                                      \
		.status = 200, .body = REPLY("AssumeRole", id) \
	}
#define GIVES_WEB(id)                                                         \
	{                                                                     \
		.status = 200, .body = REPLY("AssumeRoleWithWebIdentity", id) \
	}
#define REFUSES_BY(code_of_http, code, message)                                \
	{                                                                      \
		.status = (code_of_http),                                      \
		.body = "<ErrorResponse><Error><Type>Sender</Type><Code>" code \
			"</Code><Message>" message                             \
			"</Message></Error></ErrorResponse>"                   \
	}
#define REFUSES(code, message) REFUSES_BY(403, code, message)
#define PROFILE(more)                                         \
	"[profile p]\nsource_profile = base\n" ROLE("p") more \
	    "\n"                                              \
	    "[profile base]\n" KEYS("BASE")

static struct http_server *sts;

/* The next steps of the fake STS, and the files. */
static void
scene(const struct http_step *steps, size_t count, const char *config)
{
	if (sts != NULL)
		http_server_stop(sts);
	sts = http_server_start(steps, count, NULL);
	test_creds_files(NULL, config);
	setenv("AWS_ENDPOINT_URL_STS", http_server_url(sts), 1);
}
#define SCENE(steps, config) scene(steps, ELEMS(steps), config)

/* Whether the i-th request has that in it. */
static bool
asked(int i, const char *what)
{
	bool yes = strstr(http_server_request(sts, i), what) != NULL;

	if (!yes)
		printf("# request %d: %s\n", i, http_server_request(sts, i));
	return (yes);
}

static void
test_request(void)
{
	static const struct http_step gives[] = {GIVES("ROLE")};
	struct found *f;

	SCENE(gives, PROFILE("external_id = e&1\nrole_session_name = me\n"
			     "duration_seconds = 900"));
	f = test_creds_find("p", 8000);
	OK(test_creds_are(f, "ROLE", "s&/+", "t"), "a role");
	OK(f->expires_ms == (int64_t)4070908800000, "and its end");
	OK(asked(0, "POST / HTTP/1.1") &&
		asked(0, "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3A"
			 "aws%3Aiam%3A%3A111122223333%3Arole%2Fp"
			 "&RoleSessionName=me&ExternalId=e%261"
			 "&DurationSeconds=900"),
	    "its request");
	OK(asked(0, "Credential=BASE/") && asked(0, "/eu-west-1/sts/aws4_"),
	    "signed by the source profile");
	SCENE(gives, "[profile p]\nsource_profile = p\n" ROLE("p") KEYS("OWN"));
	OK(test_creds_are(test_creds_find("p", 8000), "ROLE", "s&/+", "t") &&
		asked(0, "Credential=OWN/") &&
		asked(0, "&RoleSessionName=keyferry-"),
	    "a profile that names itself, and a session name of ours");
	SCENE(
	    gives, "[profile p]\ncredential_source = Environment\n" ROLE("p"));
	setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	OK(test_creds_are(test_creds_find("p", 8000), "ROLE", "s&/+", "t") &&
		asked(0, "Credential=ENV/"),
	    "credential_source = Environment");
	setenv("AWS_PROFILE", "p", 1);
	OK(test_creds_are(test_creds_find(NULL, 8000), "ENV", "s", ""),
	    "which is the identity itself where AWS_PROFILE says so");
}

static void
test_chain(void)
{
	static const struct http_step gives[] = {GIVES("ONE"), GIVES("TWO")};
	static const struct http_step role[] = {GIVES("ROLE")};

	SCENE(gives,
	    "[profile p]\nsource_profile = middle\n" ROLE(
		"p") "[profile "
		     "middle]"
		     "\nsource_"
		     "profile = "
		     "base\n" ROLE("m"
				   "i"
				   "d"
				   "d"
				   "l"
				   "e") "[profile base]\n" KEYS("BASE"));
	OK(test_creds_are(test_creds_find("p", 8000), "TWO", "s&/+", "t") &&
		asked(0, "middle") && asked(0, "Credential=BASE/") &&
		asked(1, "Credential=ONE/") &&
		asked(1, "x-amz-security-token: t"),
	    "a role through another");
	SCENE(role, PROFILE(""));
	OK(!test_has_awscli() || (test_creds_awscli("p", "ROLE") &&
				     asked(0, "Credential=BASE/")),
	    "the AWS command line takes this STS for one");
	SCENE(gives, "[profile p]\nsource_profile = base\n" ROLE(
			 "p") "[profile base]\nsource_profile = x\n" ROLE("b")
			 KEYS("BASE"));
	OK(test_creds_are(test_creds_find("p", 8000), "ONE", "s&/+", "t") &&
		asked(0, "Credential=BASE/"),
	    "a source profile's keys come before its role");
}

/* clang-format off */
static const struct {
	const char *config, *message;
} wrong[] = {
	{ "[profile p]\n" ROLE("p"), "neither source_profile nor" },
	{ "[profile p]\nsource_profile = b\ncredential_source = Environment\n"
	  ROLE("p"), "both source_profile and" },
	{ "[profile p]\nsource_profile = none\n" ROLE("p"),
	  "source_profile = none is in neither" },
	{ "[profile p]\nsource_profile = b\n" ROLE("p") "[b]\n"
	  "aws_access_key_id = \"A\"\naws_secret_access_key = s\n",
	  "credentials file: in the config file a profile's section is "
	  "[profile NAME]" },
	{ "[profile p]\nsource_profile = b\n" ROLE("p") "[profile b]\n"
	  "aws_access_key_id = \"A\"\naws_secret_access_key = s\n",
	  "is in quotes: take them away" },
	{ "[profile p]\nsource_profile = b\n" ROLE("p") "[profile b]\n"
	  "region = x\n", "source_profile = b has no credentials" },
	{ "[profile p]\nsource_profile = p\n" ROLE("p"), "leads back" },
	{ "[profile p]\nsource_profile = b\n" ROLE("p")
	  "[profile b]\nsource_profile = p\n" ROLE("b"), "leads back" },
	{ "[profile p]\ncredential_source = environment\n" ROLE("p"),
	  "credential_source = environment is not one of" },
	{ "[profile p]\nsource_profile = b\nrole_arn = x\n[profile b]\n"
	  KEYS("B"), "not the ARN" },
	{ PROFILE("external_id = x"), "external_id" },
	{ PROFILE("duration_seconds = 1h"), "duration_seconds = 1h" },
	{ PROFILE("role_session_name = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "64" },
};
/* clang-format on */

static void
test_wrong(void)
{
	static const struct http_step gives[] = {GIVES("ROLE")};

	for (size_t i = 0; i < ELEMS(wrong); i++) {
		SCENE(gives, wrong[i].config);
		OK(test_creds_failed(test_creds_find("p", 8000), ERR_CONFIG,
		       wrong[i].message) &&
			http_server_requests(sts) == 0,
		    "wrong: %s", wrong[i].message);
	}
	SCENE(
	    gives, "[profile p]\ncredential_source = Environment\n" ROLE("p"));
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "credential_source = Environment says"),
	    "a source without credentials");
}

static void
test_faults(void)
{
	static const struct http_step denied[] = {
	    REFUSES("AccessDenied", "User x &lt;may&gt; not")};
	static const struct http_step passing[] = {
	    {.status = 500}, {.status = 0}, GIVES("ROLE")};
	static const struct http_step busy[] = {
	    REFUSES_BY(400, "Throttling", "Rate exceeded"), GIVES("ROLE")};
	static const struct http_step too_busy[] = {
	    REFUSES_BY(400, "Throttling", "Rate exceeded")};
	static const struct http_step down[] = {{.status = 503}};
	static const struct http_step proxy[] = {
	    {.status = 403, .body = "<html>no</html>"}};
	static const struct http_step elsewhere[] = {{.status = 302,
	    .headers = "Location: http://192.0.2.1/sign-in\r\n"}};
	static const struct http_step empty[] = {{.status = 200, .body = ""}};
	static const struct http_step cut[] = {{.status = 200,
	    .body = "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccess"}};
	static const struct http_step entity[] = {
	    {.status = 200, .body = "<AccessKeyId>A&bad;</AccessKeyId>"}};
	static const struct http_step hangs[] = {{.hang = true}};
	struct found *f;

	SCENE(denied, PROFILE(""));
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "profile \"p\": AssumeRole: AccessDenied: User x <may> not") &&
		http_server_requests(sts) == 1,
	    "denied");
	SCENE(passing, PROFILE(""));
	OK(test_creds_are(test_creds_find("p", 8000), "ROLE", "s&/+", "t"),
	    "passing faults");
	SCENE(busy, PROFILE(""));
	OK(test_creds_are(test_creds_find("p", 8000), "ROLE", "s&/+", "t"),
	    "throttled once");
	SCENE(too_busy, PROFILE(""));
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS_SERVICE,
	       "AssumeRole: Throttling: Rate exceeded") &&
		http_server_requests(sts) == 3,
	    "always throttled");
	SCENE(down, PROFILE(""));
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "status 503") &&
		http_server_requests(sts) == 3,
	    "down");
	SCENE(proxy, PROFILE(""));
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "status 403"),
	    "somebody else answers");
	SCENE(elsewhere, PROFILE(""));
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS_SERVICE,
	       "HTTP status 302 without an AWS error, Location "
	       "http://192.0.2.1/sign-in"),
	    "a redirection is told");
	SCENE(empty, PROFILE(""));
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "not understood"),
	    "an empty reply");
	SCENE(cut, PROFILE(""));
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "not understood"),
	    "a reply that is cut");
	SCENE(entity, PROFILE(""));
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "not understood"),
	    "an entity that nobody knows");
	SCENE(hangs, PROFILE(""));
	f = test_creds_find("p", 300);
	OK(test_creds_failed(f, ERR_CREDS_SERVICE, "in time") &&
		f->took_ms < 2000,
	    "no answer within the deadline");
}

/* What STS refuses for its date is sent again with AWS's. */
static void
test_clock(void)
{
	static const struct http_step late[] = {
	    {.status = 403,
		.headers = "Date: Thu, 01 Jan 2099 00:00:00 GMT\r\n",
		.body = "<Error><Code>SignatureDoesNotMatch</Code></Error>"},
	    GIVES("ROLE")};

	SCENE(late, PROFILE(""));
	OK(test_creds_are(test_creds_find("p", 8000), "ROLE", "s&/+", "t") &&
		asked(1, "x-amz-date: 20990101T0000"),
	    "the date of AWS");
}

static void
test_web_identity(void)
{
	static const struct http_step gives[] = {
	    GIVES_WEB("WEB"), GIVES_WEB("WEB2")};
	static const struct http_step expired[] = {
	    REFUSES("ExpiredTokenException", "Token expired")};
	const char *token = file_write("token", "eyJh.eyJz.c2ln\n");
	char config[512];

	SCENE(gives, NULL);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token, 1);
	OK(test_creds_failed(
	       test_creds_find(NULL, 8000), ERR_CONFIG, "AWS_ROLE_ARN"),
	    "a token without a role");
	setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/web", 1);
	setenv("AWS_ROLE_SESSION_NAME", "pod", 1);
	OK(test_creds_are(test_creds_find(NULL, 8000), "WEB", "s&/+", "t") &&
		asked(0, "Action=AssumeRoleWithWebIdentity&") &&
		asked(0, "&RoleSessionName=pod&") &&
		asked(0, "&WebIdentityToken=eyJh.eyJz.c2ln") &&
		strstr(http_server_request(sts, 0), "uthorization") == NULL,
	    "a web identity, not signed");
	(void)file_write("token", "new.new.new");
	OK(test_creds_are(test_creds_find(NULL, 8000), "WEB2", "s&/+", "t") &&
		asked(1, "WebIdentityToken=new.new.new"),
	    "the token is read anew");
	OK(!test_has_awscli() || (test_creds_awscli(NULL, "WEB2") &&
				     asked(2, "&RoleSessionName=pod")),
	    "the AWS command line takes this STS for one");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token", 1);
	OK(test_creds_failed(test_creds_find(NULL, 8000), ERR_CREDS,
	       "/nonexistent/token: No such file"),
	    "no token file");
	(void)snprintf(config, sizeof(config),
	    "[profile p]\n" ROLE("p") "web_identity_token_file = %s\n", token);
	SCENE(gives, config);
	OK(test_creds_are(test_creds_find("p", 8000), "WEB", "s&/+", "t") &&
		asked(0, "role%2Fp"),
	    "a profile's");
	setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/other", 1);
	OK(test_creds_are(test_creds_find("p", 8000), "WEB2", "s&/+", "t") &&
		asked(1, "role%2Fp"),
	    "of a chosen profile, whatever the environment says");
	SCENE(expired, config);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "ExpiredTokenException: Token expired"),
	    "a token that has ended");
}

/* What creds_log_in() with that code comes to. */
static enum err
log_in(const char *profile, const char *code, bool *needed)
{
	struct deadline d = deadline_in(&clock_system, 8000);
	struct error_info error = {0};
	struct creds_store *s = NULL;
	enum err e;

	test_creds_conf.profile = profile;
	if (creds_store_open(&test_creds_conf, &s) != ERR_OK)
		tap_bail();
	*needed = creds_store_needs_code(s);
	e = creds_log_in(s, view_str(code), &d, &error);
	if (e != ERR_OK)
		printf("# %s\n", error.message);
	creds_store_close(s);
	return (e);
}

/* "000000" is always wrong at the local KMS. */
static void
test_mfa(void)
{
	struct found *f;
	char id[129];
	bool needed;

	OK(test_creds_failed(test_creds_find("mfa", 8000), ERR_CREDS,
	       "needs a code of the MFA device arn:aws:iam::111122223333:mfa/"
	       "me: log in"),
	    "no code");
	OK(log_in("mfa", "000000", &needed) == ERR_CREDS && needed,
	    "a wrong code");
	OK(log_in("mfa", "123456789012345678", &needed) == ERR_DATA,
	    "what is none");
	OK(log_in("p", "123456", &needed) == ERR_OK && !needed,
	    "a role that needs none");
	OK(log_in("mfa", "123456", &needed) == ERR_OK && needed, "a code");
	f = test_creds_find("mfa", 8000);
	OK(f->err == ERR_OK && f->token[0] != '\0',
	    "another process needs none: %s", f->error.message);
	(void)snprintf(id, sizeof(id), "%s", f->id);
	OK(log_in("mfa", "000000", &needed) == ERR_OK && !needed,
	    "and uses none");
	OK(!test_has_awscli() || test_creds_awscli("mfa", id + strlen(id) - 4),
	    "nor does the AWS command line, which finds the session");
	f = test_creds_find("through", 8000);
	OK(f->err == ERR_OK, "as the source of another role: %s",
	    f->error.message);
}

/* The session that the AWS command line keeps for such words: its file is named
 * by what Python's json module makes of them. */
static void
test_mfa_words(void)
{
	static const char config[] =
	    "[profile p]\nsource_profile = base\nrole_arn = "
	    "arn:aws:iam::111122223333:role/words\nmfa_serial = "
	    "arn:aws:iam::111122223333:mfa/me\nexternal_id = "
	    "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80 \"x\"\\\n"
	    "[profile base]\n" KEYS("BASE");
	static const struct http_step refuses[] = {{.status = 403}};
	char command[512];

	SCENE(refuses, config);
	(void)snprintf(command, sizeof(command),
	    "mkdir -p -m 700 %s/.aws/cli/cache && umask 077 && printf '%%s' "
	    "'{\"Credentials\": {\"AccessKeyId\": \"CACHED\", "
	    "\"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", "
	    "\"Expiration\": \"2099-01-01T00:00:00Z\"}}' >%s/.aws/cli/cache/"
	    "%s.json",
	    test_creds_home(), test_creds_home(),
	    "6faf0f1d9365a4d662957c65cb040b92b709c017");
	OK(system(command) == 0 &&
		test_creds_are(test_creds_find("p", 8000), "CACHED", "s", "t"),
	    "a session for words that are not ASCII");
}

/* The local KMS checks signatures. */
static void
test_localkms(void)
{
	char config[2048], keys[256], url[96];
	struct found *f;

	testenv_start();
	(void)snprintf(url, sizeof(url), "http://%s", testenv_address());
	(void)snprintf(keys, sizeof(keys),
	    "aws_access_key_id = %s\naws_secret_access_key = %s\n",
	    getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"));
	(void)snprintf(config, sizeof(config),
	    "[profile p]\nsource_profile = base\n" ROLE(
		"tester") "[profile "
			  "two]"
			  "\nsource_"
			  "profile = "
			  "p\n" ROLE(
			      "s"
			      "e"
			      "c"
			      "o"
			      "n"
			      "d") "[profile no]\nsource_profile = "
				   "base\n" ROLE(
				       "denied") "[profile "
						 "mfa]\nsource_profile = "
						 "base\n" ROLE(
						     "mfa-x") "extern"
							      "al_id "
							      "= "
							      "e\"1\n"
							      "durati"
							      "on_"
							      "second"
							      "s = "
							      "1800\n"
							      "mfa_"
							      "serial"
							      " = "
							      "arn:"
							      "aws:"
							      "iam::"
							      "111122"
							      "223333"
							      ":mfa/"
							      "me\n"
							      "[profi"
							      "le "
							      "throug"
							      "h]"
							      "\nsour"
							      "ce_"
							      "profil"
							      "e = "
							      "mfa"
							      "\n" ROLE(
								  "th"
								  "ir"
								  "d") "[profil"
								       "e "
								       "base]"
								       "\n%s",
	    keys);
	test_creds_files(NULL, config);
	setenv("AWS_ENDPOINT_URL_STS", url, 1);
	f = test_creds_find("p", 8000);
	OK(f->err == ERR_OK && f->token[0] != '\0' &&
		f->expires_ms > clock_system.wall_ms(NULL) + 3500000,
	    "a role of the local KMS's STS: %s", f->error.message);
	f = test_creds_find("two", 8000);
	OK(f->err == ERR_OK, "one through the other: %s", f->error.message);
	OK(test_creds_failed(
	       test_creds_find("no", 8000), ERR_CREDS, "AccessDenied"),
	    "one that denies");
	test_mfa();
	testenv_stop();
}

/* AWS's own hosts, as a proxy is asked for them. */
static void
test_hosts(void)
{
	static const struct {
		const char *region, *variable, *value, *host;
	} rows[] = {
	    {"eu-west-1", "X", "", "sts.eu-west-1.amazonaws.com:443"},
	    {"us-gov-west-1", "X", "", "sts.us-gov-west-1.amazonaws.com:443"},
	    {"cn-north-1", "X", "", "sts.cn-north-1.amazonaws.com.cn:443"},
	    {"eusc-de-east-1", "X", "", "sts.eusc-de-east-1.amazonaws.eu:443"},
	    {"us-iso-east-1", "X", "", "sts.us-iso-east-1.c2s.ic.gov:443"},
	    {"us-east-2", "AWS_USE_FIPS_ENDPOINT", "true",
		"sts-fips.us-east-2.amazonaws.com:443"},
	    {"us-east-1", "AWS_STS_REGIONAL_ENDPOINTS", "legacy",
		"sts.amazonaws.com:443"},
	    {"ap-east-1", "AWS_STS_REGIONAL_ENDPOINTS", "legacy",
		"sts.ap-east-1.amazonaws.com:443"},
	    {"us-east-2", "AWS_USE_DUALSTACK_ENDPOINT", "true",
		"sts.us-east-2.api.aws:443"},
	};
	static const struct http_step refuses[] = {{.status = 403}};
	char want[128];

	for (size_t i = 0; i < 2 * ELEMS(rows); i++) {
		bool legacy = i >= ELEMS(rows);
		size_t n = i % ELEMS(rows);

		if (legacy && strstr(rows[n].variable, "_USE_") == NULL)
			continue;
		SCENE(refuses, PROFILE(""));
		unsetenv("AWS_ENDPOINT_URL_STS");
		setenv("HTTPS_PROXY", http_server_url(sts), 1);
		if (legacy)
			setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy", 1);
		setenv(rows[n].variable, rows[n].value, 1);
		test_creds_conf.region = rows[n].region;
		(void)snprintf(want, sizeof(want), "CONNECT %s ", rows[n].host);
		OK(test_creds_find("p", 8000)->err == ERR_CREDS_SERVICE &&
			asked(0, want),
		    "%s%s", rows[n].host, legacy ? ", legacy or not" : "");
	}
	test_creds_conf.region = "eu-west-1";
}

int
main(void)
{
	test_creds_open();
	test_localkms();
	test_request();
	test_chain();
	test_wrong();
	test_faults();
	test_clock();
	test_web_identity();
	test_hosts();
	test_mfa_words();
	http_server_stop(sts);
	test_creds_close();
	return (tap_done());
}
