#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "identity.h"
#include "request.h"
#include "sigv4.h"
#include "xml.h"

/* AWS STS GetCallerIdentity: whose credentials are in use. */

#define SERVICE "sts"
#define CONTENT_TYPE "application/x-www-form-urlencoded"
#define BODY "Action=GetCallerIdentity&Version=2011-06-15"
#define REPLY_MAX 65536
#define HEADERS_MAX 32768
#define SKEW_MS (4 * 60 * 1000) /* the service allows 5 minutes */
#define CALLER_MS 1000 /* it is a word in the log: no call waits for long */

static enum err
find_endpoint(
    const struct client *c, struct endpoint *out, struct error_info *error)
{
	struct profile profile = PROFILE_INIT;
	struct endpoint_conf conf = {.service = SERVICE,
	    .variable = "AWS_ENDPOINT_URL_STS",
	    .region = c->region,
	    .profile = &profile};
	enum err e = profile_open(c->profile, &profile, error);

	if (e == ERR_OK)
		e = endpoint_find(&conf, out, error);
	profile_close(&profile);
	return (e);
}

static enum err
put(struct buf *lines, const char *name, struct view value)
{
	enum err e;

	if ((e = buf_puts(lines, name)) == ERR_OK &&
	    (e = buf_puts(lines, ": ")) == ERR_OK &&
	    (e = buf_append(lines, value)) == ERR_OK)
		e = buf_append(lines, VIEW("", 1));
	return (e);
}

static enum err
authorization(struct client *c, const struct creds *creds,
    struct sigv4_request *r, struct buf *out)
{
	char hash[SIGV4_HEX_SIZE], signature[SIGV4_HEX_SIZE];
	uint8_t key[SIGV4_KEY_SIZE];
	struct sigv4 *v4 = NULL;
	enum err e;

	if ((e = sigv4_open(c->crypto, &v4)) != ERR_OK)
		return (e);
	if ((e = sigv4_hash(v4, VIEW_STR(BODY), hash)) == ERR_OK &&
	    (e = sigv4_key(v4, buf_view(&creds->secret), VIEW(r->date.ptr, 8),
		 r->region, r->service, key)) == ERR_OK) {
		r->payload_hash = view_str(hash);
		if ((e = sigv4_sign(v4, r, key, signature)) == ERR_OK)
			e = sigv4_authorization(
			    r, view_str(creds->access_key), signature, out);
	}
	OPENSSL_cleanse(key, sizeof(key));
	sigv4_close(v4);
	return (e);
}

static int64_t
signing_ms(const struct client *c)
{
	return (c->clock->wall_ms(c->clock->ctx) + c->ahead_ms);
}

static enum err
put_headers(struct client *c, const struct creds *creds, const char *host,
    struct buf *lines)
{
	char date[SIGV4_DATE_SIZE];
	struct sigv4_header headers[4] = {
	    {VIEW_STR("content-type"), VIEW_STR(CONTENT_TYPE)},
	    {VIEW_STR("host"), view_str(host)},
	    {VIEW_STR("x-amz-date"), VIEW(date, sizeof(date) - 1)},
	    {VIEW_STR("x-amz-security-token"), buf_view(&creds->token)}};
	struct sigv4_request r = {.method = VIEW_STR("POST"),
	    .path = VIEW_STR("/"),
	    .headers = headers,
	    .header_count = creds->token.len != 0 ? 4 : 3,
	    .date = VIEW(date, sizeof(date) - 1),
	    .region = view_str(c->region),
	    .service = VIEW_STR(SERVICE)};
	struct buf auth = BUF_INIT(1024);
	enum err e;

	sigv4_date(signing_ms(c) / 1000, date);
	if ((e = authorization(c, creds, &r, &auth)) == ERR_OK &&
	    (e = put(lines, "content-type", VIEW_STR(CONTENT_TYPE))) ==
		ERR_OK &&
	    (e = put(lines, "x-amz-date", r.date)) == ERR_OK &&
	    (e = put(lines, "authorization", buf_view(&auth))) == ERR_OK &&
	    creds->token.len != 0)
		e = put(lines, "x-amz-security-token", buf_view(&creds->token));
	buf_free(&auth);
	return (e);
}

static enum err
take_reply(const struct client *c, const struct http_reply *reply,
    char arn[KMS_ID_SIZE], struct error_info *error)
{
	struct view body = buf_view(reply->body);
	char code[64] = "";
	enum err e;

	if (reply->status == 200 && xml_text(body, "Arn", arn, KMS_ID_SIZE))
		return (ERR_OK);
	(void)xml_text(body, "Code", code, sizeof(code));
	e = err_from_reply(code, reply->status);
	/* a wrong secret key and a wrong clock look the same */
	if (e == ERR_CLOCK && reply->date != 0 &&
	    llabs(reply->date * 1000 - signing_ms(c)) < SKEW_MS)
		e = ERR_BAD_CREDS;
	return (error_info_set(error, e,
	    "STS GetCallerIdentity: HTTP status %d %s", reply->status, code));
}

static enum err
ask(struct client *c, const struct endpoint *endpoint,
    const struct creds *creds, const struct deadline *d, char arn[KMS_ID_SIZE],
    struct error_info *error)
{
	struct buf headers = BUF_INIT(HEADERS_MAX), body = BUF_INIT(REPLY_MAX);
	struct http_request request = {.url = endpoint->url,
	    .body = VIEW_STR(BODY),
	    .direct = endpoint->loopback};
	struct http_reply reply = {.body = &body};
	struct crypto_guard guard;
	enum err e;

	arn[0] = '\0';
	crypto_enter(c->crypto, &guard);
	e = put_headers(c, creds, endpoint->host, &headers);
	crypto_leave(&guard);
	request.headers = buf_view(&headers);
	if (e == ERR_OK)
		e = http_post(c->creds_http, &request, d, &reply, error);
	if (e == ERR_OK)
		e = take_reply(c, &reply, arn, error);
	buf_free(&headers);
	buf_free(&body);
	return (e);
}

enum err
client_identity(struct client *c, const struct deadline *d,
    char arn[KMS_ID_SIZE], struct error_info *error)
{
	struct endpoint endpoint;
	struct creds *creds = NULL;
	enum err e;

	arn[0] = '\0';
	if ((e = find_endpoint(c, &endpoint, error)) != ERR_OK ||
	    (e = creds_acquire(c->creds, NULL, d, &creds, error)) != ERR_OK)
		return (e);
	e = ask(c, &endpoint, creds, d, arn, error);
	creds_release(c->creds, creds);
	return (e);
}

/* The ARN, or why it is not known. */
static void
caller_text(struct request *k, char text[KMS_ID_SIZE])
{
	struct client *c = k->client;
	struct error_info error = {.status = 0};
	struct endpoint endpoint;
	int64_t ms = deadline_left(k->deadline) / 4;
	struct deadline soon = deadline_in(
	    c->clock, ms < CALLER_MS ? ms : CALLER_MS);
	enum err e = find_endpoint(c, &endpoint, &error);

	if (e == ERR_OK && k->response.status == 0)
		e = error_info_set(&error, ERR_NETWORK, "KMS did not answer");
	if (e == ERR_OK && c->endpoint.custom && !endpoint.custom)
		e = error_info_set(&error, ERR_CONFIG,
		    "%s is set, and no endpoint of STS", c->endpoint.source);
	if (e == ERR_OK)
		e = ask(c, &endpoint, k->creds, &soon, text, &error);
	if (e != ERR_OK)
		(void)snprintf(text, KMS_ID_SIZE, "not known: %.200s",
		    error.message[0] != '\0' ? error.message
					     : "STS did not answer in time");
}

/* Until the first request no credentials are looked for. */
void
client_announce(struct request *k)
{
	struct client *c = k->client;
	char caller[KMS_ID_SIZE];

	if (c->name == NULL || !log_enabled(c->log, LOG_INFO) ||
	    atomic_exchange(&c->announced, true))
		return;
	caller_text(k, caller);
	log_line(c->log, LOG_INFO,
	    "%s: Region %s, endpoint %s, credentials from %s, profile %s, "
	    "access key %s, caller %s",
	    c->name, c->region, c->endpoint.url, k->creds->source,
	    c->profile_name, k->creds->access_key, caller);
}

enum err
client_credentials(struct client *c, const struct deadline *d, char *text,
    size_t size, struct error_info *error)
{
	struct creds *creds;
	enum err e = creds_acquire(c->creds, NULL, d, &creds, error);

	if (e != ERR_OK)
		return (e);
	(void)snprintf(text, size, "from %s, profile %s, access key %s",
	    creds->source, c->profile_name, creds->access_key);
	creds_release(c->creds, creds);
	return (ERR_OK);
}
