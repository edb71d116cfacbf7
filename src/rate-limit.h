#ifndef RATE_LIMIT_H
#define RATE_LIMIT_H
#include <pthread.h>
#include <stdbool.h>
#include "clock.h"

/*
 * Turns for the operations of which AWS takes few a second. Until KMS asks to
 * slow down nobody waits; for a while after that each try of a process takes
 * the next turn, so that its threads share the quota in the order they came
 * instead of all trying again at once. Thread-safe.
 */
#define RATE_LIMIT_OPERATIONS 6

struct rate_limit {
	pthread_mutex_t lock;
	struct rate_limit_schedule {
		int64_t next_ms; /* the first turn that nobody has */
		int64_t until_ms; /* tries take turns until then */
	} turns[RATE_LIMIT_OPERATIONS];
};

void rate_limit_init(struct rate_limit *);
/* Waits for this try's turn; *turn: it took one. False, at once, if that is
 * past the deadline. */
bool rate_limit_wait(struct rate_limit *, const char *operation,
    const struct deadline *, bool *turn);
/*
 * KMS asked to slow down. False: the operation has no turns, wait in another
 * way. One that was refused in its turn moves the turns on by a random part of
 * one: two processes in step with each other would fail by turns.
 */
bool rate_limit_throttled(struct rate_limit *, const char *operation,
    const struct clock *, bool turn, uint32_t random);
void rate_limit_free(struct rate_limit *);
#endif
