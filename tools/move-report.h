#ifndef MOVE_REPORT_H
#define MOVE_REPORT_H
#include <stdint.h>
#include <stdio.h>
#include "move-plan.h"

void report_plan(const struct plan *, FILE *);
/* How far a run is. */
struct progress {
	size_t done, total; /* keys */
	int64_t begun_ms; /* by the clock that never goes back */
};
struct progress progress_begin(size_t total);
/* Progress on standard error, where it is a terminal: key is the one just done,
 * NULL at the end. */
void report_progress(
    const struct plan *, const struct key *, const struct progress *);
/* What was not moved and why, and how many keys were. */
void report_result(const struct plan *, FILE *);
/* A line of JSON for a key. */
void report_json(const struct plan *, const struct key *, FILE *);
#endif
