#ifndef SETTLE_PAUSE_H
#define SETTLE_PAUSE_H
#include "call.h"
#include "key.h"

/*
 * KMS is eventually consistent: what it did a moment ago, another of its hosts
 * may not know yet. Requests that this can hit are repeated; each pause between
 * two tries is twice the one before, and at most 5 seconds.
 */
#define SETTLE_TRIES 8 /* 12 seconds in all */
/* A key that KMS does not show so long after CreateKey is not there. */
#define UNSEEN_SECONDS 900

/* Whether the key was made less than a minute ago. */
bool settle_is_young(const struct call *, const struct key *);

/* Pauses before another try, which *tries counts. False when there is none: it
 * was the last of max_tries, or the deadline comes first. */
bool settle_pause(struct deadline *, int *tries, int max_tries);
/* Whether the error may come of a key that was made a moment ago, by this call
 * or another, and the request is to be tried again; pauses if so. */
bool settle_retry(
    struct call *, struct deadline *, const struct key *, enum err, int *tries);
#endif
