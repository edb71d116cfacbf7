#ifndef RENEWAL_RUN_H
#define RENEWAL_RUN_H
#include <stdio.h>
#include "renewal.h"

/* Renews what is due, material by material; each has a line in the report, or
 * NULL, as soon as it is done. */
void renewal_run(struct renewal *, FILE *report);
#endif
