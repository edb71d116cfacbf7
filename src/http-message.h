#ifndef HTTP_MESSAGE_H
#define HTTP_MESSAGE_H
#include <stdbool.h>
#include "buf.h"

/* A reply's header that the caller wants: a copy, cut to fit; "": absent. */
struct http_field {
	const char *name;
	char *value;
	size_t size;
};

struct http_request {
	const char *method; /* "GET", "PUT"; NULL: POST */
	const char *url;
	struct view headers; /* "Name: value" NUL ... */
	struct view body; /* but of a GET */
	int64_t timeout_ms; /* 0: until the deadline */
	bool not_idempotent; /* must not reach the server twice */
	bool direct; /* this machine or its link: without a proxy */
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
#endif
