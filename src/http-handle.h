#ifndef HTTP_HANDLE_H
#define HTTP_HANDLE_H
#include <pthread.h>
#include <curl/curl.h>
#include <openssl/types.h>
#include "ca-store.h"
#include "certificate-list.h"
#include "clock.h"
#include "crypto.h"
#include "error-info.h"
#include "http-conns.h"
#include "http-message.h"

/*
 * One curl handle: how it is set up, given a request, and what came of it.
 * What http.c, which runs one at a time, and http-many.c, which runs many,
 * share. Call all of it between crypto_enter() and crypto_leave().
 */
#define POOL_MAX 64 /* requests at once; more of them wait */
#define MULTI_MAX 4 /* likewise, of many at once */

struct http {
	const struct crypto *crypto;
	char *ca_bundle;
	char user_agent[128];
	bool no_threads;
	struct certificate_list *certificates; /* or NULL */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t handle_returned, multi_returned;
	struct handle *idle[POOL_MAX]; /* a stack: the warmest is on top */
	size_t idle_count;
	struct handle *all[POOL_MAX];
	size_t all_count;
	struct http_many *multis[MULTI_MAX];
	size_t multi_count;
	struct ca_store ca; /* loaded with the first https request */
	bool curl_started;
	/* atomic, on the deadlines' clock: when a connection could last not be
	 * made or went silent; 0: never. Connections and addresses that are
	 * older than that are not relied on. */
	int64_t failed_ms;
};

/* Used by one thread at a time. */
struct handle {
	struct http *http;
	struct conns own, *conns; /* where it is one of many: theirs */
	CURL *easy;
	CURLM *alone; /* what runs it where it is not one of many */
	struct curl_slist *headers;
	const struct deadline *deadline; /* while it has a request, else NULL */
	int64_t begun_ms; /* when it got that, on the deadline's clock */
	struct buf *body;
	enum err body_err;
	bool headers_complete; /* its last line has come */
	size_t header_len; /* of all lines so far, trailers included */
	char text[CURL_ERROR_SIZE];
	char date_text[32]; /* of the last reply's Date */
	time_t date; /* what that means, or -1: nothing */
};
/* conns: those of many, which outlive it, or NULL: its own. NULL: no memory. */
struct handle *handle_new(struct http *, struct conns *);
void handle_free(struct handle *); /* NULL is fine */

/*
 * First of all, and not before the first request: a host that is starting curl
 * may be what calls C_Initialize, with curl's lock held. The reference is never
 * given back: giving it back might take the host's.
 */
enum err http_start_curl(struct http *);
/* For an https: request, before others: the CA certificates, anew if their file
 * has changed. */
enum err http_load_ca_store(
    struct http *, const struct http_request *, struct error_info *);

/*
 * begin; run the handle; done; while stale, again and run it; result; end. end
 * also when one of them fails, and always after curl_multi_remove_handle(). The
 * request, *body and the reply last until then.
 */
enum err handle_begin(struct handle *, const struct http_request *,
    const struct deadline *, struct buf *body, struct error_info *);
/* curl has said that it is: call it before curl_multi_remove_handle(). */
void handle_done(struct handle *);
/* A connection that was kept, and that the server had closed meanwhile, or that
 * the network has lost. */
bool handle_stale(const struct handle *, const struct http_request *,
    const struct deadline *, CURLcode);
enum err handle_restart(
    struct handle *, const struct http_request *, const struct deadline *);
enum err handle_result(struct handle *, const struct http_request *,
    const struct deadline *, CURLcode, struct http_reply *,
    struct error_info *);
void handle_end(struct handle *);
#endif
