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

/* The reply, head and body, in static memory. */
static const char *
ask(const char *method, const char *path)
{
	static char reply[REPLY_SIZE];
	char request[2048];
	size_t n = 0;
	ssize_t got;
	int fd = dial(getenv("KEYFERRY_LOCALKMS_CONTROL"));

	snprintf(request, sizeof(request),
	    "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	    "Content-Length: 0\r\n\r\n",
	    method, path);
	if (fd == -1 || write(fd, request, strlen(request)) == -1) {
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
	(void)ask(method, path);
}

unsigned long
calls(const char *operation)
{
	const char *reply = ask("GET", "/counters"), *at;
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
