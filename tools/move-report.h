#ifndef MOVE_REPORT_H
#define MOVE_REPORT_H
#include <stdio.h>
#include "move-plan.h"

void report_plan(const struct plan *, FILE *);
/* Progress on standard error: key is the one just done, NULL at the end. */
void report_progress(
    const struct plan *, const struct key *, size_t done, size_t total);
/* What was not moved and why, and how many keys were. */
void report_result(const struct plan *, FILE *);
/* A line of JSON for a key. */
void report_json(const struct plan *, const struct key *, FILE *);
#endif
