#ifndef REPORT_H
#define REPORT_H
#include <stdbool.h>

/* What `keyferry doctor` found: one line each, or one element of JSON. */
enum report_status {
	REPORT_OK,
	REPORT_NOTE, /* worth knowing */
	REPORT_NOT_PROBED, /* nothing tells without doing it */
	REPORT_FAILED,
};

struct report {
	bool json;
	bool quiet; /* only what failed, on standard error */
	unsigned lines, failures;
};

void report_begin(struct report *, bool json, bool quiet);
/*
 * token: NULL for what is of no token. advice: what to do, or NULL. check: what
 * was looked at: "endpoint".
 */
void report_line(struct report *, const char *token, const char *check,
    enum report_status, const char *advice, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
void report_end(struct report *);
#endif
