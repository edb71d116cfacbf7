#ifndef COMMAND_H
#define COMMAND_H

/* How a subcommand ends: its status is the program's. */
enum {
	ENDED_WELL = 0,
	ENDED_PARTLY = 1, /* some of it could not be done */
	ENDED_UNSTARTED = 2, /* wrong usage, or nothing could be done */
};

/* A subcommand is one row in keyferry.c. argv[0] is its name. */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	int (*run)(int argc, char **argv);
};

extern const char move_usage[];
int move_run(int argc, char **argv);
#endif
