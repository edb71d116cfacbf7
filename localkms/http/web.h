#ifndef LOCALKMS_WEB_H
#define LOCALKMS_WEB_H
#include <stdbool.h>
#include "buf.h"

#define WEB_HEADERS_MAX 64

/* A request as it came; everything lives as long as the request. */
struct web_request {
	const char *method, *path;
	const char *query; /* as sent, without '?' */
	struct web_header {
		const char *name, *value;
	} headers[WEB_HEADERS_MAX];
	size_t header_count;
	struct view body;
};

/* How an answer is sent: faults may be asked for. */
enum web_delivery {
	WEB_SEND,
	WEB_CLOSE, /* not a byte of it */
	WEB_HALF, /* its first half */
	WEB_HANG, /* nothing, until the client goes */
};

#define WEB_BODY_MAX (256u * 1024 * 1024) /* of an answer, padded on request */

struct web_reply {
	int status;
	const char *content_type;
	char request_id[37];
	int64_t date; /* seconds since 1970: what the Date header says */
	struct buf body;
	enum web_delivery delivery;
	int64_t delay_ms; /* before it goes */
};

/* NULL: no such header. Names are compared without regard to case. */
const char *web_header(const struct web_request *, const char *name);
/* A parameter of a form in a body, as STS uses it; as web_parameter(). */
bool form_parameter(struct view form, const char *name, char *out, size_t size);
/* Decodes a parameter of the query into out; false: absent or too long. */
bool web_parameter(
    const struct web_request *, const char *name, char *out, size_t size);
#endif
