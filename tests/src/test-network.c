/* A network that changes under a program that lives for months: the server's
 * address moves, a firewall forgets connections, a CA bundle is replaced. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/filter.h>
#include <openssl/ssl.h>
#include "client-env.h"
#include "files.h"
#include "http.h"
#include "http-many.h"
#include "tap.h"
#include "tls-cert.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define GOOD                                \
	{                                   \
		.status = 200, .body = "{}" \
	}
#define HOST "kms.example"
#define THERE "127.0.0.1" /* where the servers listen */
#define GONE "127.0.0.2" /* nobody does */
#define SILENT_MS 2000 /* of a request: as long as it waits in vain */
#define QUICK_MS 1000
#define AT_ONCE 8

/* What the name leads to: each answer of the resolver takes the next, the last
 * repeats. */
static const char *addresses[2];
static atomic_int answers;

static void
set_addresses(const char *first, const char *then)
{
	addresses[0] = first;
	addresses[1] = then;
	answers = 0;
}

/* libc's, for libcurl and for us. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
    struct addrinfo **list)
{
	struct addrinfo *a = calloc(1, sizeof(*a));
	struct sockaddr_in *in = calloc(1, sizeof(*in));

	if (a == NULL || in == NULL)
		abort();
	if (strcmp(host, HOST) == 0)
		host = addresses[atomic_fetch_add(&answers, 1) == 0 ? 0 : 1];
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)(port != NULL ? atoi(port) : 0));
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		abort();
	*a = (struct addrinfo){.ai_family = AF_INET,
	    .ai_socktype = hints->ai_socktype,
	    .ai_addrlen = sizeof(*in),
	    .ai_addr = (struct sockaddr *)in};
	*list = a;
	return (0);
}

__attribute__((visibility("default"))) void
freeaddrinfo(struct addrinfo *list)
{
	free(list->ai_addr);
	free(list);
}

static struct http *
open_http(const char *bundle, bool no_threads)
{
	const struct http_conf conf = {.crypto = &test_crypto,
	    .ca_bundle = bundle,
	    .no_threads = no_threads};
	struct http *h = NULL;

	NEED(http_open(&conf, &h) == ERR_OK, "open");
	return (h);
}

static int64_t
now_ms(void)
{
	return (clock_system.mono_ms(clock_system.ctx));
}

static int64_t waits_ms = SILENT_MS;

static struct http_request
request(const char *url)
{
	return ((struct http_request){.url = url,
	    .headers = VIEW_STR(""),
	    .body = VIEW_STR("{}"),
	    .timeout_ms = waits_ms});
}

static enum err
post(struct http *h, const char *url, struct error_info *error)
{
	struct buf body = BUF_INIT(4096);
	struct http_reply reply = {.body = &body};
	const struct http_request r = request(url);
	struct deadline d = deadline_in(&clock_system, 8000);
	enum err e;

	memset(error, 0, sizeof(*error));
	e = http_post(h, &r, &d, &reply, error);
	buf_free(&body);
	return (e);
}

/* By name, with the server's own port. */
static const char *
named(const struct http_server *s)
{
	static char url[64];

	snprintf(url, sizeof(url), "%.*s" HOST "%s",
	    (int)(strstr(http_server_url(s), "//") + 2 - http_server_url(s)),
	    http_server_url(s), strrchr(http_server_url(s), ':'));
	return (url);
}

static void
test_address(bool no_threads)
{
	static const struct http_step steps[] = {GOOD};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct http *h = open_http(NULL, no_threads);
	struct error_info error;

	set_addresses(GONE, GONE);
	OK(post(h, named(s), &error) == ERR_NETWORK, "nobody is there: %s",
	    error.message);
	set_addresses(THERE, THERE);
	OK(post(h, named(s), &error) == ERR_OK,
	    "the next request goes to the new address: %s", error.message);
	http_close(h);
	http_server_stop(s);
}

/* Within one call: its second try goes to the new address. */
static void
test_one_call(void)
{
	static const struct http_step steps[] = {GOOD};
	const char *bundle;
	SSL_CTX *tls = tls_context("DNS:" HOST, &bundle);
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	struct client *c;
	struct outcome o;

	set_addresses(GONE, THERE);
	test_env(named(s));
	setenv("AWS_CA_BUNDLE", bundle, 1);
	c = test_client(NULL);
	test_post(c, NULL, "Sign", 8000, &o);
	OK(o.err == ERR_OK, "the call is answered: %s", o.error.message);
	OK(answers == 2, "the name was asked for twice");
	client_close(c);
	http_server_stop(s);
	SSL_CTX_free(tls);
}

/* Nothing is answered before as many are asked at once as shall be, or so long
 * that some are lost. */
static struct http_server *crowded;
static atomic_int crowd;

static void
wait_for_crowd(void)
{
	int until = atomic_load(&crowd);

	for (int ms = 0; ms < SILENT_MS; ms++) {
		if (http_server_requests(crowded) >= until)
			break;
		usleep(1000);
	}
}

#define CROWDED                                                     \
	{                                                           \
		.status = 200, .body = "{}", .hook = wait_for_crowd \
	}

struct one {
	pthread_t thread;
	struct http *http;
	enum err err;
	struct error_info error;
};

static void *
post_one(void *arg)
{
	struct one *o = arg;

	o->err = post(o->http, http_server_url(crowded), &o->error);
	return (NULL);
}

/* So many requests at once; how many of them were answered, and the time. */
static int
post_crowd(struct http *h, int64_t *took_ms)
{
	struct one all[AT_ONCE] = {{.http = h}};
	int64_t began = now_ms();
	int good = 0;

	crowd = http_server_requests(crowded) + AT_ONCE;
	for (size_t i = 0; i < AT_ONCE; i++) {
		all[i].http = h;
		NEED(pthread_create(&all[i].thread, NULL, post_one, &all[i]) ==
			 0,
		    "a thread");
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		pthread_join(all[i].thread, NULL);
		good += all[i].err == ERR_OK;
	}
	*took_ms = now_ms() - began;
	return (good);
}

/* Kept connections that lead nowhere cost one request its time, not each. */
static void
test_silence(void)
{
	static const struct http_step steps[] = {CROWDED};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct http *h = open_http(NULL, false);
	struct error_info error;
	int64_t took;

	crowded = s;
	OK(post_crowd(h, &took) == AT_ONCE, "so many at once");
	OK(http_server_connections(s) == AT_ONCE, "on %d connections",
	    http_server_connections(s));
	http_server_silence(s);
	OK(post(h, http_server_url(s), &error) == ERR_NETWORK,
	    "one waits in vain: %s", error.message);
	OK(post_crowd(h, &took) == AT_ONCE && took < QUICK_MS,
	    "and no other: %lld ms", (long long)took);
	http_close(h);
	http_server_stop(s);
}

/* As many requests as that, by one thread; how many were answered. */
static int
post_many(struct http *h, size_t count)
{
	struct buf bodies[AT_ONCE];
	struct http_reply replies[AT_ONCE];
	struct error_info errors[AT_ONCE];
	const struct http_request r = request(http_server_url(crowded));
	struct deadline d = deadline_in(&clock_system, 8000);
	struct http_many *m;
	int good = 0;
	size_t slot, over = 0;
	enum err e;

	crowd = http_server_requests(crowded) + (int)count;
	NEED(http_many_open(h, &d, &m) == ERR_OK, "open");
	for (size_t i = 0; i < count; i++) {
		bodies[i] = (struct buf)BUF_INIT(64);
		replies[i] = (struct http_reply){.body = &bodies[i]};
		NEED(http_many_start(m, i, &r, &d, &replies[i], &errors[i]) ==
			 ERR_OK,
		    "start");
	}
	while (over < count && deadline_left(&d) != 0)
		if (http_many_wait(m, 100, &slot, &e)) {
			over++;
			good += e == ERR_OK;
		}
	http_many_close(m);
	for (size_t i = 0; i < count; i++)
		buf_free(&bodies[i]);
	return (good);
}

static void
test_silence_of_many(void)
{
	static const struct http_step steps[] = {CROWDED};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct http *h = open_http(NULL, false);
	int64_t began;

	crowded = s;
	OK(post_many(h, AT_ONCE) == AT_ONCE, "so many at once");
	http_server_silence(s);
	OK(post_many(h, 1) == 0, "one waits in vain");
	began = now_ms();
	OK(post_many(h, AT_ONCE) == AT_ONCE && now_ms() - began < QUICK_MS,
	    "and no other: %lld ms", (long long)(now_ms() - began));
	http_close(h);
	http_server_stop(s);
}

/* The system gives a connection up when nothing is acknowledged: the request goes
 * on by a new one, and no other waits, whichever kind it is. */
static void
test_silence_until_given_up(bool many)
{
	static const struct http_step steps[] = {CROWDED};
	struct http_server *s = http_server_start(steps, ELEMS(steps), NULL);
	struct http *h = open_http(NULL, false);
	int64_t began, took;

	crowded = s;
	waits_ms = 8000;
	OK(post_crowd(h, &took) == AT_ONCE && post_many(h, AT_ONCE) == AT_ONCE,
	    "so many at once");
	http_server_silence(s);
	began = now_ms();
	OK(many ? post_many(h, 1) == 1 : post_crowd(h, &took) == AT_ONCE,
	    "what was on its way goes on");
	took = now_ms() - began;
	OK(took < 2 * SILENT_MS + QUICK_MS, "by one new connection: %lld ms",
	    (long long)took);
	began = now_ms();
	OK(post_many(h, AT_ONCE) == AT_ONCE && now_ms() - began < QUICK_MS,
	    "no other waits: %lld ms", (long long)(now_ms() - began));
	OK(post_crowd(h, &took) == AT_ONCE && took < QUICK_MS,
	    "nor those one by one: %lld ms", (long long)took);
	waits_ms = SILENT_MS;
	http_close(h);
	http_server_stop(s);
}

/* A server whose host takes no more bytes: what is sent is not acknowledged. */
static void
test_unacknowledged(void)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 1;
	size_t size = 8 * 1024 * 1024;
	uint8_t *bytes = calloc(1, size);
	struct http *h = open_http(NULL, false);
	struct buf body = BUF_INIT(64);
	struct http_reply reply = {.body = &body};
	struct deadline d = deadline_in(&clock_system, 12000);
	struct error_info error;
	struct http_request r;
	int64_t began = now_ms();
	char url[64];
	enum err e;

	NEED(bytes != NULL && fd != -1 &&
		 setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) ==
		     0 &&
		 bind(fd, (struct sockaddr *)&a, len) == 0 &&
		 listen(fd, 1) == 0 &&
		 getsockname(fd, (struct sockaddr *)&a, &len) == 0,
	    "a socket");
	snprintf(url, sizeof(url), "http://" THERE ":%d", ntohs(a.sin_port));
	r = request(url);
	r.timeout_ms = 0;
	r.body = VIEW(bytes, size);
	e = http_post(h, &r, &d, &reply, &error);
	OK(e == ERR_NETWORK && now_ms() - began < 8000,
	    "given up after %lld ms: %s", (long long)(now_ms() - began),
	    error.message);
	buf_free(&body);
	http_close(h);
	close(fd);
	free(bytes);
}

static void
test_bundle(void)
{
	static const struct http_step steps[] = {
	    {.status = 200, .body = "{}", .close = true}};
	const char *bundle;
	SSL_CTX *tls = tls_context("IP:" THERE, &bundle), *renewed;
	struct http_server *s = http_server_start(steps, ELEMS(steps), tls);
	struct http *h = open_http(bundle, false);
	struct error_info error;

	OK(post(h, http_server_url(s), &error) == ERR_OK, "a request: %s",
	    error.message);
	http_server_stop(s);
	renewed = tls_context("IP:" THERE, &bundle);
	s = http_server_start(steps, ELEMS(steps), renewed);
	OK(post(h, http_server_url(s), &error) == ERR_OK,
	    "a bundle that was rewritten is read again: %s", error.message);
	file_write("ca.pem", "half of a");
	OK(post(h, http_server_url(s), &error) == ERR_OK,
	    "one that cannot be read does no harm: %s", error.message);
	http_server_stop(s);
	http_close(h);
	SSL_CTX_free(tls);
	SSL_CTX_free(renewed);
}

/* Some containers keep filters of sockets for the superuser. */
static bool
can_silence(void)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog all = {.len = 1, .filter = &drop};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool can = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &all,
		       sizeof(all)) == 0;

	close(fd);
	return (can);
}

int
main(void)
{
	test_crypto_open();
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("no_proxy");
	test_address(false);
	test_address(true);
	test_one_call();
	if (can_silence()) {
		test_silence();
		test_silence_of_many();
		test_silence_until_given_up(true);
		test_silence_until_given_up(false);
	} else
		tap_skip("this user may not filter sockets", "silence");
	test_unacknowledged();
	test_bundle();
	crypto_close(&test_crypto);
	files_remove();
	return (tap_done());
}
