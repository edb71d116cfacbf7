#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* syslog.h's name is ours too */
enum {
	SYSLOG_ERROR = LOG_ERR,
	SYSLOG_INFO = LOG_INFO,
	SYSLOG_DEBUG = LOG_DEBUG
};
#undef LOG_INFO
#include "copy-text.h"
#include "log.h"
#include "trusted-path.h"

#define LINE_MAX_SIZE 2048

/* Never changes. A host may close all descriptors of the process, and open
 * others that get the same numbers: so it is known what ours leads to. */
struct destination {
	struct destination *before; /* the one that the host has closed */
	int fd;
	dev_t device;
	ino_t inode;
};

struct log {
	enum log_level level;
	char *where; /* NULL: syslog */
	struct destination *to; /* atomic; NULL: syslog, or none yet */
	bool lost; /* a line was, and syslog was told; atomic */
};

static const struct {
	const char *name;
	int priority;
} levels[] = {
    [LOG_OFF] = {"off", SYSLOG_ERROR},
    [LOG_ERROR] = {"error", SYSLOG_ERROR},
    [LOG_INFO] = {"info", SYSLOG_INFO},
    [LOG_TRACE] = {"trace", SYSLOG_DEBUG},
};

/* The level that the first len bytes name; -1: none. */
static int
level_find(const char *word, size_t len)
{
	for (int i = LOG_OFF; i <= LOG_TRACE; i++)
		if (strlen(levels[i].name) == len &&
		    strncmp(word, levels[i].name, len) == 0)
			return (i);
	return (-1);
}

/* A word before the first colon is a level, be it one that there is not. A path
 * with a colon has more than letters before it. */
static bool
spec_read(const char *spec, enum log_level *level, const char **where)
{
	size_t len = strspn(
	    spec, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	int found = level_find(spec, len);

	*level = found != -1 && spec[len] == ':' ? (enum log_level)found
						 : LOG_INFO;
	*where = spec + (spec[len] == ':' ? len + 1 : 0);
	if (spec[len] != ':') /* a level alone says nowhere */
		return (found == -1 || spec[len] != '\0');
	return (found != -1 && **where != '\0');
}

bool
log_spec_is_valid(const char *spec)
{
	enum log_level level;
	const char *where;

	return (spec_read(spec, &level, &where));
}

static bool
is_stderr(const char *where)
{
	return (
	    strcmp(where, "stderr") == 0 || strcmp(where, "/dev/stderr") == 0);
}

/* A descriptor of our own: the host may close or redirect its stderr. */
static enum err
open_destination(const char *where, int *fd, struct error_info *error)
{
	enum err e;

	if (is_stderr(where)) {
		*fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
		e = *fd == -1 ? ERR_FILE : ERR_OK;
	} else {
		e = trusted_open(where, TRUSTED_SINK,
		    O_WRONLY | O_CREAT | O_APPEND, fd, error);
	}
	if (e == ERR_FILE)
		(void)error_info_set(
		    error, e, "%s: %s", where, strerror(errno));
	return (e);
}

static bool
is_open(const struct destination *to)
{
	struct stat st;

	return (to != NULL && fstat(to->fd, &st) == 0 &&
		st.st_dev == to->device && st.st_ino == to->inode);
}

static enum err
destination_new(
    const char *where, struct destination **out, struct error_info *error)
{
	struct destination *to = calloc(1, sizeof(*to));
	struct stat st;
	enum err e;

	if (to == NULL)
		return (ERR_MEMORY);
	if ((e = open_destination(where, &to->fd, error)) != ERR_OK) {
		free(to);
		return (e);
	}
	if (fstat(to->fd, &st) == 0) {
		to->device = st.st_dev;
		to->inode = st.st_ino;
	}
	*out = to;
	return (ERR_OK);
}

/* What is in use; opened, by one thread of several, where the host has closed
 * it or where it could not be before: a server that was root when it began may
 * be the log's owner by now. NULL: that cannot be done. */
static struct destination *
destination_get(struct log *l)
{
	struct destination *to = __atomic_load_n(&l->to, __ATOMIC_ACQUIRE);
	struct destination *again = NULL;
	struct error_info error = {.status = 0};

	if (is_open(to))
		return (to);
	if (destination_new(l->where, &again, &error) != ERR_OK)
		return (NULL);
	again->before = to;
	if (__atomic_compare_exchange_n(
		&l->to, &to, again, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return (again);
	(void)close(again->fd);
	free(again);
	return (to);
}

/* No call fails because its log does: syslog is told, and that is all. */
static enum err
give_up(enum err e, const char *why)
{
	syslog(LOG_USER | SYSLOG_ERROR,
	    "keyferry: the log cannot be opened, so lines are lost: %s", why);
	return (e);
}

enum err
log_open(const char *spec, struct log **out)
{
	struct error_info error = {.status = 0};
	struct log *l;
	enum log_level level;
	enum err e = ERR_OK;

	*out = NULL;
	if (spec == NULL || spec[0] == '\0')
		return (ERR_OK);
	if (!spec_read(spec, &level, &spec))
		return (give_up(ERR_CONFIG,
		    "it is not " LOG_SPEC_VALUES ": see log in "
		    "keyferry.conf(5)"));
	if (level == LOG_OFF)
		return (ERR_OK);
	if ((l = malloc(sizeof(*l))) == NULL)
		return (ERR_MEMORY);
	*l = (struct log){.level = level};
	if (strcmp(spec, "syslog") != 0 &&
	    (l->where = copy_text(spec)) == NULL) {
		free(l);
		return (ERR_MEMORY);
	}
	if (l->where != NULL)
		e = destination_new(l->where, &l->to, &error);
	if (e != ERR_OK)
		(void)give_up(e, error.message);
	l->lost = e != ERR_OK;
	if (e == ERR_MEMORY || (e != ERR_OK && is_stderr(l->where))) {
		free(l->where);
		free(l);
		return (e);
	}
	*out = l;
	return (e);
}

int
log_enabled(const struct log *l, enum log_level level)
{
	return (l != NULL && level != LOG_OFF && level <= l->level);
}

/* A service's text must not end the line or drive a terminal. */
static void
printable(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

/* Writes without the signals that would end the host when a reader has gone or
 * a file may not grow. False, with errno: not all was written. */
static bool
write_quietly(int fd, const char *line, size_t len)
{
	static const struct timespec now = {0, 0};
	sigset_t set, before, pending;
	bool whole, was_pipe, was_size;
	int saved;
	ssize_t n;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	(void)sigaddset(&set, SIGXFSZ);
	(void)sigpending(&pending);
	was_pipe = sigismember(&pending, SIGPIPE) == 1;
	was_size = sigismember(&pending, SIGXFSZ) == 1;
	(void)pthread_sigmask(SIG_BLOCK, &set, &before);
	while ((n = write(fd, line, len)) == -1 && errno == EINTR)
		continue;
	saved = errno;
	whole = n == (ssize_t)len;
	if (was_pipe)
		(void)sigdelset(&set, SIGPIPE);
	if (was_size)
		(void)sigdelset(&set, SIGXFSZ);
	if (!whole)
		(void)sigtimedwait(&set, NULL, &now);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return (whole);
}

/* One write a line: threads and processes do not mix theirs. */
static bool
line_write(struct log *l, enum log_level level, const char *text)
{
	const struct destination *to = destination_get(l);
	char line[LINE_MAX_SIZE + 128], when[32];
	struct timespec now = {0, 0};
	struct tm tm;
	int n;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	memset(&tm, 0, sizeof(tm));
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(line, sizeof(line), "%s.%03dZ keyferry[%ld] %s: %s\n",
	    when, (int)(now.tv_nsec / 1000000), (long)getpid(),
	    levels[level].name, text);
	return (
	    n <= 0 || (to != NULL && write_quietly(to->fd, line, (size_t)n)));
}

void
log_line(struct log *l, enum log_level level, const char *fmt, ...)
{
	char text[LINE_MAX_SIZE];
	int saved = errno;
	va_list ap;

	if (!log_enabled(l, level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printable(text);
	if (l->where == NULL)
		syslog(LOG_USER | levels[level].priority, "keyferry: %s", text);
	else if (!line_write(l, level, text) &&
		 !__atomic_exchange_n(&l->lost, true, __ATOMIC_RELAXED))
		syslog(LOG_USER | levels[level].priority,
		    "keyferry: the log cannot be written (%s), so more lines "
		    "may be lost: %s",
		    strerror(errno), text);
	errno = saved;
}

void
log_close(struct log *l)
{
	struct destination *to;

	if (l == NULL)
		return;
	if (is_open(l->to))
		(void)close(l->to->fd);
	while ((to = l->to) != NULL) {
		l->to = to->before;
		free(to);
	}
	free(l->where);
	free(l);
}
