#ifndef CSV_H
#define CSV_H
#include <stdbool.h>
#include "buf.h"
#include "options.h"

#define CSV_COLUMNS_MAX 32

/* A file of lines of fields with commas between them, as RFC 4180 has it. */
struct csv {
	const char *path; /* borrowed */
	struct buf text;
	char *at;
	unsigned line; /* of what was read last, from 1 */
};
#define CSV_INIT                                   \
	{                                          \
		.text = BUF_INIT((size_t)16 << 20) \
	}

/* Reads the file. On failure, says why on standard error. The caller closes it
 * either way. */
bool csv_open(struct csv *, const char *path);
/*
 * The fields of the next line that is not empty, of which there are at most
 * max; they are the csv's. Returns how many; 0: there is no further line; -1:
 * it said on standard error what is wrong.
 */
int csv_next(struct csv *, char **fields, int max);
/*
 * Reads the first line, which names columns: names of rows. columns[i] becomes
 * the row of the i-th, for which there is room for count (at most
 * CSV_COLUMNS_MAX). Returns how many; -1:
 * it said on standard error what is wrong.
 */
int csv_columns(
    struct csv *, const struct option_row *rows, int count, int *columns);
/* Gives each field of a line that is not empty to its column's row. False: it
 * said on standard error which is not valid. */
bool csv_take(struct csv *, const struct option_row *rows, const int *columns,
    char **fields, int count);
/* Says on standard error what is wrong with the line. Returns false. */
bool csv_complain(
    const struct csv *, const char *what, const char *value, const char *why);
void csv_close(struct csv *);
#endif
