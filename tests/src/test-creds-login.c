/* `aws login`: the credentials that it leaves, and their renewal with a DPoP
 * proof, which is checked as the service does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include "base64.h"
#include "client-env.h"
#include "creds-env.h"
#include "http-server.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define SESSION "arn:aws:iam::111122223333:user/me"
#define CONFIG "[profile p]\nlogin_session = " SESSION "\n"
#define RENEWED                                                             \
	{                                                                   \
		.status = 200,                                              \
		.body = "{\"accessToken\":{\"accessKeyId\":\"NEW\","        \
			"\"secretAccessKey\":\"s2\",\"sessionToken\":"      \
			"\"t2\"},\"tokenType\":\"aws_sigv4\",\"expiresIn\"" \
			":900,\"refreshToken\":\"R2\"}"                     \
	}

static struct http_server *server;
static EVP_PKEY *key;
static char folder[128], file[256];
static const char *region = ""; /* signInRegion of the file */

static void
scene(const struct http_step *steps, size_t count)
{
	if (server != NULL)
		http_server_stop(server);
	server = http_server_start(steps, count, NULL);
	test_creds_files(NULL, CONFIG);
	setenv("AWS_ENDPOINT_URL_SIGNIN", http_server_url(server), 1);
	setenv("AWS_LOGIN_CACHE_DIRECTORY", folder, 1);
}
#define SCENE(steps) scene(steps, ELEMS(steps))

/* The file's name is what the tools make of the text. */
static void
paths_make(void)
{
	char name[65];
	FILE *p = popen("printf '%s' '" SESSION "' | sha256sum", "r");

	if (p == NULL || fscanf(p, "%64s", name) != 1)
		tap_bail();
	(void)pclose(p);
	(void)snprintf(folder, sizeof(folder), "%s/login", test_creds_home());
	(void)snprintf(file, sizeof(file), "%s/%s.json", folder, name);
	(void)mkdir(folder, 0700);
}

/* The key as `aws login` writes it: SEC1 in PEM, on one line of JSON. */
static void
key_write(FILE *f, EVP_PKEY *which)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;
	long len;

	if (b == NULL || PEM_write_bio_PrivateKey_traditional(
			     b, which, NULL, NULL, 0, NULL, NULL) != 1)
		tap_bail();
	len = BIO_get_mem_data(b, &text);
	for (long i = 0; i < len; i++)
		(void)fprintf(f, text[i] == '\n' ? "\\n" : "%c", text[i]);
	BIO_free(b);
}

static void
session_write(long seconds, EVP_PKEY *with)
{
	time_t end = time(NULL) + seconds;
	char date[32];
	struct tm tm;
	FILE *f = fopen(file, "w");

	if (f == NULL)
		tap_bail();
	(void)gmtime_r(&end, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)fprintf(f,
	    "{\"accessToken\": {\"accessKeyId\": \"OLD\", \"secretAccessKey\": "
	    "\"s1\", \"sessionToken\": \"t1\", \"accountId\": "
	    "\"111122223333\", \"expiresAt\": \"%s\"}, \"tokenType\": "
	    "\"aws_sigv4\", \"clientId\": \"arn:aws:signin:::devtools/"
	    "same-device\", \"idToken\": \"I\"",
	    date);
	if (with != NULL) {
		(void)fprintf(f, ", \"refreshToken\": \"R1\", \"dpopKey\": \"");
		key_write(f, with);
		(void)fprintf(f, "\"");
	}
	if (region[0] != '\0')
		(void)fprintf(f, ", \"signInRegion\": \"%s\"", region);
	(void)fprintf(f, "}");
	(void)fclose(f);
	(void)chmod(file, 0600);
}

static bool
file_has(const char *what)
{
	char content[8192] = "";
	FILE *f = fopen(file, "r");

	if (f != NULL) {
		content[fread(content, 1, sizeof(content) - 1, f)] = '\0';
		(void)fclose(f);
	}
	return (strstr(content, what) != NULL);
}

/* base64url without padding; a NUL is put behind the bytes. */
static size_t
part_read(const char *text, size_t len, char *out, size_t size)
{
	struct buf plain = BUF_INIT(4096), bytes = BUF_INIT(size - 1);
	size_t n;

	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];

		(void)buf_append(&plain, VIEW(&c, 1));
	}
	while (plain.len % 4 != 0)
		(void)buf_puts(&plain, "=");
	if (strpbrk(text, "+/=") != NULL ||
	    base64_read(buf_view(&plain), &bytes) != ERR_OK)
		tap_bail();
	memcpy(out, bytes.ptr, n = bytes.len);
	out[n] = '\0';
	buf_free(&plain);
	buf_free(&bytes);
	return (n);
}

/* A text of a JSON object, as it is written there. */
static const char *
member(const char *json, const char *name, char out[128])
{
	char form[32];
	const char *at;

	(void)snprintf(form, sizeof(form), "\"%s\":\"", name);
	out[0] = '\0';
	if ((at = strstr(json, form)) != NULL)
		(void)sscanf(at + strlen(form), "%127[^\"]", out);
	return (out);
}

static bool
coordinate_is(const char *json, const char *name, const char *of_key)
{
	char text[128], bytes[64];
	BIGNUM *ours = NULL, *theirs;
	size_t len;
	bool same;

	(void)member(json, name, text);
	len = part_read(text, strlen(text), bytes, sizeof(bytes));
	theirs = BN_bin2bn((uint8_t *)bytes, (int)len, NULL);
	same = len == 32 && EVP_PKEY_get_bn_param(key, of_key, &ours) == 1 &&
	       BN_cmp(ours, theirs) == 0;
	BN_free(ours);
	BN_free(theirs);
	return (same);
}

static bool
signature_holds(const char *text, size_t len, const char *signature)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const uint8_t *s = (const uint8_t *)signature;
	uint8_t *der = NULL;
	int der_len;
	bool holds;

	(void)ECDSA_SIG_set0(
	    pair, BN_bin2bn(s, 32, NULL), BN_bin2bn(s + 32, 32, NULL));
	der_len = i2d_ECDSA_SIG(pair, &der);
	holds = EVP_DigestVerifyInit_ex(
		    ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
		EVP_DigestVerify(
		    ctx, der, (size_t)der_len, (const uint8_t *)text, len) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
	EVP_MD_CTX_free(ctx);
	return (holds);
}

/* Of one request; id: its jti. */
static bool
proof_holds(const char *request, char id[128])
{
	char header[1024], claims[1024], signature[128], text[128], url[128];
	const char *proof = test_header(request, "DPoP");
	const char *first = strchr(proof, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;
	const char *iat;

	if (second == NULL)
		return (false);
	(void)part_read(proof, (size_t)(first - proof), header, sizeof(header));
	(void)part_read(
	    first + 1, (size_t)(second - first - 1), claims, sizeof(claims));
	if (part_read(second + 1, strlen(second + 1), signature,
		sizeof(signature)) != 64)
		return (false);
	printf("# %s %s\n", header, claims);
	(void)snprintf(
	    url, sizeof(url), "%s/v1/token", http_server_url(server));
	iat = strstr(claims, "\"iat\":");
	return (strcmp(member(header, "typ", text), "dpop+jwt") == 0 &&
		strcmp(member(header, "alg", text), "ES256") == 0 &&
		strcmp(member(header, "kty", text), "EC") == 0 &&
		strcmp(member(header, "crv", text), "P-256") == 0 &&
		coordinate_is(header, "x", OSSL_PKEY_PARAM_EC_PUB_X) &&
		coordinate_is(header, "y", OSSL_PKEY_PARAM_EC_PUB_Y) &&
		strcmp(member(claims, "htm", text), "POST") == 0 &&
		strcmp(member(claims, "htu", text), url) == 0 && iat != NULL &&
		labs(strtol(iat + 6, NULL, 10) - (long)time(NULL)) < 60 &&
		strlen(member(claims, "jti", id)) >= 16 &&
		signature_holds(proof, (size_t)(second - proof), signature));
}

static void
test_session(void)
{
	static const struct http_step none[] = {{.status = 500}};

	SCENE(none);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "uses aws login and nobody has logged in: run aws login "
	       "--profile p"),
	    "nobody has logged in");
	session_write(800, key);
	OK(test_creds_are(test_creds_find("p", 8000), "OLD", "s1", "t1") &&
		http_server_requests(server) == 0,
	    "credentials that are valid");
	session_write(-60, NULL);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "its session ended at 20") &&
		http_server_requests(server) == 0,
	    "that have ended, and cannot be renewed");
	(void)chmod(file, 0666);
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_UNTRUSTED, "can write to it"),
	    "a file that others can write");
	test_creds_files("[p]\naws_access_key_id = C\naws_secret_access_key = "
			 "s\n",
	    CONFIG);
	OK(test_creds_are(test_creds_find("p", 8000), "C", "s", ""),
	    "keys of the credentials file come before it");
}

static void
test_renewal(void)
{
	static const struct http_step renews[] = {{.status = 503}, RENEWED};
	static const struct http_step refuses[] = {
	    {.status = 400, .body = "{\"error\":\"TOKEN_EXPIRED\"}"}};
	static const struct http_step down[] = {{.status = 503}};
	EVP_PKEY *other = EVP_EC_gen("P-384");
	char first[128], second[128];

	SCENE(renews);
	session_write(200, key);
	OK(test_creds_are(test_creds_find("p", 8000), "NEW", "s2", "t2"),
	    "renewed ahead of their end");
	NEED(http_server_requests(server) == 2, "at the second try");
	OK(strstr(http_server_request(server, 0), "POST /v1/token HTTP/1.1") !=
		    NULL &&
		strstr(http_server_request(server, 1),
		    "{\"clientId\":\"arn:aws:signin:::devtools/same-device\","
		    "\"grantType\":\"refresh_token\",\"refreshToken\":"
		    "\"R1\"}") != NULL,
	    "the request");
	OK(proof_holds(http_server_request(server, 0), first) &&
		proof_holds(http_server_request(server, 1), second) &&
		strcmp(first, second) != 0,
	    "each try has a proof of its own");
	OK(file_has("\"accessKeyId\":\"NEW\"") &&
		file_has("\"accountId\":\"111122223333\"") &&
		file_has("\"refreshToken\":\"R2\"") &&
		file_has("\"idToken\":\"I\"") &&
		file_has("BEGIN EC PRIVATE KEY"),
	    "and kept for others");
	OK(test_creds_are(test_creds_find("p", 8000), "NEW", "s2", "t2") &&
		http_server_requests(server) == 2,
	    "who need not renew them");
	SCENE(refuses);
	session_write(200, key);
	OK(test_creds_are(test_creds_find("p", 8000), "OLD", "s1", "t1") &&
		http_server_requests(server) == 1,
	    "the old ones go on when that is refused");
	session_write(-60, key);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "run aws login --profile p"),
	    "unless they have ended");
	session_write(-60, other);
	OK(test_creds_failed(test_creds_find("p", 8000), ERR_CREDS,
	       "run aws login --profile p"),
	    "a key on another curve");
	SCENE(down);
	session_write(-60, key);
	OK(test_creds_failed(
	       test_creds_find("p", 8000), ERR_CREDS_SERVICE, "503"),
	    "which is not said when the service is down");
	EVP_PKEY_free(other);
}

/* Where it asks, as a proxy sees it. */
static void
test_hosts(void)
{
	static const struct {
		const char *region, *variable, *host;
	} rows[] = {
	    {"", "X", "eu-west-1.signin.aws.amazon.com:443"},
	    {"us-gov-west-1", "X",
		"us-gov-west-1.signin.amazonaws-us-gov.com:443"},
	    {"eusc-de-east-1", "X", "signin.eusc-de-east-1.amazonaws.eu:443"},
	    {"us-east-1", "AWS_USE_DUALSTACK_ENDPOINT",
		"signin.us-east-1.api.aws:443"},
	};
	static const struct http_step refuses[] = {{.status = 403}};
	char want[128];

	for (size_t i = 0; i < ELEMS(rows); i++) {
		SCENE(refuses);
		unsetenv("AWS_ENDPOINT_URL_SIGNIN");
		setenv("HTTPS_PROXY", http_server_url(server), 1);
		setenv(rows[i].variable, "true", 1);
		region = rows[i].region;
		session_write(-60, key);
		(void)snprintf(want, sizeof(want), "CONNECT %s ", rows[i].host);
		OK(test_creds_find("p", 8000)->err == ERR_CREDS_SERVICE &&
			strncmp(http_server_request(server, 0), want,
			    strlen(want)) == 0,
		    "%s", rows[i].host);
	}
}

int
main(void)
{
	test_creds_open();
	if ((key = EVP_EC_gen("P-256")) == NULL)
		tap_bail();
	paths_make();
	test_session();
	test_renewal();
	test_hosts();
	http_server_stop(server);
	EVP_PKEY_free(key);
	test_creds_close();
	return (tap_done());
}
