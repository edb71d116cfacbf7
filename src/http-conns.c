#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
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
	return ((struct conns_fd){fd, st.st_dev, st.st_ino, NULL});
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

/* Something waits to be read from fd, or from the other end of it. */
static bool
is_pending(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = 0;

	return ((poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0) ||
		(ioctl(fd, FIONREAD, &n) == 0 && n > 0) ||
		(ioctl(fd, SIOCOUTQ, &n) == 0 && n > 0));
}

/* Those of the numbers that lead to what curl wakes m up by: another thread may
 * have opened something under them meanwhile. False: none of them. */
static bool
wakeup_take(struct conns *c, CURLM *m, const int numbers[2])
{
	bool ours[2], any = false;

	for (size_t i = 0; i < 2; i++)
		ours[i] = numbers[i] != -1 && !is_pending(numbers[i]);
	(void)curl_multi_wakeup(m);
	for (size_t i = 0; i < 2; i++)
		ours[i] = ours[i] && is_pending(numbers[i]);
	(void)curl_multi_poll(m, NULL, 0, 0, NULL); /* takes it back */
	for (size_t i = 0; i < 2; i++)
		if (ours[i] && !is_pending(numbers[i]) &&
		    fcntl(numbers[i], F_SETFD, FD_CLOEXEC) == 0) {
			c->wakeup[i] = fd_note(numbers[i]);
			any = true;
		}
	return (any);
}

/* curl says nowhere which they are; the system gives the lowest free ones. Our
 * own threads keep out of each other's way; the host's take them seldom. */
CURLM *
conns_multi_init(struct conns *c, const struct crypto *crypto)
{
	int numbers[2];
	CURLM *m = NULL;

	pthread_mutex_lock(&crypto->users->descriptors);
	for (size_t tries = 0; tries < 4; tries++) {
		(void)curl_multi_cleanup(m);
		for (size_t i = 0; i < 2; i++)
			numbers[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		for (size_t i = 0; i < 2; i++)
			if (numbers[i] != -1)
				(void)close(numbers[i]);
		if ((m = curl_multi_init()) == NULL ||
		    wakeup_take(c, m, numbers))
			break;
	}
	pthread_mutex_unlock(&crypto->users->descriptors);
	return (m);
}

/* Whoever had that number before has closed it. */
static void
forget(struct conns *c, int fd)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (c->sockets[i].fd == fd)
			c->sockets[i] = none;
}

/* curl's own sockets would be inherited by programs that the host starts, and
 * would wait for minutes where a firewall has forgotten the connection. */
curl_socket_t
conns_open(struct conns *c, const struct curl_sockaddr *a, const void *opener)
{
	int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	unsigned ms = SILENT_MS;

	if (fd != -1)
		(void)setsockopt(
		    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	if (fd == -1)
		return (CURL_SOCKET_BAD);
	forget(c, fd);
	for (size_t i = 0; i < SOCKETS_MAX; i++)
		if (c->sockets[i].fd == -1) {
			c->sockets[i] = fd_note(fd);
			c->sockets[i].opener = opener;
			break;
		}
	return (fd);
}

void
conns_settle(struct conns *c, const void *opener, curl_socket_t kept)
{
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		struct conns_fd *f = &c->sockets[i];

		if (f->fd == -1 || f->opener != opener)
			continue;
		if (f->fd == kept)
			f->opener = NULL;
		else
			*f = none;
	}
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

		if (fd != -1 && fd_look(&c->sockets[i]) == CONNS_FINE &&
		    info_get(fd, &info) && info.tcpi_last_ack_recv >= SILENT_MS)
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
