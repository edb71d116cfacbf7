#ifndef PAIR_PAGE_H
#define PAIR_PAGE_H
#include <stdio.h>
#include "set-entry.h"

/* Writes the page that is carried with an import set: what it is, and the
 * commands for the HSM's side. */
bool pair_page_write(FILE *, const struct set_entry *);
#endif
