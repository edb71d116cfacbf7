#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
#include "log.h"

#define LINE_MAX_SIZE 2048

struct log {
	enum log_level level;
	int fd; /* -1: syslog */
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

/* Takes "LEVEL:" off the front of *spec. A path with a colon stays whole. */
static enum log_level
level_take(const char **spec)
{
	size_t i, n;

	for (i = LOG_OFF; i <= LOG_TRACE; i++) {
		n = strlen(levels[i].name);
		if (strncmp(*spec, levels[i].name, n) == 0 &&
		    (*spec)[n] == ':') {
			*spec += n + 1;
			return ((enum log_level)i);
		}
	}
	return (LOG_INFO);
}

/* A descriptor of our own: the host may close or redirect its stderr. */
static int
where_open(const char *where)
{
	if (strcmp(where, "stderr") == 0)
		return (fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
	return (open(
	    where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
}

enum err
log_open(const char *spec, struct log **out)
{
	struct log *l;
	enum log_level level;

	*out = NULL;
	if (spec == NULL || spec[0] == '\0')
		return (ERR_OK);
	level = level_take(&spec);
	if (spec[0] == '\0')
		return (ERR_CONFIG);
	if (level == LOG_OFF)
		return (ERR_OK);
	if ((l = malloc(sizeof(*l))) == NULL)
		return (ERR_MEMORY);
	*l = (struct log){level, -1};
	if (strcmp(spec, "syslog") != 0 && (l->fd = where_open(spec)) == -1) {
		free(l);
		return (ERR_FILE);
	}
	*out = l;
	return (ERR_OK);
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

static void
line_write(int fd, enum log_level level, const char *text)
{
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
	/* one write a line: threads and processes do not mix theirs */
	if (n > 0)
		while (write(fd, line, (size_t)n) == -1 && errno == EINTR)
			continue;
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
	if (l->fd == -1)
		syslog(LOG_USER | levels[level].priority, "keyferry: %s", text);
	else
		line_write(l->fd, level, text);
	errno = saved;
}

void
log_close(struct log *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		(void)close(l->fd);
	free(l);
}
