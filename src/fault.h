#ifndef FAULT_H
#define FAULT_H
#include "err.h"

/* Why the last request failed, as the service or the transport told it. */
struct fault {
	int status; /* HTTP status, 0 when none came */
	char exception[64]; /* "NotFoundException", or "" */
	char message[256]; /* the service's, or the transport's, cut to fit */
	char request_id[64];
};

/* Writes the message and returns err, so that the line that finds an error
 * can say what to do about it. fault may be NULL. Never pass a secret. */
enum err fault_set(struct fault *, enum err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#endif
