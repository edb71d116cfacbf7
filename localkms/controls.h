#ifndef LOCALKMS_CONTROLS_H
#define LOCALKMS_CONTROLS_H
#include "call.h"
#include "web.h"

/*
 * What tests ask of the server: faults, another time, quotas, counters. Set
 * over the control address, looked at by every request. Thread-safe.
 */
struct controls;

struct controls *controls_open(struct store *); /* NULL: out of memory */
void controls_close(struct controls *);

/* KMS's time: of key material, tokens, deletions. Milliseconds since 1970. */
int64_t controls_now_ms(struct controls *);
/* The front end's: of signatures and of the Date header. */
int64_t controls_wall_ms(struct controls *);

/* What a request meets. */
enum fault_moment { FAULT_NONE, FAULT_BEFORE, FAULT_AFTER };
enum fault_body {
	BODY_AS_IS,
	BODY_GARBAGE, /* bytes that are no JSON */
	BODY_WRONG_TYPE, /* each member an array */
	BODY_LARGE, /* padded to size */
	BODY_HTML, /* a page, as a proxy's */
};
struct fault_plan {
	enum fault_moment moment; /* BEFORE: the operation is not run */
	enum web_delivery delivery;
	enum fault_body body;
	int status; /* BEFORE, when an answer goes: HTTP's and AWS's name */
	char exception[64];
	char message[256];
	int64_t delay_ms;
	size_t size;
};
/* Counts the request and says what it meets. op NULL: an unknown one. */
void controls_begin_request(
    struct controls *, const struct operation *op, struct fault_plan *);
/* A request that controls_begin_request() has counted is answered. */
void controls_end_request(struct controls *);
/* Whether the caller may not use that key. */
bool controls_denied(struct controls *, const char *operation,
    const struct key *, const char *access_key);
/* Whether AWS's request quota is used up. */
bool controls_over_quota(struct controls *, const struct operation *,
    const struct key *, const char *pair_spec, const char *region);

/* Answers a request to the control address. */
void controls_answer(
    struct controls *, const struct web_request *, struct web_reply *);
#endif
