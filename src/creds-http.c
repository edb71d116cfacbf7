#include <stdio.h>
#include <string.h>
#include "creds-http.h"
#include "json.h"

#define TRIES 3
#define TRY_MS 5000
#define PAUSE_MS 200 /* before the second try, then doubled */

/* The containers' endpoints, IAM Identity Center and AWS Sign-In have each
 * their own names for it. */
struct reason {
	char code[64], message[160];
};
static const struct json_field reason_fields[] = {
    JSON_FIELD(struct reason, code, "code", WORD),
    JSON_FIELD(struct reason, code, "Code", WORD),
    JSON_FIELD(struct reason, code, "__type", WORD),
    JSON_FIELD(struct reason, code, "error", WORD),
    JSON_FIELD(struct reason, message, "message", WORD),
    JSON_FIELD(struct reason, message, "Message", WORD),
    JSON_FIELD(struct reason, message, "error_description", WORD),
    JSON_END,
};

static bool
is_passing(const struct creds_http *c, enum err e)
{
	if (e == ERR_OK)
		return (c->retry_any_status
			    ? c->status != 200
			    : c->status >= 500 || c->status == 429);
	return (e == ERR_NETWORK || e == ERR_REPLY);
}

enum err
creds_http_send(const struct creds_search *s, struct creds_http *c,
    struct error_info *error)
{
	int tries = c->tries != 0 ? c->tries : TRIES;
	struct http_field location = {
	    "location", c->location, sizeof(c->location)};
	struct http_reply reply;
	struct error_info why;
	int64_t pause = PAUSE_MS;
	enum err e;

	if (c->request.timeout_ms == 0)
		c->request.timeout_ms = TRY_MS;
	for (;; pause *= 2) {
		reply = (struct http_reply){
		    .body = &c->body, .fields = &location, .field_count = 1};
		memset(&why, 0, sizeof(why));
		e = http_post(
		    s->conf->http, &c->request, s->deadline, &reply, &why);
		c->status = reply.status;
		c->connected = e == ERR_OK || reply.sent;
		c->date = reply.date;
		if (--tries <= 0 || !is_passing(c, e) ||
		    !deadline_sleep(s->deadline, pause))
			break;
	}
	if (e == ERR_OK || e == ERR_MEMORY)
		return (e);
	return (error_info_set(error, ERR_CREDS_SERVICE, "%s: %s", c->what,
	    e == ERR_DEADLINE	     ? "no answer in time"
	    : why.message[0] != '\0' ? why.message
				     : err_text(e)));
}

const char *
creds_http_reason(const struct creds_http *c, char text[CREDS_REASON_SIZE])
{
	struct reason r = {"", ""};

	(void)json_decode(reason_fields, buf_view(&c->body), &r);
	(void)snprintf(text, CREDS_REASON_SIZE, "%s%s%s%s%s%s",
	    r.code[0] != '\0' ? ": " : "", r.code,
	    r.message[0] != '\0' ? ": " : "", r.message,
	    c->location[0] != '\0' ? ", Location " : "", c->location);
	return (text);
}

void
creds_http_free(struct creds_http *c)
{
	buf_free(&c->body);
}

static enum err
encoded_put(struct buf *b, const char *s)
{
	static const char digits[] = "0123456789ABCDEF";
	char code[3] = "%";
	enum err e = ERR_OK;

	for (; *s != '\0' && e == ERR_OK; s++) {
		code[1] = digits[(unsigned char)*s >> 4];
		code[2] = digits[*s & 15];
		e = strchr(
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			"0123456789-._~",
			*s) != NULL
			? buf_append(b, VIEW(s, 1))
			: buf_append(b, VIEW(code, 3));
	}
	return (e);
}

enum err
form_put(struct buf *b, const char *name, const char *value)
{
	enum err e;

	if ((b->len != 0 && (e = buf_puts(b, "&")) != ERR_OK) ||
	    (e = buf_puts(b, name)) != ERR_OK ||
	    (e = buf_puts(b, "=")) != ERR_OK)
		return (e);
	return (encoded_put(b, value));
}

enum err
header_put(struct buf *b, const char *name, const char *value)
{
	enum err e;

	if ((e = buf_puts(b, name)) != ERR_OK ||
	    (e = buf_puts(b, ": ")) != ERR_OK ||
	    (e = buf_puts(b, value)) != ERR_OK)
		return (e);
	return (buf_append(b, VIEW("", 1)));
}
