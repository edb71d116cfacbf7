#ifndef HTTP_H
#define HTTP_H
#include <stdbool.h>
#include "certificate-list.h"
#include "clock.h"
#include "crypto.h"
#include "error-info.h"
#include "http-message.h"

/*
 * HTTPS requests in the calling thread, over a pool of connections that all
 * threads share. http*.c are the only files that know curl.
 */
struct http;

struct http_conf {
	const struct crypto *crypto;
	const char *ca_bundle; /* file or folder; NULL: the system's */
	const char *app_id; /* behind ours in User-Agent; NULL: none */
	bool no_threads; /* resolve names in the calling thread */
	/* filled by each TLS handshake, for one thread; NULL: nobody asks */
	struct certificate_list *certificates;
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

/* No request may be under way. */
void http_close(struct http *);
/* In a forked child: closes the inherited descriptors and sends nothing. What
 * belongs to the TLS connections of the parent is left alone, unfreed. */
void http_abandon(struct http *);
#endif
