#ifndef LOCALKMS_CALL_H
#define LOCALKMS_CALL_H
#include "exception.h"
#include "input.h"
#include "json.h"
#include "key.h"
#include "arena.h"
#include "output.h"
#include "store.h"

struct auth;
struct call;
struct cipher;
struct controls;
struct rsa_stock;

/* A row of the state table: what a key's state lets an operation do. */
enum state_rule {
	RULE_ANY, /* DescribeKey and what else looks only */
	RULE_USE, /* cryptography and GetPublicKey */
	RULE_PARAMETERS, /* GetParametersForImport */
	RULE_IMPORT,
	RULE_DELETE_MATERIAL,
	RULE_DESCRIBE, /* aliases, tags, description */
	RULE_ENABLE,
	RULE_SCHEDULE,
	RULE_CANCEL,
	RULE_ROTATION,
	RULE_REPLICATE,
	STATE_RULE_COUNT,
};

enum operation_flag {
	OP_WRITES = 1, /* under the store's lock from the start */
	OP_ALIAS = 2, /* takes an alias for a key */
	OP_EXTERNAL = 4, /* of keys with Origin EXTERNAL only */
	OP_USES = 8, /* what GetKeyLastUsage tells */
};

/* An operation: all that is not its very own. */
struct operation {
	const char *name;
	bool (*run)(struct call *);
	const struct json_field *reply; /* of struct output; NULL: empty */
	uint64_t required, optional; /* sets of IN_BIT() */
	enum state_rule state_rule;
	enum usage usage; /* that the key must have; 0: any */
	unsigned flags;
};

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

/* Who asks, as the signature says. */
struct caller {
	char region[KEY_REGION_SIZE];
	char access_key[160];
	char arn[512];
};

#define CALL_KEYS 4
#define CALL_BUFS 4

/* One request from its decoding to its answer. */
struct call {
	struct service *service;
	const struct operation *op;
	struct caller caller;
	int64_t now_ms;
	const char *request_id;
	struct input in[IN_COUNT];
	struct output out;
	const struct json_field *reply; /* the operation's, or better */
	struct exception exception;
	struct arena arena;
	const struct key *key; /* of KeyId, found and let through */
	struct key *keys[CALL_KEYS]; /* references to be given back */
	struct buf bufs[CALL_BUFS];
	size_t key_count, buf_count;
	bool locked;
};

/* Fills c->exception and returns false. */
#define REFUSE(c, kind, ...) \
	exception_set(&(c)->exception, EXCEPTION_##kind, __VA_ARGS__)

/* NULL: no such operation. */
const struct operation *operation_find(struct view name);
const struct operation *operation_at(size_t i);
/* Decodes, checks and runs. False: c->exception says why. */
bool call_run(struct call *, struct view body);
void call_free(struct call *);

/* For handlers. */

/* The store's lock, until the call ends. */
void call_lock(struct call *);
/* An empty buffer that lives as long as the call. */
struct buf *call_buf(struct call *);
/* Whether a member is there. */
static inline bool
call_has(const struct call *c, enum input_member m)
{
	return (c->in[m].set);
}
/* A text member, or other. */
const char *call_text(
    const struct call *, enum input_member, const char *other);
/* The key that an id, ARN or (alias_ok) alias means; the call holds it. */
bool call_find_key(
    struct call *, struct view id, bool alias_ok, const struct key **out);
/* The state table. */
bool call_check_state(struct call *, const struct key *, enum state_rule);
bool call_check_usage(struct call *, const struct key *, enum usage);
/* An algorithm of that name that the key does. */
bool call_algorithm(struct call *, const struct key *, struct view name,
    const struct algorithm **out);
/* Stores a changed copy, or a new key; takes it, also when it fails. */
bool call_store_key(struct call *, struct key *);
/* "arn:aws:kms:REGION:ACCOUNT:key/ID", in the call's memory. */
const char *call_key_arn(struct call *, const char *region, const char *id);
const char *call_arn(struct call *, const struct key *);
const char *call_alias_arn(struct call *, const char *name);
bool call_out_of_memory(struct call *); /* false */

/* Pages: Limit and Marker on the way in, the item behind which the next page
 * begins on the way out. */
bool call_page(struct call *, size_t most, size_t usual, size_t *limit,
    const char **after);
void call_page_end(struct call *, bool more, const char *last);
#endif
