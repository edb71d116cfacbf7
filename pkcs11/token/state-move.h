#ifndef STATE_MOVE_H
#define STATE_MOVE_H

#include <stdbool.h>
#include "log.h"

/*
 * What an older version left of a token's state, in a directory that was called
 * by the section's name, moves to the directory of today. A file whose place is
 * taken stays until that is free: two sections for the same keys had two
 * directories. The log says which. Other processes may do the
 * same at once.
 */
void state_move(const char *from, const char *to, struct log *);

/* How the names of locks in a state directory end. They come and go, and are
 * not moved. */
#define STATE_LOCK_SUFFIX ".lock"
bool state_is_lock(const char *file);
#endif
