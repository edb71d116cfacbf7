#ifndef MOVE_NAMES_H
#define MOVE_NAMES_H
#include "move-run.h"

/*
 * Labels and ids: whether the key can be told by them, and to whom they belong.
 * Each check returns whether something is still to be done about the key.
 */
bool names_check_source(struct plan *, struct key *);
bool names_check_run(struct plan *, struct key *);
/* Finds the key of these names on the target: status, there, has_import_pair.
 * Sets plan->target_failed where the target cannot be asked. */
bool names_check_target(struct plan *, struct key *);
#endif
