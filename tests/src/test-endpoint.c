#include <stdlib.h>
#include <string.h>
#include "endpoint.h"
#include "files.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define FIPS "AWS_USE_FIPS_ENDPOINT=true"
#define DUAL "AWS_USE_DUALSTACK_ENDPOINT=true"
#define KMS_URL "AWS_ENDPOINT_URL_KMS=https://kms.example"
#define ANY_URL "AWS_ENDPOINT_URL=https://any.example"
#define IGNORE "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=TRUE"
#define SERVICES                                      \
	"[default]\nservices = mine\n"                \
	"endpoint_url = https://profile.example\n"    \
	"[services mine]\nsts =\n"                    \
	"  endpoint_url = https://not-this.example\n" \
	"kms =\n  endpoint_url = https://services.example\n"

/* clang-format off */
static const struct {
	const char *region, *url; /* as the configuration chose */
	const char *env[3], *config;
	const char *want, *host; /* NULL: refused */
} rows[] = {
	{ "eu-west-1", NULL, { NULL }, "",
	  "https://kms.eu-west-1.amazonaws.com/",
	  "kms.eu-west-1.amazonaws.com" },
	{ "us-gov-west-1", "", { NULL }, "",
	  "https://kms.us-gov-west-1.amazonaws.com/",
	  "kms.us-gov-west-1.amazonaws.com" },
	{ "cn-north-1", NULL, { NULL }, "",
	  "https://kms.cn-north-1.amazonaws.com.cn/",
	  "kms.cn-north-1.amazonaws.com.cn" },
	{ "eusc-de-east-1", NULL, { NULL }, "",
	  "https://kms.eusc-de-east-1.amazonaws.eu/",
	  "kms.eusc-de-east-1.amazonaws.eu" },
	{ "us-iso-east-1", NULL, { NULL }, "",
	  "https://kms.us-iso-east-1.c2s.ic.gov/",
	  "kms.us-iso-east-1.c2s.ic.gov" },
	{ "us-isob-east-1", NULL, { NULL }, "",
	  "https://kms.us-isob-east-1.sc2s.sgov.gov/",
	  "kms.us-isob-east-1.sc2s.sgov.gov" },
	{ "us-isof-south-1", NULL, { DUAL }, "",
	  "https://kms.us-isof-south-1.api.aws.hci.ic.gov/",
	  "kms.us-isof-south-1.api.aws.hci.ic.gov" },
	{ "eu-isoe-west-1", NULL, { NULL }, "",
	  "https://kms.eu-isoe-west-1.cloud.adc-e.uk/",
	  "kms.eu-isoe-west-1.cloud.adc-e.uk" },
	{ "us-east-1", NULL, { FIPS }, "",
	  "https://kms-fips.us-east-1.amazonaws.com/",
	  "kms-fips.us-east-1.amazonaws.com" },
	{ "us-east-1", NULL, { DUAL }, "",
	  "https://kms.us-east-1.api.aws/", "kms.us-east-1.api.aws" },
	{ "us-east-1", NULL, { FIPS, DUAL }, "",
	  "https://kms-fips.us-east-1.api.aws/",
	  "kms-fips.us-east-1.api.aws" },
	{ "us-east-1", NULL, { "AWS_USE_FIPS_ENDPOINT=false" },
	  "[default]\nuse_fips_endpoint = true\n",
	  "https://kms.us-east-1.amazonaws.com/",
	  "kms.us-east-1.amazonaws.com" },
	{ "us-east-1", NULL, { NULL },
	  "[default]\nuse_fips_endpoint = true\n"
	  "use_dualstack_endpoint = true\n",
	  "https://kms-fips.us-east-1.api.aws/",
	  "kms-fips.us-east-1.api.aws" },

	{ "us-east-1", "https://chosen.example", { KMS_URL, IGNORE }, SERVICES,
	  "https://chosen.example/", "chosen.example" },
	{ "us-east-1", NULL, { KMS_URL, ANY_URL }, SERVICES,
	  "https://kms.example/", "kms.example" },
	{ "us-east-1", NULL, { ANY_URL }, SERVICES,
	  "https://any.example/", "any.example" },
	{ "us-east-1", NULL, { NULL }, SERVICES,
	  "https://services.example/", "services.example" },
	{ "us-east-1", NULL, { NULL },
	  "[default]\nendpoint_url = https://profile.example\n",
	  "https://profile.example/", "profile.example" },
	{ "us-east-1", NULL, { IGNORE, KMS_URL, ANY_URL }, SERVICES,
	  "https://kms.us-east-1.amazonaws.com/",
	  "kms.us-east-1.amazonaws.com" },
	{ "us-east-1", NULL, { KMS_URL },
	  "[default]\nignore_configured_endpoint_urls = true\n",
	  "https://kms.us-east-1.amazonaws.com/",
	  "kms.us-east-1.amazonaws.com" },

	{ "x", "HTTPS://Host:443/", { NULL }, "", "https://Host/", "Host" },
	{ "x", "https://h:8443", { NULL }, "", "https://h:8443/", "h:8443" },
	{ "x", "http://127.0.0.1:80", { NULL }, "",
	  "http://127.0.0.1/", "127.0.0.1" },
	{ "x", "http://127.8.9.1:4566", { NULL }, "",
	  "http://127.8.9.1:4566/", "127.8.9.1:4566" },
	{ "x", "http://localhost:1", { NULL }, "",
	  "http://localhost:1/", "localhost:1" },
	{ "x", "http://[::1]:65535/", { NULL }, "",
	  "http://[::1]:65535/", "[::1]:65535" },
	{ "x", "https://[2001:db8::1]", { NULL }, "",
	  "https://[2001:db8::1]/", "[2001:db8::1]" },

	{ "x", "http://kms.example", { NULL }, "", NULL, NULL },
	{ "x", "http://192.168.1.1", { NULL }, "", NULL, NULL },
	{ "x", "http://[2001:db8::1]", { NULL }, "", NULL, NULL },
	{ "x", "http://127.0.0.1.example", { NULL }, "", NULL, NULL },
	{ "x", "http://localhost@kms.example", { NULL }, "", NULL, NULL },
	{ "x", "http://localhost.", { NULL }, "", NULL, NULL },
	{ "x", "ftp://h", { NULL }, "", NULL, NULL },
	{ "x", "h:8443", { NULL }, "", NULL, NULL },
	{ "x", "https://", { NULL }, "", NULL, NULL },
	{ "x", "https://h/path", { NULL }, "", NULL, NULL },
	{ "x", "https://h/?query", { NULL }, "", NULL, NULL },
	{ "x", "https://h:0", { NULL }, "", NULL, NULL },
	{ "x", "https://h:65536", { NULL }, "", NULL, NULL },
	{ "x", "https://h:", { NULL }, "", NULL, NULL },
	{ "x", "https://h:1x", { NULL }, "", NULL, NULL },
	{ "x", "https://h:+1", { NULL }, "", NULL, NULL },
	{ "x", "https://[::1", { NULL }, "", NULL, NULL },
	{ "x", "https://[::1]1", { NULL }, "", NULL, NULL },
	{ "x", "https://a b", { NULL }, "", NULL, NULL },
	{ "x", "https://a\r\nb", { NULL }, "", NULL, NULL },
	{ "x", "https://kms.example", { FIPS }, "", NULL, NULL },
	{ "x", NULL, { DUAL, KMS_URL }, "", NULL, NULL },
	{ "x", NULL, { NULL }, "[default]\nservices = none\n", NULL, NULL },
	{ "x", NULL, { NULL },
	  "[default]\nservices = none\n[services other]\n"
	  "kms =\n  endpoint_url = https://services.example\n", NULL, NULL },
	{ "x", NULL, { KMS_URL }, "[default]\nservices = none\n",
	  "https://kms.example/", "kms.example" },
	/* as a Windows editor writes the file */
	{ "us-east-1", NULL, { NULL },
	  "\xef\xbb\xbf[default]\r\nendpoint_url = https://bom.example\r\n",
	  "https://bom.example/", "bom.example" },
	{ "", NULL, { NULL }, "", NULL, NULL },
	{ "evil.example/", NULL, { NULL }, "", NULL, NULL },
	{ "US-EAST-1", NULL, { NULL }, "", NULL, NULL },
	{ "-", NULL, { NULL }, "", NULL, NULL },
};
/* clang-format on */

static void
env_set(const char *const *env)
{
	clearenv();
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
	for (; *env != NULL; env++) {
		char *s = strdup(*env), *value = strchr(s, '=');

		*value = '\0';
		setenv(s, value + 1, 1);
		free(s);
	}
}

static void
test_row(size_t i)
{
	const char *env[4] = {
	    rows[i].env[0], rows[i].env[1], rows[i].env[2], NULL};
	struct profile p = PROFILE_INIT;
	struct endpoint_conf conf = {"kms", NULL, "AWS_ENDPOINT_URL_KMS",
	    rows[i].region, rows[i].url, &p};
	struct endpoint out;
	struct error_info error = {0};
	enum err e;

	env_set(env);
	setenv("AWS_CONFIG_FILE", file_write("config", rows[i].config), 1);
	if (profile_open(NULL, &p, &error) != ERR_OK)
		tap_bail();
	e = endpoint_find(&conf, &out, &error);
	if (rows[i].want == NULL)
		OK(e == ERR_CONFIG && error.message[0] != '\0',
		    "%zu refused: %s", i, error.message);
	else
		OK(e == ERR_OK && strcmp(out.url, rows[i].want) == 0 &&
			strcmp(out.host, rows[i].host) == 0,
		    "%zu: %s %s %s", i, out.url, out.host, error.message);
	profile_close(&p);
}

static void
test_loopback(void)
{
	static const struct {
		const char *url;
		bool loopback;
	} urls[] = {
	    {"http://127.0.0.1:1", true},
	    {"https://localhost", true},
	    {"https://[::1]", true},
	    {"https://kms.example", false},
	    {"https://128.0.0.1", false},
	};
	struct profile p = PROFILE_INIT;
	struct endpoint out;

	for (size_t i = 0; i < ELEMS(urls); i++) {
		struct endpoint_conf conf = {
		    "kms", NULL, "AWS_ENDPOINT_URL_KMS", "x", urls[i].url, &p};

		OK(endpoint_find(&conf, &out, NULL) == ERR_OK &&
			out.loopback == urls[i].loopback,
		    "%s is %sthis machine", urls[i].url,
		    urls[i].loopback ? "" : "not ");
	}
}

int
main(void)
{
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(i);
	test_loopback();
	files_remove();
	return (tap_done());
}
