#include <stdio.h>
#include <string.h>
#include "json.h"
#include "aws-error.h"

struct aws_error {
	char type[256];
	struct buf message;
};

static const struct json_field fields[] = {
    JSON_FIELD(struct aws_error, type, "__type", WORD),
    JSON_FIELD(struct aws_error, message, "message", SHOWN),
    JSON_FIELD(struct aws_error, message, "Message", SHOWN),
    JSON_END,
};

/* "com.amazonaws.kms#NotFoundException:http://..." -> "NotFoundException" */
static void
exception_name(const char *type, char *out, size_t size)
{
	const char *hash = strchr(type, '#');

	if (hash != NULL)
		type = hash + 1;
	(void)snprintf(out, size, "%.*s", (int)strcspn(type, ":"), type);
}

enum err
aws_error_read(struct view body, struct error_info *f)
{
	struct aws_error r = {"", BUF_INIT(4096)};
	enum err e = json_decode(fields, body, &r);

	if (e == ERR_OK)
		exception_name(r.type, f->exception, sizeof(f->exception));
	e = err_from_reply(f->exception, f->status);
	if (f->exception[0] == '\0')
		(void)error_info_set(
		    f, e, "HTTP status %d without an AWS error", f->status);
	else
		(void)error_info_set(f, e, "%.*s", (int)r.message.len,
		    r.message.len == 0 ? "" : (const char *)r.message.ptr);
	buf_free(&r.message);
	return (e);
}
