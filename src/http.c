#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "copy-text.h"
#include "http-handle.h"
#include "http-many.h"
#include "http.h"

/* curl ends it earlier when there is something to do; and the deadline may come
 * earlier than curl was told: its clock may be stopped */
#define POLL_MS 1000

enum err
http_open(const struct http_conf *conf, struct http **out)
{
	struct http *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return (ERR_MEMORY);
	h->crypto = conf->crypto;
	h->no_threads = conf->no_threads;
	h->certificates = conf->certificates;
	if (conf->ca_bundle != NULL &&
	    (h->ca_bundle = copy_text(conf->ca_bundle)) == NULL) {
		free(h);
		return (ERR_MEMORY);
	}
	(void)snprintf(h->user_agent, sizeof(h->user_agent),
	    PACKAGE_NAME "/" PACKAGE_VERSION "%s%s",
	    conf->app_id != NULL ? " app/" : "",
	    conf->app_id != NULL ? conf->app_id : "");
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->handle_returned, NULL);
	pthread_cond_init(&h->multi_returned, NULL);
	*out = h;
	return (ERR_OK);
}

void
http_close(struct http *h)
{
	struct crypto_guard guard;

	if (h == NULL)
		return;
	crypto_enter(h->crypto, &guard);
	for (size_t i = 0; i < h->all_count; i++)
		if (conns_look(&h->all[i]->own) != CONNS_TAKEN)
			handle_free(h->all[i]); /* as in drop_lost() */
	for (size_t i = 0; i < h->multi_count; i++)
		http_many_free(h->multis[i]);
	ca_store_free(&h->ca);
	crypto_leave(&guard);
	pthread_cond_destroy(&h->handle_returned);
	pthread_cond_destroy(&h->multi_returned);
	pthread_mutex_destroy(&h->lock);
	free(h->ca_bundle);
	free(h);
}

/* Another thread may have held the lock when the process forked, or have been
 * about to add one: the lock is not taken. */
void
http_abandon(struct http *h)
{
	for (size_t i = 0; h != NULL && i < POOL_MAX; i++)
		if (h->all[i] != NULL)
			conns_abandon(&h->all[i]->own);
	for (size_t i = 0; h != NULL && i < MULTI_MAX; i++)
		if (h->multis[i] != NULL)
			http_many_abandon(h->multis[i]);
}

/* With the lock. Where the host has closed our descriptors, its idle handles
 * are of no use. What curl keeps of one whose numbers are the host's now is
 * lost: curl would write to them. */
static void
drop_lost(struct http *h)
{
	enum conns_state state;
	size_t kept = 0;

	for (size_t i = 0; i < h->idle_count; i++) {
		struct handle *one = h->idle[i];

		if ((state = conns_look(&one->own)) == CONNS_FINE) {
			h->idle[kept++] = one;
			continue;
		}
		for (size_t n = 0; n < h->all_count; n++)
			if (h->all[n] == one) {
				h->all[n] = h->all[--h->all_count];
				h->all[h->all_count] = NULL;
			}
		if (state == CONNS_CLOSED)
			handle_free(one);
	}
	h->idle_count = kept;
}

static enum err
handle_take(struct http *h, const struct deadline *d, struct handle **out)
{
	struct handle *got = NULL;
	enum err e = ERR_OK;

	pthread_mutex_lock(&h->lock);
	while (h->idle_count == 0 && h->all_count == POOL_MAX && e == ERR_OK)
		if (!crypto_wait(h->crypto, d, &h->handle_returned, &h->lock))
			e = ERR_DEADLINE;
	drop_lost(h);
	if (e == ERR_OK && h->idle_count != 0)
		got = h->idle[--h->idle_count];
	else if (e == ERR_OK && (got = handle_new(h, NULL)) != NULL)
		h->all[h->all_count++] = got;
	else if (e == ERR_OK)
		e = ERR_MEMORY;
	pthread_mutex_unlock(&h->lock);
	*out = got;
	return (e);
}

static void
handle_put(struct http *h, struct handle *back)
{
	pthread_mutex_lock(&h->lock);
	h->idle[h->idle_count++] = back;
	pthread_cond_signal(&h->handle_returned);
	pthread_mutex_unlock(&h->lock);
}

/* As curl_easy_perform(); but other threads may fork() while it waits. */
static CURLcode
perform(struct handle *h, const struct deadline *d)
{
	CURLcode rc = CURLE_OUT_OF_MEMORY;
	int running, left;
	CURLMsg *msg;

	if ((h->alone == NULL && (h->alone = conns_multi_init(
				      &h->own, h->http->crypto)) == NULL) ||
	    curl_multi_add_handle(h->alone, h->easy) != CURLM_OK)
		return (CURLE_OUT_OF_MEMORY);
	while (curl_multi_perform(h->alone, &running) == CURLM_OK) {
		if ((msg = curl_multi_info_read(h->alone, &left)) != NULL) {
			rc = msg->data.result;
			handle_done(h);
			break;
		}
		if (deadline_left(d) == 0) {
			rc = CURLE_OPERATION_TIMEDOUT;
			break;
		}
		crypto_pause(h->http->crypto);
		(void)curl_multi_poll(h->alone, NULL, 0, POLL_MS, NULL);
		crypto_resume(h->http->crypto);
	}
	(void)curl_multi_remove_handle(h->alone, h->easy);
	return (rc);
}

static enum err
exchange(struct handle *h, const struct http_request *r,
    const struct deadline *d, struct http_reply *reply,
    struct error_info *error)
{
	CURLcode rc;
	enum err e;

	if ((e = handle_begin(h, r, d, reply->body, error)) != ERR_OK)
		goto out;
	rc = perform(h, d);
	if (handle_stale(h, r, d, rc)) {
		if ((e = handle_restart(h, r, d)) != ERR_OK)
			goto out;
		rc = perform(h, d);
	}
	e = handle_result(h, r, d, rc, reply, error);
out:
	handle_end(h);
	return (e);
}

enum err
http_post(struct http *http, const struct http_request *r,
    const struct deadline *d, struct http_reply *reply,
    struct error_info *error)
{
	struct crypto_guard guard;
	struct handle *h = NULL;
	enum err e;

	reply->status = 0;
	reply->sent = false;
	crypto_enter(http->crypto, &guard);
	if ((e = http_start_curl(http)) == ERR_OK &&
	    (e = http_load_ca_store(http, r, error)) == ERR_OK &&
	    (e = handle_take(http, d, &h)) == ERR_OK) {
		e = exchange(h, r, d, reply, error);
		handle_put(http, h);
	}
	crypto_leave(&guard);
	return (e);
}
