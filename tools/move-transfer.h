#ifndef MOVE_TRANSFER_H
#define MOVE_TRANSFER_H
#include "move-plan.h"

/* Moves one key: sets its status, reason and unique id. False: a token is
 * gone, and there is no point in trying the other keys. */
bool transfer_key(struct plan *, struct key *);
#endif
