#ifndef DOCTOR_CHECK_H
#define DOCTOR_CHECK_H
#include "client.h"
#include "config/config.h"
#include "report.h"

/* One token that `keyferry doctor` looks at, and lines of the report on it. */
#define DOCTOR_DEADLINE_MS 15000 /* for a few requests */

struct token_check {
	struct report *report;
	const struct config_token *config;
	struct client *client;
	struct certificate_list certificates;
	struct kms kms;
};

/* e: what the line tells of, if there is something to be done about it. */
void doctor_tell(struct token_check *, const char *check, enum report_status,
    enum err e, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void doctor_tell_failure(struct token_check *, const char *check, enum err,
    const struct error_info *);
#endif
