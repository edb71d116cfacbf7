#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "signer.h"
#include "sigv4.h"

#define CONTENT_TYPE "application/x-amz-json-1.1"

struct signer {
	struct signer_conf conf;
	struct sigv4 *sigv4;
	pthread_mutex_t lock; /* of what follows */
	uint8_t *key; /* SIGV4_KEY_SIZE secret bytes, */
	uint64_t serial; /* of these credentials, 0: none yet */
	char day[9]; /* for this day */
};

enum err
signer_open(const struct signer_conf *conf, struct signer **out)
{
	struct signer *s;
	enum err e;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (ERR_MEMORY);
	s->conf = *conf;
	pthread_mutex_init(&s->lock, NULL);
	e = ERR_MEMORY;
	if ((s->key = arena_alloc(conf->arena, SIGV4_KEY_SIZE)) == NULL ||
	    (e = sigv4_open(conf->crypto, &s->sigv4)) != ERR_OK) {
		signer_close(s);
		return (e);
	}
	*out = s;
	return (ERR_OK);
}

void
signer_close(struct signer *s)
{
	if (s == NULL)
		return;
	arena_free(s->conf.arena, s->key);
	sigv4_close(s->sigv4);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* A day's key serves all its requests: four of the five MACs are saved. */
static enum err
day_key(struct signer *s, const struct creds *creds, const char *date,
    uint8_t key[SIGV4_KEY_SIZE])
{
	enum err e = ERR_OK;

	pthread_mutex_lock(&s->lock);
	if (s->serial != creds->serial ||
	    strncmp(s->day, date, sizeof(s->day) - 1) != 0) {
		memcpy(s->day, date, sizeof(s->day) - 1);
		s->serial = creds->serial;
		e = sigv4_key(s->sigv4, buf_view(&creds->secret),
		    view_str(s->day), view_str(s->conf.region),
		    view_str(s->conf.service), s->key);
		if (e != ERR_OK)
			s->serial = 0;
	}
	memcpy(key, s->key, SIGV4_KEY_SIZE);
	pthread_mutex_unlock(&s->lock);
	return (e);
}

static enum err
authorization(struct signer *s, const struct signer_request *in,
    struct sigv4_request *r, struct buf *out)
{
	char hash[SIGV4_HEX_SIZE], signature[SIGV4_HEX_SIZE];
	uint8_t key[SIGV4_KEY_SIZE];
	enum err e;

	if ((e = sigv4_hash(s->sigv4, in->body, hash)) != ERR_OK ||
	    (e = day_key(s, in->creds, (const char *)r->date.ptr, key)) !=
		ERR_OK)
		goto out;
	r->payload_hash = view_str(hash);
	if ((e = sigv4_sign(s->sigv4, r, key, signature)) == ERR_OK)
		e = sigv4_authorization(
		    r, view_str(in->creds->access_key), signature, out);
out:
	OPENSSL_cleanse(key, sizeof(key));
	return (e);
}

static enum err
line_put(struct buf *lines, struct view name, struct view value)
{
	enum err e;

	if ((e = buf_append(lines, name)) == ERR_OK &&
	    (e = buf_puts(lines, ": ")) == ERR_OK &&
	    (e = buf_append(lines, value)) == ERR_OK)
		e = buf_append(lines, VIEW("", 1));
	return (e);
}

enum err
signer_headers(
    struct signer *s, const struct signer_request *in, struct buf *lines)
{
	char date[SIGV4_DATE_SIZE];
	const struct view token = buf_view(&in->creds->token);
	/* in the order of their names, as they are signed */
	const struct sigv4_header all[] = {
	    {VIEW_STR("content-type"),
		view_str(in->content_type != NULL ? in->content_type
						  : CONTENT_TYPE)},
	    {VIEW_STR("host"), view_str(in->host)},
	    {VIEW_STR("x-amz-date"), VIEW(date, sizeof(date) - 1)},
	    {VIEW_STR("x-amz-security-token"), token},
	    {VIEW_STR("x-amz-target"), view_str(in->target)}};
	struct sigv4_header headers[sizeof(all) / sizeof(all[0])];
	struct sigv4_request r = {.method = VIEW_STR("POST"),
	    .path = VIEW_STR("/"),
	    .headers = headers,
	    .region = view_str(s->conf.region),
	    .service = view_str(s->conf.service)};
	struct buf auth = BUF_INIT(1024);
	enum err e = ERR_OK;

	sigv4_date(in->seconds, date);
	r.date = VIEW(date, sizeof(date) - 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].value.len == 0)
			continue; /* no session token, no target */
		headers[r.header_count++] = all[i];
		if (e == ERR_OK && i != 1) /* Host is sent anyway */
			e = line_put(lines, all[i].name, all[i].value);
	}
	if (e == ERR_OK && (e = authorization(s, in, &r, &auth)) == ERR_OK)
		e = line_put(lines, VIEW_STR("authorization"), buf_view(&auth));
	buf_free(&auth);
	return (e);
}
