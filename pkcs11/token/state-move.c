#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "state-move.h"
#include "trusted-path.h"

static bool
is_lock(const char *name)
{
	size_t n = strlen(name), suffix = strlen(".lock");

	return (n >= suffix && strcmp(name + n - suffix, ".lock") == 0);
}

/* A link never replaces what is there. */
static void
move_files(DIR *from, int to)
{
	const struct dirent *entry;
	int dir = dirfd(from);

	while ((entry = readdir(from)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (is_lock(entry->d_name) ||
		    linkat(dir, entry->d_name, to, entry->d_name, 0) == 0)
			(void)unlinkat(dir, entry->d_name, 0);
	}
}

void
state_move(const char *from, const char *to)
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
	move_files(dir, to_fd);
	(void)rmdir(from);
out:
	if (dir != NULL)
		(void)closedir(dir);
	if (from_fd != -1)
		(void)close(from_fd);
	if (to_fd != -1)
		(void)close(to_fd);
}
