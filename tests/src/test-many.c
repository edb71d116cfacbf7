/* Many requests at once against a scripted server: each gets its own answer,
 * and what befalls one is no other's affair. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/ssl.h>
#include "client-env.h"
#include "files.h"
#include "tap.h"
#include "tls-cert.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define MANY 100
#define AT_ONCE 32
#define ECHO                                \
	{                                   \
		.status = 200, .echo = true \
	}
#define REFUSED(type)                                              \
	{                                                          \
		.status = 400, .body = "{\"__type\":\"" type "\"}" \
	}
#define HANG                 \
	{                    \
		.hang = true \
	}

static struct test_clock clk;

/* What came of a batch. */
struct tally {
	size_t good, wrong; /* its own answer, and another */
	size_t failed;
	enum err last;
	struct error_info error;
	enum err tolerated; /* goes on after such a failure */
	size_t ask_fails_at; /* 0: never */
	bool seen[MANY];
};

static enum err
ask(void *arg, size_t i, struct buf *body)
{
	const struct tally *t = arg;
	char text[64];

	if (t->ask_fails_at != 0 && t->ask_fails_at == i)
		return (ERR_TOO_BIG);
	(void)snprintf(text, sizeof(text), "{\"number\":%zu}", i);
	return (buf_puts(body, text));
}

static enum err
take(void *arg, size_t i, enum err e, struct view reply,
    const struct error_info *f)
{
	struct tally *t = arg;
	char text[64];

	(void)snprintf(text, sizeof(text), "{\"number\":%zu}", i);
	if (e == ERR_OK && !t->seen[i] && view_equal(reply, view_str(text)))
		t->good++;
	else if (e == ERR_OK || t->seen[i])
		t->wrong++;
	t->seen[i] = true;
	if (e == ERR_OK)
		return (ERR_OK);
	t->failed++;
	t->last = e;
	t->error = *f;
	return (e == t->tolerated ? ERR_OK : e);
}

static enum err
run(struct client *c, const struct clock *clock, int64_t ms, struct tally *t,
    struct error_info *error)
{
	const struct transport *tr = client_transport(c);
	struct deadline d = deadline_in(
	    clock != NULL ? clock : &clock_system, ms);
	struct batch b = {"DescribeKey", MANY, 1024, 1024, ask, take, t};

	memset(error, 0, sizeof(*error));
	return (tr->post_many(tr->ctx, &b, &d, error));
}

static struct http_server *crowded;

/* Nothing is answered before as many are asked at once as shall be. */
static void
wait_for_crowd(void)
{
	while (http_server_requests(crowded) < 1 + AT_ONCE)
		usleep(1000);
}

static void
test_all(void)
{
	static const struct http_step steps[] = {
	    ECHO, {.status = 200, .echo = true, .hook = wait_for_crowd}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct tally t = {0}, again = {0}, none = {0};
	struct batch empty = {"DescribeKey", 0, 1024, 1024, ask, take, &none};
	struct deadline d = deadline_in(&clk.clock, 60000);
	struct error_info f;
	struct client *c;

	crowded = s;
	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK, "a hundred requests");
	OK(t.good == MANY && t.wrong == 0, "%zu have their own answer", t.good);
	OK(http_server_requests(s) == MANY && clk.sleeps == 0,
	    "sent once each");
	OK(http_server_connections(s) == AT_ONCE, "on %d connections",
	    http_server_connections(s));
	OK(strstr(http_server_request(s, 0), "{\"number\":0}") != NULL,
	    "the first goes first");
	OK(run(c, &clk.clock, 60000, &again, &f) == ERR_OK &&
		again.good == MANY,
	    "a hundred more");
	OK(http_server_connections(s) == AT_ONCE, "on the same connections: %d",
	    http_server_connections(s));
	OK(client_transport(c)->post_many(c, &empty, &d, &f) == ERR_OK &&
		http_server_requests(s) == 2 * MANY,
	    "no request is none too few");
	client_close(c);
	http_server_stop(s);
}

/* Each connection is closed, unannounced, behind its answer. */
static void
test_stale(void)
{
	static const struct http_step steps[] = {
	    {.status = 200, .echo = true, .close = true}};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct tally t = {0};
	struct client *c;
	struct error_info f;

	test_env(http_server_url(s));
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK && t.good == MANY,
	    "connections that are closed are no failures: %s", f.message);
	client_close(c);
	http_server_stop(s);
}

static void
test_throttled(void)
{
	static const struct http_step steps[] = {ECHO, ECHO, ECHO,
	    REFUSED("ThrottlingException"), ECHO,
	    REFUSED("ThrottlingException"), {.status = 503}, {.status = 0},
	    ECHO};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct tally t = {0};
	struct client *c;
	struct error_info f;

	test_env(http_server_url(s));
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK && t.good == MANY,
	    "throttled, failed and cut ones are sent again: %s", f.message);
	OK(http_server_requests(s) == MANY + 4, "and only those: %d requests",
	    http_server_requests(s));
	client_close(c);
	http_server_stop(s);
}

static void
test_refused(void)
{
	static const struct http_step steps[] = {
	    ECHO, ECHO, ECHO, ECHO, REFUSED("AccessDeniedException"), ECHO};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct tally t = {.tolerated = ERR_DENIED}, end = {0};
	struct client *c;
	struct error_info f;

	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK && t.good == MANY - 1 &&
		t.failed == 1,
	    "one that is refused is by itself");
	OK(t.last == ERR_DENIED && t.error.status == 400 &&
		strcmp(t.error.exception, "AccessDeniedException") == 0,
	    "and hears why");
	client_close(c);
	http_server_stop(s);

	s = http_server_start(steps, ELEMS(steps), NULL);
	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 60000, &end, &f) == ERR_DENIED &&
		end.failed == 1 && f.status == 400,
	    "or ends it all, if it is taken so");
	OK(http_server_requests(s) < MANY,
	    "the rest is not asked for: %d requests", http_server_requests(s));
	memset(&t, 0, sizeof(t));
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK && t.good == MANY,
	    "the next batch works");
	memset(&t, 0, sizeof(t));
	t.ask_fails_at = 50;
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_TOO_BIG && t.failed == 0,
	    "a request that cannot be written ends it");
	client_close(c);
	http_server_stop(s);
}

static void
test_nobody(void)
{
	static const struct http_step hang[] = {ECHO, ECHO, ECHO, ECHO, HANG};
	static const struct http_step cut[] = {ECHO, ECHO, ECHO, {.status = 0}};
	struct http_server *s;
	struct tally t = {0};
	struct client *c;
	struct error_info f;

	test_env("http://127.0.0.1:1");
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 5000, &t, &f) == ERR_NETWORK && t.failed == 1 &&
		f.message[0] != '\0',
	    "a server that is down is found out by one: %s", f.message);
	client_close(c);

	s = http_server_start(cut, ELEMS(cut), NULL);
	test_env(http_server_url(s));
	c = test_client(&clk.clock);
	memset(&t, 0, sizeof(t));
	OK(run(c, &clk.clock, 5000, &t, &f) == ERR_NETWORK && t.failed == 1 &&
		t.good <= 3,
	    "one that dies in the middle: one failure");
	client_close(c);
	http_server_stop(s);

	s = http_server_start(hang, ELEMS(hang), NULL);
	test_env(http_server_url(s));
	c = test_client(NULL);
	memset(&t, 0, sizeof(t));
	OK(run(c, NULL, 2000, &t, &f) == ERR_DEADLINE && t.failed == 1 &&
		t.good == 4,
	    "one that hangs is waited for until the deadline: %s", f.message);
	OK(run(c, NULL, 0, &t, &f) == ERR_DEADLINE, "nothing after it");
	client_close(c);
	http_server_stop(s);
}

static void
test_fork(void)
{
	static const struct http_step steps[] = {ECHO};
	const char *path;
	SSL_CTX *tls = tls_context("IP:127.0.0.1", &path);
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	struct tally t = {0};
	struct test_sockets n;
	struct client *c;
	struct error_info f;
	size_t before;
	int connections;
	pid_t pid;

	test_env(http_server_url(s));
	setenv("AWS_CA_BUNDLE", path, 1);
	/* on a slow machine, late connections are no failures */
	test_clock_init(&clk);
	c = test_client(&clk.clock);
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK && t.good == MANY,
	    "a hundred over TLS: %s", f.message);
	n = test_sockets(http_server_url(s));
	connections = http_server_connections(s);
	OK(n.open >= 1 && n.open <= connections && n.inherited == 0,
	    "%d of %d connections are kept, close-on-exec", n.open,
	    connections);
	before = http_server_bytes(s);
	if ((pid = fork()) == 0) {
		client_abandon(c);
		_exit(test_sockets(http_server_url(s)).open);
	}
	OK(test_child(pid), "a child lets go of them");
	OK(http_server_bytes(s) == before &&
		test_sockets(http_server_url(s)).open == n.open,
	    "and sends nothing on them");
	memset(&t, 0, sizeof(t));
	OK(run(c, &clk.clock, 60000, &t, &f) == ERR_OK && t.good == MANY &&
		http_server_connections(s) < connections + AT_ONCE,
	    "the parent goes on with them");
	client_close(c);
	OK(test_sockets(http_server_url(s)).open == 0, "closed, none is left");
	http_server_stop(s);
	SSL_CTX_free(tls);
}

#define THREADS 7 /* more than may do so at once */

struct worker {
	pthread_t thread;
	struct client *client;
	struct tally tally;
	enum err err;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct error_info f;

	w->err = run(w->client, NULL, 60000, &w->tally, &f);
	return (NULL);
}

static void
test_threads(void)
{
	static const struct http_step steps[] = {ECHO};
	static struct worker w[THREADS];
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct client *c;
	size_t good = 0;

	test_env(http_server_url(s));
	c = test_client(NULL);
	for (int i = 0; i < THREADS; i++) {
		w[i].client = c;
		if (pthread_create(&w[i].thread, NULL, work, &w[i]) != 0)
			tap_bail();
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].err == ERR_OK ? w[i].tally.good : 0;
	}
	OK(good == (size_t)THREADS * MANY, "%zu answers for %d threads", good,
	    THREADS);
	client_close(c);
	http_server_stop(s);
}

int
main(void)
{
	test_crypto_open();
	test_clock_init(&clk);
	test_all();
	test_stale();
	test_throttled();
	test_refused();
	test_nobody();
	test_fork();
	test_threads();
	files_remove();
	return (tap_done());
}
