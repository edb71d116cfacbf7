/*
 * relay PORT TO: passes on what comes to 127.0.0.1:PORT to 127.0.0.1:TO, and back.
 * At SIGUSR1 the connections that there are go silent, as when a firewall has
 * forgotten them: what the client sends is not even acknowledged. New ones work.
 */
#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 512

/* fd[0] is the client's end, fd[1] the server's; -1: closed, or silent. */
static struct connection {
	int fd[2];
} connections[CONNECTIONS_MAX];
static volatile sig_atomic_t asked;

static void
ask(int number)
{
	(void)number;
	asked = 1;
}

static struct sockaddr_in
loopback(const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)atoi(port));
	return (a);
}

/* The sockets stay open: whoever closes one says so to the other end. */
static void
silence(void)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog all = {.len = 1, .filter = &drop};
	size_t n = 0;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *c = &connections[i];

		if (c->fd[0] == -1)
			continue;
		if (setsockopt(c->fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &all,
			sizeof(all)) != 0) {
			perror("SO_ATTACH_FILTER");
			exit(1);
		}
		*c = (struct connection){{-1, -1}};
		n++;
	}
	printf("%zu silent\n", n);
	fflush(stdout);
}

static void
hang_up(struct connection *c)
{
	close(c->fd[0]);
	close(c->fd[1]);
	*c = (struct connection){{-1, -1}};
}

static void
take(int listener, const char *to)
{
	struct sockaddr_in server = loopback(to);
	int client = accept(listener, NULL, NULL);
	struct connection *c = connections;

	if (client == -1)
		return;
	while (c < connections + CONNECTIONS_MAX && c->fd[0] != -1)
		c++;
	if (c == connections + CONNECTIONS_MAX) {
		close(client);
		return;
	}
	*c = (struct connection){{client, socket(AF_INET, SOCK_STREAM, 0)}};
	if (connect(c->fd[1], (struct sockaddr *)&server, sizeof(server)) != 0)
		hang_up(c);
}

static bool
pass(int from, int to)
{
	char data[16 * 1024];
	ssize_t n = read(from, data, sizeof(data)), done = 0, m = 0;

	for (; n > 0 && done < n && m != -1; done += m)
		m = write(to, data + done, (size_t)(n - done));
	return (n > 0 && m != -1);
}

static void
serve(int listener, const char *to)
{
	struct pollfd p[1 + 2 * CONNECTIONS_MAX];

	p[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (;;) {
		for (size_t i = 0; i < 2 * CONNECTIONS_MAX; i++)
			p[1 + i] = (struct pollfd){
			    .fd = connections[i / 2].fd[i % 2],
			    .events = POLLIN};
		if (poll(p, sizeof(p) / sizeof(p[0]), -1) == -1) {
			if (asked)
				silence();
			asked = 0;
			continue;
		}
		for (size_t i = 0; i < 2 * CONNECTIONS_MAX; i++) {
			struct connection *c = &connections[i / 2];

			if (p[1 + i].revents != 0 && c->fd[0] != -1 &&
			    !pass(c->fd[i % 2], c->fd[1 - i % 2]))
				hang_up(c);
		}
		if (p[0].revents != 0)
			take(listener, to);
	}
}

int
main(int argc, char **argv)
{
	struct sigaction on_ask = {.sa_handler = ask};
	struct sockaddr_in own;
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (argc != 3)
		return (2);
	own = loopback(argv[1]);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		connections[i] = (struct connection){{-1, -1}};
	sigaction(SIGUSR1, &on_ask, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) !=
		0 ||
	    bind(listener, (struct sockaddr *)&own, sizeof(own)) != 0 ||
	    listen(listener, CONNECTIONS_MAX) != 0) {
		perror("relay");
		return (1);
	}
	serve(listener, argv[2]);
}
