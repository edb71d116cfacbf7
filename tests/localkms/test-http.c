/* The HTTP server: many connections, bad ones, and those that are cut off on
 * request. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "localkms.h"
#include "http/server.h"
#include "service/service.h"
#include "tap.h"

#define MANY 1000
#define FLOOD_MAX (64u * 1024 * 1024)
#define WAIT_MS 20000

static void
answer(void *ctx, const struct web_request *q, struct web_reply *r)
{
	service_answer(ctx, q, r);
}

static int
dial(const struct server *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_port = htons((uint16_t)atoi(strrchr(server_address(s), ':') + 1));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1)
		tap_bail();
	return (fd);
}

static void
print(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* What comes until the connection ends, or until there is enough. */
static size_t
hear(int fd, char *out, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0;
	ssize_t got;

	while (n + 1 < size && poll(&p, 1, WAIT_MS) == 1 &&
	       (got = read(fd, out + n, size - 1 - n)) > 0) {
		n += (size_t)got;
		out[n] = '\0';
		if (strstr(out, "\r\n\r\n") != NULL && strchr(out, '}') != NULL)
			break;
	}
	out[n] = '\0';
	return (n);
}

#define START                                          \
	"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: " \
	"TrentService.ListKeys\r\n"
#define REQUEST                                        \
	"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: " \
	"TrentService.ListKeys\r\nContent-Length: 2\r\n\r\n{}"

/* An unsigned request is answered with an error, and so shows life. */
static bool
lives(int fd)
{
	char text[2048];

	print(fd, REQUEST);
	hear(fd, text, sizeof(text));
	return (strstr(text, "MissingAuthenticationToken") != NULL &&
		strstr(text, "x-amzn-RequestId: ") != NULL);
}

static void
test_bad(const struct server *s)
{
	char text[2048];
	int fd = dial(s);

	print(fd, "POST / HTTP/1.1\r\nHost: x\r\n"
		  "Content-Length: 1073741824\r\n\r\n");
	hear(fd, text, sizeof(text));
	OK(strncmp(text, "HTTP/1.1 413", 12) == 0, "a body of 1 GB");
	close(fd);
	fd = dial(s);
	print(fd, "\x16\x03\x01nonsense\r\n\r\n");
	hear(fd, text, sizeof(text));
	OK(strncmp(text, "HTTP/1.1 200", 12) != 0, "what is no HTTP");
	close(fd);
	fd = dial(s);
	print(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	hear(fd, text, sizeof(text));
	OK(strstr(text, "UnknownOperationException") != NULL,
	    "what is no request to KMS");
	close(fd);
}

/* clang-format off */
/* What is not HTTP, or not as it should be: an error of AWS's or of HTTP's, or
 * the end of the connection, and never a success. */
static const char *const garbage[] = {
	"",
	"\r\n\r\n",
	"GET /\r\n\r\n", /* HTTP/0.9 */
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"POST  HTTP/1.1\r\n\r\n",
	"POST / HTTP/9.9\r\nHost: x\r\n\r\n",
	"POST / HTTP/1.1\r\n\r\n", /* no Host */
	"POST / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
	"POST / HTTP/1.1\r\nHost\r\n\r\n",
	"POST /%zz%00?%zz HTTP/1.1\r\nHost: x\r\n\r\n",
	START "Content-Length: abc\r\n\r\n{}",
	START "Content-Length: -1\r\n\r\n{}",
	START "Content-Length: 99999999999999999999999\r\n\r\n{}",
	START "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
	START "Content-Length: 50\r\n\r\n{}", /* and then nothing */
	START "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
	START "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
	START "Transfer-Encoding: chunked\r\n\r\n2\r\n{}",
	START "Transfer-Encoding: gzip\r\n\r\n{}",
	START "Expect: nonsense\r\nContent-Length: 2\r\n\r\n{}",
	START "Authorization:\r\nContent-Length: 2\r\n\r\n{}",
	START "Authorization: AWS4-HMAC-SHA256 Credential=////, "
	    "SignedHeaders=;;;, Signature=\r\nContent-Length: 2\r\n\r\n{}",
	START "Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, "
	    "SignedHeaders=host, Signature=0\r\nX-Amz-Date: 2026\r\n"
	    "Content-Length: 2\r\n\r\n{}",
	START "Authorization: Basic eDp5\r\nContent-Length: 2\r\n\r\n{}",
	"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: TrentService.\r\n"
	    "Content-Length: 2\r\n\r\n{}",
	"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: \xff\xfe\r\n"
	    "Content-Length: 2\r\n\r\n{}",
	"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "
	    "application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n"
	    "Action=%%",
};
/* clang-format on */

static void
test_garbage(const struct server *s)
{
	static char many[256 * 1024];
	char text[2048];
	size_t n = 0;
	int fd;

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		fd = dial(s);
		print(fd, garbage[i]);
		shutdown(fd, SHUT_WR);
		hear(fd, text, sizeof(text));
		OK(text[0] == '\0' || strncmp(text, "HTTP/1.1 4", 10) == 0 ||
			strncmp(text, "HTTP/1.1 5", 10) == 0,
		    "garbage %zu: %.12s", i, text);
		close(fd);
	}
	/* more headers than anyone sends, and a longer one */
	for (int long_one = 0; long_one < 2; long_one++) {
		n = (size_t)sprintf(many, "%s", START);
		while (n < sizeof(many) - 64)
			n += (size_t)sprintf(many + n,
			    long_one ? "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				     : "X-Header-%zu: y\r\n",
			    n);
		snprintf(many + n, sizeof(many) - n, "\r\n\r\n");
		fd = dial(s);
		print(fd, many);
		shutdown(fd, SHUT_WR);
		hear(fd, text, sizeof(text));
		OK(strncmp(text, "HTTP/1.1 2", 10) != 0, "256 KB of headers");
		close(fd);
	}
	fd = dial(s);
	OK(lives(fd), "after all of it the server lives");
	close(fd);
}

/* Requests that do not wait for answers get them in their order. */
static void
test_pipeline(const struct server *s)
{
	char text[8192];
	const char *at = text;
	struct pollfd p = {.events = POLLIN};
	size_t n = 0, answers;
	ssize_t got;

	p.fd = dial(s);
	print(
	    p.fd, REQUEST REQUEST "GET /x HTTP/1.1\r\nHost: x\r\n\r\n" REQUEST);
	shutdown(p.fd, SHUT_WR);
	while (n + 1 < sizeof(text) && poll(&p, 1, WAIT_MS) == 1 &&
	       (got = read(p.fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	for (answers = 0; (at = strstr(at, "\"__type\":\"")) != NULL; answers++)
		if (strncmp(at += 10,
			answers == 2 ? "UnknownOp" : "MissingAuth", 9) != 0)
			break;
	OK(answers == 4, "four requests in one piece: %zu answers", answers);
	close(p.fd);
}

static long
peak_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return (kib);
}

/* A body without end and without a length. */
static void
test_flood(const struct server *s)
{
	static char chunk[65536 + 16];
	size_t sent = 0;
	long before = peak_kib();
	int fd = dial(s);

	memset(chunk, 'x', sizeof(chunk));
	memcpy(chunk, "10000\r\n", 7);
	memcpy(chunk + 7 + 65536, "\r\n", 2);
	print(fd, START "Transfer-Encoding: chunked\r\n\r\n");
	while (sent < FLOOD_MAX &&
	       send(fd, chunk, 65536 + 9, MSG_NOSIGNAL) == (ssize_t)(65536 + 9))
		sent += 65536;
	OK(sent < FLOOD_MAX, "a body without end is cut off, after %zu KiB",
	    sent / 1024);
	OK(peak_kib() - before < 32 * 1024, "and not kept: %ld KiB",
	    peak_kib() - before);
	close(fd);
}

/* A body that comes byte by byte does not hold a connection for ever. */
static void
test_drip(const struct server *s)
{
	struct pollfd p = {.events = POLLIN | POLLHUP};
	size_t n = 0;

	p.fd = dial(s);
	print(p.fd, START "Content-Length: 10000\r\n\r\n");
	do
		print(p.fd, "x");
	while (poll(&p, 1, 100) == 0 && ++n < 200);
	OK(n < 200, "cut off after %zu bytes", n);
	close(p.fd);
}

static void
test_many(const struct server *s)
{
	int fds[MANY], half[MANY / 20];
	size_t alive = 0;

	for (size_t i = 0; i < MANY / 20; i++) {
		half[i] = dial(s);
		print(half[i], "POST / HTTP/1.1\r\nContent-Le");
	}
	for (size_t i = 0; i < MANY; i++)
		fds[i] = dial(s);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < MANY; i++)
			alive += lives(fds[i]);
	OK(alive == 2 * MANY,
	    "%d connections are served, twice each, beside %d half-open ones",
	    MANY, MANY / 20);
	for (size_t i = 0; i < MANY; i++)
		close(fds[i]);
	for (size_t i = 0; i < MANY / 20; i++)
		close(half[i]);
}

static void
test_faults(struct localkms *l, const struct server *s)
{
	static const char *const kinds[] = {
	    "cut-before", "cut-after", "cut-reply"};
	char text[2048], query[64];
	int fd, other;

	for (size_t i = 0; i < 3; i++) {
		snprintf(query, sizeof(query), "fault=%s", kinds[i]);
		NEED(localkms_control(l, "POST", "/faults", query), "%s",
		    kinds[i]);
		fd = dial(s);
		print(fd, REQUEST);
		hear(fd, text, sizeof(text));
		OK(strchr(text, '}') == NULL && (text[0] != '\0') == (i == 2),
		    "the answer does not come, or not whole");
		close(fd);
		fd = dial(s);
		OK(lives(fd), "the next one does");
		close(fd);
	}
	NEED(localkms_control(
		 l, "POST", "/faults", "fault=too-large&size=100000"),
	    "too-large");
	fd = dial(s);
	print(fd, REQUEST);
	hear(fd, text, sizeof(text));
	OK(strstr(text, "Content-Length: 100000\r\n") != NULL,
	    "the answer is long");
	close(fd);
	NEED(localkms_control(l, "POST", "/faults", "fault=hang"), "hang");
	fd = dial(s);
	print(fd, REQUEST);
	other = dial(s);
	print(other, REQUEST);
	/* whichever of the two is met by the fault, the other is answered */
	struct pollfd both[] = {{fd, POLLIN, 0}, {other, POLLIN, 0}};
	OK(poll(both, 2, 20000) == 1, "one that hangs holds up no other");
	close(other);
	close(fd);
}

int
main(void)
{
	struct rlimit files = {8192, 8192};
	struct server_conf conf = {.address = "127.0.0.1:0",
	    .connections = 1100,
	    .body_seconds = 2,
	    .body_max = 65536,
	    .answer = answer};
	struct server *s = NULL;
	struct localkms l;
	char why[256];

	(void)setrlimit(RLIMIT_NOFILE, &files);
	localkms_open(&l);
	conf.ctx = &l.service;
	NEED(server_start(&conf, &s, why, sizeof(why)), "a server");
	test_bad(s);
	test_garbage(s);
	test_pipeline(s);
	test_flood(s);
	test_drip(s);
	test_many(s);
	test_faults(&l, s);
	server_stop(s);
	localkms_close(&l);
	return (tap_done());
}
