#include <stdarg.h>
#include <stdio.h>
#include "base/text.h"
#include "message/exception.h"

static const struct {
	const char *name;
	int status;
} rows[EXCEPTION_COUNT] = {
#define X(code, name_, status_) [EXCEPTION_##code] = {name_, status_},
    EXCEPTION_ROWS(X)
#undef X
};

bool
exception_set(
    struct exception *e, enum exception_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->name = rows[kind].name;
	e->status = rows[kind].status;
	va_start(ap, fmt);
	vsnprintf(e->message, sizeof(e->message), fmt, ap);
	va_end(ap);
	text_trim_utf8(e->message);
	return (false);
}

const char *
exception_name(enum exception_kind kind)
{
	return (rows[kind].name);
}
