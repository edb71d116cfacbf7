#ifndef LOCALKMS_PERFORM_H
#define LOCALKMS_PERFORM_H
#include "service/operation-table.h"

/* Decodes, checks and runs an operation. False: c->exception says why. */
bool perform(struct call *, const struct operation *, struct view body);
#endif
