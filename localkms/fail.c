#include <stdarg.h>
#include <stdio.h>
#include "fail.h"

static const struct {
	const char *name;
	int status;
} rows[FAIL_COUNT] = {
#define X(code, name_, status_) [FAIL_##code] = {name_, status_},
    FAIL_ROWS(X)
#undef X
};

bool
fail(struct failure *f, enum fail kind, const char *fmt, ...)
{
	va_list ap;

	f->kind = kind;
	f->name = rows[kind].name;
	f->status = rows[kind].status;
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
	return (false);
}

const char *
fail_name(enum fail kind)
{
	return (rows[kind].name);
}

int
fail_status(enum fail kind)
{
	return (rows[kind].status);
}
