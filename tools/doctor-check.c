#include <stdarg.h>
#include <stdio.h>
#include "doctor-check.h"

/* clang-format off */
static const struct {
	enum err err;
	const char *advice;
} rows[] = {
	{ ERR_NO_CREDS, "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
	    "AWS_SECRET_ACCESS_KEY" },
	{ ERR_CREDS, "do what the message says, as the same user" },
	{ ERR_CREDS_SERVICE, "see that the service which gives credentials can "
	    "be reached from here" },
	{ ERR_NO_REGION, "set AWS_REGION, or region in keyferry.conf" },
	{ ERR_CONFIG, "mend the setting: see keyferry.conf(5)" },
	{ ERR_FILE, "let this user read the file" },
	{ ERR_UNTRUSTED, "let nobody else write the file and its folders" },
	{ ERR_NETWORK, "see that the endpoint can be reached from here: names, "
	    "routes, firewalls, HTTPS_PROXY" },
	{ ERR_DEADLINE, "see that the endpoint can be reached from here: names, "
	    "routes, firewalls, HTTPS_PROXY" },
	{ ERR_PROXY, "see HTTPS_PROXY: its URL can hold a name and a "
	    "password" },
	{ ERR_TLS, "set AWS_CA_BUNDLE, or ca-bundle, to the authority that "
	    "signed the server's certificate" },
	{ ERR_REPLY, "see what answers at the endpoint: it is no KMS" },
	{ ERR_THROTTLED, "try again later, or ask AWS for a higher quota" },
	{ ERR_SERVICE, "try again later: KMS is at fault" },
	{ ERR_UNAVAILABLE, "try again later, or see its key store" },
	{ ERR_BAD_CREDS, "renew the AWS credentials" },
	{ ERR_CLOCK, "set this machine's clock, and check the secret access "
	    "key" },
	{ ERR_DENIED, "allow it in the IAM or key policy: see iam.md" },
	{ ERR_NOT_FOUND, "check the key's name, the account and the Region: "
	    "aws kms describe-key" },
	{ ERR_DISABLED, "enable the key: aws kms enable-key" },
	{ ERR_KEY_STATE, "see the key's state: aws kms describe-key; a deletion "
	    "can be cancelled, missing material imported" },
};
/* clang-format on */

static const char *
doctor_advice(enum err e)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].err == e)
			return (rows[i].advice);
	return (e == ERR_OK ? NULL
			    : "set KEYFERRY_LOG=stderr and run the program: "
			      "the log says more");
}

void
doctor_tell(struct token_check *t, const char *check, enum report_status status,
    enum err e, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_line(t->report, t->config->label, check, status,
	    doctor_advice(e), "%s", text);
}

void
doctor_tell_failure(struct token_check *t, const char *check, enum err e,
    const struct error_info *f)
{
	doctor_tell(t, check, REPORT_FAILED, e, "%s%s%s%s%s", err_text(e),
	    f->exception[0] != '\0' ? ": " : "", f->exception,
	    f->message[0] != '\0' ? ": " : "", f->message);
}
