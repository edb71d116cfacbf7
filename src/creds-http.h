#ifndef CREDS_HTTP_H
#define CREDS_HTTP_H
#include "creds.h"

/* A request to a service that gives credentials. */
struct creds_http {
	const char *what; /* the service, for messages */
	struct http_request request;
	int tries; /* 0: 3 */
	/* Any other status than 200 is tried again, not only those that say
	 * that the service is at fault. */
	bool retry_any_status;
	/* of the reply */
	int status;
	bool connected; /* also of a failure: somebody was there */
	int64_t date; /* as http_reply's */
	char location[160]; /* where it points to instead, or "" */
	struct buf body; /* wiped by creds_http_free() */
};
#define CREDS_REPLY_MAX (128 * 1024)
#define CREDS_HTTP_INIT                           \
	{                                         \
		.body = BUF_INIT(CREDS_REPLY_MAX) \
	}

/* Any status is a success. ERR_CREDS_SERVICE, with the reason in *error;
 * ERR_MEMORY. */
enum err creds_http_send(
    const struct creds_search *, struct creds_http *, struct error_info *);
/* Why the service refused, by the JSON of its reply: ": CODE: MESSAGE", cut to
 * fit, and ", Location URL" of a redirection, which is not followed; "" where
 * it does not say. */
#define CREDS_REASON_SIZE 448
const char *creds_http_reason(
    const struct creds_http *, char text[CREDS_REASON_SIZE]);
void creds_http_free(struct creds_http *);

/* Appends "name=value", with a "&" before all but the first, as forms have it.
 */
enum err form_put(struct buf *form, const char *name, const char *value);
/* Appends a header line. */
enum err header_put(struct buf *lines, const char *name, const char *value);
#endif
