#ifndef HTTP_H
#define HTTP_H
#include <stdbool.h>
#include "buf.h"
#include "clock.h"
#include "crypto.h"
#include "error-info.h"

/*
 * HTTPS requests in the calling thread, over a pool of connections that all
 * threads share. http*.c are the only files that know curl.
 */
struct http;

struct http_conf {
	const struct crypto *crypto;
	const char *ca_bundle; /* file or folder; NULL: the system's */
	bool no_threads; /* resolve names in the calling thread */
};

/* A reply's header that the caller wants: a copy, cut to fit; "": absent. */
struct http_field {
	const char *name;
	char *value;
	size_t size;
};

struct http_request {
	const char *url;
	struct view headers; /* "Name: value" NUL ... */
	struct view body; /* of a POST */
	int64_t timeout_ms; /* 0: until the deadline */
	bool not_idempotent; /* must not reach the server twice */
	bool loopback; /* this machine: without a proxy */
};

struct http_reply {
	int status;
	struct buf *body; /* the caller's, with its ceiling */
	const struct http_field *fields;
	size_t field_count;
	/* the header Date, in seconds since 1970; 0: none, or status 200 */
	int64_t date;
	bool sent; /* of a failure: the server may have got the request */
};

/* No network. ERR_MEMORY, ERR_INTERNAL. The strings are copied. */
enum err http_open(const struct http_conf *, struct http **out);
/*
 * Any status is a success. ERR_NETWORK, ERR_TLS, ERR_REPLY, ERR_DEADLINE (only
 * when the deadline, not timeout_ms, was the limit), ERR_TOO_BIG (a body over
 * its ceiling), ERR_CONFIG (the CA bundle), ERR_MEMORY; *error says more.
 */
enum err http_post(struct http *, const struct http_request *,
    const struct deadline *, struct http_reply *, struct error_info *);

/*
 * Many requests at once, all of them in the calling thread: it starts each in
 * a slot of its own, waits until one is over, and may start another there.
 */
#define HTTP_MANY_MAX 32
struct http_many;

/* Waits for another thread's to end when there are too many of them.
 * ERR_DEADLINE, ERR_MEMORY. */
enum err http_many_open(
    struct http *, const struct deadline *, struct http_many **out);
/*
 * Begins what http_post() does. slot: from 0, below HTTP_MANY_MAX, with no
 * request in it. All that is given stays where it is until the request is over.
 * On failure the slot is free again; errors as of http_post().
 */
enum err http_many_start(struct http_many *, size_t slot,
    const struct http_request *, const struct deadline *, struct http_reply *,
    struct error_info *);
/* Waits at most ms for one of the requests to be over. False: none is. *out is
 * what http_post() would have returned for the one in *slot. */
bool http_many_wait(
    struct http_many *, int64_t ms, size_t *slot, enum err *out);
/* Requests that are not over are broken off. NULL is fine. */
void http_many_close(struct http_many *);

/* No request may be under way. */
void http_close(struct http *);
/* In a forked child: closes the inherited descriptors and sends nothing. What
 * belongs to the TLS connections of the parent is left alone, unfreed. */
void http_abandon(struct http *);
#endif
