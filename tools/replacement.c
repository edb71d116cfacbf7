#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "replacement.h"

/* Whether there is something of that name that is no file, such as /dev/null:
 * it is written to, and never replaced. */
static bool
is_special(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static bool
open_temporary(struct replacement *r, mode_t mode)
{
	size_t size;
	FILE *name = open_memstream(&r->temporary, &size);
	int fd = -1;

	if (name == NULL)
		return (false);
	fprintf(name, "%s.XXXXXX", r->path);
	if (fclose(name) == 0 && (fd = mkstemp(r->temporary)) != -1 &&
	    fchmod(fd, mode) == 0 && (r->f = fdopen(fd, "w")) != NULL)
		return (true);
	if (fd != -1) {
		unlink(r->temporary);
		close(fd);
	}
	free(r->temporary);
	return (false);
}

bool
replacement_begin(struct replacement *r, const char *path, mode_t mode)
{
	*r = (struct replacement){.f = NULL};
	if (is_special(path))
		return ((r->f = fopen(path, "w")) != NULL);
	/* where a symbolic link leads to */
	if ((r->path = realpath(path, NULL)) == NULL &&
	    (r->path = strdup(path)) == NULL)
		return (false);
	if (open_temporary(r, mode))
		return (true);
	free(r->path);
	return (false);
}

bool
replacement_is_written(struct replacement *r)
{
	return (fflush(r->f) == 0 && ferror(r->f) == 0 &&
		(r->path == NULL || fsync(fileno(r->f)) == 0));
}

bool
replacement_end(struct replacement *r)
{
	bool done = replacement_is_written(r) &&
		    (r->path == NULL || rename(r->temporary, r->path) == 0);

	if (!done) {
		replacement_abandon(r);
		return (false);
	}
	fclose(r->f);
	free(r->temporary);
	free(r->path);
	return (true);
}

void
replacement_abandon(struct replacement *r)
{
	int saved = errno;

	if (r->temporary != NULL)
		unlink(r->temporary);
	fclose(r->f);
	free(r->temporary);
	free(r->path);
	errno = saved;
}
