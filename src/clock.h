#ifndef CLOCK_H
#define CLOCK_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Time, behind a seam: tests hand in a clock of their own. */
struct clock {
	int64_t (*mono_ms)(void *ctx); /* never goes back */
	int64_t (*wall_ms)(void *ctx); /* since 1970, UTC */
	void (*sleep_ms)(void *ctx, int64_t ms); /* less, if it is stopped */
	void *ctx;
	/* Whether nobody waits for anything any more: every deadline has come.
	 * NULL: it never is. */
	bool (*is_stopped)(void *ctx);
};

extern const struct clock clock_system;

/* One deadline is made where a call begins and spent by every step of it. */
struct deadline {
	const struct clock *clock;
	int64_t at_ms; /* on mono_ms's scale */
};

struct deadline deadline_in(const struct clock *, int64_t ms);
/* Milliseconds left, never below 0; 0 also when the clock is stopped. */
int64_t deadline_left(const struct deadline *);
/* Sleeps ms; false, without sleeping, if that would pass the deadline. */
bool deadline_sleep(const struct deadline *, int64_t ms);
/* Waits for it, or for a second; false when the deadline came first. */
bool deadline_wait(
    const struct deadline *, pthread_cond_t *, pthread_mutex_t *);
#endif
