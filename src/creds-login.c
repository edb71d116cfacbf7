#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "creds-cache.h"
#include "creds-http.h"
#include "creds-json.h"
#include "dpop.h"
#include "endpoint.h"
#include "env.h"

/*
 * `aws login` leaves credentials for 15 minutes in a file, and what they are
 * renewed with: a refresh token that is bound to a key (DPoP, RFC 9449).
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-login-credentials.html
 */
#define FOLDER "~/.aws/login/cache"
#define FILE_MAX 65536
#define HEADERS_MAX 8192
#define AHEAD_MS (5 * 60 * 1000)
#define TRIES 3
#define PAUSE_MS 200 /* before the second try, then doubled */

struct session {
	struct creds_json creds;
	char account[32];
	char token_type[64], client_id[256], refresh[4096], id_token[8192];
	char key[4096]; /* PEM */
	char region[64]; /* "": that of the profile */
	double expires_in; /* of a reply: seconds */
	int64_t expires_ms;
};

#define TEXT(member, name) JSON_FIELD(struct session, member, name, TEXT)
static const struct json_field file_creds_fields[] = {
    TEXT(creds.access_key, "accessKeyId"),
    TEXT(creds.secret, "secretAccessKey"),
    TEXT(creds.token, "sessionToken"),
    TEXT(account, "accountId"),
    TEXT(creds.expiration, "expiresAt"),
    JSON_END,
};
static const struct json_field file_fields[] = {
    JSON_SUB("accessToken", file_creds_fields),
    TEXT(token_type, "tokenType"),
    TEXT(client_id, "clientId"),
    TEXT(refresh, "refreshToken"),
    TEXT(id_token, "idToken"),
    TEXT(key, "dpopKey"),
    TEXT(region, "signInRegion"),
    JSON_END,
};
static const struct json_field reply_creds_fields[] = {
    TEXT(creds.access_key, "accessKeyId"),
    TEXT(creds.secret, "secretAccessKey"),
    TEXT(creds.token, "sessionToken"),
    JSON_END,
};
static const struct json_field reply_fields[] = {
    JSON_SUB("accessToken", reply_creds_fields),
    TEXT(refresh, "refreshToken"),
    JSON_FIELD(struct session, expires_in, "expiresIn", NUMBER),
    JSON_END,
};

struct renewal {
	const char *client_id, *grant_type, *refresh_token;
};
static const struct json_field renewal_fields[] = {
    JSON_FIELD(struct renewal, client_id, "clientId", STRING),
    JSON_FIELD(struct renewal, grant_type, "grantType", STRING),
    JSON_FIELD(struct renewal, refresh_token, "refreshToken", STRING),
    JSON_END,
};

struct login {
	struct creds_search *search;
	struct creds_cache cache;
};

static enum err
log_in(const struct login *l, const char *what, struct error_info *error)
{
	return (error_info_set(error, ERR_CREDS,
	    "profile \"%s\" uses aws login and %s: run aws login --profile %s",
	    l->search->profile->name, what, l->search->profile->name));
}

static int64_t
now_ms(const struct login *l)
{
	const struct clock *clk = l->search->conf->clock;

	return (clk->wall_ms(clk->ctx));
}

static enum err
session_read(const struct login *l, struct session *s, struct error_info *error)
{
	struct buf text = BUF_INIT(FILE_MAX);
	bool found;
	enum err e;

	memset(s, 0, sizeof(*s));
	e = creds_cache_read(l->search, &l->cache, &found, &text, error);
	if (e == ERR_OK && !found)
		e = log_in(l, "nobody has logged in", error);
	else if (e == ERR_OK &&
		 (json_decode(file_fields, buf_view(&text), s) != ERR_OK ||
		     s->creds.access_key[0] == '\0' ||
		     !creds_read_date(s->creds.expiration, &s->expires_ms)))
		e = log_in(l, "the file of its session cannot be read", error);
	buf_free(&text);
	return (e);
}

/* The hosts of the sign-in service are not called as others are, unless FIPS or
 * dual-stack is wanted. */
static enum err
find_endpoint(const struct login *l, const struct session *s,
    struct endpoint *out, struct error_info *error)
{
	static const struct {
		const char *prefix, *suffix;
	} partitions[] = {{"cn-", "signin.amazonaws.cn"},
	    {"us-gov-", "signin.amazonaws-us-gov.com"}, {"eusc-", NULL},
	    {"us-iso", NULL}, {"eu-iso", NULL}, {"", "signin.aws.amazon.com"}};
	const char *region = s->region[0] != '\0' ? s->region
						  : l->search->conf->region;
	struct endpoint_conf ec = {.service = "signin",
	    .variable = "AWS_ENDPOINT_URL_SIGNIN",
	    .region = region,
	    .profile = l->search->profile};
	enum err e = endpoint_find(&ec, out, error);
	size_t i = 0;

	if (e != ERR_OK || out->custom ||
	    strncmp(out->host, "signin.", 7) != 0 ||
	    strstr(out->host, ".api.") != NULL)
		return (e);
	while (strncmp(region, partitions[i].prefix,
		   strlen(partitions[i].prefix)) != 0)
		i++;
	if (partitions[i].suffix == NULL)
		return (ERR_OK);
	(void)snprintf(out->host, sizeof(out->host), "%s.%s", region,
	    partitions[i].suffix);
	(void)snprintf(out->url, sizeof(out->url), "https://%s/", out->host);
	return (ERR_OK);
}

/* Each try has a proof of its own: one is good for one request. */
static enum err
send_once(const struct login *l, const struct session *s, struct creds_http *h,
    struct error_info *error)
{
	const struct creds_conf *conf = l->search->conf;
	struct buf headers = BUF_INIT(HEADERS_MAX);
	int64_t ms = now_ms(l) + (conf->skew_ms != NULL ? *conf->skew_ms : 0);
	enum err e;

	if ((e = buf_puts(&headers, "DPoP: ")) == ERR_OK &&
	    (e = dpop_proof(conf->crypto, s->key, h->request.url, ms / 1000,
		 &headers)) == ERR_OK &&
	    (e = buf_append(&headers, VIEW("", 1))) == ERR_OK)
		e = header_put(&headers, "Content-Type", "application/json");
	h->request.headers = buf_view(&headers);
	if (e == ERR_OK)
		e = creds_http_send(l->search, h, error);
	else if (e == ERR_DATA)
		e = error_info_set(error, ERR_CREDS,
		    "the dpopKey of the session is no EC key on P-256");
	h->request.headers = VIEW(NULL, 0);
	buf_free(&headers);
	return (e);
}

static enum err
send_it(const struct login *l, const struct session *s, struct creds_http *h,
    struct error_info *error)
{
	int64_t pause = PAUSE_MS;
	enum err e;

	for (int tries = 1;; tries++, pause *= 2) {
		buf_reset(&h->body);
		e = send_once(l, s, h, error);
		if ((e != ERR_CREDS_SERVICE &&
			(e != ERR_OK ||
			    (h->status < 500 && h->status != 429))) ||
		    tries == TRIES ||
		    !deadline_sleep(l->search->deadline, pause))
			return (e);
	}
}

/* Asks for other credentials; *s is changed when there are some. */
static enum err
renew(const struct login *l, struct session *s, struct error_info *error)
{
	struct renewal r = {s->client_id, "refresh_token", s->refresh};
	struct creds_http h = CREDS_HTTP_INIT;
	struct buf body = BUF_INIT(FILE_MAX);
	struct endpoint where;
	char url[400], why[CREDS_REASON_SIZE];
	enum err e;

	if ((e = find_endpoint(l, s, &where, error)) != ERR_OK ||
	    (e = json_encode(renewal_fields, &r, &body)) != ERR_OK)
		goto out;
	(void)snprintf(url, sizeof(url), "%sv1/token", where.url);
	h.what = "AWS Sign-In";
	h.tries = 1;
	h.request = (struct http_request){
	    .url = url, .body = buf_view(&body), .direct = where.loopback};
	if ((e = send_it(l, s, &h, error)) != ERR_OK)
		goto out;
	memset(&s->creds, 0, sizeof(s->creds));
	s->expires_in = 0;
	if (h.status >= 400 && h.status < 500 && h.status != 429)
		e = error_info_set(error, ERR_CREDS,
		    "AWS Sign-In refused to renew the session: HTTP status "
		    "%d%s",
		    h.status, creds_http_reason(&h, why));
	else if (h.status != 200 ||
		 json_decode(reply_fields, buf_view(&h.body), s) != ERR_OK ||
		 s->creds.access_key[0] == '\0' || s->creds.secret[0] == '\0' ||
		 s->expires_in <= 0)
		e = error_info_set(error, ERR_CREDS_SERVICE,
		    "AWS Sign-In did not renew the session: HTTP status %d%s",
		    h.status, creds_http_reason(&h, why));
	s->expires_ms = now_ms(l) + (int64_t)(s->expires_in * 1000);
	creds_write_date(s->expires_ms, s->creds.expiration);
out:
	creds_http_free(&h);
	buf_free(&body);
	return (e);
}

static enum err
session_write(const struct login *l, const struct session *s)
{
	struct buf text = BUF_INIT(FILE_MAX);
	enum err e;

	if ((e = json_encode(file_fields, s, &text)) == ERR_OK)
		e = creds_cache_write(
		    l->search, &l->cache, buf_view(&text), NULL);
	buf_free(&text);
	return (e);
}

/*
 * Ahead of their end, and those that are valid serve on when that is refused.
 * Another process may have renewed them meanwhile.
 */
static enum err
session_renew(
    const struct login *l, struct session *s, struct error_info *error)
{
	int64_t had = s->expires_ms;
	struct session *other;
	enum err e;

	if (had - now_ms(l) > AHEAD_MS || s->refresh[0] == '\0' ||
	    s->client_id[0] == '\0' || s->key[0] == '\0')
		return (ERR_OK);
	if ((other = malloc(sizeof(*other))) == NULL)
		return (ERR_MEMORY);
	memcpy(other, s, sizeof(*s));
	if ((e = renew(l, other, error)) == ERR_OK) {
		/* where they cannot be kept, they are used all the same */
		(void)session_write(l, other);
		memcpy(s, other, sizeof(*s));
	} else if (session_read(l, other, NULL) == ERR_OK &&
		   other->expires_ms > had) {
		memcpy(s, other, sizeof(*s));
	}
	OPENSSL_cleanse(other, sizeof(*other));
	free(other);
	/* to log in would not help */
	return (e != ERR_CREDS && s->expires_ms <= now_ms(l) ? e : ERR_OK);
}

enum err
creds_login_load(
    struct creds_search *search, struct creds *out, struct error_info *error)
{
	const char *session = profile_get(search->profile, "login_session");
	const char *folder = env_get("AWS_LOGIN_CACHE_DIRECTORY");
	struct login l = {
	    search, {folder != NULL ? folder : FOLDER, "SHA256", session}};
	struct session *s;
	char ended[96];
	enum err e;

	if (session == NULL)
		return (ERR_NO_CREDS);
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (ERR_MEMORY);
	if ((e = session_read(&l, s, error)) == ERR_OK &&
	    (e = session_renew(&l, s, error)) == ERR_OK) {
		(void)snprintf(ended, sizeof(ended), "its session ended at %s",
		    s->creds.expiration);
		e = creds_is_past(search, s->expires_ms)
			? log_in(&l, ended, error)
			: creds_json_take(
			      search, &s->creds, "aws login", out, error);
	}
	OPENSSL_cleanse(s, sizeof(*s));
	free(s);
	return (e);
}
