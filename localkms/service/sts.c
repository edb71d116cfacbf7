#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "auth/session.h"
#include "base/text.h"
#include "service/sts.h"

#define XMLNS "https://sts.amazonaws.com/doc/2011-06-15/"

/* A request to STS and its answer. */
struct sts_request {
	struct service *service;
	struct view form;
	const char *action;
	struct caller caller;
	int64_t wall_ms;
	struct exception exception;
	struct web_reply *reply;
};

__attribute__((format(printf, 2, 3))) static void
print(struct sts_request *a, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)buf_puts(&a->reply->body, text);
}

static bool
refuse(struct sts_request *a, int status, const char *name, const char *message)
{
	a->exception.kind = EXCEPTION_INTERNAL; /* any but none */
	a->exception.name = name;
	a->exception.status = status;
	snprintf(
	    a->exception.message, sizeof(a->exception.message), "%s", message);
	return (false);
}

/* What may stand in an ARN or a name: nothing that XML would have to
 * escape. */
static bool
is_plain(const char *s)
{
	return (
	    s[0] != '\0' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789_+=,.@:/-")] == '\0');
}

static bool
get_caller_identity(struct sts_request *a)
{
	const char *arn = a->caller.arn;

	print(a, "<Arn>%s</Arn><UserId>%s</UserId><Account>%s</Account>", arn,
	    a->caller.access_key, a->service->account);
	return (true);
}

/* RoleArn, RoleSessionName, DurationSeconds. */
static bool
read_role(struct sts_request *a, char *role, size_t size, char *name,
    size_t name_size, long *seconds)
{
	char text[16] = "3600", *end;
	const char *path;

	if (!form_parameter(a->form, "RoleArn", role, size) ||
	    !form_parameter(a->form, "RoleSessionName", name, name_size) ||
	    !is_plain(role) || !is_plain(name) ||
	    (path = strstr(role, ":role/")) == NULL || path[6] == '\0')
		return (refuse(a, 400, "ValidationError",
		    "RoleArn and RoleSessionName are required"));
	(void)form_parameter(a->form, "DurationSeconds", text, sizeof(text));
	*seconds = strtol(text, &end, 10);
	if (*end == '\0' && *seconds >= 900 && *seconds <= 43200)
		return (true);
	return (refuse(a, 400, "ValidationError",
	    "DurationSeconds must be between 900 and 43200"));
}

/* Gives a session of any role, unless its name begins with "denied". */
static bool
give_session(struct sts_request *a)
{
	struct session s = {0};
	char role[256], name[65], date[32];
	const char *base;
	time_t t;
	struct tm tm;
	long seconds;

	if (!read_role(a, role, sizeof(role), name, sizeof(name), &seconds))
		return (false);
	base = strrchr(role, '/') + 1;
	if (strncmp(base, "denied", 6) == 0)
		return (refuse(a, 403, "AccessDenied",
		    "User is not authorized to perform: sts:AssumeRole"));
	snprintf(s.arn, sizeof(s.arn), "arn:%s:sts::%s:assumed-role/%s/%s",
	    text_partition(a->caller.region), a->service->account, base, name);
	s.expires = a->wall_ms / 1000 + seconds;
	if (!session_make(auth_session_secret(a->service->auth), &s))
		return (refuse(a, 500, "InternalFailure", "out of memory"));
	t = (time_t)s.expires;
	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	print(a,
	    "<Credentials><AccessKeyId>%s</AccessKeyId>"
	    "<SecretAccessKey>%s</SecretAccessKey>"
	    "<SessionToken>%s</SessionToken><Expiration>%s</Expiration>"
	    "</Credentials>"
	    "<AssumedRoleUser><Arn>%s</Arn>"
	    "<AssumedRoleId>AROALOCALKMS:%s</AssumedRoleId>"
	    "</AssumedRoleUser>",
	    s.access_key, s.secret_key, s.token, date, s.arn, name);
	return (true);
}

/* A role whose name begins with "mfa" requires the six digits of an MFA
 * device; 000000 is always wrong. */
static bool
assume_role(struct sts_request *a)
{
	char role[256] = "", serial[256] = "", code[16] = "";
	const char *base;

	(void)form_parameter(a->form, "RoleArn", role, sizeof(role));
	(void)form_parameter(a->form, "SerialNumber", serial, sizeof(serial));
	(void)form_parameter(a->form, "TokenCode", code, sizeof(code));
	base = strrchr(role, '/');
	if (base != NULL && strncmp(base, "/mfa", 4) == 0 &&
	    (serial[0] == '\0' || strlen(code) != 6 ||
		strspn(code, "0123456789") != 6 || strcmp(code, "000000") == 0))
		return (refuse(a, 403, "AccessDenied",
		    "MultiFactorAuthentication failed with invalid MFA one "
		    "time pass code. "));
	return (give_session(a));
}

/* Any token that has the form of a JWT is accepted. */
static bool
assume_role_with_web_identity(struct sts_request *a)
{
	char token[8192] = "";
	const char *dot;

	(void)form_parameter(a->form, "WebIdentityToken", token, sizeof(token));
	dot = strchr(token, '.');
	if (dot == NULL || strchr(dot + 1, '.') == NULL || !is_plain(token))
		return (refuse(a, 400, "InvalidIdentityToken",
		    "The web identity token is not a JWT"));
	return (give_session(a));
}

static const struct {
	const char *action;
	bool (*run)(struct sts_request *);
	bool is_signed;
} actions[] = {
    {"GetCallerIdentity", get_caller_identity, true},
    {"AssumeRole", assume_role, true},
    {"AssumeRoleWithWebIdentity", assume_role_with_web_identity, false},
};

/* STS has names of its own for exceptions about signatures. */
static const struct {
	enum exception_kind kind;
	const char *name;
} names[] = {
    {EXCEPTION_MISSING_TOKEN, "MissingAuthenticationToken"},
    {EXCEPTION_INCOMPLETE_SIGNATURE, "IncompleteSignature"},
    {EXCEPTION_BAD_SIGNATURE, "SignatureDoesNotMatch"},
    {EXCEPTION_UNRECOGNIZED_CLIENT, "InvalidClientTokenId"},
    {EXCEPTION_EXPIRED_TOKEN, "ExpiredToken"},
};

static bool
admit(struct sts_request *a, const struct web_request *q)
{
	if (auth_check(a->service->auth, q, "sts", a->wall_ms, &a->caller,
		&a->exception))
		return (true);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].kind == a->exception.kind)
			a->exception.name = names[i].name;
	a->exception.status = 403;
	return (false);
}

static bool
run_action(struct sts_request *a, const struct web_request *q)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].action, a->action) != 0)
			continue;
		if (actions[i].is_signed && !admit(a, q))
			return (false);
		print(a, "<%sResponse xmlns=\"" XMLNS "\"><%sResult>",
		    a->action, a->action);
		if (!actions[i].run(a))
			return (false);
		print(a,
		    "</%sResult><ResponseMetadata><RequestId>%s</RequestId>"
		    "</ResponseMetadata></%sResponse>\n",
		    a->action, a->reply->request_id, a->action);
		return (true);
	}
	return (
	    refuse(a, 400, "InvalidAction", "Could not find the operation"));
}

/* Text for XML: messages quote what the client sent. */
static void
print_escaped(struct sts_request *a, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("<>&\"'", *s) != NULL)
			print(a, "&#%d;", *s);
		else
			(void)buf_append(&a->reply->body, VIEW(s, 1));
	}
}

bool
sts_is_request(const struct web_request *q)
{
	const char *type = web_header(q, "content-type");

	return (
	    type != NULL &&
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0);
}

void
sts_answer(struct service *s, const struct web_request *q, struct web_reply *r)
{
	struct sts_request a = {.service = s, .form = q->body, .reply = r};
	char action[64] = "";

	(void)form_parameter(q->body, "Action", action, sizeof(action));
	a.action = action;
	a.wall_ms = controls_wall_ms(s->controls);
	r->status = 200;
	r->content_type = "text/xml";
	if (run_action(&a, q))
		return;
	buf_reset(&r->body);
	r->status = a.exception.status;
	print(&a,
	    "<ErrorResponse xmlns=\"" XMLNS "\"><Error><Type>Sender</Type>"
	    "<Code>%s</Code><Message>",
	    a.exception.name);
	print_escaped(&a, a.exception.message);
	print(&a,
	    "</Message></Error><RequestId>%s</RequestId></ErrorResponse>\n",
	    r->request_id);
}
