/* IAM Identity Center: the token that `aws sso login` leaves, its renewal, and
 * the credentials it buys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "client-env.h"
#include "creds-env.h"
#include "http-server.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define START_URL "https://example.awsapps.com/start"
#define ROLE_REPLY(id)                                                   \
	{                                                                \
		.status = 200,                                           \
		.body = "{\"roleCredentials\":{\"accessKeyId\":\"" id    \
			"\",\"secretAccessKey\":\"s\",\"sessionToken\":" \
			"\"t\",\"expiration\":4070908800000}}"           \
	}
#define TOKEN_REPLY                                                         \
	{                                                                   \
		.status = 200,                                              \
		.body = "{\"accessToken\":\"NEW\",\"expiresIn\":28800,"     \
			"\"refreshToken\":\"R2\",\"tokenType\":\"Bearer\"}" \
	}
#define CONFIG                                                      \
	"[profile p]\nsso_session = my-sso\nsso_account_id = "      \
	"111122223333\nsso_role_name = A&B\n[sso-session my-sso]\n" \
	"sso_region = eu-north-1\nsso_start_url = " START_URL "\n"  \
	"sso_registration_scopes = sso:account:access\n"

static struct http_server *server;

static void
scene(const struct http_step *steps, size_t count, const char *config)
{
	if (server != NULL)
		http_server_stop(server);
	server = http_server_start(steps, count, NULL);
	test_creds_files(NULL, config);
	setenv("AWS_ENDPOINT_URL_SSO", http_server_url(server), 1);
	setenv("AWS_ENDPOINT_URL_SSO_OIDC", http_server_url(server), 1);
}
#define SCENE(steps, config) scene(steps, ELEMS(steps), config)

static const char *
path(const char *name)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s/.aws/sso/cache/%s",
	    test_creds_home(), name);
	return (text);
}

/* Lets the file's name be what the tools make of the text. */
static const char *
name_of(const char *text)
{
	static char name[64];
	char command[256];
	FILE *p;

	(void)snprintf(
	    command, sizeof(command), "printf '%%s' '%s' | sha1sum", text);
	p = popen(command, "r");
	if (p == NULL || fscanf(p, "%40s", name) != 1)
		tap_bail();
	(void)pclose(p);
	strcat(name, ".json");
	return (name);
}

static void
token_write(const char *text, long seconds, const char *more)
{
	time_t end = time(NULL) + seconds;
	char date[32], command[256];
	struct tm tm;
	FILE *f;

	(void)snprintf(command, sizeof(command),
	    "mkdir -p -m 700 %s/.aws/sso/cache", test_creds_home());
	(void)gmtime_r(&end, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (system(command) != 0 ||
	    (f = fopen(path(name_of(text)), "w")) == NULL)
		tap_bail();
	(void)fprintf(f,
	    "{\"startUrl\": \"" START_URL "\", \"region\": \"eu-north-1\", "
	    "\"accessToken\": \"OLD\", \"expiresAt\": \"%s\"%s}",
	    date, more);
	(void)fclose(f);
	(void)chmod(path(name_of(text)), 0600);
}
#define RENEWABLE                                               \
	", \"clientId\": \"C\", \"clientSecret\": \"CS\", "     \
	"\"registrationExpiresAt\": \"2099-01-01T00:00:00Z\", " \
	"\"refreshToken\": \"R1\""

static bool
asked(int i, const char *what)
{
	bool yes = strstr(http_server_request(server, i), what) != NULL;

	if (!yes)
		printf("# request %d: %s\n", i, http_server_request(server, i));
	return (yes);
}

static bool
file_has(const char *text, const char *what)
{
	char content[4096] = "";
	FILE *f = fopen(path(name_of(text)), "r");

	if (f != NULL) {
		content[fread(content, 1, sizeof(content) - 1, f)] = '\0';
		(void)fclose(f);
	}
	return (strstr(content, what) != NULL);
}

static void
test_token(void)
{
	static const struct http_step gives[] = {ROLE_REPLY("SSO1")};
	static const struct http_step unauthorized[] = {{.status = 401}};
	static const struct http_step denied[] = {{.status = 403,
	    .body = "{\"message\":\"No access\",\"__type\":"
		    "\"ForbiddenException\"}"}};
	static const char older[] =
	    "[profile p]\nsso_account_id = 1\nsso_role_name = r\n"
	    "sso_region = eu-north-1\nsso_start_url = " START_URL "\n";

	SCENE(gives, CONFIG);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "uses sso_session my-sso and there is no token: run aws sso "
	       "login --profile p"),
	    "nobody has logged in");
	token_write("my-sso", 3600, "");
	OK(test_creds_are(test_creds_find("p", 8000), "SSO1", "s", "t") &&
		asked(0, "GET /federation/credentials?role_name=A%26B"
			 "&account_id=111122223333 HTTP/1.1") &&
		asked(0, "x-amz-sso_bearer_token: OLD"),
	    "credentials of a role");
	OK(!test_has_awscli() || (test_creds_awscli("p", "SSO1") &&
				     asked(1, "/federation/credentials?")),
	    "the AWS command line takes it for one");
	SCENE(unauthorized, CONFIG);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "not accepted any more: run aws sso login"),
	    "a token that is not accepted");
	SCENE(denied, CONFIG);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       ": HTTP status 403: ForbiddenException: No access"),
	    "a role that is not given");
	token_write("my-sso", -60, "");
	SCENE(gives, CONFIG);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "its token ended at 20") &&
		http_server_requests(server) == 0,
	    "a token that has ended, and cannot be renewed");
	token_write("my-sso", 3600, ", \"accessToken\": \"a\\nb\"");
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS, "cannot be read"),
	    "a line's end in the token");
	SCENE(gives, older);
	token_write(START_URL, 3600, "");
	OK(test_creds_are(test_creds_find("p", 8000), "SSO1", "s", "t"),
	    "the older form");
	(void)chmod(path(name_of(START_URL)), 0666);
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_UNTRUSTED, "can write to it"),
	    "a file that others can write");
}

/* The AWS command line keeps what it was given before. */
static void
awscli_forget(void)
{
	char command[256];

	(void)snprintf(command, sizeof(command), "rm -rf '%s/.aws/cli/cache'",
	    test_creds_home());
	if (system(command) != 0)
		tap_bail();
}

static void
test_renewal(void)
{
	static const struct http_step renews[] = {
	    TOKEN_REPLY, ROLE_REPLY("SSO2")};
	static const struct http_step refuses[] = {
	    {.status = 400, .body = "{\"error\":\"invalid_grant\"}"},
	    ROLE_REPLY("SSO3")};
	static const struct http_step down[] = {{.status = 503}};

	token_write("my-sso", 600, RENEWABLE);
	SCENE(renews, CONFIG);
	OK(test_creds_are(test_creds_find("p", 8000), "SSO2", "s", "t") &&
		asked(0, "POST /token HTTP/1.1") &&
		asked(0, "{\"clientId\":\"C\",\"clientSecret\":\"CS\","
			 "\"grantType\":\"refresh_token\","
			 "\"refreshToken\":\"R1\"}") &&
		asked(1, "x-amz-sso_bearer_token: NEW"),
	    "renewed ahead of its end");
	OK(file_has("my-sso", "\"accessToken\":\"NEW\"") &&
		file_has("my-sso", "\"refreshToken\":\"R2\"") &&
		file_has("my-sso", "\"clientSecret\":\"CS\"") &&
		file_has("my-sso", START_URL),
	    "and kept for others");
	scene(refuses + 1, 1, CONFIG);
	awscli_forget();
	OK(!test_has_awscli() || test_creds_awscli("p", "SSO3"),
	    "whom the AWS command line is one of");
	token_write("my-sso", 600, RENEWABLE);
	SCENE(refuses, CONFIG);
	OK(test_creds_are(test_creds_find("p", 8000), "SSO3", "s", "t") &&
		asked(1, "x-amz-sso_bearer_token: OLD"),
	    "the old one goes on when that is refused");
	token_write("my-sso", -60, RENEWABLE);
	SCENE(refuses, CONFIG);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "run aws sso login --profile p"),
	    "unless it has ended");
	SCENE(down, CONFIG);
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "503"),
	    "which is not said when the service is down");
}

static void
test_settings(void)
{
	static const struct http_step gives[] = {ROLE_REPLY("SSO1")};

	SCENE(gives, "[profile p]\nsso_session = none\nsso_account_id = 1\n"
		     "sso_role_name = r\n");
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CONFIG,
	       "no section [sso-session none]"),
	    "no such session");
	SCENE(gives, "[profile p]\nsso_account_id = 1\nsso_role_name = r\n");
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CONFIG, "no sso_region"),
	    "no Region");
	SCENE(gives, "[profile p]\nsso_session = x\naws_access_key_id = K\n"
		     "aws_secret_access_key = s\n");
	OK(test_creds_are(test_creds_find("p", 8000), "K", "s", ""),
	    "without account and role it is not meant");
}

/* AWS's own hosts, as a proxy is asked for them: the portal's, and where the
 * token is renewed first, that of SSO-OIDC. */
static void
test_hosts(void)
{
	static const struct {
		const char *region, *variable, *portal, *oidc;
	} rows[] = {
	    {"eu-north-1", "X", "portal.sso.eu-north-1.amazonaws.com",
		"oidc.eu-north-1.amazonaws.com"},
	    {"us-gov-east-1", "X", "portal.sso.us-gov-east-1.amazonaws.com",
		"oidc.us-gov-east-1.amazonaws.com"},
	    {"cn-north-1", "X", "portal.sso.cn-north-1.amazonaws.com.cn",
		"oidc.cn-north-1.amazonaws.com.cn"},
	    {"eusc-de-east-1", "X", "portal.sso.eusc-de-east-1.amazonaws.eu",
		"oidc.eusc-de-east-1.amazonaws.eu"},
	    {"us-east-1", "AWS_USE_FIPS_ENDPOINT",
		"portal.sso-fips.us-east-1.amazonaws.com",
		"oidc-fips.us-east-1.amazonaws.com"},
	    {"us-east-1", "AWS_USE_DUALSTACK_ENDPOINT",
		"portal.sso.us-east-1.api.aws", "oidc.us-east-1.api.aws"},
	};
	static const struct http_step refuses[] = {{.status = 403}};
	char config[512], want[128];

	for (size_t i = 0; i < 2 * ELEMS(rows); i++) {
		size_t n = i / 2;
		bool renews = i % 2 != 0;

		(void)snprintf(config, sizeof(config),
		    "[profile p]\nsso_session = my-sso\nsso_account_id = "
		    "111122223333\nsso_role_name = A\n[sso-session my-sso]\n"
		    "sso_region = %s\nsso_start_url = " START_URL "\n",
		    rows[n].region);
		SCENE(refuses, config);
		unsetenv("AWS_ENDPOINT_URL_SSO");
		unsetenv("AWS_ENDPOINT_URL_SSO_OIDC");
		setenv("HTTPS_PROXY", http_server_url(server), 1);
		setenv(rows[n].variable, "true", 1);
		token_write("my-sso", renews ? -60 : 36000, RENEWABLE);
		(void)snprintf(want, sizeof(want), "CONNECT %s:443 ",
		    renews ? rows[n].oidc : rows[n].portal);
		OK(test_creds_find("p", 8000)->err != ERR_OK && asked(0, want),
		    "%s", want);
	}
}

int
main(void)
{
	test_creds_open();
	test_token();
	test_renewal();
	test_settings();
	test_hosts();
	http_server_stop(server);
	test_creds_close();
	return (tap_done());
}
