#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <microhttpd.h>
#include "http/server.h"

#define IDLE_SECONDS 60
#define TICK_MS 50
#define QUERY_MAX 4096
#define BACKLOG 1024

struct server {
	struct server_conf conf;
	struct MHD_Daemon *daemon;
	char address[128];
	pthread_mutex_t lock;
	pthread_cond_t stopping;
	bool stop;
};

/* One request and its answer. */
struct exchange {
	char query[QUERY_MAX];
	bool begun;
	time_t since;
	struct buf body;
	struct web_request request;
	struct web_reply reply;
};

static time_t
monotonic(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (t.tv_sec);
}

/* Called before anything else; only here is the query still as it was sent. */
static void *
on_uri(void *ctx, const char *uri, struct MHD_Connection *con)
{
	struct exchange *x = calloc(1, sizeof(*x));
	const char *query = strchr(uri, '?');

	(void)ctx;
	(void)con;
	if (x == NULL)
		return (NULL);
	x->since = monotonic();
	if (query != NULL)
		snprintf(x->query, sizeof(x->query), "%s", query + 1);
	return (x);
}

static void
on_completed(void *ctx, struct MHD_Connection *con, void **slot,
    enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *slot;

	(void)ctx;
	(void)con;
	(void)why;
	if (x == NULL)
		return;
	buf_free(&x->body);
	buf_free(&x->reply.body);
	free(x);
	*slot = NULL;
}

static enum MHD_Result
on_header(
    void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct web_request *q = ctx;

	(void)kind;
	if (q->header_count < WEB_HEADERS_MAX)
		q->headers[q->header_count++] = (struct web_header){
		    name, value == NULL ? "" : value};
	return (MHD_YES);
}

/* Whether the client has hung up. */
static bool
is_gone(struct MHD_Connection *con)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    con, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd p = {.events = POLLRDHUP};

	if (info == NULL)
		return (true);
	p.fd = info->connect_fd;
	return (poll(&p, 1, 0) > 0);
}

/* Waits; ms -1: until the server stops or the client is gone, which both end
 * the wait and return false. */
static bool
wait_before_reply(struct server *s, struct MHD_Connection *con, int64_t ms)
{
	struct timespec t;
	bool on = true;

	pthread_mutex_lock(&s->lock);
	while (ms != 0 && on) {
		int64_t tick = ms > 0 && ms < TICK_MS ? ms : TICK_MS;

		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += (long)tick * 1000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		if (!s->stop)
			(void)pthread_cond_timedwait(
			    &s->stopping, &s->lock, &t);
		if (ms > 0)
			ms -= tick;
		on = !s->stop && !is_gone(con);
	}
	pthread_mutex_unlock(&s->lock);
	return (on);
}

/* Sends the first half of a body and closes the connection. */
static ssize_t
read_half(void *ctx, uint64_t at, char *to, size_t most)
{
	const struct exchange *x = ctx;
	size_t half = x->reply.body.len / 2, n;

	if (at >= half)
		return (MHD_CONTENT_READER_END_WITH_ERROR);
	n = half - (size_t)at;
	n = n < most ? n : most;
	memcpy(to, x->reply.body.ptr + at, n);
	return ((ssize_t)n);
}

static struct MHD_Response *
respond(struct exchange *x)
{
	struct web_reply *r = &x->reply;
	struct MHD_Response *m;
	char date[64];
	time_t t = (time_t)r->date;
	struct tm tm;

	m = r->delivery == WEB_HALF
		? MHD_create_response_from_callback(
		      r->body.len, 512, read_half, x, NULL)
		: MHD_create_response_from_buffer(
		      r->body.len, r->body.ptr, MHD_RESPMEM_PERSISTENT);
	if (m == NULL)
		return (NULL);
	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	(void)MHD_add_response_header(m, "Date", date);
	(void)MHD_add_response_header(m, "Content-Type", r->content_type);
	if (r->request_id[0] != '\0')
		(void)MHD_add_response_header(
		    m, "x-amzn-RequestId", r->request_id);
	return (m);
}

static enum MHD_Result
send_reply(struct server *s, struct MHD_Connection *con, struct exchange *x)
{
	struct web_reply *r = &x->reply;
	struct MHD_Response *m;
	enum MHD_Result ok;

	if (r->delivery == WEB_HANG)
		(void)wait_before_reply(s, con, -1);
	else if (r->delay_ms > 0 && !wait_before_reply(s, con, r->delay_ms))
		return (MHD_NO);
	if (r->delivery == WEB_HANG || r->delivery == WEB_CLOSE ||
	    (m = respond(x)) == NULL)
		return (MHD_NO);
	ok = MHD_queue_response(con, (unsigned)r->status, m);
	MHD_destroy_response(m);
	return (ok);
}

static enum MHD_Result
refuse_large(struct server *s, struct MHD_Connection *con, struct exchange *x)
{
	x->reply.status = MHD_HTTP_CONTENT_TOO_LARGE;
	x->reply.content_type = "application/x-amz-json-1.1";
	x->reply.date = time(NULL);
	(void)buf_puts(
	    &x->reply.body, "{\"__type\":\"RequestEntityTooLargeException\"}");
	return (send_reply(s, con, x));
}

static enum MHD_Result
begin(struct server *s, struct MHD_Connection *con, struct exchange *x)
{
	const char *length = MHD_lookup_connection_value(
	    con, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	x->begun = true;
	x->body.max = s->conf.body_max;
	x->reply.body.max = WEB_BODY_MAX;
	x->request.query = x->query;
	if (length != NULL && strtoull(length, NULL, 10) > s->conf.body_max)
		return (refuse_large(s, con, x));
	return (MHD_YES);
}

static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *con, const char *url,
    const char *method, const char *version, const char *data, size_t *size,
    void **slot)
{
	struct server *s = ctx;
	struct exchange *x = *slot;
	enum MHD_Result ok;

	(void)version;
	if (x == NULL)
		return (MHD_NO);
	if (!x->begun)
		return (begin(s, con, x));
	if (*size != 0) {
		/* a body without a length that grows too long, or that does
		 * not end: no answer can be given while it still comes */
		if (monotonic() - x->since > s->conf.body_seconds ||
		    buf_append(&x->body, VIEW(data, *size)) != ERR_OK)
			return (MHD_NO);
		*size = 0;
		return (MHD_YES);
	}
	x->request.method = method;
	x->request.path = url;
	x->request.body = buf_view(&x->body);
	(void)MHD_get_connection_values(
	    con, MHD_HEADER_KIND, on_header, &x->request);
	s->conf.answer(s->conf.ctx, &x->request, &x->reply);
	ok = send_reply(s, con, x);
	if (s->conf.answered != NULL)
		s->conf.answered(s->conf.ctx);
	return (ok);
}

bool
server_host(const char *address, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - address);

	if (colon == NULL)
		return (false);
	if (len >= 2 && address[0] == '[' && colon[-1] == ']') {
		address++;
		len -= 2;
	}
	if (len >= size)
		return (false);
	memcpy(host, address, len);
	host[len] = '\0';
	*port = colon + 1;
	return (true);
}

/* Listens on "HOST:PORT"; -1: why says what is wrong. */
static int
listen_on(const struct server_conf *conf, char *why, size_t size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *ai = NULL;
	char host[SERVER_HOST_SIZE];
	const char *port;
	int fd = -1, on = 1;

	snprintf(why, size, "%s: not HOST:PORT, HOST an address in numbers",
	    conf->address);
	if (!server_host(conf->address, host, sizeof(host), &port))
		return (-1);
	if (conf->loopback_only && strncmp(host, "127.", 4) != 0 &&
	    strcmp(host, "::1") != 0) {
		snprintf(
		    why, size, "%s: not a loopback address", conf->address);
		return (-1);
	}
	if (getaddrinfo(host, port, &hints, &ai) != 0)
		return (-1);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		snprintf(why, size, "%s: %s", conf->address, strerror(errno));
		if (fd != -1)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	return (fd);
}

/* The address that a client connects to, also if the server listens on all
 * addresses. */
static void
name_address(struct server *s, int fd)
{
	struct sockaddr_storage a = {0};
	socklen_t len = sizeof(a);
	char host[64] = "127.0.0.1", port[8] = "0";

	if (getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		(void)getnameinfo((struct sockaddr *)&a, len, host,
		    sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	if (strcmp(host, "0.0.0.0") == 0)
		snprintf(host, sizeof(host), "127.0.0.1");
	if (strcmp(host, "::") == 0)
		snprintf(host, sizeof(host), "::1");
	snprintf(s->address, sizeof(s->address),
	    strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
}

static struct MHD_Daemon *
start_daemon(struct server *s, int fd)
{
	const struct server_conf *conf = &s->conf;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD |
			 MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
			 MHD_USE_ITC | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
	char *key = NULL, *certificate = NULL;
	struct MHD_Daemon *d = NULL;

	if (conf->certificate == NULL)
		tls[0].option = MHD_OPTION_END;
	else {
		flags |= MHD_USE_TLS;
		key = strdup(conf->key);
		certificate = strdup(conf->certificate);
		tls[0].ptr_value = key;
		tls[1].ptr_value = certificate;
	}
	if (conf->certificate == NULL || (key != NULL && certificate != NULL))
		d = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
		    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED,
		    on_completed, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_uri,
		    NULL, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
		    MHD_OPTION_CONNECTION_LIMIT, conf->connections,
		    MHD_OPTION_THREAD_STACK_SIZE, (size_t)(512 * 1024),
		    MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	free(key); /* parsed by now */
	free(certificate);
	return (d);
}

bool
server_start(
    const struct server_conf *conf, struct server **out, char *why, size_t size)
{
	struct server *s = calloc(1, sizeof(*s));
	int fd;

	snprintf(why, size, "out of memory");
	if (s == NULL)
		return (false);
	s->conf = *conf;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->stopping, NULL);
	if ((fd = listen_on(conf, why, size)) == -1)
		goto out;
	name_address(s, fd);
	if ((s->daemon = start_daemon(s, fd)) == NULL) {
		snprintf(why, size, "%s: the server cannot be started",
		    conf->address);
		close(fd);
		goto out;
	}
	*out = s;
	return (true);
out:
	server_stop(s);
	return (false);
}

const char *
server_address(const struct server *s)
{
	return (s->address);
}

void
server_stop(struct server *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->stopping);
	pthread_mutex_unlock(&s->lock);
	if (s->daemon != NULL)
		MHD_stop_daemon(s->daemon);
	pthread_cond_destroy(&s->stopping);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
