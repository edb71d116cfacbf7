#ifndef MOVE_RUN_H
#define MOVE_RUN_H
#include <time.h>
#include "move-method.h"

/* What the command line asked for. */
struct move_options {
	enum usage usage;
	CK_MECHANISM_TYPE hash; /* 0: whichever the source has */
	CK_ULONG hmac; /* bits of the hash of HMAC keys; 0: their own */
	CK_ULONG bits; /* of the wrapping keys, at most */
	CK_DATE end_date;
	time_t end; /* when that day is over */
	bool expires;
	char *prefix; /* of labels on the target, or NULL */
	bool dry_run, yes, quiet;
	char *report; /* a path, or NULL */
};

/* The keys of a run, each with the method to move it or the reason why not. */
struct plan {
	struct move_options options;
	struct token *to;
	bool target_failed; /* it cannot be asked */
	bool to_keyferry; /* names are unique there, and keys have one usage */
	struct key *keys;
	size_t count, cap;
	struct key_pair
	    pair; /* of the session, for a target that is not ours */
	struct call_result last_failure;
	unsigned same_failures; /* how many keys in a row failed like that */
};
#endif
