#include <arpa/inet.h>
#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include "http-server.h"
#include "tap.h"

#define KEPT 64
#define CONNS_MAX 512
#define REQUEST_MAX 65536

struct conn {
	struct http_server *server;
	pthread_t thread;
	int index; /* in the server's conns */
	int fd;
	SSL *ssl;
	char in[REQUEST_MAX];
	size_t len;
	size_t number; /* of the last request, over all connections */
	char body[REQUEST_MAX]; /* of the last request */
};

struct http_server {
	const struct http_step *steps;
	size_t step_count;
	SSL_CTX *tls;
	int fd;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	bool stopping;
	struct conn *conns[CONNS_MAX];
	int conn_count, request_count;
	int silent_count; /* the first so many are silent */
	size_t bytes;
	char *kept[KEPT];
};

static ssize_t
conn_read(struct conn *c, char *to, size_t n)
{
	return (c->ssl != NULL ? SSL_read(c->ssl, to, (int)n)
			       : recv(c->fd, to, n, 0));
}

static void
conn_write(struct conn *c, const char *s, size_t n)
{
	ssize_t done;

	for (; n > 0; s += done, n -= (size_t)done) {
		done = c->ssl != NULL ? SSL_write(c->ssl, s, (int)n)
				      : send(c->fd, s, n, MSG_NOSIGNAL);
		if (done <= 0)
			return;
	}
}

/* Length of the request at the start of in, 0 while it is not whole. */
static size_t
request_len(const struct conn *c)
{
	const char *end, *line;
	size_t body = 0, head;

	if ((end = memmem(c->in, c->len, "\r\n\r\n", 4)) == NULL)
		return (0);
	head = (size_t)(end - c->in) + 4;
	for (line = c->in; line < end; line = strstr(line, "\r\n") + 2)
		if (strncasecmp(line, "content-length:", 15) == 0)
			body = strtoul(line + 15, NULL, 10);
	return (c->len >= head + body ? head + body : 0);
}

/* Swallows what comes from now on. */
static void
drain(struct conn *c)
{
	char bytes[256];

	while (conn_read(c, bytes, sizeof(bytes)) > 0)
		continue;
}

static bool
is_silent(struct conn *c)
{
	bool yes;

	pthread_mutex_lock(&c->server->lock);
	yes = c->index < c->server->silent_count;
	pthread_mutex_unlock(&c->server->lock);
	return (yes);
}

/* Reads one request; false when the connection is over. */
static bool
request_read(struct conn *c)
{
	struct http_server *s = c->server;
	const char *body;
	size_t n;
	ssize_t got;

	while ((n = request_len(c)) == 0) {
		got = conn_read(c, c->in + c->len, sizeof(c->in) - 1 - c->len);
		if (got <= 0)
			return (false);
		if (is_silent(c)) {
			drain(c);
			return (false);
		}
		pthread_mutex_lock(&s->lock);
		s->bytes += (size_t)got;
		pthread_mutex_unlock(&s->lock);
		c->len += (size_t)got;
		c->in[c->len] = '\0';
	}
	pthread_mutex_lock(&s->lock);
	c->number = (size_t)s->request_count++;
	if (c->number < KEPT)
		s->kept[c->number] = strndup(c->in, n);
	pthread_mutex_unlock(&s->lock);
	body = strstr(c->in, "\r\n\r\n") + 4;
	(void)snprintf(
	    c->body, sizeof(c->body), "%.*s", (int)(c->in + n - body), body);
	memmove(c->in, c->in + n, c->len - n + 1);
	c->len -= n;
	return (true);
}

static const struct http_step *
step_of(const struct conn *c)
{
	const struct http_server *s = c->server;

	return (&s->steps[c->number < s->step_count ? c->number
						    : s->step_count - 1]);
}

/* False when the step ends the connection. */
static bool
step_do(struct conn *c, const struct http_step *step)
{
	const char *body = step->echo		? c->body
			   : step->body != NULL ? step->body
						: "";
	char head[1024];

	if (step->hook != NULL)
		step->hook();
	if (step->hang) {
		drain(c);
		return (false);
	}
	if (step->raw != NULL)
		conn_write(c, step->raw, strlen(step->raw));
	if (step->status == 0)
		return (false);
	(void)snprintf(head, sizeof(head),
	    "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n%s\r\n", step->status,
	    strlen(body), step->headers != NULL ? step->headers : "");
	conn_write(c, head, strlen(head));
	conn_write(c, body, strlen(body));
	return (!step->close);
}

static void *
conn_run(void *arg)
{
	struct conn *c = arg;
	sigset_t pipe;

	/* of this thread only: the client must not need it */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	if (c->server->tls != NULL) {
		c->ssl = SSL_new(c->server->tls);
		SSL_set_fd(c->ssl, c->fd);
		if (SSL_accept(c->ssl) != 1)
			goto out;
	}
	while (request_read(c) && step_do(c, step_of(c)))
		continue;
out:
	SSL_free(c->ssl);
	shutdown(c->fd, SHUT_RDWR);
	return (NULL);
}

static void *
accept_run(void *arg)
{
	struct http_server *s = arg;
	struct conn *c;
	int fd, one = 1;

	while ((fd = accept(s->fd, NULL, NULL)) != -1) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		c = calloc(1, sizeof(*c));
		pthread_mutex_lock(&s->lock);
		if (c == NULL || s->conn_count == CONNS_MAX)
			abort();
		c->server = s;
		c->fd = fd;
		c->index = s->conn_count;
		s->conns[s->conn_count++] = c;
		if (pthread_create(&c->thread, NULL, conn_run, c) != 0)
			abort();
		pthread_mutex_unlock(&s->lock);
	}
	return (NULL);
}

static struct http_server *
start(const struct http_step *steps, size_t count, SSL_CTX *tls,
    struct sockaddr *a, socklen_t len)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->fd = socket(a->sa_family, SOCK_STREAM, 0)) == -1 ||
	    bind(s->fd, a, len) != 0 || listen(s->fd, 128) != 0 ||
	    getsockname(s->fd, a, &len) != 0)
		tap_bail();
	s->steps = steps;
	s->step_count = count;
	s->tls = tls;
	pthread_mutex_init(&s->lock, NULL);
	if (pthread_create(&s->thread, NULL, accept_run, s) != 0)
		tap_bail();
	return (s);
}

struct http_server *
http_server_start(const struct http_step *steps, size_t count, SSL_CTX *tls)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http_server *s = start(
	    steps, count, tls, (struct sockaddr *)&a, sizeof(a));

	(void)snprintf(s->url, sizeof(s->url), "%s://127.0.0.1:%d",
	    tls != NULL ? "https" : "http", ntohs(a.sin_port));
	return (s);
}

struct http_server *
http_server_start_ipv6(
    const struct http_step *steps, size_t count, const char *address, int port)
{
	struct sockaddr_in6 a = {
	    .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct http_server *s;

	if (inet_pton(AF_INET6, address, &a.sin6_addr) != 1)
		tap_bail();
	s = start(steps, count, NULL, (struct sockaddr *)&a, sizeof(a));
	(void)snprintf(s->url, sizeof(s->url), "http://[%s]:%d", address,
	    ntohs(a.sin6_port));
	return (s);
}

const char *
http_server_url(const struct http_server *s)
{
	return (s->url);
}

int
http_server_requests(struct http_server *s)
{
	int n;

	pthread_mutex_lock(&s->lock);
	n = s->request_count;
	pthread_mutex_unlock(&s->lock);
	return (n);
}

int
http_server_connections(struct http_server *s)
{
	int n;

	pthread_mutex_lock(&s->lock);
	n = s->conn_count;
	pthread_mutex_unlock(&s->lock);
	return (n);
}

size_t
http_server_bytes(struct http_server *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->bytes;
	pthread_mutex_unlock(&s->lock);
	return (n);
}

const char *
http_server_request(struct http_server *s, int i)
{
	const char *p;

	pthread_mutex_lock(&s->lock);
	p = i < KEPT && i < s->request_count ? s->kept[i] : NULL;
	pthread_mutex_unlock(&s->lock);
	return (p != NULL ? p : "");
}

void
http_server_silence(struct http_server *s)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog all = {.len = 1, .filter = &drop};

	pthread_mutex_lock(&s->lock);
	for (int i = s->silent_count; i < s->conn_count; i++)
		if (setsockopt(s->conns[i]->fd, SOL_SOCKET, SO_ATTACH_FILTER,
			&all, sizeof(all)) != 0)
			tap_bail();
	s->silent_count = s->conn_count;
	pthread_mutex_unlock(&s->lock);
}

void
http_server_stop(struct http_server *s)
{
	int i;

	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	for (i = 0; i < s->conn_count; i++) {
		shutdown(s->conns[i]->fd, SHUT_RDWR);
		pthread_join(s->conns[i]->thread, NULL);
		close(s->conns[i]->fd);
		free(s->conns[i]);
	}
	for (i = 0; i < KEPT; i++)
		free(s->kept[i]);
	close(s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
