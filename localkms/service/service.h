#ifndef LOCALKMS_SERVICE_H
#define LOCALKMS_SERVICE_H
#include "call/call.h"

/* On the store in that folder, for that account. False: why (of size bytes)
 * says what is wrong, and there is nothing to close. */
bool service_open(struct service *, const char *dir, const char *account,
    char *why, size_t size);
void service_close(struct service *);

/* From an HTTP request to its answer: fault, signature, operation. */
void service_answer(
    struct service *, const struct web_request *, struct web_reply *);
/* After each: the answer is on its way. */
void service_answered(struct service *);
#endif
