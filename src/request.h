#ifndef REQUEST_H
#define REQUEST_H
#include <stdatomic.h>
#include "creds-store.h"
#include "endpoint.h"
#include "http.h"
#include "kms.h"
#include "log.h"
#include "rate-limit.h"
#include "retry.h"
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
	char *name; /* see client_conf */
	_Atomic bool announced; /* in the log: what is in use */
	char *profile; /* chosen by configuration, or NULL */
	char profile_name[256]; /* that is in use, for people */
	char region[64];
	const char *region_source; /* "AWS_REGION", "region" */
	struct endpoint endpoint;
	struct retry retry;
	struct transport transport;
	struct http *http;
	struct http *creds_http; /* its connections are not KMS's */
	struct arena *arena;
	struct creds_store *creds;
	struct signer *signer;
	_Atomic int64_t skew_ms; /* the service's clock minus ours, to sign */
	_Atomic bool has_date; /* a reply has come with its date */
	_Atomic int64_t ahead_ms; /* the same, of the last reply that came */
	struct rate_limit
	    rate_limit; /* of requests that are sent one at a time */
};

struct request {
	struct client *client;
	const char *operation;
	char target[128];
	struct view body;
	const struct deadline *deadline;
	struct buf *reply; /* its JSON, of a success */
	bool not_idempotent;
	int attempt; /* of the try, from 1 */
	int failures, counted_failures; /* among the tries; see retry.h */
	int retry_cost; /* tokens taken for the last try; 0: none */
	bool creds_renewed, clock_corrected; /* credentials, the clock */
	bool took_turn; /* the last try waited for its turn */
	/* of the last try: */
	struct creds *creds;
	struct buf headers;
	struct http_request http;
	struct http_field fields[6];
	struct http_reply response;
	int64_t began_ms, skew_ms;
	struct error_info error; /* what http.c has to say of it */
	char request_id[64], retry_after_ms[32], retry_after[32];
	char error_type[128]; /* the header x-amzn-errortype */
	/* what came of the request, when there is no other try: */
	enum err result;
	struct error_info result_error;
};

/* body, deadline and reply last as long as the request, which stays where it
 * is. */
void request_init(struct request *, struct client *, const char *operation,
    struct view body, const struct deadline *, struct buf *reply);
/* The next try: http, got and error are ready for http_post(). */
enum err request_begin_attempt(struct request *);
/* What came of it: e is http_post()'s. */
enum err request_end_attempt(struct request *, enum err e);
/* Whether to try once more, and when: *wait_ms from now, before the deadline.
 * e is what request_begin_attempt() or request_end_attempt() said. */
bool request_should_retry(struct request *, enum err e, int64_t *wait_ms);
void request_free(struct request *);
#endif
