#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include "client-env.h"
#include "tap.h"

struct crypto test_crypto;

void
test_crypto_open(void)
{
	NEED(crypto_open(&test_crypto, &(struct crypto_setup){0}, NULL) ==
		 ERR_OK,
	    "library context");
}

static int64_t
mono_ms(void *ctx)
{
	struct test_clock *t = ctx;

	return (clock_system.mono_ms(NULL) + t->slept_ms);
}

static int64_t
wall_ms(void *ctx)
{
	struct test_clock *t = ctx;

	return (clock_system.wall_ms(NULL) + t->slept_ms + t->wrong_ms);
}

static void
sleep_ms(void *ctx, int64_t ms)
{
	struct test_clock *t = ctx;

	t->slept_ms += ms;
	t->sleeps++;
}

void
test_clock_init(struct test_clock *t)
{
	memset(t, 0, sizeof(*t));
	t->clock = (struct clock){mono_ms, wall_ms, sleep_ms, t, NULL};
}

void
test_env(const char *url)
{
	clearenv();
	setenv("AWS_REGION", "eu-west-1", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_ENDPOINT_URL_KMS", url, 1);
	setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
}

struct client *
test_client(const struct clock *clock)
{
	struct client_conf conf = {.crypto = &test_crypto,
	    .clock = clock != NULL ? clock : &clock_system};
	struct client *c = NULL;
	struct error_info error;

	if (client_open(&conf, &c, &error) != ERR_OK)
		NEED(false, "client: %s", error.message);
	return (c);
}

void
test_post(struct client *c, const struct clock *clock, const char *operation,
    int64_t ms, struct outcome *o)
{
	const struct transport *t = client_transport(c);
	struct deadline d = deadline_in(
	    clock != NULL ? clock : &clock_system, ms);
	struct buf reply = BUF_INIT(sizeof(o->reply) - 1);

	memset(&o->error, 0, sizeof(o->error));
	o->err = t->post(
	    t->ctx, operation, VIEW_STR("{}"), &d, &reply, &o->error);
	if (reply.len != 0)
		memcpy(o->reply, reply.ptr, reply.len);
	o->reply[reply.len] = '\0';
	buf_free(&reply);
}

const char *
test_header(const char *request, const char *name)
{
	static char value[4096];
	const char *line = request;
	size_t n = strlen(name), len;

	value[0] = '\0';
	while ((line = strstr(line, "\r\n")) != NULL &&
	       strncmp(line, "\r\n\r\n", 4) != 0) {
		line += 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		line += n + 1 + strspn(line + n + 1, " ");
		len = strcspn(line, "\r");
		if (len < sizeof(value)) {
			memcpy(value, line, len);
			value[len] = '\0';
		}
		break;
	}
	return (value);
}

struct test_sockets
test_sockets(const char *url)
{
	int port = atoi(strrchr(url, ':') + 1);
	struct test_sockets n = {0, 0};
	struct sockaddr_in a;
	struct dirent *e;
	DIR *d = opendir("/proc/self/fd");
	socklen_t len;
	int fd;

	while (d != NULL && (e = readdir(d)) != NULL) {
		fd = atoi(e->d_name);
		len = sizeof(a);
		if (getpeername(fd, (struct sockaddr *)&a, &len) != 0 ||
		    a.sin_family != AF_INET || ntohs(a.sin_port) != port)
			continue;
		n.open++;
		n.inherited += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
	}
	if (d != NULL)
		closedir(d);
	return (n);
}

bool
test_child(pid_t pid)
{
	int status = 0;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return (false);
	if (status != 0)
		printf("# the child's status: 0x%x\n", status);
	return (status == 0);
}
