#include <stdarg.h>
#include <stdio.h>
#include "error-info.h"

enum err
error_info_set(struct error_info *info, enum err e, const char *fmt, ...)
{
	va_list ap;

	if (info != NULL) {
		va_start(ap, fmt);
		(void)vsnprintf(info->message, sizeof(info->message), fmt, ap);
		va_end(ap);
	}
	return (e);
}
