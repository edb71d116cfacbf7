#include <stdarg.h>
#include <stdio.h>
#include "fault.h"

enum err
fault_set(struct fault *f, enum err e, const char *fmt, ...)
{
	va_list ap;

	if (f != NULL) {
		va_start(ap, fmt);
		(void)vsnprintf(f->message, sizeof(f->message), fmt, ap);
		va_end(ap);
	}
	return (e);
}
