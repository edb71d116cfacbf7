#ifndef SCHEDULER_H
#define SCHEDULER_H
#include "clock.h"
#include "explore.h"

/*
 * Callers: threads of which one runs at a time, from step to step. Before each
 * step a caller stops, and the explorer says who goes on.
 *
 * Time is virtual; requests take none.
 *   TIME_TOGETHER  a pause ends when nobody else can go on: who waits for
 *                  another's work sees it.
 *   TIME_APART     each has a clock of its own: between any two steps of one,
 *                  another may have waited for as long as it likes.
 */
enum time_kind { TIME_TOGETHER, TIME_APART };

/* What befalls a caller at its n-th request or change of a file, from 1. */
enum trouble_kind {
	TROUBLE_NONE,
	TROUBLE_LOST_DONE, /* KMS does it, the reply is lost */
	TROUBLE_LOST_NOT_DONE, /* neither */
	TROUBLE_KILL, /* the caller ends before it */
	TROUBLE_KINDS
};
struct trouble {
	enum trouble_kind kind;
	int caller;
	unsigned at;
};

typedef void caller_fn(int caller);
enum run_end { RUN_DONE, RUN_SEEN, RUN_STUCK };

/* Makes one run of so many callers. *happened: the trouble came. */
enum run_end scheduler_run(
    caller_fn *, int count, enum time_kind, struct trouble, bool *happened);
/* Prints each step of the next runs. */
void scheduler_trace(bool on);

/* By the callers. Outside of a run there is one, SETUP, who waits for nobody. */
#define SETUP CALLERS_MAX
int caller_self(void);
bool caller_is_dead(void); /* killed: nothing that it does has an effect */
/* Stops before the step. What befalls it. */
enum trouble_kind caller_step(const struct step *);
/* Before a change of a file: not a step, but the caller may end there. False:
 * it did. */
bool caller_lives_on(void);
bool caller_lock(int lock, const char *name); /* false: it is dead */
void caller_unlock(int lock);
/* After a line of a trace: what the step came to. */
void caller_tell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool time_is_together(void);
extern const struct clock virtual_clock; /* the caller's */
/* For SETUP. Each run begins at the same time: what is rounded to seconds is
 * then rounded in the same way. */
void time_begins(void);
/* For SETUP: all that was done is long ago. */
void time_passes(int64_t ms);
#endif
