#ifndef MOVE_PLAN_H
#define MOVE_PLAN_H
#include "move-run.h"

/* Adds the keys of a token that the template selects; a key that is in the
 * plan already is not added again. *selected grows by the number of matches.
 * On failure, says so on standard error and returns false. */
bool plan_add_keys(struct plan *, struct token *, const CK_ATTRIBUTE *,
    CK_ULONG count, CK_ULONG *selected);
/* A row for one more key, which moves the others; NULL: out of memory. */
struct key *plan_new_key(struct plan *);
/* Checks each key: sets its status, method, usage and reason. Changes nothing
 * on either token. False: the target cannot be asked, and standard error says
 * so. */
bool plan_check(struct plan *);
size_t plan_count(const struct plan *, enum key_status);
void plan_free(struct plan *);
#endif
