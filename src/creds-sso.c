#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "creds-cache.h"
#include "creds-http.h"
#include "creds-json.h"
#include "endpoint.h"

/*
 * IAM Identity Center: `aws sso login` leaves a token in a file, which buys
 * credentials of a role. One of an sso-session can be renewed.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html
 */
#define FOLDER "~/.aws/sso/cache"
#define FILE_MAX 65536
#define TEXT_SIZE 16384
#define AHEAD_MS (15 * 60 * 1000)

struct token {
	char start_url[1024], region[64];
	char access[TEXT_SIZE], expires[64];
	char client_id[1024], client_secret[TEXT_SIZE];
	char registration_expires[64], refresh[TEXT_SIZE];
	double expires_in; /* of a reply: seconds */
	int64_t expires_ms;
};

#define TEXT(member, name) JSON_FIELD(struct token, member, name, TEXT)
static const struct json_field file_fields[] = {
    TEXT(start_url, "startUrl"),
    TEXT(region, "region"),
    TEXT(access, "accessToken"),
    TEXT(expires, "expiresAt"),
    TEXT(client_id, "clientId"),
    TEXT(client_secret, "clientSecret"),
    TEXT(registration_expires, "registrationExpiresAt"),
    TEXT(refresh, "refreshToken"),
    JSON_END,
};
static const struct json_field reply_fields[] = {
    TEXT(access, "accessToken"),
    TEXT(refresh, "refreshToken"),
    JSON_FIELD(struct token, expires_in, "expiresIn", NUMBER),
    JSON_END,
};

struct renewal {
	const char *client_id, *client_secret, *grant_type, *refresh_token;
};
static const struct json_field renewal_fields[] = {
    JSON_FIELD(struct renewal, client_id, "clientId", STRING),
    JSON_FIELD(struct renewal, client_secret, "clientSecret", STRING),
    JSON_FIELD(struct renewal, grant_type, "grantType", STRING),
    JSON_FIELD(struct renewal, refresh_token, "refreshToken", STRING),
    JSON_END,
};

struct role_credentials {
	struct creds_json creds;
	double expiration; /* milliseconds */
};
#define ROLE_TEXT(member, name) \
	JSON_FIELD(struct role_credentials, creds.member, name, TEXT)
static const struct json_field role_fields[] = {
    ROLE_TEXT(access_key, "accessKeyId"),
    ROLE_TEXT(secret, "secretAccessKey"),
    ROLE_TEXT(token, "sessionToken"),
    JSON_FIELD(struct role_credentials, expiration, "expiration", NUMBER),
    JSON_END,
};
static const struct json_field role_reply_fields[] = {
    JSON_SUB("roleCredentials", role_fields),
    JSON_END,
};

/* What the profile says, the settings of its sso-session among them. */
struct sso {
	struct creds_search *search;
	const char *session; /* NULL: the older form */
	const char *start_url, *region, *account, *role;
	struct creds_cache cache;
};

static enum err
log_in(const struct sso *o, const char *what, struct error_info *error)
{
	return (error_info_set(error, ERR_CREDS,
	    "profile \"%s\" uses %s %s and %s: run aws sso login --profile %s",
	    o->search->profile->name,
	    o->session != NULL ? "sso_session" : "sso_start_url",
	    o->session != NULL ? o->session : o->start_url, what,
	    o->search->profile->name));
}

static enum err
settings_find(struct sso *o, struct error_info *error)
{
	const struct profile *p = o->search->profile;

	o->account = profile_get(p, "sso_account_id");
	o->role = profile_get(p, "sso_role_name");
	if (o->account == NULL && o->role == NULL)
		return (ERR_NO_CREDS);
	o->session = profile_get(p, "sso_session");
	if (o->session != NULL && !profile_has_session(p, o->session))
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\": there is no section [sso-session %s]",
		    p->name, o->session));
	o->region = profile_session(p, o->session, "sso_region");
	o->start_url = profile_session(p, o->session, "sso_start_url");
	if (o->account == NULL || o->role == NULL || o->region == NULL ||
	    o->start_url == NULL)
		return (error_info_set(error, ERR_CONFIG,
		    "profile \"%s\" uses IAM Identity Center, but has no %s",
		    p->name,
		    o->account == NULL	? "sso_account_id"
		    : o->role == NULL	? "sso_role_name"
		    : o->region == NULL ? "sso_region"
					: "sso_start_url"));
	o->cache = (struct creds_cache){
	    FOLDER, "SHA1", o->session != NULL ? o->session : o->start_url};
	return (ERR_OK);
}

static enum err
token_read(const struct sso *o, struct token *t, struct error_info *error)
{
	struct buf text = BUF_INIT(FILE_MAX);
	bool found;
	enum err e;

	memset(t, 0, sizeof(*t));
	e = creds_cache_read(o->search, &o->cache, &found, &text, error);
	if (e == ERR_OK && !found)
		e = log_in(o, "there is no token", error);
	else if (e == ERR_OK &&
		 (json_decode(file_fields, buf_view(&text), t) != ERR_OK ||
		     !creds_is_plain(t->access) ||
		     !creds_read_date(t->expires, &t->expires_ms)))
		e = log_in(o, "its token file cannot be read", error);
	buf_free(&text);
	return (e);
}

static int64_t
now_ms(const struct sso *o)
{
	const struct clock *clk = o->search->conf->clock;

	return (clk->wall_ms(clk->ctx));
}

static bool
can_renew(const struct sso *o, const struct token *t)
{
	int64_t ms;

	return (o->session != NULL && t->refresh[0] != '\0' &&
		t->client_id[0] != '\0' && t->client_secret[0] != '\0' &&
		creds_read_date(t->registration_expires, &ms) &&
		ms > now_ms(o));
}

static enum err
endpoint(const struct sso *o, const char *service, const char *host,
    const char *variable, struct endpoint *out, struct error_info *error)
{
	struct endpoint_conf ec = {.service = service,
	    .host = host,
	    .variable = variable,
	    .region = o->region,
	    .profile = o->search->profile};

	return (endpoint_find(&ec, out, error));
}

/* Asks SSO-OIDC for another token; *t is changed when there is one. */
static enum err
create_token(const struct sso *o, struct token *t, struct error_info *error)
{
	struct renewal r = {
	    t->client_id, t->client_secret, "refresh_token", t->refresh};
	struct creds_http h = CREDS_HTTP_INIT;
	struct buf body = BUF_INIT(FILE_MAX), headers = BUF_INIT(256);
	struct endpoint where;
	char url[400], why[CREDS_REASON_SIZE];
	enum err e;

	if ((e = endpoint(o, "sso_oidc", "oidc", "AWS_ENDPOINT_URL_SSO_OIDC",
		 &where, error)) != ERR_OK ||
	    (e = json_encode(renewal_fields, &r, &body)) != ERR_OK ||
	    (e = header_put(&headers, "Content-Type", "application/json")) !=
		ERR_OK)
		goto out;
	(void)snprintf(url, sizeof(url), "%stoken", where.url);
	h.what = "IAM Identity Center";
	h.request = (struct http_request){.url = url,
	    .headers = buf_view(&headers),
	    .body = buf_view(&body),
	    .direct = where.loopback};
	if ((e = creds_http_send(o->search, &h, error)) != ERR_OK)
		goto out;
	t->expires_in = 0;
	if (h.status >= 400 && h.status < 500 && h.status != 429)
		e = error_info_set(error, ERR_CREDS,
		    "IAM Identity Center refused another token");
	else if (h.status != 200 ||
		 json_decode(reply_fields, buf_view(&h.body), t) != ERR_OK ||
		 t->expires_in <= 0)
		e = error_info_set(error, ERR_CREDS_SERVICE,
		    "IAM Identity Center gave no new token: HTTP status %d%s",
		    h.status, creds_http_reason(&h, why));
out:
	creds_http_free(&h);
	buf_free(&headers);
	buf_free(&body);
	return (e);
}

/* In the form of the AWS command line, which finds it there. */
static enum err
token_write(const struct sso *o, struct token *t, struct error_info *error)
{
	struct buf text = BUF_INIT(FILE_MAX);
	enum err e;

	t->expires_ms = now_ms(o) + (int64_t)(t->expires_in * 1000);
	creds_write_date(t->expires_ms, t->expires);
	(void)snprintf(t->start_url, sizeof(t->start_url), "%s", o->start_url);
	(void)snprintf(t->region, sizeof(t->region), "%s", o->region);
	if ((e = json_encode(file_fields, t, &text)) == ERR_OK)
		e = creds_cache_write(
		    o->search, &o->cache, buf_view(&text), error);
	buf_free(&text);
	return (e);
}

/*
 * Ahead of its end, and one that is valid serves on when that is refused. A
 * refresh token is good for one renewal: another process may have made it.
 */
static enum err
token_renew(const struct sso *o, struct token *t, struct error_info *error)
{
	int64_t had = t->expires_ms;
	struct token *other;
	enum err e;

	if (had - now_ms(o) > AHEAD_MS)
		return (ERR_OK);
	if (can_renew(o, t)) {
		if ((other = malloc(sizeof(*other))) == NULL)
			return (ERR_MEMORY);
		memcpy(other, t, sizeof(*t));
		if ((e = create_token(o, other, error)) == ERR_OK) {
			/* where it cannot be kept, it is used all the same */
			(void)token_write(o, other, NULL);
			memcpy(t, other, sizeof(*t));
		} else if (token_read(o, other, NULL) == ERR_OK &&
			   other->expires_ms > had) {
			memcpy(t, other, sizeof(*t));
		}
		OPENSSL_cleanse(other, sizeof(*other));
		free(other);
		/* to log in would not help */
		if (e == ERR_CREDS_SERVICE && t->expires_ms <= now_ms(o))
			return (e);
	}
	return (ERR_OK);
}

static enum err
role_take(const struct sso *o, struct creds_http *h, struct creds *out,
    struct error_info *error)
{
	char why[CREDS_REASON_SIZE];
	struct role_credentials *r;
	enum err e;

	if (h->status == 401)
		return (log_in(o, "its token is not accepted any more", error));
	if (h->status != 200)
		return (error_info_set(error,
		    h->status >= 500 || h->status == 429 ? ERR_CREDS_SERVICE
							 : ERR_CREDS,
		    "profile \"%s\": IAM Identity Center gave no credentials "
		    "for role %s in account %s: HTTP status %d%s",
		    o->search->profile->name, o->role, o->account, h->status,
		    creds_http_reason(h, why)));
	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (ERR_MEMORY);
	e = json_decode(role_reply_fields, buf_view(&h->body), r);
	if (e == ERR_OK && r->expiration > 0)
		creds_write_date((int64_t)r->expiration, r->creds.expiration);
	if (e != ERR_MEMORY)
		e = e == ERR_OK
			? creds_json_take_new(o->search, &r->creds,
			      "IAM Identity Center", out, error)
			: error_info_set(error, ERR_CREDS_SERVICE,
			      "IAM Identity Center's reply was not understood");
	OPENSSL_cleanse(r, sizeof(*r));
	free(r);
	return (e);
}

static enum err
get_role_credentials(const struct sso *o, const struct token *t,
    struct creds *out, struct error_info *error)
{
	struct creds_http h = CREDS_HTTP_INIT;
	struct buf url = BUF_INIT(4096), query = BUF_INIT(2048),
		   headers = BUF_INIT(2 * TEXT_SIZE);
	struct endpoint where;
	enum err e;

	if ((e = endpoint(o, "sso", "portal.sso", "AWS_ENDPOINT_URL_SSO",
		 &where, error)) != ERR_OK ||
	    (e = header_put(&headers, "x-amz-sso_bearer_token", t->access)) !=
		ERR_OK ||
	    (e = form_put(&query, "role_name", o->role)) != ERR_OK ||
	    (e = form_put(&query, "account_id", o->account)) != ERR_OK ||
	    (e = buf_puts(&url, where.url)) != ERR_OK ||
	    (e = buf_puts(&url, "federation/credentials?")) != ERR_OK ||
	    (e = buf_append(&url, buf_view(&query))) != ERR_OK ||
	    (e = buf_append(&url, VIEW("", 1))) != ERR_OK)
		goto out;
	h.what = "IAM Identity Center";
	h.request = (struct http_request){.method = "GET",
	    .url = (const char *)url.ptr,
	    .headers = buf_view(&headers),
	    .direct = where.loopback};
	if ((e = creds_http_send(o->search, &h, error)) == ERR_OK)
		e = role_take(o, &h, out, error);
out:
	creds_http_free(&h);
	buf_free(&headers);
	buf_free(&query);
	buf_free(&url);
	return (e);
}

enum err
creds_sso_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	struct sso o = {.search = s};
	struct token *t;
	char ended[96];
	enum err e;

	if ((e = settings_find(&o, error)) != ERR_OK)
		return (e);
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return (ERR_MEMORY);
	if ((e = token_read(&o, t, error)) == ERR_OK &&
	    (e = token_renew(&o, t, error)) == ERR_OK) {
		(void)snprintf(
		    ended, sizeof(ended), "its token ended at %s", t->expires);
		e = creds_is_past(s, t->expires_ms)
			? log_in(&o, ended, error)
			: get_role_credentials(&o, t, out, error);
	}
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
	return (e);
}
