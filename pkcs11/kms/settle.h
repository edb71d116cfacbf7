#ifndef SETTLE_H
#define SETTLE_H
#include "token/settle-pause.h"

/* A call that takes a label away which other keys share waits for so many
 * settled looks, one after another: its time is longer by as many. */
#define SETTLED_LOOKS 6

/* settle_retry() of a request that may change the key: not for one that waits
 * for its deletion. kms: the Region in which it failed. */
bool settle_retry_living(
    struct call *, struct kms *, const struct key *, enum err, int *tries);

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
