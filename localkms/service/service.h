#ifndef LOCALKMS_SERVICE_H
#define LOCALKMS_SERVICE_H
#include "call/call.h"

/* Opens the store in the folder dir. False: why (of size bytes) says what is
 * wrong, and nothing needs closing. */
bool service_open(struct service *, const char *dir, const char *account,
    char *why, size_t size);
void service_close(struct service *);

/* Answers an HTTP request: applies faults, verifies the signature, runs the
 * operation. */
void service_answer(
    struct service *, const struct web_request *, struct web_reply *);
/* To be called after each answer has been sent. */
void service_answered(struct service *);
#endif
