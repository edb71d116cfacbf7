#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"
#include "log.h"
#include "tap.h"

#define THREADS 4
#define LINES 200

static char text[1024 * 1024];

/* In the place of the system's: what was said last, and how often. */
static char told[4096];
static int times;

static void
tell(const char *fmt, va_list ap)
{
	(void)vsnprintf(told, sizeof(told), fmt, ap);
	times++;
}

void syslog(int priority, const char *fmt, ...);
void
syslog(int priority, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	va_start(ap, fmt);
	tell(fmt, ap);
	va_end(ap);
}

void __syslog_chk(int priority, int flag, const char *fmt, ...);
void
__syslog_chk(int priority, int flag, const char *fmt, ...)
{
	va_list ap;

	(void)priority;
	(void)flag;
	va_start(ap, fmt);
	tell(fmt, ap);
	va_end(ap);
}

/* The file's contents, in static memory. */
static const char *
contents(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd == -1 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd != -1)
		(void)close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return (text);
}

static void
test_levels(void)
{
	static const struct {
		const char *prefix;
		bool error, info, trace;
	} rows[] = {
	    {"", true, true, false},
	    {"error:", true, false, false},
	    {"info:", true, true, false},
	    {"trace:", true, true, true},
	    {"off:", false, false, false},
	};
	char path[128], spec[160];
	struct log *l;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s", file_write("l", ""));
		(void)snprintf(
		    spec, sizeof(spec), "%s%s", rows[i].prefix, path);
		NEED(log_open(spec, &l) == ERR_OK, "\"%s\"", rows[i].prefix);
		log_line(l, LOG_ERROR, "an %s", "error");
		log_line(l, LOG_INFO, "information");
		log_line(l, LOG_TRACE, "a trace");
		OK((strstr(contents(path), "error: an error\n") != NULL) ==
			    rows[i].error &&
			(strstr(text, "info: information\n") != NULL) ==
			    rows[i].info &&
			(strstr(text, "trace: a trace\n") != NULL) ==
			    rows[i].trace,
		    "\"%s\" writes its levels", rows[i].prefix);
		OK(!log_enabled(l, LOG_TRACE) == !rows[i].trace &&
			!log_enabled(l, LOG_ERROR) == !rows[i].error,
		    "and says so before");
		log_close(l);
	}
}

static void
test_where(void)
{
	struct log *l = NULL;
	struct stat st;
	char path[160];

	OK(log_open(NULL, &l) == ERR_OK && l == NULL &&
		log_open("", &l) == ERR_OK && l == NULL,
	    "silent unless asked");
	log_line(NULL, LOG_ERROR, "to nowhere");
	OK(!log_enabled(NULL, LOG_ERROR), "a log that is not there");
	OK(log_open("error:", &l) == ERR_CONFIG &&
		log_open("info", &l) == ERR_CONFIG,
	    "a level and nothing else");
	OK(log_open("debug:stderr", &l) == ERR_CONFIG &&
		log_open("Info:syslog", &l) == ERR_CONFIG && l == NULL,
	    "a level that there is not");
	OK(strstr(told, "error:|info:|trace:") != NULL,
	    "syslog has those that there are: %s", told);
	OK(log_open("/nonexistent/log", &l) == ERR_FILE, "no such folder");
	log_close(l);
	(void)snprintf(path, sizeof(path), "%s:a", file_write("m", ""));
	NEED(log_open(path, &l) == ERR_OK, "a path with a colon");
	OK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode 0600");
	log_line(l, LOG_INFO, "two\nlines\x1b[2J and %s", "\r\n");
	OK(strchr(contents(path), '\n') == text + strlen(text) - 1 &&
		strchr(text, '\x1b') == NULL,
	    "one call, one line, whatever is in it");
	log_close(l);
	NEED(log_open(path, &l) == ERR_OK, "opened again");
	log_line(l, LOG_INFO, "more");
	OK(strstr(contents(path), "lines") != NULL &&
		strstr(text, "more") != NULL,
	    "it is appended to");
	log_close(l);
	(void)unlink(path);
}

static void
test_stderr(void)
{
	const char *path = file_write("e", "");
	int fd = open(path, O_WRONLY), kept = dup(STDERR_FILENO);
	struct log *l = NULL;

	(void)dup2(fd, STDERR_FILENO);
	(void)close(fd);
	NEED(log_open("stderr", &l) == ERR_OK, "stderr");
	log_line(l, LOG_ERROR, "seen");
	log_close(l);
	(void)dup2(kept, STDERR_FILENO);
	(void)close(kept);
	OK(strstr(contents(path), "seen") != NULL, "is written to");
}

/* A log that cannot be opened or written says so to syslog, once. */
static void
test_lost(void)
{
	int fds[2], kept = dup(STDERR_FILENO);
	struct log *l = NULL;
	char path[160];

	times = 0;
	OK(log_open("/nonexistent/log", &l) == ERR_FILE && times == 1 &&
		strstr(told, "/nonexistent/log: No such") != NULL,
	    "a log that cannot be opened is told to syslog");
	log_line(l, LOG_ERROR, "a line");
	OK(times == 1, "and nothing more is");
	log_close(l);
	(void)snprintf(path, sizeof(path), "%s", file_write("w", ""));
	(void)chmod(path, 0666);
	OK(log_open(path, &l) == ERR_UNTRUSTED && times == 2 &&
		strstr(told, path) != NULL,
	    "nor is a file used that others can write");
	log_line(l, LOG_ERROR, "not there");
	OK(contents(path)[0] == '\0', "nor written");
	(void)chmod(path, 0600);
	log_line(l, LOG_ERROR, "now");
	log_line(l, LOG_ERROR, "and then");
	OK(strstr(contents(path), "now") != NULL &&
		strstr(text, "and then") != NULL && times == 2,
	    "until they cannot");
	log_close(l);
	(void)close(STDERR_FILENO);
	OK(log_open("stderr", &l) == ERR_FILE && l == NULL && times == 3,
	    "stderr that is closed");
	(void)dup2(kept, STDERR_FILENO);
	NEED(log_open("/dev/full", &l) == ERR_OK, "a device that is full");
	log_line(l, LOG_ERROR, "first");
	log_line(l, LOG_ERROR, "second");
	OK(times == 4 && strstr(told, "first") != NULL &&
		strstr(told, "No space") != NULL,
	    "the first line that is lost goes to syslog, with the reason");
	log_close(l);
	NEED(pipe(fds) == 0, "a pipe");
	(void)dup2(fds[1], STDERR_FILENO);
	NEED(log_open("stderr", &l) == ERR_OK, "that stderr is");
	(void)close(fds[0]);
	log_line(l, LOG_ERROR, "nobody reads this");
	(void)dup2(kept, STDERR_FILENO);
	(void)close(kept);
	(void)close(fds[1]);
	OK(times == 5 && strstr(told, "nobody reads") != NULL,
	    "a reader that has gone ends nobody");
	log_close(l);
}

static void *
work(void *arg)
{
	for (int i = 0; i < LINES; i++)
		log_line(arg, LOG_INFO, "begin %0*d end", 500, i);
	return (NULL);
}

static void
test_threads(void)
{
	const char *path = file_write("t", "");
	struct log *l = NULL;
	pthread_t t[THREADS];
	char *line, *rest;
	int whole = 0;

	NEED(log_open(path, &l) == ERR_OK, "a log for threads");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, work, l) != 0)
			tap_bail();
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	log_close(l);
	(void)contents(path);
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		whole += strstr(line, ": begin 0") != NULL &&
			 strcmp(line + strlen(line) - 4, " end") == 0 &&
			 strstr(strstr(line, "begin") + 1, "begin") == NULL;
	OK(whole == THREADS * LINES, "%d whole lines of %d threads", whole,
	    THREADS);
}

int
main(void)
{
	test_levels();
	test_where();
	test_stderr();
	test_lost();
	test_threads();
	files_remove();
	return (tap_done());
}
