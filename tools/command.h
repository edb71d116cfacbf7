#ifndef COMMAND_H
#define COMMAND_H
#include <stdbool.h>

/* The program's exit status: what a subcommand's run() returns. */
enum {
	EXIT_ALL_DONE = 0,
	EXIT_SOME_FAILED = 1, /* some of it could not be done */
	EXIT_NOTHING_DONE = 2, /* wrong usage, or nothing could be done */
};

/* A subcommand is one row in keyferry.c. */
struct command {
	const char *name;
	const char *summary; /* one line for `keyferry --help` */
	const char *usage; /* the whole text for `keyferry COMMAND --help` */
	int (*run)(int argc, char **argv); /* argv[0] is the name */
	bool changes; /* keys or files: what is begun is not broken off */
};
#endif
