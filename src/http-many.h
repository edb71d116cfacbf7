#ifndef HTTP_MANY_H
#define HTTP_MANY_H
#include "clock.h"
#include "error-info.h"
#include "http-message.h"

struct http;

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

/* For http_close() and http_abandon(). */
void http_many_free(struct http_many *);
void http_many_abandon(struct http_many *);
#endif
