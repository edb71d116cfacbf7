#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "program.h"
#include "env.h"

#define POLL_MS 50 /* so often it is seen whether it has ended */
#define KILLED_MS 1000 /* for the end of one that was killed */

enum { OUT, ERR, STREAMS };

/* A child that runs. */
struct run {
	struct program *program;
	pid_t pid;
	int fds[STREAMS]; /* -1: it has closed its end */
	bool ended;
};

/* Neither end is a standard descriptor, so that none is overwritten. */
static bool
pipe_open(int *read_end, int *write_end)
{
	int low[2], high[2] = {-1, -1};

	if (pipe2(low, O_CLOEXEC) == -1)
		return (false);
	high[0] = fcntl(low[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	high[1] = fcntl(low[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(low[0]);
	(void)close(low[1]);
	*read_end = high[0];
	*write_end = high[1];
	return (high[0] != -1 && high[1] != -1 &&
		fcntl(high[0], F_SETFL, O_NONBLOCK) == 0);
}

static bool
actions_set(posix_spawn_file_actions_t *a, const int write_ends[STREAMS])
{
	return (posix_spawn_file_actions_addopen(
		    a, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
		posix_spawn_file_actions_adddup2(
		    a, write_ends[OUT], STDOUT_FILENO) == 0 &&
		posix_spawn_file_actions_adddup2(
		    a, write_ends[ERR], STDERR_FILENO) == 0 &&
		posix_spawn_file_actions_addclosefrom_np(
		    a, STDERR_FILENO + 1) == 0);
}

static bool
attributes_set(posix_spawnattr_t *a)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	return (posix_spawnattr_setsigdefault(a, &all) == 0 &&
		posix_spawnattr_setsigmask(a, &none) == 0 &&
		posix_spawnattr_setflags(
		    a, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) == 0);
}

/* What a child of a set-user-id process is given instead of the environment of
 * whoever started that one. */
static char *const *
environment(char path[64], char home[1024], char *own[3])
{
	struct passwd pw, *found = NULL;
	char text[4096];

	if (!env_is_untrusted())
		return (environ);
	snprintf(path, 64, "PATH=/usr/local/bin:/usr/bin:/bin");
	own[0] = path;
	own[1] = own[2] = NULL;
	if (getpwuid_r(geteuid(), &pw, text, sizeof(text), &found) == 0 &&
	    found != NULL &&
	    snprintf(home, 1024, "HOME=%s", found->pw_dir) < 1024)
		own[1] = home;
	return (own);
}

/* Returns an errno. */
static int
spawn(struct run *r, const int write_ends[STREAMS])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char path[64], home[1024], *own[3];
	char *const *argv = r->program->argv;
	int rc = ENOMEM;

	/* it would be searched for where the starter's PATH says */
	if (env_is_untrusted() && strchr(argv[0], '/') == NULL)
		return (EACCES);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return (ENOMEM);
	if (posix_spawnattr_init(&attributes) != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return (ENOMEM);
	}
	if (actions_set(&actions, write_ends) && attributes_set(&attributes))
		rc = posix_spawnp(&r->pid, argv[0], &actions, &attributes, argv,
		    environment(path, home, own));
	(void)posix_spawnattr_destroy(&attributes);
	(void)posix_spawn_file_actions_destroy(&actions);
	return (rc);
}

/* Takes what a stream has by now. */
static enum err
stream_read(struct run *r, int stream)
{
	struct buf *b = stream == OUT ? r->program->out : r->program->err;
	uint8_t bytes[4096];
	enum err e = ERR_OK;
	ssize_t n = -1;
	size_t room;

	while (r->fds[stream] != -1 && e == ERR_OK &&
	       (n = read(r->fds[stream], bytes, sizeof(bytes))) > 0) {
		room = b->max - b->len;
		if (stream == ERR && (size_t)n > room)
			n = (ssize_t)room;
		e = buf_append(b, VIEW(bytes, (size_t)n));
	}
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		if (r->fds[stream] != -1)
			(void)close(r->fds[stream]);
		r->fds[stream] = -1;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return (e);
}

/* Whether it has ended. The host's handler may have waited for it, or the
 * system itself where SIGCHLD is ignored: then it is nobody's child. */
static bool
has_ended(struct run *r)
{
	int status = 0;
	pid_t pid;

	if (r->ended)
		return (true);
	while (
	    (pid = waitpid(r->pid, &status, WNOHANG)) == -1 && errno == EINTR)
		continue;
	r->ended = pid != 0;
	if (pid == r->pid)
		r->program->status = WIFEXITED(status) ? WEXITSTATUS(status)
						       : 128 + WTERMSIG(status);
	return (r->ended);
}

static void
kill_it(struct run *r)
{
	for (int ms = 0; !has_ended(r) && ms < KILLED_MS; ms++) {
		(void)kill(r->pid, SIGKILL);
		(void)poll(NULL, 0, 1);
	}
}

/* One that has ended may have left a child of its own that keeps its output:
 * that one is not waited for. */
static enum err
wait_for(struct run *r, const struct deadline *d)
{
	struct pollfd p[STREAMS];
	int64_t left, pause;
	enum err e = ERR_OK;
	bool ended = false;

	while (e == ERR_OK && !ended) {
		if ((left = deadline_left(d)) == 0)
			return (ERR_DEADLINE);
		for (int i = 0; i < STREAMS; i++)
			p[i] = (struct pollfd){r->fds[i], POLLIN, 0};
		/* it ends soon after it has closed both */
		pause = r->fds[OUT] != -1 || r->fds[ERR] != -1 ? POLL_MS : 1;
		(void)poll(p, STREAMS, (int)(left < pause ? left : pause));
		ended = has_ended(r); /* before the last of it is read */
		for (int i = 0; i < STREAMS && e == ERR_OK; i++)
			e = stream_read(r, i);
	}
	return (e);
}

enum err
program_run(
    struct program *program, const struct deadline *d, struct error_info *error)
{
	struct run r = {.program = program, .fds = {-1, -1}};
	int write_ends[STREAMS] = {-1, -1}, rc = 0;
	enum err e = ERR_OK;

	program->status = -1;
	if (!pipe_open(&r.fds[OUT], &write_ends[OUT]) ||
	    !pipe_open(&r.fds[ERR], &write_ends[ERR]))
		rc = errno;
	else
		rc = spawn(&r, write_ends);
	for (int i = 0; i < STREAMS; i++)
		if (write_ends[i] != -1)
			(void)close(write_ends[i]);
	if (rc != 0)
		e = error_info_set(
		    error, ERR_CREDS, "%s: %s", program->argv[0], strerror(rc));
	else if ((e = wait_for(&r, d)) != ERR_OK)
		kill_it(&r);
	for (int i = 0; i < STREAMS; i++)
		if (r.fds[i] != -1)
			(void)close(r.fds[i]);
	return (e);
}
