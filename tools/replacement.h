#ifndef REPLACEMENT_H
#define REPLACEMENT_H
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Writing a file so that whoever opens it finds the old content or the new. */
struct replacement {
	FILE *f; /* to write to */
	char *path; /* NULL: it is no file that is written to */
	char *temporary; /* beside it */
};

/* mode: of the new file. What a symbolic link leads to is replaced; what is
 * there and is no file, such as /dev/null, is written to. False: errno says
 * why. */
bool replacement_begin(struct replacement *, const char *path, mode_t mode);
/* Whether all that was written so far is on disk; errno says why not. */
bool replacement_is_written(struct replacement *);
/* The new content takes the place of the old. False: errno says why, and the
 * old stays. */
bool replacement_end(struct replacement *);
/* The old content stays. Keeps errno. */
void replacement_abandon(struct replacement *);
#endif
