#ifndef RECORD_FILE_H
#define RECORD_FILE_H
#include <stdbool.h>
#include "buf.h"
#include "options.h"

#define RECORD_FIELDS_MAX 32

/*
 * A file of records, each with fields that have names: comma-separated values
 * (RFC 4180), whose first line has the names, or JSON Lines, an object in each
 * line, whose members they are. A file is the latter if a brace or a bracket is
 * its first character that is no white space.
 */
struct record_file {
	const char *path; /* borrowed */
	struct buf text;
	char *at;
	unsigned line; /* of what was read last, from 1 */
	bool json;
	int columns[RECORD_FIELDS_MAX]; /* of the first line: each one's row */
	int column_count;
};
#define RECORD_FILE_INIT                           \
	{                                          \
		.text = BUF_INIT((size_t)16 << 20) \
	}

/*
 * Reads the file and the first line's names, each of which must be the name of
 * a row. There are at most RECORD_FIELDS_MAX rows. On failure, says why on
 * standard error. The caller closes it either way.
 */
bool record_file_open(struct record_file *, const char *path,
    const struct option_row *rows, int count);
/* Whether records can have that field, or must be looked at to see it. */
bool record_file_may_have(const struct record_file *, int row);
/*
 * Gives each field of the next record that is not empty to its row; the texts
 * are the record_file's. The rows are those of record_file_open(), and may
 * write elsewhere. Returns 1; 0: there is no further record; -1: it said on
 * standard error what is wrong.
 */
int record_file_next(
    struct record_file *, const struct option_row *rows, int count);
/* Says on standard error what is wrong with the record. Returns false. */
bool record_file_complain(const struct record_file *, const char *what,
    const char *value, const char *why);
void record_file_close(struct record_file *);
#endif
