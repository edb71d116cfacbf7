#ifndef STEP_H
#define STEP_H
#include <sys/types.h>
#include "p11.h"

/*
 * A step is a process of its own that uses the module: this very program,
 * started again and led to one function. What it prints goes to the file
 * "step.out" of the world.
 */
struct step_row {
	const char *name;
	/* The module is loaded, nothing is initialised. Not a word of TAP. */
	CK_RV (*run)(const char *argument);
};

/* First thing in main(): runs the step and ends, if this process is one. */
void step_main(int argc, char **argv, const struct step_row *, size_t count);

struct step {
	pid_t pid;
	int fd; /* where its result comes from */
};
struct step step_start(const char *name, const char *argument);
/* Its result; CKR_VENDOR_DEFINED when it ended without one. */
CK_RV step_wait(struct step *);
/* As by kill -9, and waits until it is gone. */
void step_kill(struct step *);
CK_RV step_run(const char *name, const char *argument);
#endif
