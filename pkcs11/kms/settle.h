#ifndef SETTLE_H
#define SETTLE_H
#include "token/call.h"
#include "token/key.h"

/*
 * KMS is eventually consistent: what it did a moment ago, another of its hosts
 * may not know yet. Requests that this can hit are repeated; each pause between
 * two tries is twice the one before, and at most 5 seconds.
 */
#define SETTLE_TRIES 8 /* 12 seconds in all */

/* Whether the key was made less than a minute ago. */
bool settle_is_young(const struct call *, const struct key *);

/* Pauses before another try, which *tries counts. False when there is none: it
 * was the last of max_tries, or the deadline comes first. */
bool settle_pause(struct deadline *, int *tries, int max_tries);
/* Whether the error may come of a key that was made a moment ago, by this call
 * or another, and the request is to be tried again; pauses if so. */
bool settle_retry(
    struct call *, struct deadline *, const struct key *, enum err, int *tries);

/*
 * A settled look: where aliases lead, once KMS has said the same for as long as
 * the option `settle` says. Only what is settled permits a DeleteAlias. KMS
 * names no time after which every host of it knows a change, so this is as good
 * a look as there can be, and no proof: material must not hang on it.
 */
struct settled_alias {
	const char *name; /* with "alias/" */
	/* the key to which a write of this call has led it: it is looked at
	 * until it shows that key, and then no longer; NULL: no such write */
	const char *promised;
	char key_id[KMS_ID_SIZE]; /* out: to which it leads; "": to none */
	/* settle_aliases()'s own */
	int64_t since_ms; /* key_id has been the same since then */
	bool rests;
};
/* ERR_DEADLINE: the answers did not come to rest in time. */
enum err settle_aliases(
    struct call *, struct kms *, struct settled_alias *, size_t count);
#endif
