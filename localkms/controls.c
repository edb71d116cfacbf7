#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "controls.h"
#include "quota.h"
#include "faults.h"

#define OPERATIONS_MAX 64
#define DENIALS_MAX 64
#define FORWARD_MAX (INT64_C(100) * 365 * 24 * 3600)
#define SKEW_MAX (INT64_C(10) * 365 * 24 * 3600)

struct denial {
	char key[KEY_ID_SIZE]; /* "": any */
	char operation[64], access_key[160];
};

struct controls {
	struct store *store;
	pthread_mutex_t lock; /* over all that follows */
	struct faults faults;
	struct quotas quotas;
	struct denial denials[DENIALS_MAX];
	_Atomic size_t denial_count;
	atomic_bool has_faults, has_quotas; /* to stay off the lock */
	_Atomic int64_t forward_ms, skew_ms;
	atomic_ulong counters[OPERATIONS_MAX + 1]; /* the last: unknown ones */
	atomic_ulong at_once, most_at_once; /* requests not yet answered */
};

struct controls *
controls_open(struct store *s)
{
	struct controls *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (NULL);
	c->store = s;
	pthread_mutex_init(&c->lock, NULL);
	return (c);
}

void
controls_close(struct controls *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int64_t
controls_now_ms(struct controls *c)
{
	return (clock_system.wall_ms(clock_system.ctx) + c->forward_ms);
}

int64_t
controls_wall_ms(struct controls *c)
{
	return (clock_system.wall_ms(clock_system.ctx) + c->skew_ms);
}

static size_t
place_of(const struct operation *op)
{
	return (op == NULL ? OPERATIONS_MAX : (size_t)(op - operation_at(0)));
}

static void
arrive(struct controls *c)
{
	unsigned long now = atomic_fetch_add(&c->at_once, 1) + 1;
	unsigned long most = c->most_at_once;

	while (now > most &&
	       !atomic_compare_exchange_weak(&c->most_at_once, &most, now))
		continue;
}

void
controls_end_request(struct controls *c)
{
	atomic_fetch_sub(&c->at_once, 1);
}

void
controls_begin_request(
    struct controls *c, const struct operation *op, struct fault_plan *p)
{
	arrive(c);
	memset(p, 0, sizeof(*p));
	atomic_fetch_add_explicit(
	    &c->counters[place_of(op)], 1, memory_order_relaxed);
	if (!c->has_faults)
		return;
	pthread_mutex_lock(&c->lock);
	faults_match(&c->faults, op == NULL ? "" : op->name, p);
	pthread_mutex_unlock(&c->lock);
}

static bool
matches(const char *wanted, const char *is)
{
	return (wanted[0] == '\0' || strcmp(wanted, is) == 0);
}

bool
controls_denied(struct controls *c, const char *operation, const struct key *k,
    const char *access_key)
{
	const struct denial *d;
	bool denied = false;

	if (c->denial_count == 0)
		return (false);
	pthread_mutex_lock(&c->lock);
	for (d = c->denials; d < c->denials + c->denial_count; d++)
		denied |= matches(d->key, k->id) &&
			  matches(d->operation, operation) &&
			  matches(d->access_key, access_key);
	pthread_mutex_unlock(&c->lock);
	return (denied);
}

bool
controls_over_quota(struct controls *c, const struct operation *op,
    const struct key *k, const char *pair_spec, const char *region)
{
	bool over;

	if (!c->has_quotas)
		return (false);
	pthread_mutex_lock(&c->lock);
	over = quota_over(&c->quotas, op->name, k, pair_spec, region,
	    clock_system.mono_ms(clock_system.ctx));
	pthread_mutex_unlock(&c->lock);
	return (over);
}

/* What follows answers the control address, under the lock. */

static void
print_error(struct web_reply *r, const char *why)
{
	r->status = 400;
	(void)buf_puts(&r->body, "{\"error\":\"");
	(void)buf_puts(&r->body, why);
	(void)buf_puts(&r->body, "\"}\n");
}

static void
get_counters(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	const struct operation *op;
	unsigned long total = 0, n;
	const char *comma = "";
	char text[160];

	(void)q;
	(void)buf_puts(&r->body, "{\"operations\":{");
	for (size_t i = 0; (op = operation_at(i)) != NULL; i++) {
		if ((n = c->counters[i]) == 0)
			continue;
		snprintf(
		    text, sizeof(text), "%s\"%s\":%lu", comma, op->name, n);
		(void)buf_puts(&r->body, text);
		comma = ",";
		total += n;
	}
	n = c->counters[OPERATIONS_MAX];
	snprintf(text, sizeof(text),
	    "},\"unknown\":%lu,\"total\":%lu,\"at-once\":%lu}\n", n, total + n,
	    (unsigned long)c->most_at_once);
	(void)buf_puts(&r->body, text);
}

static void
clear_counters(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	for (size_t i = 0; i <= OPERATIONS_MAX; i++)
		c->counters[i] = 0;
	c->most_at_once = 0;
	get_counters(c, q, r);
}

static void
get_faults(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	(void)q;
	faults_list(&c->faults, &r->body);
}

static void
add_fault(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	char text[128];
	int id;

	if (!faults_add(&c->faults, q, &id, text, sizeof(text))) {
		print_error(r, text);
		return;
	}
	c->has_faults = true;
	snprintf(text, sizeof(text), "{\"id\":%d}\n", id);
	(void)buf_puts(&r->body, text);
}

static void
clear_faults(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	char id[16] = "0";

	(void)web_parameter(q, "id", id, sizeof(id));
	faults_remove(&c->faults, atoi(id));
	if (strcmp(id, "0") == 0)
		c->has_faults = false;
	get_faults(c, q, r);
}

static void
add_denial(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	struct denial d = {"", "", ""};

	(void)web_parameter(q, "key", d.key, sizeof(d.key));
	(void)web_parameter(q, "operation", d.operation, sizeof(d.operation));
	(void)web_parameter(q, "caller", d.access_key, sizeof(d.access_key));
	if (c->denial_count == DENIALS_MAX) {
		print_error(r, "too many denials");
		return;
	}
	c->denials[c->denial_count++] = d;
	(void)buf_puts(&r->body, "{}\n");
}

static void
clear_denials(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	(void)q;
	c->denial_count = 0;
	(void)buf_puts(&r->body, "{}\n");
}

/* Seconds from the query, added to *ms. */
static bool
add_seconds(const struct web_request *q, const char *name, int64_t least,
    int64_t most, _Atomic int64_t *ms)
{
	char text[32], *end;
	long long s;

	if (!web_parameter(q, name, text, sizeof(text)))
		return (true);
	s = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || s < least || s > most)
		return (false);
	*ms += s * 1000;
	return (true);
}

static void
move_clock(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	char text[128];

	if (!add_seconds(q, "forward", 0, FORWARD_MAX, &c->forward_ms) ||
	    !add_seconds(q, "skew", -SKEW_MAX, SKEW_MAX, &c->skew_ms)) {
		print_error(r, "forward and skew are seconds");
		return;
	}
	snprintf(text, sizeof(text), "{\"now\":%lld,\"wall\":%lld}\n",
	    (long long)controls_now_ms(c) / 1000,
	    (long long)controls_wall_ms(c) / 1000);
	(void)buf_puts(&r->body, text);
}

static void
set_quotas(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	char text[8] = "";

	(void)web_parameter(q, "enforce", text, sizeof(text));
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0) {
		print_error(r, "enforce is on or off");
		return;
	}
	memset(&c->quotas, 0, sizeof(c->quotas));
	c->has_quotas = strcmp(text, "on") == 0;
	(void)buf_puts(&r->body, "{}\n");
}

static void
set_consistency(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	char text[16] = "", *end;
	long ms;

	(void)web_parameter(q, "ms", text, sizeof(text));
	ms = strtol(text, &end, 10);
	if (end == text || *end != '\0' || ms < 0) {
		print_error(r, "ms is a number of milliseconds");
		return;
	}
	store_set_delay(c->store, ms);
	(void)buf_puts(&r->body, "{}\n");
}

static void
reset(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	faults_remove(&c->faults, 0);
	c->has_faults = c->has_quotas = false;
	c->denial_count = 0;
	c->skew_ms = 0;
	store_set_delay(c->store, 0);
	clear_counters(c, q, r);
}

static void
get_help(struct controls *c, const struct web_request *q, struct web_reply *r)
{
	(void)c;
	(void)q;
	r->content_type = "text/plain";
	(void)buf_puts(&r->body, "keyferry-localkms control address\nfaults: ");
	faults_kinds(&r->body);
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
	{ "POST",	"/reset",	reset },
};
/* clang-format on */

void
controls_answer(
    struct controls *c, const struct web_request *q, struct web_reply *r)
{
	r->status = 200;
	r->content_type = "application/json";
	r->date = clock_system.wall_ms(clock_system.ctx) / 1000;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(q->method, routes[i].method) == 0 &&
		    strcmp(q->path, routes[i].path) == 0) {
			pthread_mutex_lock(&c->lock);
			routes[i].answer(c, q, r);
			pthread_mutex_unlock(&c->lock);
			return;
		}
	print_error(r, "no such thing: GET / for help");
	r->status = 404;
}
