#ifndef ERROR_INFO_H
#define ERROR_INFO_H
#include "err.h"

/* Why the last request failed, as the service or the transport told it. */
struct error_info {
	int status; /* HTTP status, 0 when none came */
	char exception[64]; /* "NotFoundException", or "" */
	char message[256]; /* the service's, or the transport's, cut to fit */
	/* of the reply, cut to fit: "" for none */
	char content_type[64], location[160];
	const char *operation; /* of KMS, that was asked for; NULL: none */
	char request_id[64];
};

/*
 * "DescribeKey, HTTP status 200, Content-Type text/html: " of a reply that is
 * none of KMS's, to be put before the message; "" of one that has an exception,
 * or of none.
 */
#define ERROR_INFO_REPLY_SIZE 160
const char *error_info_reply(
    const struct error_info *, char text[ERROR_INFO_REPLY_SIZE]);

/* Writes the message and returns err, so that the line that finds an error
 * can say what to do about it. info may be NULL. Never pass a secret. */
enum err error_info_set(struct error_info *, enum err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#endif
