#ifndef LOCALKMS_SERVICE_H
#define LOCALKMS_SERVICE_H
#include "web.h"

struct service;

/* From an HTTP request to its answer: fault, signature, operation. */
void service_answer(
    struct service *, const struct web_request *, struct web_reply *);
/* After each: the answer is on its way. */
void service_answered(struct service *);
#endif
