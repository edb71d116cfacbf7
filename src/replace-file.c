#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "replace-file.h"
#include "trusted-path.h"

static enum err
write_all(int fd, mode_t mode, struct view v)
{
	ssize_t n;

	if (fchmod(fd, mode) == -1)
		return (ERR_FILE);
	for (size_t done = 0; done < v.len; done += (size_t)n)
		if ((n = write(fd, v.ptr + done, v.len - done)) == -1)
			return (ERR_FILE);
	return (fsync(fd) == 0 ? ERR_OK : ERR_FILE);
}

enum err
replace_file(int dir, const char *name, mode_t mode, struct view content,
    struct error_info *error)
{
	char temp[NAME_MAX + 1];
	int fd = -1, saved;
	enum err e;

	/* no two writers share one: a thread's stack is its own */
	snprintf(temp, sizeof(temp), ".%.160s.%ld-%p", name, (long)getpid(),
	    (const void *)temp);
	(void)unlinkat(dir, temp, 0); /* of a process that died */
	e = trusted_open_at(
	    dir, temp, TRUSTED_FILE, O_WRONLY | O_CREAT | O_EXCL, &fd, error);
	if (e != ERR_OK)
		return (e);
	e = write_all(fd, mode, content);
	if (close(fd) == -1)
		e = ERR_FILE;
	if (e == ERR_OK && renameat(dir, temp, dir, name) == -1)
		e = ERR_FILE;
	if (e == ERR_OK)
		return (fsync(dir) == 0 ? ERR_OK : ERR_FILE);
	saved = errno;
	(void)unlinkat(dir, temp, 0);
	errno = saved;
	return (e);
}
