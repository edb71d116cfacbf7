#ifndef REPLACEMENT_H
#define REPLACEMENT_H
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Writing a file so that whoever opens it finds the old content or the new. */
struct replacement {
	FILE *f; /* to write to */
	const char *path; /* borrowed */
	char *temporary; /* beside it */
};

/* mode: of the new file. False: errno says why. */
bool replacement_begin(struct replacement *, const char *path, mode_t mode);
/* The new content takes the place of the old. False: errno says why, and the
 * old stays. */
bool replacement_end(struct replacement *);
/* The old content stays. Keeps errno. */
void replacement_abandon(struct replacement *);
#endif
