#include <string.h>
#include "err.h"
#include "aws-error.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static void
test_rows(void)
{
	for (int i = 0; i < ERR_COUNT; i++) {
		enum err e = (enum err)i;
		bool unique = true;

		for (int k = 0; k < i; k++)
			unique = unique &&
				 strcmp(err_text(e), err_text((enum err)k)) !=
				     0 &&
				 strcmp(err_name(e), err_name((enum err)k)) !=
				     0;
		OK(unique && err_text(e)[0] != '\0' &&
			err_remedy(e) <= REMEDY_CLOCK,
		    "%s: %s", err_name(e), err_text(e));
	}
	OK(err_remedy(ERR_OK) == REMEDY_NONE, "success has no remedy");
}

/* clang-format off */
static const struct {
	const char *exception;
	int status;
	enum err err;
	enum err_remedy remedy;
} replies[] = {
	{ "NotFoundException", 400, ERR_NOT_FOUND, REMEDY_NONE },
	{ "com.amazonaws.kms#NotFoundException", 400, ERR_NOT_FOUND,
	  REMEDY_NONE },
	{ "KMSInternalException", 500, ERR_SERVICE, REMEDY_RETRY },
	{ "KeyUnavailableException", 500, ERR_UNAVAILABLE, REMEDY_RETRY },
	{ "DependencyTimeoutException", 503, ERR_SERVICE, REMEDY_RETRY },
	{ "ThrottlingException", 400, ERR_THROTTLED, REMEDY_SLOW },
	{ "LimitExceededException", 400, ERR_LIMIT, REMEDY_NONE },
	{ "ExpiredTokenException", 400, ERR_BAD_CREDS, REMEDY_CREDS },
	{ "UnrecognizedClientException", 400, ERR_BAD_CREDS, REMEDY_CREDS },
	{ "InvalidSignatureException", 400, ERR_CLOCK, REMEDY_CLOCK },
	{ "AccessDeniedException", 400, ERR_DENIED, REMEDY_NONE },
	{ "KMSInvalidStateException", 400, ERR_KEY_STATE, REMEDY_NONE },
	{ "NewException", 400, ERR_INVALID, REMEDY_NONE },
	{ "NewException", 500, ERR_SERVICE, REMEDY_RETRY },
	{ "", 400, ERR_REPLY, REMEDY_RETRY },
	{ "", 404, ERR_REPLY, REMEDY_RETRY },
	{ "", 401, ERR_BAD_CREDS, REMEDY_CREDS },
	{ "", 403, ERR_DENIED, REMEDY_NONE },
	{ "", 408, ERR_NETWORK, REMEDY_RETRY },
	{ "", 418, ERR_INVALID, REMEDY_NONE },
	{ "", 429, ERR_THROTTLED, REMEDY_SLOW },
	{ "", 502, ERR_SERVICE, REMEDY_RETRY },
	{ "", 599, ERR_SERVICE, REMEDY_RETRY },
	{ "", 302, ERR_REPLY, REMEDY_RETRY },
	{ "", 204, ERR_REPLY, REMEDY_RETRY },
};

static const struct {
	int status;
	const char *body;
	enum err err;
	const char *exception, *message;
} bodies[] = {
	{ 400, "{\"__type\":\"a.b#NotFoundException\",\"message\":\"m\"}",
	  ERR_NOT_FOUND, "NotFoundException", "m" },
	{ 400, "{\"__type\":\"NotFoundException:http://x/\",\"Message\":\"m\"}",
	  ERR_NOT_FOUND, "NotFoundException", "m" },
	{ 400, "{\"Message\":\"m\",\"__type\":\"AccessDeniedException\"}",
	  ERR_DENIED, "AccessDeniedException", "m" },
	{ 400, "{\"__type\":\"DisabledException\"}",
	  ERR_DISABLED, "DisabledException", "" },
	{ 400, "{\"message\":\"m\"}", ERR_REPLY, "",
	  "HTTP status 400 without an AWS error" },
	{ 403, "<html>", ERR_DENIED, "",
	  "HTTP status 403 without an AWS error" },
	{ 503, "", ERR_SERVICE, "", "HTTP status 503 without an AWS error" },
	{ 400, "{\"__type\":[\"NotFoundException\"]}", ERR_REPLY, "",
	  "HTTP status 400 without an AWS error" },
};
/* clang-format on */

static void
test_bodies(void)
{
	static const char head[] =
	    "{\"__type\":\"NotFoundException\",\"message\":\"";
	static char flood[20000];
	struct error_info f;

	for (size_t i = 0; i < ELEMS(bodies); i++) {
		f = (struct error_info){.status = bodies[i].status};
		OK(aws_error_read(view_str(bodies[i].body), &f) ==
			    bodies[i].err &&
			strcmp(f.exception, bodies[i].exception) == 0 &&
			strcmp(f.message, bodies[i].message) == 0,
		    "%d %s", bodies[i].status, bodies[i].body);
	}
	memset(flood, 'm', sizeof(flood) - 1);
	memcpy(flood, head, sizeof(head) - 1);
	memcpy(flood + sizeof(flood) - 3, "\"}", 2);
	f = (struct error_info){.status = 400};
	OK(aws_error_read(view_str(flood), &f) == ERR_NOT_FOUND,
	    "a message that is too long hides no exception");
}

int
main(void)
{
	test_rows();
	for (size_t i = 0; i < ELEMS(replies); i++) {
		enum err e = err_from_reply(
		    replies[i].exception, replies[i].status);

		OK(e == replies[i].err && err_remedy(e) == replies[i].remedy,
		    "\"%s\" with status %d: %s", replies[i].exception,
		    replies[i].status, err_name(e));
	}
	test_bodies();
	return (tap_done());
}
