#ifndef TABLE_H
#define TABLE_H
#include <stdbool.h>
#include <stdio.h>
#include "buf.h"

/* Rows of text in columns. What a terminal would act on is escaped. */
struct table_cell {
	char *text; /* escaped; owned */
	size_t columns; /* how many it takes on a terminal */
};
struct table {
	size_t columns;
	struct table_cell *cells;
	size_t count, cap; /* of cells */
};

void table_begin(struct table *, size_t columns);
/* Adds a row of as many fields as there are columns. paint: an escape sequence
 * for terminals, "" for none. False: out of memory. */
bool table_add(struct table *, const char *paint, const struct view fields[]);
/* Aligned and painted for a terminal; else without either, with a tab between
 * two fields. */
void table_print(FILE *, const struct table *, bool terminal);
void table_free(struct table *);

/* Whether the file is a terminal. */
bool is_terminal(FILE *);
#endif
