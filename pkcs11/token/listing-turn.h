#ifndef LISTING_TURN_H
#define LISTING_TURN_H
#include <pthread.h>
#include <stdbool.h>
#include "buf.h"
#include "clock.h"
#include "error-info.h"

/*
 * Threads that want all keys listed share one listing: who comes while it is
 * under way waits for it. Listings are numbered from 1.
 */
struct listing_turn {
	pthread_mutex_t lock; /* never held across the network */
	pthread_cond_t ended;
	bool under_way;
	bool spoiled; /* what it lists is not to be relied on */
	unsigned long began, last; /* the last that began, and that ended */
	enum err err; /* what came of the last */
	struct error_info error;
	int64_t listed_ms; /* when all was last listed; 0: never */
	/* the keys that the last could not see, a blank between two */
	struct buf left_out;
};

void listing_turn_init(struct listing_turn *);
void listing_turn_free(struct listing_turn *);

/* Whether all was listed less than fresh_ms ago. */
bool listing_turn_is_fresh(
    struct listing_turn *, const struct clock *, int64_t fresh_ms);
/*
 * Waits for a listing that another thread is at. *ours: there is none to wait
 * for, so that this thread must list, and tell with listing_turn_end(). Else
 * what came of it: ERR_OK, all is listed; its failure, with *error; or
 * ERR_DEADLINE.
 */
enum err listing_turn_begin(struct listing_turn *, const struct deadline *,
    int64_t fresh_ms, bool *ours, struct error_info *error);
void listing_turn_end(struct listing_turn *, const struct clock *, enum err,
    const struct error_info *);
/* The listing under way cannot see the key of that name, or all names:
 * "alias/" and an asterisk. No more of them are
 * remembered than fill the buffer. */
void listing_turn_leave_out(struct listing_turn *, const char *key);
/* Appends the keys that the last listing could not see, a blank between two.
 * ERR_TOO_BIG, ERR_MEMORY. */
enum err listing_turn_left_out(struct listing_turn *, struct buf *out);
/* What was listed, or is being listed, is no longer to be relied on. */
void listing_turn_invalidate(struct listing_turn *);
#endif
