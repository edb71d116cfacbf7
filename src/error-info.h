#ifndef ERROR_INFO_H
#define ERROR_INFO_H
#include "err.h"

/* Why the last request failed, as the service or the transport told it. */
struct error_info {
	int status; /* HTTP status, 0 when none came */
	char exception[64]; /* "NotFoundException", or "" */
	char message[256]; /* the service's, or the transport's, cut to fit */
	char request_id[64];
};

/* Writes the message and returns err, so that the line that finds an error
 * can say what to do about it. info may be NULL. Never pass a secret. */
enum err error_info_set(struct error_info *, enum err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#endif
