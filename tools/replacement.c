#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "replacement.h"

bool
replacement_begin(struct replacement *r, const char *path, mode_t mode)
{
	size_t size;
	FILE *name;
	int fd = -1;

	*r = (struct replacement){.path = path};
	if ((name = open_memstream(&r->temporary, &size)) == NULL)
		return (false);
	fprintf(name, "%s.XXXXXX", path);
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
replacement_end(struct replacement *r)
{
	bool done = fflush(r->f) == 0 && ferror(r->f) == 0 &&
		    fsync(fileno(r->f)) == 0 &&
		    rename(r->temporary, r->path) == 0;

	if (!done) {
		replacement_abandon(r);
		return (false);
	}
	fclose(r->f);
	free(r->temporary);
	return (true);
}

void
replacement_abandon(struct replacement *r)
{
	int saved = errno;

	unlink(r->temporary);
	fclose(r->f);
	free(r->temporary);
	errno = saved;
}
