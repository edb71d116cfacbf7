#ifndef IMPORT_TRANSFER_H
#define IMPORT_TRANSFER_H
#include "move-run.h"

/* plan->transfer: from a file, by its value. */
bool import_key(struct plan *, struct key *);
#endif
