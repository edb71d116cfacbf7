#ifndef CHILD_H
#define CHILD_H
#include <sys/types.h>
#include "p11.h"

/*
 * A child is a process of its own that uses the module: this very program,
 * started again and led to one function. What it prints goes to the file
 * "child.out" of the test's folder.
 */
struct child_row {
	const char *name;
	/* The module is loaded, nothing is initialised. Not a word of TAP. */
	CK_RV (*run)(const char *argument);
};

/* First thing in main(): runs the child's function and ends, if this process is a child. */
void child_main(int argc, char **argv, const struct child_row *, size_t count);

/* In a child: the descriptor to which its result goes. */
int child_result(void);

struct child {
	pid_t pid;
	int fd; /* where its result comes from */
};
struct child child_start(const char *name, const char *argument);
/* Its result; CKR_VENDOR_DEFINED when it ended without one. */
CK_RV child_wait(struct child *);
/* As by kill -9, and waits until it is gone. */
void child_kill(struct child *);
CK_RV child_run(const char *name, const char *argument);
/* A child_row's run: C_CreateObject of material N under LABEL, as the argument
 * "LABEL N" says. */
CK_RV child_create(const char *argument);
#endif
