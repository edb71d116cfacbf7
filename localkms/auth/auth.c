#include <pthread.h>
#include <stdio.h>

#include <string.h>
#include <time.h>
#include <openssl/crypto.h>
#include "auth/auth.h"
#include "auth/session.h"
#include "base/text.h"
#include "sigv4.h"

#define SKEW_MS (INT64_C(15) * 60 * 1000)
#define SIGNED_MAX 32
#define PARAMETER_MAX 1024
#define INVALID_TOKEN "The security token included in the request is invalid."

/* The signing key of the last request: it stays the same for a day. */
struct signing_key {
	char name[PARAMETER_MAX]; /* access key, day, Region, service */
	uint8_t key[SIGV4_KEY_SIZE];
};

struct auth {
	pthread_mutex_t lock; /* over last */
	struct signing_key last;
	struct sigv4 *sigv4;
	char account[13];
	char access_key[AUTH_ACCESS_SIZE];
	char secret_key[AUTH_SECRET_SIZE];
	uint8_t sessions[SESSION_SECRET_SIZE]; /* signs their tokens */
};

/* The Authorization header taken apart. */
struct authorization {
	char credential[PARAMETER_MAX], headers[PARAMETER_MAX],
	    signature[PARAMETER_MAX];
	char *access_key, *day, *region, *service, *end; /* of credential */
	const char *date; /* of the header X-Amz-Date */
	struct sigv4_header signed_headers[SIGNED_MAX];
	size_t signed_count;
};

struct auth *
auth_open(struct store *s, const char *account)
{
	struct auth *a = OPENSSL_zalloc(sizeof(*a));
	uint8_t random[16 + 40];
	/* the server is a process of its own and may use OpenSSL's default
	 * library context */
	const struct crypto crypto = {.lib = NULL};

	if (a == NULL)
		return (NULL);
	pthread_mutex_init(&a->lock, NULL);
	if (sigv4_open(&crypto, &a->sigv4) != ERR_OK ||
	    !store_secret(s, "credentials", random, sizeof(random)) ||
	    !store_secret(s, "sessions", a->sessions, sizeof(a->sessions))) {
		auth_close(a);
		return (NULL);
	}
	memcpy(a->access_key, "AKIA", 4);
	session_random_text(random, 16, session_letters, a->access_key + 4);
	session_random_text(
	    random + 16, 40, session_key_letters, a->secret_key);
	snprintf(a->account, sizeof(a->account), "%s", account);
	return (a);
}

void
auth_close(struct auth *a)
{
	if (a == NULL)
		return;
	sigv4_close(a->sigv4);
	pthread_mutex_destroy(&a->lock);
	OPENSSL_clear_free(a, sizeof(*a));
}

/* Letters, digits and signs that need no quoting in a shell or a header. */
static bool
is_credential(const char *s, size_t len)
{
	return (len != 0 && len < AUTH_ACCESS_SIZE &&
		strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			  "0123456789_+=.-/") >= len);
}

bool
auth_set(struct auth *a, const char *credentials)
{
	const char *colon = strchr(credentials, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - credentials);

	if (!is_credential(credentials, len) ||
	    memchr(credentials, '/', len) != NULL ||
	    !is_credential(colon + 1, strlen(colon + 1)))
		return (false);
	snprintf(a->access_key, sizeof(a->access_key), "%.*s", (int)len,
	    credentials);
	snprintf(a->secret_key, sizeof(a->secret_key), "%s", colon + 1);
	return (true);
}

const char *
auth_access_key(const struct auth *a)
{
	return (a->access_key);
}

const uint8_t *
auth_session_secret(const struct auth *a)
{
	return (a->sessions);
}

const char *
auth_secret_key(const struct auth *a)
{
	return (a->secret_key);
}

/* The value of "Name=value" in the header; a comma, a blank or the end of the
 * header ends it. */
static bool
take_parameter(const char *header, const char *name, char *out, size_t size)
{
	const char *s = header;
	size_t len = strlen(name), n;

	while ((s = strstr(s, name)) != NULL) {
		if ((s == header || s[-1] == ' ' || s[-1] == ',') &&
		    s[len] == '=')
			break;
		s += len;
	}
	if (s == NULL)
		return (false);
	s += len + 1;
	n = strcspn(s, ", ");
	if (n == 0 || n >= size)
		return (false);
	memcpy(out, s, n);
	out[n] = '\0';
	return (true);
}

static bool
read_authorization(const char *h, struct authorization *m, struct exception *e)
{
	const struct {
		const char *name;
		char *out;
	} parts[] = {{"Credential", m->credential}, {"Signature", m->signature},
	    {"SignedHeaders", m->headers}};
	char **places[] = {
	    &m->access_key, &m->day, &m->region, &m->service, &m->end};
	char *s = m->credential;

	if (strncmp(h, "AWS4-HMAC-SHA256", 16) != 0)
		return (exception_set(e, EXCEPTION_INCOMPLETE_SIGNATURE,
		    "Unsupported AWS 'algorithm': '%.*s'.",
		    (int)strcspn(h, " "), h));
	for (size_t i = 0; i < 3; i++)
		if (!take_parameter(
			h, parts[i].name, parts[i].out, PARAMETER_MAX))
			return (exception_set(e, EXCEPTION_INCOMPLETE_SIGNATURE,
			    "Authorization header requires '%s' parameter. "
			    "Authorization=AWS4-HMAC-SHA256",
			    parts[i].name));
	for (size_t i = 0; i < 5; i++) {
		*places[i] = s;
		if (i == 4)
			break;
		if ((s = strchr(s, '/')) == NULL)
			return (exception_set(e, EXCEPTION_INCOMPLETE_SIGNATURE,
			    "Credential must have exactly 5 slash-delimited "
			    "elements, e.g. keyid/date/region/service/term, "
			    "got '%s'",
			    m->credential));
		*s++ = '\0';
	}
	return (true);
}

/* The number that two characters spell, which are known to be digits. */
static int
two_digits(const char *s)
{
	return ((s[0] - '0') * 10 + s[1] - '0');
}

/* "20250131T235959Z" */
static bool
read_date(const char *date, int64_t *ms)
{
	static const char form[] = "ddddddddTddddddZ";
	struct tm t = {0};

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'd' ? date[i] < '0' || date[i] > '9'
				   : date[i] != form[i])
			return (false);
	t.tm_year = two_digits(date) * 100 + two_digits(date + 2) - 1900;
	t.tm_mon = two_digits(date + 4) - 1;
	t.tm_mday = two_digits(date + 6);
	t.tm_hour = two_digits(date + 9);
	t.tm_min = two_digits(date + 11);
	t.tm_sec = two_digits(date + 13);
	*ms = (int64_t)timegm(&t) * 1000;
	return (true);
}

static bool
check_date(const struct authorization *m, int64_t wall_ms, struct exception *e)
{
	char now[SIGV4_DATE_SIZE], edge[SIGV4_DATE_SIZE];
	int64_t at;

	if (!read_date(m->date, &at))
		return (exception_set(e, EXCEPTION_INCOMPLETE_SIGNATURE,
		    "Date must be in ISO-8601 'basic format'. Got '%.40s'. "
		    "See http://en.wikipedia.org/wiki/ISO_8601",
		    m->date));
	sigv4_date(wall_ms / 1000, now);
	if (at < wall_ms - SKEW_MS) {
		sigv4_date((wall_ms - SKEW_MS) / 1000, edge);
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "Signature expired: %s is now earlier than %s (%s - 15 "
		    "min.)",
		    m->date, edge, now));
	}
	if (at > wall_ms + SKEW_MS) {
		sigv4_date((wall_ms + SKEW_MS) / 1000, edge);
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "Signature not yet current: %s is still later than %s (%s "
		    "+ 15 min.)",
		    m->date, edge, now));
	}
	if (strlen(m->day) != 8 || strncmp(m->day, m->date, 8) != 0)
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "Date in Credential scope does not match YYYYMMDD from "
		    "ISO-8601 version of date from HTTP: '%.40s' != '%.8s', "
		    "from '%s'.",
		    m->day, m->date, m->date));
	return (true);
}

static bool
check_scope(
    const struct authorization *m, const char *service, struct exception *e)
{
	if (strcmp(m->end, "aws4_request") != 0)
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "Credential should be scoped with a valid terminator: "
		    "'aws4_request', not '%s'.",
		    m->end));
	if (strcmp(m->service, service) != 0)
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "Credential should be scoped to correct service: '%s'.",
		    service));
	if (strlen(m->region) >= KEY_REGION_SIZE || !text_is_region(m->region))
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "Credential should be scoped to a valid region."));
	return (true);
}

/* Collects the signed headers, of which Host must be one. X-Amz-Target need
 * not: AWS accepts requests without, as older versions of curl send them. */
static bool
gather_headers(
    const struct web_request *q, struct authorization *m, struct exception *e)
{
	char *s, *state = NULL;
	const char *value;
	bool host = false;

	for (s = strtok_r(m->headers, ";", &state); s != NULL;
	     s = strtok_r(NULL, ";", &state)) {
		if (m->signed_count == SIGNED_MAX ||
		    (value = web_header(q, s)) == NULL)
			return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
			    "The request signature we calculated does not "
			    "match the signature you provided. The header "
			    "'%s' is signed but was not sent.",
			    s));
		host |= strcmp(s, "host") == 0;
		m->signed_headers[m->signed_count++] = (struct sigv4_header){
		    view_str(s), view_str(value)};
	}
	if (!host)
		return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
		    "'Host' or ':authority' must be a 'SignedHeader' in the "
		    "AWS Authorization."));
	return (true);
}

static bool
signing_key(struct auth *a, const struct authorization *m, const char *secret,
    uint8_t key[SIGV4_KEY_SIZE])
{
	struct signing_key made;
	bool known;
	int n;

	n = snprintf(made.name, sizeof(made.name), "%s/%s/%s/%s", m->access_key,
	    m->day, m->region, m->service);
	pthread_mutex_lock(&a->lock);
	known = strcmp(a->last.name, made.name) == 0;
	if (known)
		memcpy(key, a->last.key, SIGV4_KEY_SIZE);
	pthread_mutex_unlock(&a->lock);
	if (known)
		return (true);
	if (n < 0 || (size_t)n >= sizeof(made.name) ||
	    sigv4_key(a->sigv4, view_str(secret), view_str(m->day),
		view_str(m->region), view_str(m->service), made.key) != ERR_OK)
		return (false);
	memcpy(key, made.key, SIGV4_KEY_SIZE);
	pthread_mutex_lock(&a->lock);
	a->last = made;
	pthread_mutex_unlock(&a->lock);
	OPENSSL_cleanse(made.key, sizeof(made.key));
	return (true);
}

static bool
check_signature(struct auth *a, const struct web_request *q,
    const struct authorization *m, const char *secret, struct exception *e)
{
	struct sigv4_request r = {
	    .method = view_str(q->method),
	    .path = view_str(q->path),
	    .query = view_str(q->query),
	    .headers = m->signed_headers,
	    .header_count = m->signed_count,
	    .date = view_str(m->date),
	    .region = view_str(m->region),
	    .service = view_str(m->service),
	};
	char body[SIGV4_HEX_SIZE], hex[SIGV4_HEX_SIZE];
	uint8_t key[SIGV4_KEY_SIZE];
	bool ok;

	ok = sigv4_hash(a->sigv4, q->body, body) == ERR_OK;
	r.payload_hash = view_str(body);
	ok = ok && signing_key(a, m, secret, key) &&
	     sigv4_sign(a->sigv4, &r, key, hex) == ERR_OK;
	OPENSSL_cleanse(key, sizeof(key));
	if (!ok)
		return (exception_set(e, EXCEPTION_INTERNAL, "out of memory"));
	if (strlen(m->signature) == SIGV4_HEX_SIZE - 1 &&
	    CRYPTO_memcmp(m->signature, hex, SIGV4_HEX_SIZE - 1) == 0)
		return (true);
	return (exception_set(e, EXCEPTION_BAD_SIGNATURE,
	    "The request signature we calculated does not match the signature "
	    "you provided. Check your AWS Secret Access Key and signing "
	    "method. Consult the service documentation for details."));
}

static bool
identify_session(const struct auth *a, const char *token,
    const struct authorization *m, int64_t wall_ms,
    char secret[AUTH_SECRET_SIZE], struct caller *c, struct exception *e)
{
	struct session s = {0};

	if (strlen(m->access_key) != SESSION_ACCESS_SIZE - 1 ||
	    strlen(token) >= sizeof(s.token))
		return (exception_set(
		    e, EXCEPTION_UNRECOGNIZED_CLIENT, INVALID_TOKEN));
	snprintf(s.access_key, sizeof(s.access_key), "%s", m->access_key);
	snprintf(s.token, sizeof(s.token), "%s", token);
	if (!session_read(a->sessions, &s))
		return (exception_set(
		    e, EXCEPTION_UNRECOGNIZED_CLIENT, INVALID_TOKEN));
	if (wall_ms / 1000 >= s.expires)
		return (exception_set(e, EXCEPTION_EXPIRED_TOKEN,
		    "The security token included in the request is expired"));
	memcpy(secret, s.secret_key, sizeof(s.secret_key));
	snprintf(c->arn, sizeof(c->arn), "%s", s.arn);
	return (true);
}

/* Finds the secret of the access key, and the caller's ARN. */
static bool
identify(const struct auth *a, const struct web_request *q,
    const struct authorization *m, int64_t wall_ms,
    char secret[AUTH_SECRET_SIZE], struct caller *c, struct exception *e)
{
	const char *token = web_header(q, "x-amz-security-token");

	if (token != NULL)
		return (identify_session(a, token, m, wall_ms, secret, c, e));
	if (strcmp(m->access_key, a->access_key) != 0)
		return (exception_set(
		    e, EXCEPTION_UNRECOGNIZED_CLIENT, INVALID_TOKEN));
	memcpy(secret, a->secret_key, AUTH_SECRET_SIZE);
	snprintf(c->arn, sizeof(c->arn), "arn:aws:iam::%s:user/keyferry",
	    a->account);
	return (true);
}

bool
auth_check(struct auth *a, const struct web_request *q, const char *service,
    int64_t wall_ms, struct caller *c, struct exception *e)
{
	const char *h = web_header(q, "authorization");
	char secret[AUTH_SECRET_SIZE];
	struct authorization m = {0};
	bool ok;

	if (h == NULL)
		return (exception_set(e, EXCEPTION_MISSING_TOKEN,
		    "Missing Authentication Token"));
	if (!read_authorization(h, &m, e))
		return (false);
	if ((m.date = web_header(q, "x-amz-date")) == NULL)
		return (exception_set(e, EXCEPTION_INCOMPLETE_SIGNATURE,
		    "Authorization header requires existence of either a "
		    "'X-Amz-Date' or a 'Date' header. "
		    "Authorization=AWS4-HMAC-SHA256"));
	if (!check_scope(&m, service, e) ||
	    !identify(a, q, &m, wall_ms, secret, c, e))
		return (false);
	ok = gather_headers(q, &m, e) && check_date(&m, wall_ms, e) &&
	     check_signature(a, q, &m, secret, e);
	OPENSSL_cleanse(secret, sizeof(secret));
	snprintf(c->region, sizeof(c->region), "%s", m.region);
	snprintf(c->access_key, sizeof(c->access_key), "%s", m.access_key);
	return (ok);
}
