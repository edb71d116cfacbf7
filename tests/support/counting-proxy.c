#include <arpa/inet.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <unistd.h>
#include "counting-proxy.h"
#include "tap.h"
#include "testenv.h"

#define CONNECTIONS 512

/* Seen by both processes. */
static struct counts {
	atomic_size_t connections;
	atomic_size_t bytes[CONNECTIONS];
} * counts;

/* The KMS's address, and the proxy's end of each connection. */
static struct sockaddr_in kms;
static int clients[CONNECTIONS], servers[CONNECTIONS];

static void
pass(int from, int to, atomic_size_t *bytes)
{
	char data[16 * 1024];
	ssize_t n = read(from, data, sizeof(data));

	if (n <= 0) {
		shutdown(to, SHUT_WR);
		shutdown(from, SHUT_RD);
		return;
	}
	if (bytes != NULL)
		atomic_fetch_add(bytes, (size_t)n);
	for (ssize_t done = 0, m; done < n; done += m)
		if ((m = write(to, data + done, (size_t)(n - done))) <= 0)
			return;
}

static void
take(int listener)
{
	size_t i = atomic_load(&counts->connections);
	int fd = accept(listener, NULL, NULL);

	if (fd == -1 || i == CONNECTIONS)
		_exit(1);
	clients[i] = fd;
	servers[i] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(servers[i], (struct sockaddr *)&kms, sizeof(kms)) != 0)
		_exit(1);
	atomic_store(&counts->connections, i + 1);
}

static void
serve(int listener)
{
	struct pollfd p[1 + 2 * CONNECTIONS];
	size_t n;

	for (;;) {
		n = atomic_load(&counts->connections);
		p[0] = (struct pollfd){.fd = listener, .events = POLLIN};
		for (size_t i = 0; i < n; i++) {
			p[1 + 2 * i] = (struct pollfd){
			    .fd = clients[i], .events = POLLIN};
			p[2 + 2 * i] = (struct pollfd){
			    .fd = servers[i], .events = POLLIN};
		}
		if (poll(p, 1 + 2 * n, -1) == -1)
			continue;
		for (size_t i = 0; i < n; i++) {
			if (p[1 + 2 * i].revents != 0)
				pass(clients[i], servers[i], &counts->bytes[i]);
			if (p[2 + 2 * i].revents != 0)
				pass(servers[i], clients[i], NULL);
			/* both ends are done when both have hung up */
			if ((p[1 + 2 * i].revents & POLLHUP) &&
			    (p[2 + 2 * i].revents & POLLHUP))
				clients[i] = servers[i] = -1;
		}
		if (p[0].revents != 0)
			take(listener);
	}
}

static struct sockaddr_in
loopback(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET};

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)port);
	return (a);
}

void
proxy_start(void)
{
	struct sockaddr_in own = loopback(0);
	socklen_t len = sizeof(own);
	char url[64];
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	kms = loopback((unsigned)atoi(strrchr(testenv_address(), ':') + 1));
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	NEED(counts != MAP_FAILED &&
		 bind(listener, (struct sockaddr *)&own, len) == 0 &&
		 listen(listener, CONNECTIONS) == 0 &&
		 getsockname(listener, (struct sockaddr *)&own, &len) == 0,
	    "a proxy");
	fflush(stdout);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		serve(listener);
	}
	close(listener);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u",
	    (unsigned)ntohs(own.sin_port));
	setenv("AWS_ENDPOINT_URL_KMS", url, 1);
}

size_t
proxy_connections(void)
{
	return (atomic_load(&counts->connections));
}

size_t
proxy_bytes(size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += atomic_load(&counts->bytes[i]);
	return (sum);
}
