#include <stdio.h>
#include <string.h>
#include "json.h"
#include "aws-error.h"

#define MESSAGE_MAX 4096
#define TYPE_SIZE 256

/* Each member is read by itself: whatever another has, or is, hides none. */
static const struct json_field types[] = {
    {"__type", JSON_WORD, 0, TYPE_SIZE, NULL},
    {"code", JSON_WORD, 0, TYPE_SIZE, NULL},
    {"Code", JSON_WORD, 0, TYPE_SIZE, NULL}};
static const struct json_field messages[] = {
    {"message", JSON_SHOWN, 0, 0, NULL}, {"Message", JSON_SHOWN, 0, 0, NULL}};
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* "com.amazonaws.kms#NotFoundException:http://..." -> "NotFoundException" */
static void
exception_name(const char *type, char *out, size_t size)
{
	const char *hash = strchr(type, '#');

	type = hash != NULL && hash < type + strcspn(type, ":") ? hash + 1
								: type;
	(void)snprintf(out, size, "%.*s", (int)strcspn(type, ":"), type);
}

/* The rest of an object that is cut, or is not JSON at its end, counts for
 * nothing; what came before does. */
static void
read_member(const struct json_field *f, struct view body, void *out)
{
	const struct json_field fields[] = {*f, JSON_END};

	(void)json_decode(fields, body, out);
}

static void
read_exception(const char *header, struct view body, struct error_info *f)
{
	char type[TYPE_SIZE] = "";

	(void)snprintf(type, sizeof(type), "%s", header);
	for (size_t i = 0; i < COUNT(types) && type[0] == '\0'; i++)
		read_member(&types[i], body, type);
	exception_name(type, f->exception, sizeof(f->exception));
}

/* Who does not name an exception is not KMS. */
static void
describe_stranger(struct error_info *f, enum err e)
{
	if (f->status == 407)
		(void)error_info_set(f, e,
		    "HTTP status 407 of the proxy: it wants a name and a "
		    "password");
	else
		(void)error_info_set(f, e,
		    "HTTP status %d without an AWS error%s%s%s%s", f->status,
		    f->content_type[0] != '\0' ? ", Content-Type " : "",
		    f->content_type,
		    f->location[0] != '\0' ? ", Location " : "", f->location);
}

enum err
aws_error_read(const char *header, struct view body, struct error_info *f)
{
	struct buf message = BUF_INIT(MESSAGE_MAX);
	enum err e;

	read_exception(header, body, f);
	e = err_from_reply(f->exception, f->status);
	for (size_t i = 0; i < COUNT(messages) && message.len == 0; i++)
		read_member(&messages[i], body, &message);
	if (f->exception[0] == '\0')
		describe_stranger(f, e);
	else
		(void)error_info_set(f, e, "%.*s", (int)message.len,
		    message.len == 0 ? "" : (const char *)message.ptr);
	buf_free(&message);
	return (e);
}
