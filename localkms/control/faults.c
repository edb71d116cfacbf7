#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control/faults.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define LARGE_DEFAULT (64u * 1024 * 1024)
#define LONGEST_MS (INT64_C(3600) * 1000)
#define TEXT_MAX (1024u * 1024)

/* clang-format off */
/* A kind of fault: what it is called, when it strikes, what goes out. */
static const struct kind {
	const char *name;
	enum fault_moment moment;
	enum web_delivery delivery;
	enum fault_body body;
	int status;
	const char *exception, *message;
} kinds[] = {
	{ "throttle", FAULT_BEFORE, WEB_SEND, BODY_AS_IS, 400,
	    "ThrottlingException", "Rate exceeded" },
	{ "error", FAULT_BEFORE, WEB_SEND, BODY_AS_IS, 400,
	    "KMSInternalException", "" },
	{ "internal", FAULT_BEFORE, WEB_SEND, BODY_AS_IS, 500,
	    "KMSInternalException", "" },
	{ "unavailable", FAULT_BEFORE, WEB_SEND, BODY_AS_IS, 503,
	    "ServiceUnavailable", "" },
	{ "key-unavailable", FAULT_BEFORE, WEB_SEND, BODY_AS_IS, 500,
	    "KeyUnavailableException", "" },
	{ "delay", FAULT_NONE, WEB_SEND, BODY_AS_IS, 0, "", "" },
	{ "cut-before", FAULT_BEFORE, WEB_CLOSE, BODY_AS_IS, 0, "", "" },
	{ "cut-after", FAULT_AFTER, WEB_CLOSE, BODY_AS_IS, 0, "", "" },
	{ "cut-reply", FAULT_AFTER, WEB_HALF, BODY_AS_IS, 0, "", "" },
	{ "hang", FAULT_BEFORE, WEB_HANG, BODY_AS_IS, 0, "", "" },
	{ "hang-after", FAULT_AFTER, WEB_HANG, BODY_AS_IS, 0, "", "" },
	{ "garbage", FAULT_AFTER, WEB_SEND, BODY_GARBAGE, 0, "", "" },
	{ "wrong-type", FAULT_AFTER, WEB_SEND, BODY_WRONG_TYPE, 0, "", "" },
	{ "too-large", FAULT_AFTER, WEB_SEND, BODY_LARGE, 0, "", "" },
	{ "html", FAULT_BEFORE, WEB_SEND, BODY_HTML, 502, "", "" },
	{ "reply", FAULT_REPLY, WEB_SEND, BODY_AS_IS, 200, "", "" },
	{ "body", FAULT_REPLY, WEB_SEND, BODY_AS_IS, 200, "", "" },
};
/* clang-format on */

static const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < ELEMS(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (&kinds[i]);
	return (NULL);
}

void
faults_print_kinds(struct buf *out)
{
	for (size_t i = 0; i < ELEMS(kinds); i++) {
		(void)buf_puts(out, kinds[i].name);
		(void)buf_puts(out, " ");
	}
}

/* A number of the query, within bounds; other where there is none. */
static bool
number(const struct web_request *q, const char *name, long least, long most,
    long other, long *out)
{
	char text[32], *end;

	*out = other;
	if (!web_parameter(q, name, text, sizeof(text)))
		return (true);
	*out = strtol(text, &end, 10);
	return (end != text && *end == '\0' && *out >= least && *out <= most);
}

static bool
read_numbers(const struct web_request *q, struct fault *r, const char **bad)
{
	long ms, size, status;

	*bad = "skip";
	if (!number(q, "skip", 0, LONG_MAX, 0, &r->skip))
		return (false);
	*bad = "every";
	if (!number(q, "every", 1, LONG_MAX, 0, &r->every))
		return (false);
	*bad = "count";
	/* each n-th goes on until it is taken back, the next comes once */
	if (!number(q, "count", 0, LONG_MAX, r->every != 0 ? 0 : 1, &r->left))
		return (false);
	*bad = "ms";
	if (!number(q, "ms", 0, LONGEST_MS, 0, &ms))
		return (false);
	*bad = "size";
	if (!number(q, "size", 2, WEB_BODY_MAX, LARGE_DEFAULT, &size))
		return (false);
	*bad = "status";
	if (!number(q, "status", 200, 599, r->plan.status, &status))
		return (false);
	r->every = r->every == 0 ? 1 : r->every;
	r->left = r->left == 0 ? -1 : r->left;
	r->plan.delay_ms = ms;
	r->plan.size = (size_t)size;
	r->plan.status = (int)status;
	return (true);
}

static struct fault *
rule_free(struct faults *faults)
{
	for (size_t i = 0; i < FAULTS_MAX; i++)
		if (faults->rows[i].id == 0)
			return (&faults->rows[i]);
	return (NULL);
}

/* The texts of the query. */
static void
read_texts(const struct web_request *q, struct fault *r)
{
	(void)web_parameter(
	    q, "error", r->plan.exception, sizeof(r->plan.exception));
	(void)web_parameter(
	    q, "message", r->plan.message, sizeof(r->plan.message));
	(void)web_parameter(q, "operation", r->operation, sizeof(r->operation));
	if (strcmp(r->operation, "any") == 0)
		r->operation[0] = '\0';
}

/* A key id, or the one that an ARN ends in. */
static bool
read_key(const struct web_request *q, struct fault *r)
{
	char text[256] = "";
	const char *id;

	(void)web_parameter(q, "key", text, sizeof(text));
	id = strrchr(text, '/') == NULL ? text : strrchr(text, '/') + 1;
	return ((size_t)snprintf(r->key, sizeof(r->key), "%s", id) <
		sizeof(r->key));
}

bool
faults_add(struct faults *faults, const struct web_request *q, int *id,
    char *why, size_t size)
{
	struct fault *to = rule_free(faults), r = {.text = BUF_INIT(TEXT_MAX)};
	char name[32] = "";
	const struct kind *kind;
	const char *bad;

	(void)web_parameter(q, "fault", name, sizeof(name));
	if ((kind = kind_find(name)) == NULL || to == NULL) {
		snprintf(why, size, "%s",
		    to == NULL ? "too many faults" : "no such fault");
		return (false);
	}
	r.kind = kind->name;
	r.plan = (struct fault_plan){.moment = kind->moment,
	    .delivery = kind->delivery,
	    .body = kind->body,
	    .status = kind->status};
	snprintf(
	    r.plan.exception, sizeof(r.plan.exception), "%s", kind->exception);
	snprintf(r.plan.message, sizeof(r.plan.message), "%s", kind->message);
	read_texts(q, &r);
	if (!read_key(q, &r)) {
		snprintf(why, size, "key is not a key id");
		return (false);
	}
	if (!read_numbers(q, &r, &bad)) {
		snprintf(why, size, "%s is not a number in range", bad);
		return (false);
	}
	if (buf_append(&r.text, q->body) != ERR_OK) {
		snprintf(why, size, "the body is too long");
		return (false);
	}
	r.id = ++faults->last_id;
	*id = r.id;
	*to = r;
	return (true);
}

static void
remove_fault(struct fault *r)
{
	r->id = 0;
	buf_free(&r->text);
}

void
faults_remove(struct faults *faults, int id)
{
	struct fault *r;

	for (r = faults->rows; r < faults->rows + FAULTS_MAX; r++)
		if (r->id != 0 && (id == 0 || r->id == id))
			remove_fault(r);
}

static bool
is_for(const struct fault *r, const char *operation)
{
	return (r->id != 0 && (r->operation[0] == '\0' ||
				  strcmp(r->operation, operation) == 0));
}

/* Whether this request is one that the fault strikes. left 0: for the last
 * time. */
static bool
fault_applies(struct fault *r)
{
	long n = ++r->matched - r->skip;

	if (n <= 0 || (n % r->every) != 0)
		return (false);
	if (r->left > 0)
		r->left--;
	return (true);
}

void
faults_match(struct faults *faults, const char *operation, struct fault_plan *p)
{
	struct fault *r;
	int64_t delay_ms = 0;

	for (r = faults->rows; r < faults->rows + FAULTS_MAX; r++) {
		if (p->moment != FAULT_NONE || !is_for(r, operation) ||
		    r->plan.moment == FAULT_REPLY || !fault_applies(r))
			continue;
		delay_ms += r->plan.delay_ms;
		*p = r->plan;
		p->delay_ms = delay_ms; /* a delay goes with another fault */
		if (r->left == 0)
			remove_fault(r);
	}
}

bool
faults_next_edit(struct faults *faults, const char *operation,
    struct view reply, size_t *next, struct reply_edit *e)
{
	struct fault *r;

	while (*next < FAULTS_MAX) {
		r = &faults->rows[(*next)++];
		if (!is_for(r, operation) || r->plan.moment != FAULT_REPLY ||
		    (r->key[0] != '\0' &&
			(reply.len == 0 || memmem(reply.ptr, reply.len, r->key,
					       strlen(r->key)) == NULL)) ||
		    !fault_applies(r))
			continue;
		*e = (struct reply_edit){.whole = strcmp(r->kind, "body") == 0,
		    .status = r->plan.status,
		    .delay_ms = r->plan.delay_ms,
		    .text = BUF_INIT(TEXT_MAX)};
		memcpy(e->key, r->key, sizeof(e->key));
		(void)buf_append(&e->text, buf_view(&r->text));
		if (r->left == 0)
			remove_fault(r);
		return (true);
	}
	return (false);
}

size_t
faults_list(const struct faults *faults, struct fault out[FAULTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < FAULTS_MAX; i++)
		if (faults->rows[i].id != 0)
			out[n++] = faults->rows[i];
	return (n);
}
