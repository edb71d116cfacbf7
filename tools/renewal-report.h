#ifndef RENEWAL_REPORT_H
#define RENEWAL_REPORT_H
#include <stdio.h>
#include "move-report.h"
#include "renewal.h"

void renewal_print_plan(const struct renewal *, FILE *);
/* At a terminal, on standard error: the material just done, NULL at the end. */
void renewal_progress(const struct renewal *, const struct due_material *,
    const struct progress *);
/* What was not renewed and why, and how many materials were. */
void renewal_print_result(const struct renewal *, FILE *);
/* A line of JSON for a material. */
void renewal_json(const struct renewal *, const struct due_material *, FILE *);
#endif
