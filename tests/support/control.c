/* The control address of keyferry-localkms: one plain HTTP request a line. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tap.h"
#include "testenv.h"

#define REPLY_SIZE (64 * 1024)

static int
dial(const char *url)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	const char *port;
	int fd;

	if (url == NULL || (port = strrchr(url, ':')) == NULL)
		return (-1);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)atoi(port + 1));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(fd);
		fd = -1;
	}
	return (fd);
}

static bool
send_all(int fd, const char *s)
{
	size_t left = strlen(s);
	ssize_t n;

	for (; left != 0; left -= (size_t)n, s += n)
		if ((n = write(fd, s, left)) <= 0)
			return (false);
	return (true);
}

/* The reply, head and body, in static memory. */
static const char *
ask(const char *method, const char *path, const char *body)
{
	static char reply[REPLY_SIZE];
	char request[2048];
	size_t n = 0;
	ssize_t got;
	int fd = dial(getenv("KEYFERRY_LOCALKMS_CONTROL"));

	snprintf(request, sizeof(request),
	    "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    method, path, strlen(body));
	if (fd == -1 || !send_all(fd, request) || !send_all(fd, body)) {
		perror("control address");
		tap_bail();
	}
	while ((got = read(fd, reply + n, sizeof(reply) - 1 - n)) > 0)
		n += (size_t)got;
	reply[n] = '\0';
	close(fd);
	if (strncmp(reply, "HTTP/1.1 200", 12) != 0) {
		printf("# %s %s: %s\n", method, path, reply);
		tap_bail();
	}
	return (reply);
}

void
control(const char *method, const char *fmt, ...)
{
	char path[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	(void)ask(method, path, "");
}

void
edit_replies(const char *operation, const char *key, const char *patch)
{
	char path[512];

	snprintf(path, sizeof(path),
	    "/faults?fault=reply&operation=%s&key=%s&count=0", operation,
	    key == NULL ? "" : key);
	(void)ask("POST", path, patch);
}

void
replace_replies(const char *operation, int status, const char *body)
{
	char path[512];

	snprintf(path, sizeof(path),
	    "/faults?fault=body&operation=%s&status=%d&count=0", operation,
	    status);
	(void)ask("POST", path, body);
}

void
faults_clear(void)
{
	control("DELETE", "/faults");
}

bool
faults_are_left(void)
{
	return (strstr(ask("GET", "/faults", ""), "[]") == NULL);
}

unsigned long
calls(const char *operation)
{
	const char *reply = ask("GET", "/counters", ""), *at;
	char name[80];

	snprintf(name, sizeof(name),
	    "\"%s\":", operation != NULL ? operation : "total");
	if ((at = strstr(reply, name)) == NULL)
		return (0);
	return (strtoul(at + strlen(name), NULL, 10));
}

unsigned long
calls_at_once(void)
{
	return (calls("at-once"));
}

void
calls_clear(void)
{
	control("DELETE", "/counters");
}
