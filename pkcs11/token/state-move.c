#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "state-move.h"
#include "trusted-path.h"

bool
state_is_lock(const char *file)
{
	size_t len = strlen(file), suffix = strlen(STATE_LOCK_SUFFIX);

	return (len >= suffix &&
		strcmp(file + len - suffix, STATE_LOCK_SUFFIX) == 0);
}

/* Never replaces what is there. Not every file system has links, nor renames
 * that do not replace. */
static bool
move_file(int from, int to, const char *name)
{
	if (linkat(from, name, to, name, 0) != 0)
		return (renameat2(from, name, to, name, RENAME_NOREPLACE) == 0);
	/* the new name is on the disk before the old one goes */
	if (fsync(to) == 0)
		(void)unlinkat(from, name, 0);
	return (true);
}

static void
move_files(DIR *from, int to, const char *path, struct log *log)
{
	const struct dirent *entry;
	int dir = dirfd(from);

	while ((entry = readdir(from)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (state_is_lock(entry->d_name))
			(void)unlinkat(dir, entry->d_name, 0);
		/* where it is not there, another process has moved it */
		else if (!move_file(dir, to, entry->d_name) && errno != ENOENT)
			log_line(log, LOG_ERROR,
			    "C_Initialize: %s/%s cannot be moved to the "
			    "token's state directory and is not used: %s",
			    path, entry->d_name, strerror(errno));
	}
}

void
state_move(const char *from, const char *to, struct log *log)
{
	struct error_info error = {.status = 0};
	int from_fd = -1, to_fd = -1;
	DIR *dir = NULL;

	if (trusted_open(from, TRUSTED_DIRECTORY, O_RDONLY, &from_fd, &error) !=
		ERR_OK ||
	    trusted_make_directory(to, &to_fd, &error) != ERR_OK)
		goto out;
	if ((dir = fdopendir(from_fd)) == NULL)
		goto out;
	from_fd = -1;
	move_files(dir, to_fd, from, log);
	(void)rmdir(from);
out:
	if (dir != NULL)
		(void)closedir(dir);
	if (from_fd != -1)
		(void)close(from_fd);
	if (to_fd != -1)
		(void)close(to_fd);
}
