/*
 * Many requests at once, in the calling thread. A request keeps its place from
 * its first try to its last: those that wait because KMS asks to slow down are
 * so many fewer under way.
 */
#include <stdlib.h>
#include "client-many.h"
#include "identity.h"
#include "http-many.h"
#include "request.h"

#define TICK_MS 10 /* curl's clock is not ours: it may be a little late */
#define LATE_MS 1000 /* but not so late */
#define POLL_MS 1000 /* before it is seen that our clock is stopped */

struct place {
	enum { FREE, UNDER_WAY, WAITING } state;
	size_t n; /* which of the batch */
	int64_t due_ms; /* WAITING: the next try */
	bool has_pace; /* WAITING: due_ms is that of the retry mode, too */
	struct buf body, reply;
	struct request request;
};

struct run {
	struct client *client;
	const struct batch *batch;
	const struct deadline *deadline;
	struct error_info *error;
	struct http_many *http;
	size_t next; /* of the batch */
	size_t taken, under_way; /* places */
	bool reached; /* the service, once */
	struct place places[HTTP_MANY_MAX];
};

/* One request is over: it, or the next try of it, is up. */
static enum err
end_attempt(struct run *r, struct place *p, enum err e)
{
	const struct clock *clk = r->client->clock;
	int64_t wait_ms;

	if (request_should_retry(&p->request, e, &wait_ms)) {
		p->state = WAITING;
		p->due_ms = clk->mono_ms(clk->ctx) + wait_ms;
		return (ERR_OK);
	}
	r->reached = true;
	e = r->batch->on_reply(r->batch->arg, p->n, p->request.result,
	    buf_view(&p->reply), &p->request.result_error);
	if (e != ERR_OK)
		*r->error = p->request.result_error;
	request_free(&p->request);
	p->state = FREE;
	r->taken--;
	return (e);
}

static enum err
begin_attempt(struct run *r, struct place *p)
{
	const struct clock *clk = r->client->clock;
	struct request *k = &p->request;
	int64_t ms;
	enum err e;

	if (!p->has_pace) {
		if ((ms = retry_pace_ms(&r->client->retry, r->deadline)) < 0)
			return (end_attempt(r, p, ERR_DEADLINE));
		p->has_pace = true;
		if (ms > 0) {
			p->due_ms = clk->mono_ms(clk->ctx) + ms;
			return (ERR_OK);
		}
	}
	p->has_pace = false;
	if ((e = request_begin_attempt(k)) == ERR_OK &&
	    (e = http_many_start(r->http, (size_t)(p - r->places), &k->http,
		 r->deadline, &k->response, &k->error)) != ERR_OK)
		e = request_end_attempt(k, e);
	if (e != ERR_OK)
		return (end_attempt(r, p, e));
	p->state = UNDER_WAY;
	r->under_way++;
	return (ERR_OK);
}

static enum err
begin_request(struct run *r, struct place *p)
{
	const struct batch *b = r->batch;
	enum err e;

	p->n = r->next++;
	buf_reset(&p->body);
	buf_reset(&p->reply);
	if ((e = b->encode(b->arg, p->n, &p->body)) != ERR_OK)
		return (e);
	request_init(&p->request, r->client, b->operation, buf_view(&p->body),
	    r->deadline, &p->reply);
	p->state = WAITING;
	p->due_ms = 0;
	r->taken++;
	return (ERR_OK);
}

/* Fills free places and makes the tries that are due. The first request goes
 * alone: what is wrong with all of them is found out once, and what can be
 * learned of the server is there for the others. */
static enum err
send_due(struct run *r)
{
	const struct clock *clk = r->client->clock;
	struct place *p;
	enum err e = ERR_OK;

	for (p = r->places; p < r->places + HTTP_MANY_MAX && e == ERR_OK; p++) {
		if (p->state == FREE && r->next < r->batch->count &&
		    (r->reached || r->taken == 0))
			e = begin_request(r, p);
		if (e == ERR_OK && p->state == WAITING &&
		    p->due_ms <= clk->mono_ms(clk->ctx))
			e = begin_attempt(r, p);
	}
	return (e);
}

/* How long nothing is to be sent. */
static int64_t
pause_ms(const struct run *r)
{
	const struct clock *clk = r->client->clock;
	int64_t now = clk->mono_ms(clk->ctx), ms = deadline_left(r->deadline);
	const struct place *p;

	if (ms < TICK_MS)
		ms = TICK_MS;
	if (ms > POLL_MS)
		ms = POLL_MS;
	for (p = r->places; p < r->places + HTTP_MANY_MAX; p++)
		if (p->state == WAITING && p->due_ms - now < ms)
			ms = p->due_ms - now;
	return (ms > 0 ? ms : 0);
}

static bool
is_past_deadline(const struct run *r)
{
	const struct clock *clk = r->client->clock;

	return (clk->mono_ms(clk->ctx) > r->deadline->at_ms + LATE_MS ||
		(clk->is_stopped != NULL && clk->is_stopped(clk->ctx)));
}

static enum err
receive(struct run *r)
{
	const struct clock *clk = r->client->clock;
	int64_t ms = pause_ms(r);
	struct place *p;
	size_t i;
	enum err e;

	if (r->under_way == 0) {
		/* a try that failed at once may have freed its place */
		if (r->taken != 0 && ms != 0)
			clk->sleep_ms(clk->ctx, ms);
		return (ERR_OK);
	}
	if (!http_many_wait(r->http, ms, &i, &e))
		return (is_past_deadline(r) ? ERR_DEADLINE : ERR_OK);
	p = &r->places[i];
	r->under_way--;
	e = request_end_attempt(&p->request, e);
	client_announce(&p->request);
	return (end_attempt(r, p, e));
}

enum err
client_post_many(void *ctx, const struct batch *batch, const struct deadline *d,
    struct error_info *error)
{
	struct run *r;
	struct place *p;
	enum err e;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (ERR_MEMORY);
	r->client = ctx;
	r->batch = batch;
	r->deadline = d;
	r->error = error;
	for (p = r->places; p < r->places + HTTP_MANY_MAX; p++) {
		p->body = (struct buf)BUF_INIT(batch->body_max);
		p->reply = (struct buf)BUF_INIT(batch->reply_max);
	}
	e = http_many_open(r->client->http, d, &r->http);
	while (e == ERR_OK && (r->next < batch->count || r->taken != 0))
		if ((e = send_due(r)) == ERR_OK)
			e = receive(r);
	http_many_close(r->http);
	for (p = r->places; p < r->places + HTTP_MANY_MAX; p++) {
		if (p->state != FREE)
			request_free(&p->request);
		buf_free(&p->body);
		buf_free(&p->reply);
	}
	free(r);
	return (e);
}
