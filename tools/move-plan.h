#ifndef MOVE_PLAN_H
#define MOVE_PLAN_H
#include "move-method.h"

/* What the command line asked for. */
struct move_options {
	enum usage usage;
	CK_MECHANISM_TYPE hash; /* 0: whichever the source has */
	CK_ULONG bits; /* of the wrapping keys */
	CK_DATE end_date;
	bool expires;
	const char *prefix; /* of labels on the target, or NULL */
	bool dry_run, yes, quiet;
	const char *report; /* a path, or NULL */
};

/* The keys of a run, each with the method to move it or the reason why not. */
struct plan {
	struct move_options options;
	struct token *to;
	bool to_keyferry; /* names are unique there, and keys have one usage */
	struct key *keys;
	size_t count, cap;
	struct key_pair
	    pair; /* of the session, for a target that is not ours */
};

/* Adds the keys of a token that the template selects; a key that is in the
 * plan already is not added again. *selected grows by the number of matches.
 * On failure, says so on standard error and returns false. */
bool plan_add_keys(struct plan *, const struct token *, const CK_ATTRIBUTE *,
    CK_ULONG count, CK_ULONG *selected);
/* Checks each key: sets its status, method, usage and reason. Changes nothing
 * on either token. */
void plan_check(struct plan *);
size_t plan_count(const struct plan *, enum key_status);
void plan_free(struct plan *);
#endif
