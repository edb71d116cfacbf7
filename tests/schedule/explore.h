#ifndef EXPLORE_H
#define EXPLORE_H
#include <stdint.h>
#include "step.h"

/*
 * Which caller goes on, and which of several answers KMS gives: all of the
 * choices of one run, and from run to run the next that was not yet tried.
 *
 * EXPLORE_ALL leaves out orders that differ only in steps that commute: dynamic
 * partial-order reduction (Flanagan and Godefroid, 2005) with sleep sets.
 * EXPLORE_PREEMPTIONS tries every order in which a caller that could go on is
 * interrupted at most so many times. EXPLORE_RANDOM takes each choice by a
 * generator of numbers, which the seed decides. EXPLORE_REPLAY follows the text
 * that an earlier run gave.
 */
enum explore_kind {
	EXPLORE_ALL,
	EXPLORE_PREEMPTIONS,
	EXPLORE_RANDOM,
	EXPLORE_REPLAY
};

void explore_start(
    enum explore_kind, unsigned preemptions_or_seed, const char *replay);
/* Before each run. */
void explore_begin_run(void);
/* After it: whether another run is to be made. */
bool explore_end_run(void);
/* The choices of this run, for a replay: static memory. */
const char *explore_text(void);

/* One of the callers in the set (bits), each of which has a step pending; -1:
 * whatever comes now was seen in another run. */
#define EXPLORE_SEEN (-1)
int explore_caller(unsigned enabled, const struct step *pending);
/* One of count answers, 0 to count - 1. */
unsigned explore_answer(unsigned count);

/* What happened before what. A stamp is a step of a caller. */
struct stamp {
	int caller; /* -1: before the run */
	unsigned step;
};
struct stamp explore_stamp(int caller); /* of its last step */
bool explore_knows(int caller, struct stamp);
/* All that one caller did happened before what the others do next. */
void explore_barrier(void);
/* The caller gives the lock back; whoever takes it knows what it knew. */
void explore_unlock(int caller, int lock);
#endif
