#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "http-conns.h"

void
conns_init(struct conns *c)
{
	*c = (struct conns){.resolve = NULL};
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		c->sockets[i] = -1;
}

void
conns_free(struct conns *c)
{
	curl_slist_free_all(c->resolve);
	c->resolve = NULL;
}

void
conns_abandon(struct conns *c)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (c->sockets[i] != -1) {
			(void)close(c->sockets[i]);
			c->sockets[i] = -1; /* a child of the child's, too */
		}
}

/* curl's own sockets would be inherited by programs that the host starts, and
 * would wait for minutes where a firewall has forgotten the connection. */
curl_socket_t
conns_open(struct conns *c, const struct curl_sockaddr *a)
{
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	unsigned ms = SILENT_MS;

	if (fd != -1)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	for (size_t i = 0; fd != -1 && i < SOCKETS_MAX; i++)
		if (c->sockets[i] == -1) {
			c->sockets[i] = fd;
			break;
		}
	return (fd == -1 ? CURL_SOCKET_BAD : fd);
}

static bool
info_get(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return (getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len) == 0);
}

/* The system has given it up, because what was sent, or asked while it was
 * idle, was never acknowledged. */
static bool
is_lost(int fd)
{
	struct tcp_info info;

	return (info_get(fd, &info) && info.tcpi_state == TCP_CLOSE &&
		(info.tcpi_retransmits != 0 || info.tcpi_probes != 0));
}

/* curl sends the request of a lost connection once more by itself, and would
 * do it by each of the others in turn: they are lost, too. Those that have been
 * heard of meanwhile stay. */
static void
shut_silent(const struct conns *c)
{
	struct tcp_info info;

	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (c->sockets[i] != -1 && info_get(c->sockets[i], &info) &&
		    info.tcpi_last_ack_recv >= SILENT_MS)
			(void)shutdown(c->sockets[i], SHUT_RDWR);
}

int
conns_close(void *conns, curl_socket_t fd)
{
	struct conns *c = conns;

	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (c->sockets[i] == fd)
			c->sockets[i] = -1;
	if (is_lost(fd))
		shut_silent(c);
	return (close(fd));
}
