#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "http-conns.h"

static const struct conns_fd none = {.fd = -1};

void
conns_init(struct conns *c)
{
	*c = (struct conns){.wakeup = {none, none}};
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		c->sockets[i] = none;
}

void
conns_free(struct conns *c)
{
	curl_slist_free_all(c->resolve);
	c->resolve = NULL;
}

static struct conns_fd
fd_note(int fd)
{
	struct stat st;

	if (fd == -1 || fstat(fd, &st) != 0)
		return (none);
	return ((struct conns_fd){fd, st.st_dev, st.st_ino});
}

static enum conns_state
fd_look(const struct conns_fd *f)
{
	struct conns_fd now = fd_note(f->fd);

	if (f->fd == -1 ||
	    (now.fd != -1 && now.device == f->device && now.inode == f->inode))
		return (CONNS_FINE);
	return (now.fd == -1 ? CONNS_CLOSED : CONNS_TAKEN);
}

/* In a child of the child's it is not there any more. */
static void
fd_abandon(struct conns_fd *f)
{
	if (f->fd != -1 && fd_look(f) == CONNS_FINE)
		(void)close(f->fd);
	*f = none;
}

void
conns_abandon(struct conns *c)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		fd_abandon(&c->sockets[i]);
	fd_abandon(&c->wakeup[0]);
	fd_abandon(&c->wakeup[1]);
}

enum conns_state
conns_look(const struct conns *c)
{
	enum conns_state worst = fd_look(&c->wakeup[0]), one;

	if ((one = fd_look(&c->wakeup[1])) > worst)
		worst = one;
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if ((one = fd_look(&c->sockets[i])) > worst)
			worst = one;
	return (worst);
}

/* What curl has just opened under a number that was free a moment ago. It does
 * not wait on them, and they lead nowhere outside the process: a socket that
 * does was opened by another thread meanwhile. */
static struct conns_fd
wakeup_take(int fd)
{
	int flags = fd != -1 ? fcntl(fd, F_GETFL) : -1;
	int domain = AF_UNIX;
	socklen_t size = sizeof(domain);

	if (flags == -1 || (flags & O_NONBLOCK) == 0)
		return (none);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	    domain != AF_UNIX)
		return (none);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return (none);
	return (fd_note(fd));
}

/* curl says nowhere which they are; the system gives the lowest free ones. */
CURLM *
conns_multi_init(struct conns *c)
{
	int first = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int second = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CURLM *m;

	if (second != -1)
		(void)close(second);
	if (first != -1)
		(void)close(first);
	if ((m = curl_multi_init()) != NULL) {
		c->wakeup[0] = wakeup_take(first);
		c->wakeup[1] = wakeup_take(second);
	}
	return (m);
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
		if (c->sockets[i].fd == -1) {
			c->sockets[i] = fd_note(fd);
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

	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		int fd = c->sockets[i].fd;

		if (fd != -1 && info_get(fd, &info) &&
		    info.tcpi_last_ack_recv >= SILENT_MS)
			(void)shutdown(fd, SHUT_RDWR);
	}
}

int
conns_close(void *conns, curl_socket_t fd)
{
	struct conns *c = conns;
	enum conns_state state = CONNS_FINE;

	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (c->sockets[i].fd == fd) {
			state = fd_look(&c->sockets[i]);
			c->sockets[i] = none;
		}
	if (state != CONNS_FINE)
		return (0); /* the host has closed it */
	if (is_lost(fd))
		shut_silent(c);
	return (close(fd));
}
