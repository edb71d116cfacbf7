#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "json.h"
#include "message/json-tree.h"
#include "service/control-address.h"
#include "service/operation-table.h"

#define FORWARD_MAX (INT64_C(100) * 365 * 24 * 3600)
#define SKEW_MAX (INT64_C(10) * 365 * 24 * 3600)

/* What answers are made of. */
struct answer {
	const char *error;
	double id; /* of a fault */
	double now, wall; /* of the clocks, in seconds */
	double operations[CONTROLS_COUNTERS], unknown, total, at_once;
	struct json_rows faults;
};

struct fault_row {
	double id, seen, left;
	const char *kind, *operation;
};

#define MEMBER(member, name, kind) JSON_FIELD(struct answer, member, name, kind)

static const struct json_field error_fields[] = {
    MEMBER(error, "error", STRING), JSON_END};
static const struct json_field id_fields[] = {
    MEMBER(id, "id", NUMBER), JSON_END};
static const struct json_field clock_fields[] = {
    MEMBER(now, "now", NUMBER), MEMBER(wall, "wall", NUMBER), JSON_END};
static const struct json_field nothing[] = {JSON_END};

static const struct json_field fault_row_fields[] = {
    JSON_FIELD(struct fault_row, id, "id", NUMBER),
    JSON_FIELD(struct fault_row, kind, "fault", STRING),
    JSON_FIELD(struct fault_row, operation, "operation", STRING),
    JSON_FIELD(struct fault_row, seen, "seen", NUMBER),
    JSON_FIELD(struct fault_row, left, "left", NUMBER), JSON_END};
static const struct json_field fault_fields[] = {
    JSON_ROW_FIELD(
	struct answer, faults, "faults", struct fault_row, fault_row_fields),
    JSON_END};

static void
print(struct web_reply *r, const struct json_field *fields,
    const struct answer *a)
{
	if (json_encode(fields, a, &r->body) != ERR_OK ||
	    buf_puts(&r->body, "\n") != ERR_OK)
		r->delivery = WEB_CLOSE;
}

static void
print_error(struct web_reply *r, const char *why)
{
	const struct answer a = {.error = why};

	r->status = 400;
	print(r, error_fields, &a);
}

static void
print_done(struct web_reply *r)
{
	const struct answer a = {.error = NULL};

	print(r, nothing, &a);
}

/* A number of the query, within bounds; it stays as it is where there is
 * none. */
static bool
number(const struct web_request *q, const char *name, int64_t least,
    int64_t most, int64_t *out)
{
	char text[32], *end;
	long long n;

	if (!web_parameter(q, name, text, sizeof(text)))
		return (true);
	n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || n < least || n > most)
		return (false);
	*out = n;
	return (true);
}

/* A member for each operation: they are known to the table alone. */
static void
get_counters(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	struct json_field members[CONTROLS_COUNTERS + 1] = {JSON_END};
	const struct json_field fields[] = {JSON_SUB("operations", members),
	    MEMBER(unknown, "unknown", NUMBER), MEMBER(total, "total", NUMBER),
	    MEMBER(at_once, "at-once", NUMBER), JSON_END};
	struct answer a = {.at_once = (double)controls_most_at_once(c)};
	const struct operation *op;
	size_t i;

	(void)q;
	for (i = 0; (op = operation_at(i)) != NULL; i++) {
		members[i] = (struct json_field)MEMBER(
		    operations[0], op->name, NUMBER);
		members[i].at += i * sizeof(a.operations[0]);
		a.operations[i] = (double)controls_counter(c, i);
		a.total += a.operations[i];
	}
	members[i] = (struct json_field)JSON_END;
	a.unknown = (double)controls_counter(c, OPERATION_UNKNOWN);
	a.total += a.unknown;
	print(r, fields, &a);
}

static void
clear_counters(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	controls_clear_counters(c);
	get_counters(c, q, r);
}

static void
get_faults(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	struct fault found[FAULTS_MAX];
	struct fault_row rows[FAULTS_MAX];
	struct answer a = {.faults.ptr = rows};

	(void)q;
	a.faults.count = controls_list_faults(c, found);
	for (size_t i = 0; i < a.faults.count; i++)
		rows[i] = (struct fault_row){.id = found[i].id,
		    .kind = found[i].kind,
		    .operation = found[i].operation[0] != '\0'
				     ? found[i].operation
				     : "any",
		    .seen = (double)found[i].matched,
		    .left = (double)found[i].left};
	print(r, fault_fields, &a);
}

static bool
is_object(struct view text)
{
	struct pool pool = POOL_INIT(64 * 1024 * 1024);
	const struct json_node *root = json_tree_parse(text, &pool);
	bool ok = root != NULL && root->kind == NODE_OBJECT;

	pool_free(&pool);
	return (ok);
}

static void
add_fault(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	struct answer a = {.id = 0};
	char operation[64] = "any", why[128];
	char kind[32] = "";
	int id;

	(void)web_parameter(q, "fault", kind, sizeof(kind));
	if (strcmp(kind, "reply") == 0 && !is_object(q->body)) {
		print_error(r, "the body is not a JSON object");
		return;
	}
	(void)web_parameter(q, "operation", operation, sizeof(operation));
	if (strcmp(operation, "any") != 0 &&
	    operation_find(view_str(operation)) == NULL) {
		print_error(r, "no such operation");
		return;
	}
	if (!controls_add_fault(c, q, &id, why, sizeof(why))) {
		print_error(r, why);
		return;
	}
	a.id = id;
	print(r, id_fields, &a);
}

static void
clear_faults(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	int64_t id = 0;

	if (!number(q, "id", 1, INT32_MAX, &id)) {
		print_error(r, "id is the number of a fault");
		return;
	}
	controls_remove_fault(c, (int)id);
	get_faults(c, q, r);
}

static void
add_denial(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	struct denial d = {"", "", ""};

	(void)web_parameter(q, "key", d.key, sizeof(d.key));
	(void)web_parameter(q, "operation", d.operation, sizeof(d.operation));
	(void)web_parameter(q, "caller", d.access_key, sizeof(d.access_key));
	if (controls_add_denial(c, &d))
		print_done(r);
	else
		print_error(r, "too many denials");
}

static void
clear_denials(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	(void)q;
	controls_clear_denials(c);
	print_done(r);
}

static void
move_clock(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	int64_t forward = 0, skew = 0;
	struct answer a = {.now = 0};

	if (!number(q, "forward", 0, FORWARD_MAX, &forward) ||
	    !number(q, "skew", -SKEW_MAX, SKEW_MAX, &skew)) {
		print_error(r, "forward and skew are seconds");
		return;
	}
	controls_move_clock(c, forward, skew);
	/* whole seconds */
	a.now = (double)(controls_now_ms(c) / 1000);
	a.wall = (double)(controls_wall_ms(c) / 1000);
	print(r, clock_fields, &a);
}

/* A parameter that is "on" or "off". */
static void
set_switch(struct controls *c, const struct web_request *q, struct web_reply *r,
    const char *name, void (*set)(struct controls *, bool))
{
	char text[8] = "";

	(void)web_parameter(q, name, text, sizeof(text));
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
		print_error(r, "the parameter is on or off");
		return;
	}
	set(c, strcmp(text, "on") == 0);
	print_done(r);
}

static void
set_quotas(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	set_switch(c, q, r, "enforce", controls_enforce_quotas);
}

static void
set_wrapping_keys(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	set_switch(c, q, r, "share", controls_share_wrapping_keys);
}

static void
set_in_use(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	set_switch(c, q, r, "refuse", controls_refuse_in_use);
}

static void
set_tokens(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	set_switch(c, q, r, "once", controls_take_tokens_once);
}

static void
set_consistency(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	int64_t ms = -1;

	if (!number(q, "ms", 0, INT32_MAX, &ms) || ms < 0) {
		print_error(r, "ms is a number of milliseconds");
		return;
	}
	controls_delay_changes(c, ms);
	print_done(r);
}

static void
reset(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	controls_reset(c);
	get_counters(c, q, r);
}

static void
get_help(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	(void)c;
	(void)q;
	r->content_type = "text/plain";
	(void)buf_puts(&r->body, "keyferry-localkms control address\nfaults: ");
	faults_print_kinds(&r->body);
	(void)buf_puts(&r->body, "\nsee keyferry-localkms(1)\n");
}

/* clang-format off */
static const struct {
	const char *method, *path;
	void (*answer)(struct controls *, const struct web_request *,
	    struct web_reply *);
} routes[] = {
	{ "GET",	"/",		get_help },
	{ "GET",	"/counters",	get_counters },
	{ "DELETE",	"/counters",	clear_counters },
	{ "GET",	"/faults",	get_faults },
	{ "POST",	"/faults",	add_fault },
	{ "DELETE",	"/faults",	clear_faults },
	{ "POST",	"/denials",	add_denial },
	{ "DELETE",	"/denials",	clear_denials },
	{ "GET",	"/clock",	move_clock },
	{ "POST",	"/clock",	move_clock },
	{ "POST",	"/quotas",	set_quotas },
	{ "POST",	"/consistency",	set_consistency },
	{ "POST",	"/wrapping-keys", set_wrapping_keys },
	{ "POST",	"/imports-in-use", set_in_use },
	{ "POST",	"/import-tokens", set_tokens },
	{ "POST",	"/reset",	reset },
};
/* clang-format on */

void
control_address_answer(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	r->status = 200;
	r->content_type = "application/json";
	r->date = clock_system.wall_ms(clock_system.ctx) / 1000;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(q->method, routes[i].method) == 0 &&
		    strcmp(q->path, routes[i].path) == 0) {
			routes[i].answer(c, q, r);
			return;
		}
	print_error(r, "no such thing: GET / for help");
	r->status = 404;
}
