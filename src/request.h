#ifndef REQUEST_H
#define REQUEST_H
#include <stdatomic.h>
#include "client.h"
#include "creds.h"
#include "endpoint.h"
#include "http.h"
#include "pace.h"
#include "signer.h"

/*
 * One request from its first try to its last: how it is signed, what a reply
 * means, what is done about a failure. Sending it is for client.c, one at a
 * time, and for client-many.c.
 */
struct client {
	const struct crypto *crypto;
	const struct clock *clock;
	struct log *log;
	char *profile; /* chosen by configuration, or NULL */
	char region[64];
	struct endpoint endpoint;
	long tries; /* of a request that fails for a passing reason */
	struct transport transport;
	struct http *http;
	struct arena *arena;
	struct creds_store *creds;
	struct signer *signer;
	_Atomic int64_t skew_ms; /* the service's clock minus ours */
	struct pace pace; /* of requests that are sent one at a time */
};

struct request {
	struct client *client;
	const char *operation;
	char target[128];
	struct view body;
	const struct deadline *deadline;
	struct buf *reply; /* its JSON, of a success */
	bool once;
	int number; /* of the try, from 1 */
	int failures, throttles; /* among the tries */
	bool renewed, corrected; /* credentials, the clock */
	bool turn; /* the last try waited for its turn */
	/* of the last try: */
	struct creds *creds;
	struct buf headers;
	struct http_request http;
	struct http_field fields[3];
	struct http_reply got;
	int64_t began_ms, skew_ms;
	struct fault fault; /* what http.c has to say of it */
	char request_id[64], after_ms[32], after[32];
	/* what came of the request, when there is no other try: */
	enum err err;
	struct fault why;
};

/* body, deadline and reply last as long as the request, which stays where it
 * is. */
void request_init(struct request *, struct client *, const char *operation,
    struct view body, const struct deadline *, struct buf *reply);
/* The next try: http, got and fault are ready for http_post(). */
enum err request_try(struct request *);
/* What came of it: e is http_post()'s. */
enum err request_tried(struct request *, enum err e);
/* Whether to try once more, and when: *wait_ms from now, before the deadline.
 * e is what request_try() or request_tried() said. */
bool request_again(struct request *, enum err e, int64_t *wait_ms);
void request_free(struct request *);

/* client-many.c: struct transport's. */
enum err client_post_many(void *client, const struct batch *,
    const struct deadline *, struct fault *);
#endif
