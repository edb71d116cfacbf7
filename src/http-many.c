#include <stdlib.h>
#include "http-handle.h"
#include "http-many.h"

/* Requests under way together, and their connections, which stay open for the
 * next that does as much at once. */
struct http_many {
	struct http *http;
	bool in_use;
	CURLM *multi;
	struct conns conns;
	struct slot {
		struct handle *handle; /* NULL: never used */
		bool running;
		const struct http_request *request;
		const struct deadline *deadline;
		struct http_reply *reply;
		struct error_info *error;
	} slots[HTTP_MANY_MAX];
};

/* Connections are curl's own until the multi handle is gone. Where a number
 * leads to something of the host's, what curl keeps is lost, as in http.c. */
void
http_many_free(struct http_many *m)
{
	if (m == NULL || conns_look(&m->conns) == CONNS_TAKEN)
		return;
	(void)curl_multi_cleanup(m->multi);
	for (size_t i = 0; i < HTTP_MANY_MAX; i++)
		handle_free(m->slots[i].handle);
	conns_free(&m->conns);
	free(m);
}

void
http_many_abandon(struct http_many *m)
{
	conns_abandon(&m->conns);
}

static struct http_many *
many_new(struct http *http)
{
	struct http_many *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (NULL);
	m->http = http;
	conns_init(&m->conns);
	if ((m->multi = conns_multi_init(&m->conns, http->crypto)) == NULL ||
	    curl_multi_setopt(m->multi, CURLMOPT_MAXCONNECTS,
		(long)HTTP_MANY_MAX) != CURLM_OK) {
		http_many_free(m);
		return (NULL);
	}
	return (m);
}

/* With the lock: those whose descriptors the host has closed, as in http.c. */
static void
drop_lost(struct http *http)
{
	size_t kept = 0;

	for (size_t i = 0; i < http->multi_count; i++) {
		struct http_many *m = http->multis[i];

		http->multis[i] = NULL;
		if (m->in_use || conns_look(&m->conns) == CONNS_FINE)
			http->multis[kept++] = m;
		else
			http_many_free(m);
	}
	http->multi_count = kept;
}

static struct http_many *
idle_one(struct http *http)
{
	for (size_t i = 0; i < http->multi_count; i++)
		if (!http->multis[i]->in_use)
			return (http->multis[i]);
	return (NULL);
}

enum err
http_many_open(
    struct http *http, const struct deadline *d, struct http_many **out)
{
	struct crypto_guard guard;
	struct http_many *m;
	enum err e;

	*out = NULL;
	crypto_enter(http->crypto, &guard);
	if ((e = http_start_curl(http)) != ERR_OK) {
		crypto_leave(&guard);
		return (e);
	}
	pthread_mutex_lock(&http->lock);
	drop_lost(http);
	while ((m = idle_one(http)) == NULL && http->multi_count == MULTI_MAX &&
	       e == ERR_OK)
		if (!crypto_wait(
			http->crypto, d, &http->multi_returned, &http->lock))
			e = ERR_DEADLINE;
	if (m == NULL && e == ERR_OK && (m = many_new(http)) != NULL)
		http->multis[http->multi_count++] = m;
	else if (m == NULL && e == ERR_OK)
		e = ERR_MEMORY;
	if (m != NULL) {
		m->in_use = true;
		e = ERR_OK;
	}
	pthread_mutex_unlock(&http->lock);
	crypto_leave(&guard);
	*out = m;
	return (e);
}

/* A request that is not answered yet takes its connection with it. */
static void
slot_end(struct http_many *m, struct slot *s)
{
	(void)curl_multi_remove_handle(m->multi, s->handle->easy);
	handle_end(s->handle);
	s->running = false;
}

void
http_many_close(struct http_many *m)
{
	struct crypto_guard guard;

	if (m == NULL)
		return;
	crypto_enter(m->http->crypto, &guard);
	for (size_t i = 0; i < HTTP_MANY_MAX; i++)
		if (m->slots[i].running)
			slot_end(m, &m->slots[i]);
	pthread_mutex_lock(&m->http->lock);
	m->in_use = false;
	pthread_cond_signal(&m->http->multi_returned);
	pthread_mutex_unlock(&m->http->lock);
	crypto_leave(&guard);
}

static enum err
slot_begin(struct http_many *m, struct slot *s)
{
	enum err e;

	if (s->handle == NULL &&
	    (s->handle = handle_new(m->http, &m->conns)) == NULL)
		return (ERR_MEMORY);
	if ((e = http_load_ca_store(m->http, s->request, s->error)) != ERR_OK)
		return (e);
	if ((e = handle_begin(s->handle, s->request, s->deadline,
		 s->reply->body, s->error)) == ERR_OK &&
	    (curl_easy_setopt(s->handle->easy, CURLOPT_PRIVATE, s) !=
		    CURLE_OK ||
		curl_multi_add_handle(m->multi, s->handle->easy) != CURLM_OK))
		e = ERR_MEMORY;
	if (e != ERR_OK)
		handle_end(s->handle);
	s->running = e == ERR_OK;
	return (e);
}

enum err
http_many_start(struct http_many *m, size_t n, const struct http_request *r,
    const struct deadline *d, struct http_reply *reply,
    struct error_info *error)
{
	struct slot *s = &m->slots[n];
	struct crypto_guard guard;
	enum err e;

	reply->status = 0;
	reply->sent = false;
	s->request = r;
	s->deadline = d;
	s->reply = reply;
	s->error = error;
	crypto_enter(m->http->crypto, &guard);
	e = slot_begin(m, s);
	crypto_leave(&guard);
	return (e);
}

/* False: it was sent once more. */
static bool
slot_done(struct http_many *m, struct slot *s, CURLcode rc, enum err *out)
{
	enum err e;

	handle_done(s->handle);
	if (handle_stale(s->handle, s->request, s->deadline, rc)) {
		(void)curl_multi_remove_handle(m->multi, s->handle->easy);
		if ((e = handle_restart(s->handle, s->request, s->deadline)) ==
			ERR_OK &&
		    curl_multi_add_handle(m->multi, s->handle->easy) ==
			CURLM_OK)
			return (false);
		*out = e != ERR_OK ? e : ERR_MEMORY;
	} else {
		*out = handle_result(
		    s->handle, s->request, s->deadline, rc, s->reply, s->error);
	}
	slot_end(m, s);
	return (true);
}

static bool
next_done(struct http_many *m, size_t *n, enum err *out)
{
	struct slot *s;
	CURLMsg *msg;
	char *at;
	int left;

	while ((msg = curl_multi_info_read(m->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(
			msg->easy_handle, CURLINFO_PRIVATE, &at) != CURLE_OK)
			continue;
		s = (struct slot *)(void *)at;
		*n = (size_t)(s - m->slots);
		if (slot_done(m, s, msg->data.result, out))
			return (true);
	}
	return (false);
}

bool
http_many_wait(struct http_many *m, int64_t ms, size_t *n, enum err *out)
{
	struct crypto_guard guard;
	bool done = false;
	int running;

	crypto_enter(m->http->crypto, &guard);
	for (int turn = 0; turn < 2 && !done; turn++) {
		if (turn == 1) {
			crypto_pause(m->http->crypto);
			(void)curl_multi_poll(m->multi, NULL, 0, (int)ms, NULL);
			crypto_resume(m->http->crypto);
		}
		done = next_done(m, n, out);
		if (!done && curl_multi_perform(m->multi, &running) == CURLM_OK)
			done = next_done(m, n, out);
	}
	crypto_leave(&guard);
	return (done);
}
