#ifndef STANDARD_TABLES_H
#define STANDARD_TABLES_H
#include <stdbool.h>
#include <stddef.h>
#include "cryptoki/cryptoki.h"

/*
 * The standard's tables as data (tests/standard/...tsv), and where this module
 * answers otherwise: the table of docs/standard.md. Any of them that cannot be
 * read ends the program.
 */

/* How values of an attribute look. */
enum form {
	FORM_BOOL,
	FORM_ULONG,
	FORM_BYTES,
	FORM_DATE,
	FORM_MECHANISMS,
	FORM_TEMPLATE
};

/* One attribute of objects of a class and a key type. */
struct attribute_row {
	char class[24], key_type[24], name[40]; /* "*key", "*" for many */
	CK_ATTRIBUTE_TYPE type;
	enum form form;
	unsigned footnotes; /* of table 13: NOTE(1) to NOTE(13) */
	char value[8]; /* the default: "true", "false", "empty", "0", or "-" */
};
#define NOTE(n) (1U << (n))
#define ATTRIBUTE_ROWS_MAX 300
/* The rows, in static memory. */
const struct attribute_row *attribute_rows(size_t *count);

/* What docs/standard.md has of a function on such an object, or "": the answer
 * that is not the standard's. */
const char *difference(const char *place, const char *class,
    const char *key_type, const char *attribute, const char *function);
/* The rows of that key type alone need not be asked for. */
void differences_skip(const char *key_type);
/* How many rows of it nobody asked for, which are printed. */
size_t differences_left(void);
#endif
