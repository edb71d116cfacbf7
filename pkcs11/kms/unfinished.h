#ifndef UNFINISHED_H
#define UNFINISHED_H
#include "token/call.h"

/* Finishes what killed calls of this state directory left on its way out
 * (removal.h), as far as KMS lets it now. What another call is busy with is
 * left to that. It takes a time of its own: the caller sets its deadline after
 * it. */
void unfinished_removals(struct call *);
#endif
