#ifndef MOVE_RUN_H
#define MOVE_RUN_H
#include <openssl/types.h>
#include <time.h>
#include "key-options.h"
#include "move-method.h"
#include "name-map.h"

/* What the command line asked for. */
struct move_options {
	struct key_wish wish; /* of each key */
	CK_MECHANISM_TYPE hash; /* 0: whichever the source has */
	CK_ULONG bits; /* of the wrapping keys, at most */
	char *prefix; /* of labels on the target, or NULL */
	struct key_id id_prefix;
	char *map; /* a path, or NULL */
	bool dry_run, yes, quiet, json;
	bool check; /* nothing is planned: only the result is of interest */
	char *report; /* a path, or NULL */
};

/* What a run does with keys. */
struct plan_words {
	const char *verb, *done; /* "Move", "moved" */
	const char *refused; /* in a plan, of what is not done: "stays" */
};

/* The keys that go to one target, each with the method to move it or the reason
 * why not. */
struct plan {
	struct plan *next; /* of the same run, to another target; or NULL */
	bool names_target; /* results say which it is: there are several */
	struct name_map *map; /* of names on the target; NULL: none */
	const struct plan_words *words;
	/* Moves one key: sets its status, reason and unique id. False: there is
	 * no point in trying the other keys. */
	bool (*transfer)(struct plan *, struct key *);
	/* Looks at the keys when they have been checked; NULL: nobody does. */
	void (*checked)(struct plan *);
	struct move_options options;
	struct token *to;
	OSSL_LIB_CTX *lib; /* for the keys of files */
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
