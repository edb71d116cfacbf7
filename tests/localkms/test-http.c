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
#include "local.h"
#include "server.h"
#include "service.h"
#include "tap.h"

#define MANY 200
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
say(int fd, const char *text)
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

#define REQUEST                                        \
	"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: " \
	"TrentService.ListKeys\r\nContent-Length: 2\r\n\r\n{}"

/* An unsigned request is answered with an error, and so shows life. */
static bool
lives(int fd)
{
	char text[2048];

	say(fd, REQUEST);
	hear(fd, text, sizeof(text));
	return (strstr(text, "MissingAuthenticationToken") != NULL &&
		strstr(text, "x-amzn-RequestId: ") != NULL);
}

static void
test_bad(const struct server *s)
{
	char text[2048];
	int fd = dial(s);

	say(fd, "POST / HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 1073741824\r\n\r\n");
	hear(fd, text, sizeof(text));
	OK(strncmp(text, "HTTP/1.1 413", 12) == 0, "a body of 1 GB");
	close(fd);
	fd = dial(s);
	say(fd, "\x16\x03\x01nonsense\r\n\r\n");
	hear(fd, text, sizeof(text));
	OK(strncmp(text, "HTTP/1.1 200", 12) != 0, "what is no HTTP");
	close(fd);
	fd = dial(s);
	say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	hear(fd, text, sizeof(text));
	OK(strstr(text, "UnknownOperationException") != NULL,
	    "what is no request to KMS");
	close(fd);
}

static void
test_many(const struct server *s)
{
	int fds[MANY], half[MANY / 4];
	size_t alive = 0;

	for (size_t i = 0; i < MANY / 4; i++) {
		half[i] = dial(s);
		say(half[i], "POST / HTTP/1.1\r\nContent-Le");
	}
	for (size_t i = 0; i < MANY; i++)
		fds[i] = dial(s);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < MANY; i++)
			alive += lives(fds[i]);
	OK(alive == 2 * MANY,
	    "%d connections are served, twice each, beside %d half-open ones",
	    MANY, MANY / 4);
	for (size_t i = 0; i < MANY; i++)
		close(fds[i]);
	for (size_t i = 0; i < MANY / 4; i++)
		close(half[i]);
}

static void
test_faults(struct local *l, const struct server *s)
{
	static const char *const kinds[] = {
	    "cut-before", "cut-after", "cut-reply"};
	char text[2048], query[64];
	int fd, other;

	for (size_t i = 0; i < 3; i++) {
		snprintf(query, sizeof(query), "fault=%s", kinds[i]);
		NEED(
		    local_control(l, "POST", "/faults", query), "%s", kinds[i]);
		fd = dial(s);
		say(fd, REQUEST);
		hear(fd, text, sizeof(text));
		OK(strchr(text, '}') == NULL && (text[0] != '\0') == (i == 2),
		    "the answer does not come, or not whole");
		close(fd);
		fd = dial(s);
		OK(lives(fd), "the next one does");
		close(fd);
	}
	NEED(local_control(l, "POST", "/faults", "fault=too-large&size=100000"),
	    "too-large");
	fd = dial(s);
	say(fd, REQUEST);
	hear(fd, text, sizeof(text));
	OK(strstr(text, "Content-Length: 100000\r\n") != NULL,
	    "the answer is long");
	close(fd);
	NEED(local_control(l, "POST", "/faults", "fault=hang"), "hang");
	fd = dial(s);
	say(fd, REQUEST);
	other = dial(s);
	say(other, REQUEST);
	/* whichever of the two is met by the fault, the other is answered */
	struct pollfd both[] = {{fd, POLLIN, 0}, {other, POLLIN, 0}};
	OK(poll(both, 2, 20000) == 1, "one that hangs holds up no other");
	close(other);
	close(fd);
}

int
main(void)
{
	struct rlimit files = {4096, 4096};
	struct server_conf conf = {.address = "127.0.0.1:0",
	    .connections = 1000,
	    .body_max = 65536,
	    .answer = answer};
	struct server *s = NULL;
	struct local l;
	char why[256];

	(void)setrlimit(RLIMIT_NOFILE, &files);
	local_open(&l);
	conf.ctx = &l.service;
	NEED(server_start(&conf, &s, why, sizeof(why)), "a server");
	test_bad(s);
	test_many(s);
	test_faults(&l, s);
	server_stop(s);
	local_close(&l);
	return (tap_done());
}
