#ifndef OPTIONS_H
#define OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The options of a subcommand, a row each: one of flag, text, read is set. */
struct option_row {
	const char *name; /* "end-date", without the dashes */
	bool *flag; /* takes no argument: becomes true */
	char **text; /* becomes the argument, which is argv's */
	bool (*read)(char *argument, void *to); /* false: it is not valid */
	void *to;
};

/*
 * Reads the options. Returns where in argv the operands begin, which come after
 * them then; they are at most operands_max. On failure, says why on standard
 * error and returns -1.
 */
int options_read(int argc, char **argv, const struct option_row *, size_t count,
    int operands_max);
/* Gives an argument to a row that takes one. False: it is not valid. */
bool options_take(const struct option_row *, char *argument);
/* For `read`: "30d" or "12h" into a time_t of seconds. */
bool options_read_duration(char *, void *seconds);
#endif
