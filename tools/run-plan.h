#ifndef RUN_PLAN_H
#define RUN_PLAN_H
#include <signal.h>
#include <stdio.h>
#include "move-plan.h"

/* From here on an interruption waits until it is asked for. A signal that is
 * ignored, as under nohup, stays ignored. */
void interruptions_wait(sigset_t *waiting);
/* Whether one came. */
bool interruption_came(const sigset_t *waiting);
/* Opens a report's file to write. NULL: it said why on standard error. */
FILE *report_open(const char *path);
/* False: the report could not be written completely, and it said so. */
bool report_close(FILE *, const char *path);
/* Checks the plan, and those that follow it, shows them, asks, and carries them
 * out; shows progress, result and report. Returns the program's exit status. */
int run_plan(struct plan *);
#endif
