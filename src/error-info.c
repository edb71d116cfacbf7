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

const char *
error_info_reply(const struct error_info *f, char text[ERROR_INFO_REPLY_SIZE])
{
	text[0] = '\0';
	if (f->operation == NULL || f->status == 0 || f->exception[0] != '\0')
		return (text);
	if (f->status == 200)
		(void)snprintf(text, ERROR_INFO_REPLY_SIZE,
		    "%.40s, HTTP status 200, Content-Type %s: ", f->operation,
		    f->content_type[0] != '\0' ? f->content_type : "none");
	else
		(void)snprintf(
		    text, ERROR_INFO_REPLY_SIZE, "%.40s: ", f->operation);
	return (text);
}
