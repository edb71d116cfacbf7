#ifndef LOCALKMS_EDIT_H
#define LOCALKMS_EDIT_H
#include "control/controls.h"

/* Applies the edits that tests asked for to the reply of an operation. False:
 * out of memory. */
bool edit_reply(struct controls *, const char *operation, struct web_reply *);
#endif
