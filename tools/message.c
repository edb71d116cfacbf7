#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "message.h"
#include "text.h"

static void
say(const char *before, const char *fmt, va_list ap)
{
	fputs(before, stderr);
	text_vprintf(stderr, fmt, ap);
	putc('\n', stderr);
}

void
message(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("keyferry: ", fmt, ap);
	va_end(ap);
}

void
message_more(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void
message_errno(const char *file)
{
	message("%s: %s", file, strerror(errno));
}
