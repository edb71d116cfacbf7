#ifndef LOG_H
#define LOG_H
#include <stdbool.h>
#include "err.h"

/*
 * Where failures are told, one line each. Silent unless asked: nothing is
 * ever written to stdout, and to stderr only when configured. Thread-safe.
 */
enum log_level {
	LOG_OFF,
	LOG_ERROR, /* a call failed, and what to do about it */
	LOG_INFO, /* a decision that a user may wonder about */
	LOG_TRACE, /* each call and each request */
};

struct log;

/*
 * spec is "[LEVEL:]WHERE": LEVEL error, info or trace (default info); WHERE
 * "stderr", "syslog" or the path of a file, which is created with mode 0600
 * and appended to, if nobody else can change it (trusted-path.h). NULL or "" is
 * silent. ERR_CONFIG, ERR_FILE, ERR_UNTRUSTED: syslog has been told why, and
 * the caller goes on. *out is NULL then, or a file's log that each line tries
 * to open again. ERR_MEMORY.
 */
#define LOG_SPEC_VALUES \
	"[error:|info:|trace:] and stderr, syslog or the path of a file"
bool log_spec_is_valid(const char *spec);
enum err log_open(const char *spec, struct log **out);
/* log may be NULL. Never pass a secret. The line's end is added. The first line
 * that cannot be written goes to syslog, with the reason. */
void log_line(struct log *, enum log_level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether a line of that level would be written. */
int log_enabled(const struct log *, enum log_level);
void log_close(struct log *);
#endif
