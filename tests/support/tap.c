#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "tap.h"

static int count, failed;

bool
tap_ok(
    bool ok, const char *cond, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ", ++count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (!ok) {
		failed++;
		printf("# %s:%d: %s\n", file, line, cond);
	}
	fflush(stdout);
	return (ok);
}

void
tap_skip(const char *why, const char *what)
{
	printf("ok %d - %s # SKIP %s\n", ++count, what, why);
}

void
tap_bail(void)
{
	printf("Bail out! see the check above\n");
	exit(1);
}

int
tap_done(void)
{
	printf("1..%d\n", count);
	return (failed != 0);
}
