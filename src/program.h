#ifndef PROGRAM_H
#define PROGRAM_H
#include "buf.h"
#include "clock.h"
#include "error-info.h"

/*
 * Runs a program and takes what it writes. It inherits no descriptor, no signal
 * that is ignored or blocked, and in a set-user-id process nothing of the
 * environment. It is waited for whatever the process does with SIGCHLD, and
 * killed when it takes too long or writes too much.
 */
struct program {
	char *const *argv; /* argv[0] is searched for in PATH */
	struct buf *out; /* what it writes to standard output */
	struct buf *err; /* to standard error, cut at the ceiling */
	int status; /* its exit status, 128 and more for a signal, -1 when the
		     * process has taken it from us */
};

/* ERR_CREDS: it could not be started, *error says why. ERR_DEADLINE,
 * ERR_TOO_BIG (its output), ERR_MEMORY. */
enum err program_run(
    struct program *, const struct deadline *, struct error_info *);
#endif
