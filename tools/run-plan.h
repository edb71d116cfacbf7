#ifndef RUN_PLAN_H
#define RUN_PLAN_H
#include "move-plan.h"

/* Checks the plan and shows it, asks, and carries it out; shows progress,
 * result and report. Returns the program's exit status. */
int run_plan(struct plan *);
#endif
