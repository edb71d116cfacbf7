#ifndef LOCALKMS_CALL_H
#define LOCALKMS_CALL_H
#include "auth/auth.h"
#include "base/pool.h"
#include "control/controls.h"
#include "key/cipher.h"
#include "key/rsa-stock.h"
#include "message/exception.h"
#include "message/input.h"
#include "message/output.h"
#include "store/store.h"

/* What all calls share; service_open() makes it. */
struct service {
	struct store *store;
	struct rsa_stock *rsa_stock;
	struct controls *controls;
	struct auth *auth;
	struct cipher *cipher;
	char account[13];
	uint64_t request_seed;
	_Atomic uint64_t requests; /* so many: each has an id of its own */
};

#define CALL_KEYS 4
#define CALL_BUFS 4

/* One request from its decoding to its answer. */
struct call {
	struct service *service;
	const char *operation; /* its name */
	struct caller caller;
	int64_t now_ms;
	const char *request_id;
	struct input in[IN_COUNT];
	struct output out;
	const struct json_field *reply; /* the operation's, or better */
	struct exception exception;
	struct pool pool;
	const struct key *key; /* of KeyId, found and let through */
	struct key *keys[CALL_KEYS]; /* references to be given back */
	struct buf bufs[CALL_BUFS];
	size_t key_count, buf_count;
	bool locked;
};

/* Fills c->exception and returns false. */
#define REFUSE(c, kind, ...) \
	exception_set(&(c)->exception, EXCEPTION_##kind, __VA_ARGS__)

void call_free(struct call *);

/* For handlers. */

/* The store's lock, until the call ends. */
void call_lock(struct call *);
/* An empty buffer that lives as long as the call. */
struct buf *call_buf(struct call *);
/* Whether the request has that member. */
static inline bool
call_has(const struct call *c, enum input_member m)
{
	return (c->in[m].set);
}
/* A text member of the request, or other where it is absent. */
const char *call_text(
    const struct call *, enum input_member, const char *other);
/* The key that an id, ARN or (alias_ok) alias means; the call holds it. */
bool call_find_key(
    struct call *, struct view id, bool alias_ok, const struct key **out);
bool call_check_usage(struct call *, const struct key *, enum usage);
/* The algorithm of that name, which must fit the key. */
bool call_algorithm(struct call *, const struct key *, struct view name,
    const struct algorithm **out);
/* Stores a changed copy, or a new key, and takes over the reference, also on
 * failure. */
bool call_store_key(struct call *, struct key *);
/* That no denial of the control address is about the caller, the operation and
 * the key, which NULL is for an operation that has none. */
bool call_check_allowed(struct call *, const struct key *);
/* "arn:aws:kms:REGION:ACCOUNT:key/ID", in the call's memory. */
const char *call_key_arn(struct call *, const char *region, const char *id);
const char *call_arn(struct call *, const struct key *);
const char *call_alias_arn(struct call *, const char *name);
/* These two return false. */
bool call_out_of_memory(struct call *);
bool call_store_failed(struct call *);
/* Nitro Enclaves' Recipient is not served. */
bool call_check_no_recipient(struct call *);

/* Paging: call_page() reads Limit and Marker (after: the last item of the page
 * before, or ""), call_page_end() writes Truncated and NextMarker. */
bool call_page(struct call *, size_t most, size_t usual, size_t *limit,
    const char **after);
void call_page_end(struct call *, bool more, const char *last);
#endif
