#include <stdio.h>
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
	{ "", 407, ERR_PROXY, REMEDY_NONE },
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
	{ 400, "{\"code\":\"NotFoundException\",\"message\":\"m\"}",
	  ERR_NOT_FOUND, "NotFoundException", "m" },
	{ 400, "{\"message\":{\"a\":[1]},\"__type\":\"NotFoundException\"}",
	  ERR_NOT_FOUND, "NotFoundException", "" },
	{ 400, "{\"message\":[7],\"Message\":\"m\",\"code\":7,"
	       "\"__type\":\"DisabledException\"}",
	  ERR_DISABLED, "DisabledException", "m" },
	{ 407, "<html>", ERR_PROXY, "",
	  "HTTP status 407 of the proxy: it wants a name and a password" },
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
		OK(aws_error_read("", view_str(bodies[i].body), &f) ==
			    bodies[i].err &&
			strcmp(f.exception, bodies[i].exception) == 0 &&
			strcmp(f.message, bodies[i].message) == 0,
		    "%d %s", bodies[i].status, bodies[i].body);
	}
	memset(flood, 'm', sizeof(flood) - 1);
	memcpy(flood, head, sizeof(head) - 1);
	memcpy(flood + sizeof(flood) - 3, "\"}", 2);
	f = (struct error_info){.status = 400};
	OK(aws_error_read("", view_str(flood), &f) == ERR_NOT_FOUND,
	    "a message that is too long hides no exception");
}

/* The header counts first; a message before the type, however long, hides
 * nothing. */
static void
test_header(void)
{
	static const char head[] = "{\"message\":\"",
			  tail[] = "\",\"__type\":\"DisabledException\"}";
	static char flood[20000];
	struct error_info f = {.status = 400};

	OK(aws_error_read("NotFoundException:http://internal.amazon.com/",
	       view_str("<html>"), &f) == ERR_NOT_FOUND &&
		strcmp(f.exception, "NotFoundException") == 0,
	    "x-amzn-errortype");
	OK(aws_error_read("a.b#DisabledException",
	       view_str("{\"__type\":\"NotFoundException\"}"),
	       &f) == ERR_DISABLED,
	    "comes before __type");
	memset(flood, 'm', sizeof(flood) - 1);
	memcpy(flood, head, strlen(head));
	memcpy(flood + sizeof(flood) - sizeof(tail), tail, sizeof(tail));
	OK(aws_error_read("", view_str(flood), &f) == ERR_DISABLED,
	    "a long message before the type");
	f = (struct error_info){.status = 302,
	    .content_type = "text/html",
	    .location = "https://portal.example/"};
	OK(aws_error_read("", view_str(""), &f) == ERR_REPLY &&
		strstr(f.message, "302") != NULL &&
		strstr(f.message, "text/html") != NULL &&
		strstr(f.message, "https://portal.example/") != NULL,
	    "a redirect: %s", f.message);
}

/* No exception of KMS says that its reply was not understood. */
static bool
is_known(const char *exception)
{
	return (err_from_reply(exception, 200) != ERR_REPLY);
}

/* The exceptions that AWS's service model (2014-11-01, of August 2026) names
 * for the operations of src/kms-*.c. */
static void
test_model(void)
{
	static const char *const names[] = {"AlreadyExistsException",
	    "CloudHsmClusterInvalidConfigurationException", "ConflictException",
	    "CustomKeyStoreInvalidStateException",
	    "CustomKeyStoreNotFoundException", "DependencyTimeoutException",
	    "DisabledException", "DryRunOperationException",
	    "ExpiredImportTokenException", "IncorrectKeyException",
	    "IncorrectKeyMaterialException", "InvalidAliasNameException",
	    "InvalidArnException", "InvalidCiphertextException",
	    "InvalidGrantTokenException", "InvalidImportTokenException",
	    "InvalidKeyUsageException", "InvalidMarkerException",
	    "KMSInternalException", "KMSInvalidMacException",
	    "KMSInvalidSignatureException", "KMSInvalidStateException",
	    "KeyUnavailableException", "LimitExceededException",
	    "MalformedPolicyDocumentException", "NotFoundException",
	    "TagException", "UnsupportedOperationException",
	    "XksKeyAlreadyInUseException",
	    "XksKeyInvalidConfigurationException", "XksKeyNotFoundException"};

	for (size_t i = 0; i < ELEMS(names); i++)
		OK(is_known(names[i]), "%s has a row", names[i]);
	OK(!is_known("NewException"), "one that is unknown has none");
}

int
main(int argc, char **argv)
{
	/* for tests/src/exceptions.sh: a name a line */
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			if (!is_known(argv[i]))
				printf("%s\n", argv[i]);
		return (0);
	}
	test_header();
	test_model();
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
